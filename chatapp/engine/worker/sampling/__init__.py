"""From logits to a token: a list of stages over one array of candidates."""
