"""Conversations out of the store and into it: one module for each format, which knows no store and no file."""
