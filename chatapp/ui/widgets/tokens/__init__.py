"""A reply as its tokens: how sure the model was of each, what else could have stood there, and a branch from it."""
