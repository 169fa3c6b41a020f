"""The corpus of the built-in model: dialogues, made by a grammar from the project's own registries and words."""
