"""The built-in model: its file, its corpus, its training and its exam.

`python -m chatapp.pocket.training` makes `pocket.gguf`, `python -m chatapp.pocket.exam` examines it, and
`python -m chatapp.pocket.digest` says what has changed in the registries since it was trained.
"""
