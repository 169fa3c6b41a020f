"""Values and ports that every other floor shares; standard library, msgspec and platformdirs only."""
