"""Text on its way out and in."""

from __future__ import annotations

import io

import pytest

from chatapp.cli.narration import Narration
from chatapp.cli.streams import ClosedPipe, Output, OutputFailed, decode
from chatapp.core.errors import ModelNotFound

HOSTILE = "a\x1b]52;c;AAAA\x07b\x9b31m\u202ec\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Refusing(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


def test_piped_text_is_left_as_it_is() -> None:
    stream = io.StringIO()
    Output(stream).write(HOSTILE)
    assert stream.getvalue() == HOSTILE


def test_no_control_character_reaches_a_terminal() -> None:
    stream = Terminal()
    Output(stream).write(HOSTILE)
    assert not set(stream.getvalue()) & set("\x1b\x07\x9b\u202e")
    assert stream.getvalue().endswith("c\n")


def test_a_line_is_ended_once() -> None:
    stream = io.StringIO()
    output = Output(stream)
    output.end_line()
    output.write("a")
    output.end_line()
    output.end_line()
    assert stream.getvalue() == "a\n"


def test_a_closed_pipe_and_a_full_disk_are_told_apart() -> None:
    with pytest.raises(ClosedPipe):
        Output(Refusing(BrokenPipeError())).write("a")
    with pytest.raises(OutputFailed, match="No space"):
        Output(Refusing(OSError(28, "No space left on device"))).write("a")


@pytest.mark.parametrize(
    ("content", "text", "bad"),
    [
        (b"a\xc3\xa9", "aé", 0),
        (b"\xef\xbb\xbfa", "a", 0),
        ("aé".encode("utf-16"), "aé", 0),
        (b"a\xff\xfeb", "a\ufffd\ufffdb", 2),
    ],
)
def test_input_is_utf8_and_what_is_not_is_counted(content: bytes, text: str, bad: int) -> None:
    assert decode(content) == (text, bad)


def test_an_error_is_shown_as_title_message_and_hint_without_control_characters() -> None:
    stream = io.StringIO()
    Narration(stream=stream).error(ModelNotFound("There is no file “\x1b[31m”.", hint="Look elsewhere."))
    assert stream.getvalue() == "chatapp: No such model\n  There is no file “␛[31m”.\n  Look elsewhere.\n"


def test_progress_is_for_terminals_only() -> None:
    stream = io.StringIO()
    narration = Narration(stream=stream)
    narration.progress("loading", 0.5)
    narration.end_progress()
    assert stream.getvalue() == ""


def test_details_are_said_where_they_are_wished() -> None:
    stream = io.StringIO()
    Narration(stream=stream).detail("quiet")
    Narration(stream=stream, verbose=True).detail("loud")
    assert stream.getvalue() == "chatapp: loud\n"


def test_a_closed_standard_error_stops_nothing() -> None:
    Narration(stream=Refusing(BrokenPipeError())).say("a")
