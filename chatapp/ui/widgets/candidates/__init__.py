"""What could stand at a place, as bars."""
