"""Headless use cases: everything that one does with a conversation, without a screen."""
