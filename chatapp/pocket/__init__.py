"""The built-in model: its file, its corpus and its training."""
