"""Markdown as lines of a terminal: parsed, laid out to a width, each line knowing which source it shows."""
