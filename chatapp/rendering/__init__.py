"""The sandboxed, killable Jinja renderer that chat templates and prompts share."""
