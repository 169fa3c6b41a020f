"""Paths as they are typed, pasted and dropped into the model choice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.cli.typed_path import Place, bare, places

posix = pytest.mark.skipif(os.sep != "/", reason="backslashes part folders here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "bear.gguf",
        "Bear-2.gguf",
        "notes.txt",
        ".hidden.gguf",
        "big-00002-of-00003.gguf",
        "my files/fox.gguf",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def kinds(text: str) -> list[tuple[str, str]]:
    return [(Path(place.text).name, place.kind) for place in places(text)]


@pytest.mark.parametrize("text", ["", "bear", "qwen2.5", "llama 3"])
def test_a_name_is_no_path(text: str) -> None:
    assert places(text) == []


def test_a_file_comes_first_and_others_that_begin_so_behind_it(folder: Path) -> None:
    assert kinds(f"{folder}/bear.gguf") == [("bear.gguf", "model")]
    assert kinds(f"{folder}/be") == [("Bear-2.gguf", "model"), ("bear.gguf", "model")]
    assert kinds(f"{folder}/notes.txt") == [("notes.txt", "file")]


def test_a_folder_shows_its_models_then_its_folders(folder: Path) -> None:
    assert kinds(f"{folder}/") == [("Bear-2.gguf", "model"), ("bear.gguf", "model"), ("my files", "folder")]
    assert places(f"{folder}/my") == [Place(f"{folder}/my files{os.sep}", "folder")]
    assert places(f"{folder}/my files")[0] == Place(f"{folder}/my files{os.sep}", "folder")


def test_what_is_not_there_is_told_of(folder: Path) -> None:
    assert places(f"{folder}/lion.gguf") == [Place(f"{folder}/lion.gguf", "missing")]
    assert places("/nowhere/at/all") == [Place("/nowhere/at/all", "missing")]


def test_paths_may_be_relative_or_from_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    assert kinds("bear.gguf") == kinds("./bear.gguf") == kinds("~/bear.gguf") == [("bear.gguf", "model")]
    assert places("~/bear.gguf")[0].text == "~/bear.gguf"
    assert places("~") == [Place(f"~{os.sep}", "folder")]


@posix
@pytest.mark.parametrize("form", ["'{}'", '"{}"', "'{}", " {} ", "file://{}"])
def test_quotes_and_what_file_managers_write_are_taken_off(folder: Path, form: str) -> None:
    path = str(folder / "my files" / "fox.gguf")
    assert bare(form.format(path)) == path
    assert bare(f"file://{path}".replace(" ", "%20")) == path
    assert bare(path.replace(" ", "\\ ")) == path


@posix
def test_a_name_that_has_a_backslash_in_it_is_taken_as_it_is(folder: Path) -> None:
    odd = folder / "a\\ b.gguf"
    odd.touch()
    assert bare(str(odd)) == str(odd)


@given(st.text(max_size=40))
def test_nothing_that_is_typed_is_too_odd(text: str) -> None:
    for place in places(text):
        assert place.text
