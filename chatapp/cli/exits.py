"""Exit codes of the command line that belong to no error; those of errors are in `core.errors`."""

from __future__ import annotations

SUCCESS = 0
UNMET = 9
ROWS_FAILED = 10
INTERRUPTED = 130
CLOSED_PIPE = 141

MEANINGS: dict[int, str] = {
    SUCCESS: "all went well; a reply that was cut at a limit counts as well, and is said on standard error",
    UNMET: "`ask`: the reply came and is kept, but not as it was asked for: words that it must contain are missing, it "
    "was cut before what --grammar, --json-value, --schema, --regex or --choices asks for was whole, or no token was "
    "left that its constraints allow",
    ROWS_FAILED: "`batch`: every row is written, and some have an error in place of a reply",
    INTERRUPTED: "ctrl+c; what was written is kept (128 + SIGINT)",
    CLOSED_PIPE: "whoever read standard output stopped reading; what was written is kept (128 + SIGPIPE)",
}
"""What each of them means, for the documentation."""
