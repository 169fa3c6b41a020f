"""What `chatapp batch` shows of its progress, and what it refuses before any model is loaded."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from chatapp.chat.batch.batch import Progress
from chatapp.cli.batch_progress import clock, line_of
from chatapp.cli.main import main
from chatapp.cli.narration import Narration


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["batch", *map(str, arguments)])
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    return path


def test_the_line_tells_rows_speed_time_left_and_failures() -> None:
    progress = Progress(rows=1200, before=200, written=100, failed=3, began=time.monotonic() - 60)
    line = line_of(progress, 812.4, 120)
    assert line.startswith("████████░░")
    assert line.endswith(" 25%  300 of 1,200 rows · 812 tokens/s · 9:00 left · 3 failed")
    assert "░" not in line_of(progress, 812.4, 60)
    for width in range(1, 130):
        assert len(line_of(progress, 812.4, width)) <= width


def test_before_the_first_row_nothing_is_said_of_the_time_left() -> None:
    assert "left" not in line_of(Progress(rows=5, before=2), 0.0, 80)
    assert line_of(Progress(rows=0), 0.0, 80).count("100%") == 1


@pytest.mark.parametrize(("seconds", "told"), [(0.2, "0:00"), (61, "1:01"), (3599, "59:59"), (3660, "1 h 01 min")])
def test_time_left_is_short(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_a_line_is_drawn_in_place_and_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, told in ((Terminal(), "\rlong\rs   \r    \rchatapp: x\n"), (io.StringIO(), "chatapp: x\n")):
        narration = Narration(stream=stream)
        narration.redraw("long")
        narration.redraw("s")
        narration.say("x")
        assert stream.getvalue().replace("\rs   \r \r", "\rs   \r    \r") == told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--raw", "--system", "x"), "raw"),
        (("--restart", "--retry"), "--restart"),
        (("--regex", "a", "--grammar", 'root ::= "a"'), "regex"),
        (("--parallel", "0"), "parallel"),
        (("--model", "none-such"), "none-such"),
        (("--format", "csv"), "no column “prompt”"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_written(
    prompts: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    output = prompts.with_name("out.jsonl")
    code, said = run(capsys, prompts, "-o", output, *options)
    assert code not in (0, None)
    assert told in said
    assert not output.exists()


def test_the_input_is_never_the_output(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = prompts.read_bytes()
    code, said = run(capsys, prompts, "-o", prompts, "--restart")
    assert (code, prompts.read_bytes()) == (2, before)
    assert "same file" in said


def test_a_bad_row_is_named_and_nothing_is_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": "b", "parameters": {"temprature": 1}}\n', encoding="utf-8")
    code, said = run(capsys, path, "-o", tmp_path / "out.jsonl")
    assert code == 3
    assert "rows.jsonl”, line 2" in said and "Did you mean temperature" in said and "--bad-rows keep" in said
    assert not (tmp_path / "out.jsonl").exists()
