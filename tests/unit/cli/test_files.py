"""What the commands say of files that are wrong or can't be used, without any model."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from chatapp.cli.compose import read_configuration, theme_problems
from chatapp.cli.main import main
from chatapp.cli.narration import Narration
from chatapp.core.errors import FileProblem


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it wrote to standard error."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code, capsys.readouterr().err


def configured(home: Path, text: str) -> None:
    """Write config.toml where it is looked for."""
    file = read_configuration().paths.config_file
    assert home in file.parents
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")


def test_an_unknown_theme_is_named_with_line_and_near_names(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(home, 'model = "pocket"\ntheme = "forrest"\n')
    (problem,) = theme_problems(read_configuration())
    assert "line 2" in problem.message and "forrest" in problem.message and "Did you mean forest" in problem.hint
    code, told = run(capsys, "config", "check")
    assert code == FileProblem.exit_code and "forrest" in told


def test_shipped_and_own_themes_are_known(home: Path) -> None:
    configured(home, 'theme = "mine"\n')
    assert theme_problems(read_configuration())
    themes = read_configuration().paths.themes
    themes.mkdir(parents=True)
    (themes / "mine.toml").write_text("", encoding="utf-8")
    assert theme_problems(read_configuration()) == ()


def test_looking_for_themes_needs_no_screen(home: Path) -> None:
    configured(home, 'theme = "dusk"\n')
    lines = (
        "import sys",
        "from chatapp.cli.compose import read_configuration, theme_problems",
        "assert theme_problems(read_configuration()) == ()",
        "assert 'textual' not in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=60)


def test_incognito_has_nothing_to_go_on_with(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "ask", "--continue", "--incognito", "Hi")
    assert code == 2 and "--incognito hides the stored conversations" in told


@pytest.mark.parametrize("command", [("list",), ("list", "--trash"), ("show",), ("search", "word")])
def test_history_of_a_home_that_is_none_ends_with_the_code_of_the_store(
    home: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    home.write_text("a file stands where the directory should be", encoding="utf-8")
    code, told = run(capsys, "history", *command)
    assert code == 7 and "no conversation" not in told


def test_history_of_an_empty_home_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "history", "list") == (0, "chatapp: no conversation\n")


def test_a_warning_is_made_of_sentences() -> None:
    stream = StringIO()
    Narration(stream=stream).warn([FileProblem("x: Not a directory", hint="Check it."), FileProblem("No.", hint="")])
    assert stream.getvalue() == (
        "chatapp: A file can't be used: x: Not a directory. Check it.\nchatapp: A file can't be used: No.\n"
    )
