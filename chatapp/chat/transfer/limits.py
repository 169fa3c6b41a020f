"""What an import may be at most: more is a mistake or an attack, and memory has an end."""

from __future__ import annotations

FILE_BYTES = 512_000_000
"""A file, or what a file in an archive unpacks to."""

ARCHIVE_ENTRIES = 20_000
COMPRESSION = 200
"""A file in an archive may unpack to so many times its size, where that is more than `SMALL_BYTES`."""

SMALL_BYTES = 16_000_000
CONVERSATIONS = 100_000
MESSAGES = 100_000
"""In one conversation."""

ALL_MESSAGES = 2_000_000
"""In one file."""

TEXT_CHARACTERS = 50_000_000
"""In one message."""
