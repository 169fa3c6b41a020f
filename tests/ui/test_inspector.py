"""The inspector: every parameter, its groups and its help, how it is changed, and what a running reply takes over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import TextArea

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, STAGES, Parameter, Value
from chatapp.core.presets import Preset
from chatapp.ui.dialogs.stages import StagesDialog
from chatapp.ui.dialogs.text import TextDialog
from chatapp.ui.dialogs.value import Answer, ValueDialog
from chatapp.ui.layers import Rival
from chatapp.ui.widgets.chain_row import ChainRow, _fitted
from chatapp.ui.widgets.inspector.system_tab import SystemPrompt
from chatapp.ui.widgets.parameter_filter import ParameterFilter
from chatapp.ui.widgets.parameter_help import _GROUPS, ParameterHelp
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.parameter_outline import GROUPS
from chatapp.ui.widgets.press import Press
from chatapp.ui.widgets.stage_list import StageList

from .conftest import SLOW, Bench, Desk

LONG = (Script(text="Once there was a fox who knew three things. " * 400, tokens_per_second=SLOW),)


async def open_inspector(desk: Desk) -> ParameterList:
    """Open the inspector and wait until the keys work on it."""
    await desk.pilot.press("ctrl+t")
    await desk.until(lambda: isinstance(desk.app.screen.focused, ParameterList))
    return _rows(desk)


def _rows(desk: Desk) -> ParameterList:
    return desk.app.get_default_screen().query_one(ParameterList)


def _names(rows: ParameterList) -> list[str]:
    return [line.name for line in rows.lines if isinstance(line, Parameter)]


def _help(desk: Desk) -> str:
    return desk.app.get_default_screen().query_one(ParameterHelp).plain


async def _at(desk: Desk, name: str) -> ParameterList:
    rows = await open_inspector(desk)
    rows.go_to(name)
    await desk.pilot.pause()
    return rows


# --- groups and filter


async def test_every_parameter_stands_in_its_group(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        assert _names(rows) == [one.name for group in ("Sampling", "Length") for one in GROUPS[group]]
        rows.outline.unfold(PARAMETERS)
        rows.lay_out()
        assert sorted(_names(rows)) == sorted(PARAMETERS)
        assert "temperature" in desk.screen() and "model" in desk.screen()
        assert set(_GROUPS) == set(GROUPS)


async def test_groups_fold_by_key_and_by_click(bench: Bench) -> None:
    async with bench(size=(120, 50)) as desk:
        rows = await open_inspector(desk)
        await desk.pilot.press("up", "enter")
        assert rows.cursor == "Sampling" and "temperature" not in _names(rows)
        assert "the dice" in _help(desk)
        await desk.pilot.press("right")
        assert "temperature" in _names(rows)
        place = rows.lines.index("Cutting")
        await desk.pilot.click(rows, offset=(4, place))
        assert "tfs_z" in _names(rows) and rows.cursor == "Cutting"


async def test_groups_that_hold_something_set_are_unfolded(bench: Bench) -> None:
    async def shaped(session: Session) -> None:
        await session.create(edits={"min_new_tokens": 5, "top_k": 3, "top_p": 0.5})

    async with bench(fill=shaped) as desk:
        desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
        rows = await open_inspector(desk)
        await desk.until(lambda: "min_new_tokens" in _names(rows))
        assert "tfs_z" not in _names(rows)
        assert "2 of 5 set" in desk.screen() and f"1 of {len(GROUPS['Constraints'])} set" in desk.screen()


async def test_letters_look_for_a_parameter_and_esc_ends_it(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        await desk.type("ngram")
        field = desk.app.screen.query_one(ParameterFilter)
        await desk.until(lambda: field.value == "ngram")
        await desk.until(lambda: "no_repeat_ngram_size" in _names(rows))
        assert "temperature" not in _names(rows)
        await desk.pilot.press("enter", "right")
        assert desk.pane.next.edits == {"no_repeat_ngram_size": 1}
        await desk.pilot.press("escape")
        assert field.value == "" and "temperature" in _names(rows)
        assert isinstance(rows.cursor, Parameter) and rows.cursor.name == "no_repeat_ngram_size"
        await desk.pilot.press("slash")
        await desk.type("dice zebra")
        await desk.until(lambda: "nothing is called so" in desk.screen())
        await desk.pilot.press("escape")
        assert "temperature" in _names(rows) and rows.has_focus


async def test_esc_gives_up_a_typed_value_before_it_ends_the_search(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        await desk.type("top")
        await desk.until(lambda: PARAMETERS["seed"] not in rows.lines)
        await desk.pilot.press("enter", "5", "escape")
        assert rows.typed is None and rows.has_focus and desk.pane.next.edits == {}
        assert PARAMETERS["seed"] not in rows.lines


async def test_words_of_the_help_are_found_and_names_come_first(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        await desk.type("repeat")
        await desk.until(lambda: "frequency_penalty" in _names(rows))
        assert isinstance(rows.cursor, Parameter) and rows.cursor.name == "repeat_penalty"


async def test_what_is_found_by_name_stands_first_and_in_sight(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        rows = await open_inspector(desk)
        await desk.pilot.press("end")
        await desk.type("rep")
        await desk.until(lambda: "frequency_penalty" in _names(rows))
        assert _names(rows)[:2] == ["repeat_penalty", "repeat_last_n"]
        await desk.pilot.press("down")
        assert isinstance(rows.cursor, Parameter) and rows.cursor.name == "repeat_penalty"
        for _ in _names(rows):
            name = rows.cursor.name if isinstance(rows.cursor, Parameter) else f"▾ {rows.cursor}"
            await desk.until(lambda: f"▌{name}" in desk.screen())  # noqa: B023 - waited for here
            await desk.pilot.press("down")


# --- values


async def test_values_are_used_from_the_next_message_on(bench: Bench) -> None:
    async with bench() as desk:
        await open_inspector(desk)
        await desk.pilot.press("right", "down", "4", "0", "enter")
        await desk.pilot.press("alt+p")
        await desk.until(lambda: isinstance(desk.app.screen.focused, SystemPrompt))
        await desk.type("Be brief.")
        await desk.ask("hello")
        request = desk.backend.requests[-1]
        assert request.edits == {"temperature": 0.75, "top_k": 40}
        assert request.messages[0].text == "Be brief."
        stored = desk.session.conversation(desk.pane.conversation_id or 0)
        assert stored.system_prompt == "Be brief." and stored.edits == {"temperature": 0.75, "top_k": 40}


async def test_a_bad_value_says_why_and_keeps_the_old(bench: Bench) -> None:
    async with bench() as desk:
        await open_inspector(desk)
        await desk.pilot.press("1", "enter", "9", "9", "9", "enter")
        await desk.pilot.pause()
        assert desk.pane.next.edits == {"temperature": 1.0}
        assert "temperature can't be" in desk.screen()


async def test_what_is_wrong_stands_in_the_place_of_the_help(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        await open_inspector(desk)
        panel = desk.app.screen.query_one(ParameterHelp)
        height = panel.size.height
        await desk.until(lambda: PARAMETERS["temperature"].effects in _help(desk))
        await desk.pilot.press("5", "0", "0", "enter")
        await desk.until(lambda: "temperature can't be" in _help(desk))
        assert _help(desk).count(PARAMETERS["temperature"].effects) == 1
        assert PARAMETERS["temperature"].help not in _help(desk) and panel.size.height == height
        await desk.pilot.press("down", "up")
        await desk.until(lambda: PARAMETERS["temperature"].help in _help(desk))


async def test_keys_of_a_row(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        await desk.pilot.press("shift+right")
        assert desk.pane.next.edits["temperature"] == 1.2
        await desk.pilot.press("0", "home", "enter")
        assert desk.pane.next.edits["temperature"] == 0.0
        assert "unused" in desk.screen()
        await desk.pilot.press("delete")
        assert desk.pane.next.edits == {}
        await desk.pilot.press("5", "escape")
        assert desk.pane.next.edits == {} and rows.typed is None
        await desk.pilot.press("2", "down")
        assert desk.pane.next.edits == {"temperature": 2.0}
        assert isinstance(rows.cursor, Parameter) and rows.cursor.name == "top_k"


async def test_steps_go_on_where_the_track_ends(bench: Bench) -> None:
    async with bench() as desk:
        await open_inspector(desk)
        await desk.pilot.press("5", "enter", "right")
        assert desk.pane.next.edits == {"temperature": 5.05}


async def test_a_value_without_default_is_stepped_from_nothing(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "max_new_tokens")
        await desk.pilot.press("right")
        assert isinstance(desk.pane.next.edits["max_new_tokens"], int)


async def test_the_cursor_stays_among_the_lines_and_tab_leaves_them(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        await desk.pilot.press("up", "home")
        assert rows.cursor == "Sampling" and "▌▾ Sampling" in desk.screen()
        await desk.pilot.press("pageup")
        assert rows.has_focus and rows.cursor == "Sampling"
        await desk.pilot.press("up")
        assert isinstance(desk.app.screen.focused, ParameterFilter)
        await desk.pilot.press("down", "end", "down")
        assert rows.cursor == "Prompt" and desk.pane.composer.text == ""
        await desk.pilot.press("shift+tab")
        assert isinstance(desk.app.screen.focused, ParameterFilter)
        await desk.pilot.press("tab", "tab")
        assert not isinstance(desk.app.screen.focused, ParameterList | ParameterFilter)


async def test_switches_turn_and_unset(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "ignore_eos")
        await desk.pilot.press("space")
        assert desk.pane.next.edits == {"ignore_eos": True}
        await desk.pilot.press("backspace")
        assert desk.pane.next.edits == {}


async def test_the_mouse_drags_and_resets(bench: Bench) -> None:
    async with bench(size=(160, 48)) as desk:
        rows = await open_inspector(desk)
        place = next(y for y, line in enumerate(rows.lines) if line == PARAMETERS["top_p"])
        row = rows.row(PARAMETERS["top_p"])
        await desk.pilot.mouse_down(rows, offset=(row.track_start, place))
        await desk.pilot.hover(rows, offset=(row.track_start + row.track_length // 2, place))
        assert desk.pane.next.edits == {} and "0.5" in desk.screen()
        await desk.pilot.mouse_up(rows, offset=(row.track_start + row.track_length // 2, place))
        assert 0.4 <= desk.pane.next.edits["top_p"] <= 0.6  # type: ignore[operator]
        await desk.pilot.click(rows, offset=(rows.size.width - 4, place))
        await desk.until(lambda: desk.pane.next.edits == {})


async def test_two_values_that_contradict_each_other(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "mirostat")
        await desk.pilot.press("2", "enter")
        _rows(desk).go_to("adaptive_target")
        await desk.pilot.press("0", "full_stop", "5", "enter")
        await desk.pilot.pause()
        assert desk.pane.next.edits == {"mirostat": 2}
        assert "mirostat and adaptive_target" in _help(desk)
        await desk.ask("hello")
        assert desk.texts[-1]


async def test_hostile_words_in_a_reason_stay_text(bench: Bench) -> None:
    async def hostile(session: Session) -> None:
        await session.create(edits={"required_words": ("\x1b]52;[/]",), "forbidden_words": ("\x1b]52;[/]",)})

    async with bench(fill=hostile) as desk:
        desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
        await _at(desk, "required_words")
        await desk.until(lambda: "both required and forbidden" in " ".join(_help(desk).split()))
        assert "\x1b" not in _help(desk) and "[/]" in _help(desk)


async def test_a_conversation_whose_values_contradict_each_other_can_be_mended(bench: Bench) -> None:
    async def contradictory(session: Session) -> None:
        await session.create(edits={"regex": "a+", "choices": ("a", "b")})

    async with bench(fill=contradictory) as desk:
        desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
        rows = await _at(desk, "regex")
        assert "No effect now: regex and choices can't be set together" in _help(desk).replace("\n", " ")
        await desk.pilot.press("delete")
        assert desk.pane.next.edits == {"choices": ("a", "b")}
        rows.go_to("choices")
        await desk.pilot.pause()
        assert "No effect" not in _help(desk)


# --- help


async def test_help_follows_the_cursor(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "max_new_tokens")
        assert "max_new_tokens" in _help(desk) and "no limit" in _help(desk)


async def test_help_says_why_a_value_is_moot(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "xtc_threshold")
        assert "No effect now: xtc_probability is 0." in _help(desk)


async def test_all_of_the_help_can_be_read_on_a_small_screen(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        rows = await open_inspector(desk)
        unfolded = set()
        for name, parameter in PARAMETERS.items():
            rows.go_to(name)
            await desk.until(lambda: name in _help(desk))  # noqa: B023 - waited for here
            if "? all of it" in desk.screen():
                unfolded.add(name)
                await desk.pilot.press("question_mark")
                await desk.pilot.pause()
            assert parameter.effects.split()[-1] in desk.screen().split("unset")[-1], name
        assert "repeat_penalty" in unfolded and "seed" not in unfolded


# --- dialogs


async def test_stop_texts_are_edited_in_a_dialog(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "stop")
        await desk.pilot.press("enter")
        await desk.pilot.pause()
        await desk.type("User:")
        await desk.pilot.press("ctrl+j")
        await desk.type("\\n\\n")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.next.edits == {"stop": ("User:", "\n\n")})


async def test_a_schema_is_written_and_says_what_is_wrong(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "json_schema")
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        await desk.type("{")
        await desk.pilot.press("enter", "f2")
        await desk.until(lambda: "line 2, column 1" in desk.screen())
        assert isinstance(desk.app.screen, ValueDialog) and desk.pane.next.edits == {}
        await desk.pilot.press("escape")
        await desk.until(lambda: "Esc again" in desk.screen())
        await desk.type("}")
        await desk.pilot.press("f2")
        await desk.until(lambda: desk.pane.next.edits == {"json_schema": "{\n}"})


async def test_a_contradiction_stays_in_the_dialog(bench: Bench) -> None:
    async with bench() as desk:
        rows = await _at(desk, "regex")
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        await desk.type("a+")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.next.edits == {"regex": "a+"})
        rows.go_to("choices")
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        await desk.type("yes")
        await desk.pilot.press("enter")
        await desk.until(lambda: "can't be set together" in desk.screen())
        assert desk.app.screen.query_one(TextArea).text == "yes"
        await desk.pilot.press("escape", "escape")
        await desk.until(lambda: not isinstance(desk.app.screen, ValueDialog))
        assert desk.pane.next.edits == {"regex": "a+"}


async def _json_schema_beside_a_regex(desk: Desk) -> None:
    desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
    await _at(desk, "json_schema")
    await desk.pilot.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))


async def _with_regex(session: Session) -> None:
    await session.create(edits={"regex": "a+"})


async def test_what_stands_in_the_way_is_told_at_once_and_can_be_unset(bench: Bench) -> None:
    async with bench(fill=_with_regex, size=(80, 24)) as desk:
        await _json_schema_beside_a_regex(desk)
        assert "regex is set already" in desk.screen() and "Use, and unset regex" in desk.screen()
        await desk.type("{")
        await desk.pilot.press("f2")
        await desk.until(lambda: "is not JSON" in desk.screen())
        assert "regex is set already" in desk.screen()
        await desk.type("}")
        await desk.pilot.press("f2")
        await desk.until(lambda: "can't be set together" in desk.screen())
        await desk.pilot.click("#use-instead")
        await desk.until(lambda: desk.pane.next.edits == {"json_schema": "{}"})


async def test_what_was_typed_beside_a_rival_is_not_dropped_unasked(bench: Bench) -> None:
    async with bench(fill=_with_regex) as desk:
        await _json_schema_beside_a_regex(desk)
        await desk.type("{}")
        await desk.pilot.press("escape")
        await desk.until(lambda: "Esc again" in desk.screen())
        await desk.pilot.press("f2")
        await desk.until(lambda: "can't be set together" in desk.screen())
        await desk.pilot.press("escape")
        await desk.until(lambda: "Esc again" in desk.screen())
        await desk.type(" ")
        await desk.pilot.press("escape")
        await desk.until(lambda: "Esc again" in desk.screen())
        assert desk.app.screen.query_one(TextArea).text == "{} "
        await desk.pilot.press("escape")
        await desk.until(lambda: not isinstance(desk.app.screen, ValueDialog))
        assert desk.pane.next.edits == {"regex": "a+"}


async def test_the_engine_is_asked_about_a_text_though_a_rival_is_set(bench: Bench) -> None:
    async def check(value: Value, unset: str) -> None:
        if not unset:
            raise ParameterError("They can't be set together.", hint="")
        if value == "root ::=":
            raise ParameterError("The grammar ends too early.", hint="")

    async with bench() as desk:
        answers: list[Answer | None] = []
        dialog = TextDialog(PARAMETERS["grammar"], None, check, Rival("regex", "edit"))
        desk.app.push_screen(dialog, answers.append)
        await desk.until(lambda: desk.app.screen is dialog and bool(dialog.query(TextArea)))
        dialog.query_one(TextArea).text = "root ::="
        await desk.pilot.press("f2")
        await desk.until(lambda: "ends too early" in desk.screen())
        dialog.query_one(TextArea).text = 'root ::= "a"'
        await desk.pilot.press("f2")
        await desk.until(lambda: "can't be set together" in desk.screen())
        await desk.pilot.click("#use-instead")
        await desk.until(lambda: answers == [Answer('root ::= "a"', "regex")])


async def test_a_rival_in_the_preset_can_not_be_unset_here(bench: Bench) -> None:
    async def preset(session: Session) -> None:
        session.preset = Preset(name="strict", sampling={"regex": "a+"})

    async with bench(fill=preset) as desk:
        await _at(desk, "choices")
        await desk.pilot.press("enter")
        await desk.until(lambda: "regex is set already, by the preset" in desk.screen())
        assert not desk.app.screen.query("#use-instead")


async def test_unset_in_a_dialog_by_mouse(bench: Bench) -> None:
    async with bench() as desk:
        await _at(desk, "regex")
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        await desk.type("a")
        await desk.pilot.click("#use")
        await desk.until(lambda: desk.pane.next.edits == {"regex": "a"})
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        await desk.pilot.click("#unset")
        await desk.until(lambda: desk.pane.next.edits == {})


async def _chain(desk: Desk) -> StageList:
    await _at(desk, "samplers")
    await desk.pilot.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
    return desk.app.screen.query_one(StageList)


async def test_stages_are_moved_and_switched_by_keys(bench: Bench) -> None:
    async with bench() as desk:
        stages = await _chain(desk)
        first, second, third, *rest = DEFAULT_CHAIN
        assert stages.cursor == "top_k"
        await desk.pilot.press("home", "shift+down", "down", "space", "enter")
        await desk.until(lambda: desk.pane.next.edits == {"samplers": (second, first, *rest)})
        assert third not in desk.pane.next.edits["samplers"]  # type: ignore[operator]
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        stages = desk.app.screen.query_one(StageList)
        assert stages.state(third) == "off"
        await desk.pilot.press("r", "enter")
        await desk.until(lambda: desk.pane.next.edits == {"samplers": DEFAULT_CHAIN})


async def test_the_keys_of_the_stages_have_room(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        await _chain(desk)
        footer = next(line for line in desk.screen().split("\n") if "⏎ use" in line)
        assert StagesDialog.HINT in footer and "Esc cancel" in footer


async def test_stages_are_moved_and_switched_by_mouse(bench: Bench) -> None:
    async with bench() as desk:
        stages = await _chain(desk)
        _, second, third, *rest = DEFAULT_CHAIN
        await desk.pilot.mouse_down(stages, offset=(8, 2))
        await desk.pilot.hover(stages, offset=(8, 0))
        await desk.pilot.mouse_up(stages, offset=(8, 0))
        await desk.pilot.click(stages, offset=(1, 1))
        await desk.pilot.click("#use")
        await desk.until(lambda: desk.pane.next.edits == {"samplers": (third, second, *rest)})


async def test_stages_say_what_they_do(bench: Bench) -> None:
    async with bench(size=(120, 50)) as desk:
        await _at(desk, "top_p")
        await desk.pilot.press("1", "enter")
        stages = await _chain_over(desk)
        assert stages.state("top_p") == "idle: its parameters are neutral"
        assert stages.state("top_k") == "top_k 50"
        await desk.pilot.press("escape")
        rows = _rows(desk)
        rows.go_to("mirostat")
        await desk.pilot.press("2", "enter")
        stages = await _chain_over(desk)
        assert "chooses the token" in stages.state("mirostat") and "mirostat" in desk.screen()
        await desk.pilot.press("end", "space", "shift+up", "enter")
        await desk.pilot.pause()
        assert desk.pane.next.edits["samplers"] == DEFAULT_CHAIN
        rows.go_to("temperature")
        await desk.pilot.press("0", "enter")
        await desk.pilot.pause()
        assert "temperature is 0" in (await _chain_over(desk)).state("top_k")


async def _chain_over(desk: Desk) -> StageList:
    await desk.until(lambda: not isinstance(desk.app.screen, ValueDialog))
    _rows(desk).go_to("samplers")
    await desk.pilot.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
    return desk.app.screen.query_one(StageList)


# --- the chain above the list


def _shown_chain(desk: Desk) -> str:
    return desk.app.get_default_screen().query_one(ChainRow).render().plain.strip()


async def _to_chain(desk: Desk) -> ChainRow:
    """Go up from the first parameter, over the heading and the filter."""
    await open_inspector(desk)
    await desk.pilot.press("up", "up", "up")
    row = desk.app.screen.query_one(ChainRow)
    await desk.until(lambda: row.has_focus)
    return row


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_chain_is_shown_and_its_order_is_two_keys_away(bench: Bench, size: tuple[int, int]) -> None:
    async with bench(size=size) as desk:
        await _to_chain(desk)
        assert "chain   top_k › top_p › temperature ▾" in desk.screen()
        assert "⏎ order and switch" in desk.screen() and "samplers" in _help(desk)
        await desk.pilot.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ValueDialog))
        stages = desk.app.screen.query_one(StageList)
        between = DEFAULT_CHAIN.index("top_p") - DEFAULT_CHAIN.index("top_k")
        await desk.pilot.press(*["down"] * between, *["shift+up"] * between)
        assert stages.placed.index("top_p") < stages.placed.index("top_k")
        await desk.pilot.press("enter")
        await desk.until(lambda: _shown_chain(desk) == "▌chain   top_p › top_k › temperature ▾")
        assert list(desk.pane.next.edits) == ["samplers"]
        await desk.pilot.press("delete")
        await desk.until(lambda: desk.pane.next.edits == {})
        assert "top_k › top_p" in _shown_chain(desk)


async def test_the_chain_follows_the_values(bench: Bench) -> None:
    async with bench() as desk:
        rows = await open_inspector(desk)
        rows.go_to("mirostat")
        await desk.pilot.press("2", "enter")
        await desk.until(lambda: _shown_chain(desk).endswith("mirostat ▾"))
        rows.go_to("min_p")
        await desk.pilot.press("0", ".", "1", "enter")
        assert "min_p" in _shown_chain(desk) or "more" in _shown_chain(desk)


async def test_letters_over_the_list_look_for_a_parameter_too(bench: Bench) -> None:
    async with bench() as desk:
        await _to_chain(desk)
        await desk.type("xtc")
        field = desk.app.screen.query_one(ParameterFilter)
        await desk.until(lambda: field.value == "xtc" and field.has_focus)
        assert desk.pane.composer.text == ""


@given(st.lists(st.sampled_from(sorted(STAGES)), unique=True), st.integers(0, 80))
def test_no_chain_is_wider_than_its_place(stages: list[str], room: int) -> None:
    shown = _fitted(stages, room)
    assert cell_len(shown) <= max(room, len(f"{len(stages)} stages"))
    assert shown == " › ".join(stages) or "more" in shown or "stages" in shown


# --- while a reply is written


async def test_a_change_reaches_the_running_reply(bench: Bench) -> None:
    async with bench(LONG) as desk:
        await desk.say("hello")
        await desk.until(lambda: bool(desk.backend.generations))
        await open_inspector(desk)
        await desk.pilot.press("right", "1", "enter", "delete")
        await desk.until(lambda: len(_changes(desk)) == 3)
        assert _changes(desk) == [("temperature", 0.75), ("temperature", 1.0), ("temperature", 0.8)]
        assert desk.pane.stop()
        await desk.quiet()
        generation = desk.session.thread(desk.pane.conversation_id or 0)[-1].generation
        assert generation is not None and all(change.offset > 0 for change in generation.changes)
        assert len(generation.changes) == 3


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["over", "beside"])
async def test_esc_leaves_the_inspector_before_it_stops_the_reply(bench: Bench, size: tuple[int, int]) -> None:
    async with bench(LONG, size=size) as desk:
        await desk.say("hello")
        await desk.until(lambda: bool(desk.backend.generations))
        await open_inspector(desk)
        await desk.until(lambda: "Esc leave" in desk.screen())
        await desk.pilot.press("escape")
        assert desk.pane.composer.has_focus and desk.pane.stream.writing == {desk.pane.conversation_id}
        await desk.pilot.press("escape")
        await desk.quiet()
        assert desk.session.thread(desk.pane.conversation_id or 0)[-1].status == "stopped"


async def test_a_limit_that_is_unset_no_longer_holds_for_the_running_reply(bench: Bench) -> None:
    async with bench(LONG) as desk:
        await _at(desk, "max_new_tokens")
        await desk.pilot.press("9", "0", "0", "enter")
        await desk.say("hello")
        await desk.until(lambda: bool(desk.backend.generations))
        _rows(desk).focus()
        await desk.pilot.press("delete")
        await desk.until(lambda: _changes(desk) == [("max_new_tokens", None)])
        assert desk.pane.next.edits == {}
        assert desk.pane.stop()
        await desk.quiet()


async def test_what_can_not_change_mid_reply_says_so_and_waits(bench: Bench) -> None:
    async with bench(LONG) as desk:
        await desk.say("hello")
        await desk.until(lambda: bool(desk.backend.generations))
        await _at(desk, "seed")
        await desk.until(lambda: "from the next message on" in _help(desk))
        await desk.pilot.press("7", "enter")
        await desk.until(lambda: desk.pane.next.edits == {"seed": 7})
        assert _changes(desk) == [] and "can't change" not in desk.notices
        assert desk.pane.stop()
        await desk.quiet()
        await desk.until(lambda: "from the next message on" not in _help(desk))


def _changes(desk: Desk) -> list[tuple[str, object]]:
    reply = desk.pane.reply
    generation = reply.message.generation if reply is not None else None
    return [(change.name, change.value) for change in generation.changes] if generation is not None else []


@pytest.mark.parametrize("by", ["key", "mouse"])
async def test_answer_now_ends_the_thoughts(bench: Bench, by: str) -> None:
    script = Script(reasoning="hmm " * 2000, text="Oslo.", tokens_per_second=SLOW)
    async with bench([script]) as desk:
        button = desk.app.screen.query_one("#answer-now", Press)
        assert not button.display
        await desk.say("hello")
        await desk.until(lambda: button.display)
        if by == "key":
            button.focus()
            await desk.pilot.press("enter")
        else:
            await desk.pilot.click(button)
        await desk.quiet()
        assert desk.texts[-1] == "Oslo." and not button.display
        assert desk.pane.composer.has_focus or by == "mouse"
