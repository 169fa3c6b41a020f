"""What the screen is made of: each widget shows what it is given and tells what was done to it."""
