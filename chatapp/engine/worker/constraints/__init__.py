"""What an answer must be, as a grammar, and the trial of it before the engine sees it."""
