"""Ctrl+c that always ends the wait for a line.

Python's line editor waits in `select`, and a signal that comes in the moment before is only seen at the next key
(CPython, Modules/readline.c, `readline_until_enter_or_signal`). `signal.set_wakeup_fd` hears every signal at once, so a
thread listens there and wakes the editor with a second, harmless one.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_UNTIL_WAITING_S = 0.05
"""Longer than the editor takes from a key to its wait."""


@contextmanager
def heard_at_once() -> Iterator[None]:
    """Within it, ctrl+c ends `input` of the main thread even when it comes just before its wait."""
    if sys.platform == "win32":
        yield  # its console reads are ended by ctrl+c itself
        return
    listener, bell = socket.socketpair()
    bell.setblocking(False)
    before = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_wake_editor, args=(listener,), name="interrupts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        bell.close()
        thread.join()
        listener.close()


def _wake_editor(listener: socket.socket) -> None:
    editor = threading.main_thread().ident
    while heard := listener.recv(64):
        if sys.platform != "win32" and editor is not None and signal.SIGINT in heard:
            time.sleep(_UNTIL_WAITING_S)
            # The editor handles a changed window size by itself, and where nobody does, it is ignored.
            signal.pthread_kill(editor, signal.SIGWINCH)
