from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest

from chatapp.core.errors import ChatappError, FileProblem, NotFound, ParameterError, StoreUnwritable
from chatapp.core.settings import SETTING_HELP, Settings
from chatapp.storage.config import load_keymap, load_model_tables, load_settings, parse_setting, save_setting
from chatapp.storage.toml_file import SIZE_LIMIT

EXAMPLE = """\
# my settings
theme = "chatapp-light"   # easier on the eyes
frames_per_second = 12
enter_sends = false

[something.else]
kept = [1, 2]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "config.toml"


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_no_file_means_defaults(path: Path) -> None:
    assert load_settings(path) == (Settings(), ())
    assert load_keymap(path) == ({}, ())
    assert not path.parent.exists()


def test_what_is_usable_counts_and_the_rest_is_named(path: Path) -> None:
    text = 'theme = "mine"\nframes_per_second = 99\nthem = 1\n"enter_sends" = "yes"\nmodel = 5\nfold_thoughts = false\n'
    settings, problems = load_settings(written(path, text))
    assert settings == Settings(theme="mine", fold_thoughts=False)
    told = {str(problem).removeprefix(f"{path}, ").split(":")[0]: problem for problem in problems}
    assert sorted(told) == ["line 2", "line 3", "line 4", "line 5"]
    assert "from 1 to 30" in told["line 2"].hint and "Did you mean theme?" in told["line 3"].hint
    assert "on or off" in told["line 4"].hint
    assert all("left as it is" in problem.hint for problem in problems)
    assert path.read_text() == text


def test_a_table_far_from_every_name_gets_no_near_name(path: Path) -> None:
    _, (problem,) = load_settings(written(path, "[sampling]\ntop_k = 1\n"))
    assert "sampling" in problem.message and "Did you mean" not in problem.hint


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("theme = \n", 1, "Invalid value"),
        ("theme = 'a'\n\nmodel = 'b\n", 3, "Expected"),
        ("a = 1\na = 2\n", 2, "overwrite"),
        (b"theme = 'a'\n# \xff\n", 2, "UTF-8"),
        ("\n" + "a." * 20_000 + "b = 1", 2, "16 levels"),
        ("x = " + "[" * 50_000, 1, "16 levels"),
        ("x = 1\ny = " + "9" * 5000, 2, "too long"),
        ("a = 1\n" * (SIZE_LIMIT // 6 + 1), None, "larger than 256 KB"),
        ("a = '''\n\n", 1, "Expected"),
        ("theme = 'a\0b'\n", 1, "character"),
    ],
)
def test_a_broken_file_is_named_with_line_and_reason(
    path: Path, text: str | bytes, line: int | None, reason: str
) -> None:
    written(path, text)
    before = path.read_bytes()
    for settings_or_keys, problems in (load_settings(path), load_keymap(path)):
        assert settings_or_keys in (Settings(), {})
        (problem,) = problems
        assert str(problem).startswith(f"{path}, line {line}:" if line else f"{path}:")
        assert reason in str(problem)
    with pytest.raises(FileProblem):
        save_setting(path, "theme", "other")
    assert path.read_bytes() == before


def test_a_directory_in_the_way(path: Path) -> None:
    path.mkdir(parents=True)
    (problem,) = load_settings(path)[1]
    assert "no file" in str(problem)
    with pytest.raises(FileProblem):
        save_setting(path, "theme", "other")


def test_saving_keeps_comments_and_other_keys(path: Path) -> None:
    written(path, EXAMPLE)
    save_setting(path, "theme", "chatapp-dark")
    save_setting(path, "enter_sends", True)
    save_setting(path, "context_size", 4096)
    save_setting(path, "frames_per_second", None)
    assert path.read_text() == (
        '# my settings\ntheme = "chatapp-dark"   # easier on the eyes\nenter_sends = true\n\ncontext_size = 4096\n'
        "[something.else]\nkept = [1, 2]\n"
    )
    save_setting(path, "model", 'a "name" = [odd] \\ # é\n')
    assert load_settings(path)[0].model == 'a "name" = [odd] \\ # é\n'


def test_saving_where_a_line_can_not_be_replaced(path: Path) -> None:
    for text in ("theme = '''\nmany\nlines'''\n", '"theme" = "quoted"\n', "model = '''\ntheme = 1\n'''\n"):
        written(path, text)
        save_setting(path, "theme", "new")
        settings, problems = load_settings(path)
        assert settings.theme == "new" and problems == ()


def test_a_new_file_is_private(path: Path) -> None:
    previous = os.umask(0)
    try:
        save_setting(path, "theme", "x")
    finally:
        os.umask(previous)
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_linked_file_stays_linked(path: Path, tmp_path: Path) -> None:
    target = written(tmp_path / "dotfiles" / "config.toml", "theme = 'a'\n")
    path.parent.mkdir()
    path.symlink_to(target)
    save_setting(path, "theme", "b")
    assert path.is_symlink() and target.read_text() == 'theme = "b"\n'


def test_an_unwritable_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((StoreUnwritable, FileProblem)):
        save_setting(tmp_path / "file" / "config.toml", "theme", "x")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enter_sends", "on", True), ("enter_sends", " False ", False), ("frames_per_second", " 12 ", 12),
        ("theme", " mine ", "mine"), ("context_size", "0", 0),
    ],
)  # fmt: skip
def test_typed_values(path: Path, name: str, text: str, value: object) -> None:
    assert parse_setting(name, text) == value and type(parse_setting(name, text)) is type(value)
    save_setting(path, name, parse_setting(name, text))
    assert getattr(load_settings(path)[0], name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("enter_sends", "maybe"), ("frames_per_second", "31"), ("frames_per_second", "ten"), ("context_size", "-1")],
)
def test_typed_values_that_are_refused(path: Path, name: str, text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_setting(name, text)
    assert name in str(caught.value) and caught.value.hint
    with pytest.raises(ParameterError):
        save_setting(path, name, text)
    assert not path.exists()


def test_unknown_settings_are_named_with_near_ones(path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        parse_setting("frames_per_secnd", "1")
    assert "frames_per_second" in caught.value.hint
    for value in ("x", None):
        with pytest.raises(NotFound):
            save_setting(path, "no_such", value)


def test_every_setting_is_explained_and_its_default_allowed(path: Path) -> None:
    assert set(SETTING_HELP) == set(Settings.__struct_fields__)
    for name in Settings.__struct_fields__:
        save_setting(path, name, getattr(Settings(), name))
    assert load_settings(path) == (Settings(), ())


def test_keys_by_action(path: Path) -> None:
    text = 'send-message = "f5"\nnew-line = ["ctrl+j", "f6"]\nquit = []\nbad = 5\nworse = ["a", 1]\nempty = ""\n'
    keymap, problems = load_keymap(written(path, text))
    assert keymap == {"send-message": ("f5",), "new-line": ("ctrl+j", "f6"), "quit": ()}
    assert [str(problem).split(":")[0].removeprefix(str(path)) for problem in problems] == [
        ", line 4", ", line 5", ", line 6",
    ]  # fmt: skip


def mutant(rng: random.Random, text: str) -> bytes:
    """`text` damaged here and there, sometimes with something nasty."""
    content = bytearray(text.encode())
    nasty = (
        b"[[",
        b"]",
        b'"""',
        b"'",
        b"\\u",
        b"\\",
        b"\0",
        b"\xff",
        b"=",
        b".",
        b"\n",
        b"{",
        b"1e999",
        b"nan",
        b"\r",
        b"\xef\xbb\xbf",
    )
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0:
                content[place:place] = rng.choice(nasty) * rng.choice((1, 1, 2, 500))
            case 1:
                del content[place : place + rng.randint(1, 20)]
            case 2:
                content[place:place] = content[: rng.randrange(60)]
            case _:
                content[place : place + 1] = bytes([rng.randrange(256)])
    return bytes(content)


def test_mutants_never_break_anything(path: Path) -> None:
    rng = random.Random(1)
    keys = 'send-message = "f5"\nnew-line = ["ctrl+j", "f6"]\n'
    told = 0
    for _ in range(1000):
        settings_text, keymap_text = mutant(rng, EXAMPLE), mutant(rng, keys)
        settings, problems = load_settings(written(path, settings_text))
        assert isinstance(settings, Settings)
        keymap, key_problems = load_keymap(written(path.with_name("keymap.toml"), keymap_text))
        assert all(isinstance(key, str) for action in keymap.values() for key in action)
        for problem in (*problems, *key_problems):
            assert isinstance(problem, FileProblem) and str(problem).startswith(str(path.parent)) and problem.hint
            assert ", line " in str(problem), str(problem)
        told += bool(problems) + bool(key_problems)
        assert path.read_bytes() == settings_text
        try:
            save_setting(path, "model", "after")
        except ChatappError as error:
            assert isinstance(error, FileProblem) and path.read_bytes() == settings_text
        else:
            assert load_settings(path)[0].model == "after"
    assert told > 1000


TABLES = """\
context_size = 100

[models.pocket]
gpu_layers = "all"   # as many as there are
context_size = 4096

[models."qwen2.5-0.5b"]
cache_type_v = "q8_0"
flash_attention = false

[models.'/a b/c.gguf']
tensor_split = [3, 1]
threads = "x"
thread = 1

[models]
odd = 3
"""


def test_load_settings_of_single_models(path: Path) -> None:
    written(path, TABLES)
    tables, problems = load_model_tables(path)
    assert tables == {
        "pocket": {"gpu_layers": 10_000, "context_size": 4096},
        "/a b/c.gguf": {"tensor_split": (3.0, 1.0)},
    }
    told = [str(problem).removeprefix(f"{path}, ") for problem in problems]
    assert [text.split(":")[0] for text in told] == ["line 7", "line 13", "line 14", "line 17"]
    assert "needs flash attention" in told[0] and "Did you mean threads" in problems[2].hint
    assert load_settings(path) == (Settings(context_size=100), ())


@pytest.mark.parametrize("text", ["", "models = 3\n", "[[models]]\nthreads = 1\n", "theme = \n"])
def test_no_tables_that_can_be_used(path: Path, text: str) -> None:
    tables, problems = load_model_tables(written(path, text))
    assert tables == {} and len(problems) == ("models" in text)


def test_saving_leaves_the_tables_of_models_alone(path: Path) -> None:
    written(path, TABLES)
    for value, line in ((512, "context_size = 512\n"), (None, ""), (64, "context_size = 64\n")):
        save_setting(path, "context_size", value)
        text = path.read_text()
        assert text[text.index("[models.pocket]") :] == TABLES[TABLES.index("[models.pocket]") :]
        assert line in text[: text.index("[models.pocket]")]
