"""What is kept: conversations, settings, search."""
