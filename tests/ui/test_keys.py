"""Keys, palette, help, themes, composer and clipboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from chatapp.core.settings import Settings
from chatapp.ui.actions import ACTIONS
from chatapp.ui.app import Workbench
from chatapp.ui.help import HelpScreen
from chatapp.ui.palette import Palette
from chatapp.ui.screens.chat import APP_ACTIONS

from .conftest import Bench


async def test_every_action_can_be_performed(bench: Bench) -> None:
    async with bench() as desk:
        chat = desk.app.get_default_screen()
        assert set(chat.performers) == set(ACTIONS)
        for action_id in APP_ACTIONS:
            assert callable(getattr(desk.app, f"action_{ACTIONS[action_id].method}"))


async def test_ctrl_q_leaves_nothing(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+q", "a")
        assert desk.app.is_running and desk.pane.composer.text == "a"


async def test_ctrl_c_twice_leaves(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+c")
        assert desk.app.is_running and "again" in desk.status
        await desk.pilot.press("ctrl+c")
        await desk.until(lambda: desk.app._exit)


async def test_ctrl_c_copies_a_selection_and_says_how(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    async with bench() as desk:
        await desk.type("copy me")
        await desk.pilot.press("f7", "ctrl+c")
        await desk.until(lambda: "Copied 7 characters" in desk.notices)
        assert desk.app.clipboard == "copy me"
        await desk.pilot.press("end", "ctrl+v")
        assert desk.pane.composer.text == "copy mecopy me"


async def test_keys_are_bound_anew_and_bad_entries_reported(bench: Bench) -> None:
    keymap = {"new-conversation": ["ctrl+w"], "nonsense": ["f9"], "stop-reply": ["nokey"]}
    async with bench(keymap=keymap) as desk:
        assert {"nonsense", "nokey"} <= set(
            " ".join(p.message for p in desk.banner.problems).replace("“", " ").replace("”", " ").split()
        )
        await desk.ask("hello")
        await desk.type("draft")
        await desk.pilot.press("ctrl+n")
        assert desk.pane.conversation_id is not None
        await desk.pilot.press("ctrl+w")
        assert desk.pane.conversation_id is None


async def test_the_palette_finds_and_performs(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.pilot.press("ctrl+p")
        assert isinstance(desk.app.screen, Palette)
        await desk.type("begin a new")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.conversation_id is None)
        await desk.pilot.press("ctrl+p")
        await desk.type("hello")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.conversation_id is not None)


async def test_the_palette_says_that_nothing_fits(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+p")
        await desk.type("zzzz")
        await desk.pilot.press("down", "enter")
        assert "No action is called so" in desk.screen() and isinstance(desk.app.screen, Palette)


async def test_a_theme_is_previewed_and_kept(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+p")
        await desk.type("theme")
        await desk.pilot.press("enter")
        await desk.pilot.pause()
        await desk.type("chatapp-light")
        await desk.pilot.pause()
        assert desk.app.theme == "chatapp-light" and not desk.saved
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.saved == {"theme": "chatapp-light"})
        await desk.pilot.press("ctrl+p")
        await desk.type("theme")
        await desk.pilot.press("enter")
        await desk.pilot.pause()
        await desk.pilot.press("down", "escape")
        await desk.pilot.pause()
        assert desk.app.theme == "chatapp-light"


async def test_own_themes_are_there(bench: Bench, home: Path) -> None:
    (home / "themes").mkdir(parents=True)
    (home / "themes" / "mine.toml").write_text('[colors]\nbackground = "#010203"\n', encoding="utf-8")
    (home / "themes" / "broken.toml").write_text("[", encoding="utf-8")
    async with bench(settings=Settings(theme="mine")) as desk:
        assert desk.app.theme == "mine"
        assert "broken.toml" in desk.banner.problems[0].message


async def test_help_shows_every_action(bench: Bench) -> None:
    async with bench(size=(100, 60), keymap={"regenerate-reply": ["f8"]}) as desk:
        await desk.pilot.press("f1")
        await desk.pilot.pause()
        assert isinstance(desk.app.screen, HelpScreen)
        shown = desk.app.screen.table().plain
        for action in ACTIONS.values():
            assert action.help[:40] in shown
        assert "F8" in shown and "^R" not in shown
        assert "scroll the conversation, also while writing" in shown
        assert "—" in next(line for line in shown.split("\n") if "Choose light, dark" in line)
        await desk.pilot.press("escape")
        await desk.pilot.pause()
        assert not isinstance(desk.app.screen, HelpScreen)


async def test_new_lines_and_the_setting_that_swaps_them(bench: Bench) -> None:
    async with bench() as desk:
        await desk.type("a")
        await desk.pilot.press("ctrl+j")
        await desk.type("b")
        await desk.pilot.press("shift+enter")
        assert desk.pane.composer.text == "a\nb\n"
    async with bench(settings=Settings(enter_sends=False)) as desk:
        await desk.type("a")
        await desk.pilot.press("enter")
        assert desk.pane.composer.text == "a\n"
        await desk.pilot.press("b", "ctrl+j")
        await desk.until(lambda: desk.texts[:1] == ["a\nb"])


async def test_the_composer_grows_to_a_share_of_the_pane(bench: Bench) -> None:
    async with bench(size=(80, 40)) as desk:
        heights = []
        for _ in range(30):
            await desk.pilot.press("ctrl+j")
            heights.append(desk.pane.composer.size.height)
        await desk.pilot.pause()
        assert desk.pane.composer.outer_size.height == pytest.approx(38 * 0.4, abs=1)
        assert desk.pane.transcript.size.height > 15


async def test_a_long_paste_folds_and_is_sent_whole(bench: Bench) -> None:
    async with bench() as desk:
        pasted = "\r".join(f"line {number}" for number in range(100))
        desk.pane.composer.post_message(events.Paste(pasted))
        await desk.until(lambda: desk.pane.composer.text == "[pasted 100 lines]")
        await desk.pilot.press("space", "o", "k", "enter")
        await desk.until(lambda: bool(desk.texts))
        assert desk.texts[0] == pasted.replace("\r", "\n") + " ok"


async def test_a_folded_paste_is_deleted_as_a_whole(bench: Bench) -> None:
    async with bench() as desk:
        desk.pane.composer.post_message(events.Paste("see:"))
        desk.pane.composer.post_message(events.Paste("\n" * 100))
        await desk.until(lambda: "[pasted" in desk.pane.composer.text)
        await desk.pilot.press("backspace")
        assert desk.pane.composer.text == "see:"


async def test_recall_by_what_was_typed(bench: Bench) -> None:
    async with bench() as desk:
        for text in ("tell a story", "hello", "tell a joke"):
            await desk.ask(text)
        await desk.type("tell")
        await desk.pilot.press("up")
        assert desk.pane.composer.text == "tell a joke"
        await desk.pilot.press("up")
        assert desk.pane.composer.text == "tell a story"
        await desk.pilot.press("down", "down")
        assert desk.pane.composer.text == "tell"


async def test_typing_in_the_transcript_goes_to_the_composer(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        desk.pane.transcript.focus()
        await desk.type("next")
        assert desk.pane.composer.text == "next" and desk.pane.composer.has_focus


async def test_ctrl_z_undoes_and_else_suspends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    suspended: list[bool] = []
    monkeypatch.setattr(Workbench, "action_suspend_process", lambda self: suspended.append(True))
    async with bench() as desk:
        await desk.type("abc")
        await desk.pilot.press("ctrl+z")
        assert desk.pane.composer.text == "" and not suspended
        await desk.pilot.press("ctrl+z")
        await desk.until(lambda: bool(suspended))


async def test_a_failing_editor_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    async with bench() as desk:
        await desk.type("keep")
        await desk.pilot.press("ctrl+g")
        await desk.pilot.pause()
        assert desk.pane.composer.text == "keep" and desk.notices


async def test_links_are_shown_before_they_are_opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Workbench, "open_url", lambda self, url, *, new_tab=True: opened.append(url))
    async with bench() as desk:
        transcript = desk.pane.transcript
        transcript.post_message(transcript.LinkActivated("https://example.org/[/]x"))
        await desk.until(lambda: "example.org" in desk.screen())
        assert not opened
        await desk.pilot.press("enter")
        await desk.until(lambda: opened == ["https://example.org/[/]x"])
        transcript.post_message(transcript.LinkActivated("vscode://evil"))
        await desk.until(lambda: "vscode" in desk.screen())
        await desk.pilot.press("enter", "escape")
        await desk.pilot.pause()
        assert len(opened) == 1


async def test_tab_walks_and_typing_in_fields_stays_there(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+o")
        await desk.type("n?[")
        assert desk.app.screen.query_one("#conversation-filter", Input).value == "n?["
        assert desk.pane.composer.text == ""
