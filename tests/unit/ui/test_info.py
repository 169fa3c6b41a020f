"""Facts, sections, rows and the exact prompt, without a screen."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import Generation, StoredMessage, View
from chatapp.core.events import ContextShifted, ParameterChanged, Timings
from chatapp.core.messages import Message, TextPart
from chatapp.core.parameters import Setting, StoredValue
from chatapp.ui.info.changes import changed_live, changes_of
from chatapp.ui.info.fact import Fact, Section, text_facts
from chatapp.ui.info.model import metadata_section, model_section, weights_of
from chatapp.ui.info.prompt import CONTROL, SentPrompt, _runs, doubt, prompt_section, read_prompt
from chatapp.ui.info.reply import reply_section, settings_section
from chatapp.ui.info.rows import Row, copied, rows_of
from chatapp.ui.info.template import template_section, template_text_section
from chatapp.ui.markdown.wrap import width_of
from chatapp.ui.running import Running

GENERATION = Generation(
    model_name="m",
    model_fingerprint="scripted",
    template_sha256="a" * 64,
    settings=(Setting("temperature", 0.5, "edit"), Setting("top_k", 40, "default")),
    seed=7,
    stop_reason="stop_text",
    stop_text="User:",
    prompt_tokens=100,
    cached_tokens=90,
    cached_reason="the rest is new",
    processed_tokens=10,
    reply_tokens=21,
    timings=Timings(queued_s=0.2, prompt_s=0.012, first_token_s=0.3, generation_s=2.0),
    preset="balanced",
    exact=True,
    view=View(left_out=3),
    shifts=(ContextShifted(request_id=1, offset=40, dropped=12),),
    changes=(ParameterChanged(request_id=1, offset=9, name="temperature", value=1.5),),
    missing_words=("fox",),
    rewinds=2,
    notices=("One earlier reply was left out.",),
)


def reply(generation: Generation | None = GENERATION) -> StoredMessage:
    return StoredMessage(
        id=1,
        conversation_id=1,
        parent_id=None,
        role="assistant",
        parts=(TextPart("Once."),),
        status="complete",
        created_at=0.0,
        generation=generation,
    )


def told(section: Section | None) -> str:
    assert section is not None
    return section.copied


# --- what is said


def test_everything_that_is_known_of_a_reply_is_told() -> None:
    text = told(reply_section(reply(), None))
    for words in (
        "prompt: 100 tokens: 90 reused, 10 computed",
        "not reused: the rest is new",
        "reply: 21 tokens at 10.0 a second",
        "seed: 7",
        "preset: balanced",
        "exact: yes",
        "(“User:”)",
        "waited: 200 ms",
        "prompt took: 12 ms",
        "reply took: 2.0 s",
        "left out: ! 3 older messages",
        "forgotten: ! from token 40",
        "missing: ! fox",
        "rewound: 2 times",
        "note: One earlier reply was left out.",
    ):
        assert words in text
    settings = told(settings_section(reply()))
    assert "temperature: 0.5 [edit]" in settings and "temperature: 0.5 → 1.5 from token 10 on" in settings
    assert "top_k" not in settings and "The other 1 parameters began with their defaults." in settings


def changed(*steps: tuple[str, int, StoredValue]) -> Generation:
    """A generation with these changes: name, offset, value."""
    changes = tuple(
        ParameterChanged(request_id=1, offset=offset, name=name, value=value) for name, offset, value in steps
    )
    return msgspec.structs.replace(GENERATION, changes=tuple(changes))


def test_the_steps_of_a_slider_are_one_parameter_that_changed() -> None:
    slider = changed(*(("temperature", 9 + step // 2, 0.6 + step / 10) for step in range(6)))
    assert [change.words for change in changes_of(slider)] == [
        "0.5 → 0.7 from token 10 on",
        "0.7 → 0.9 from token 11 on",
        "0.9 → 1.1 from token 12 on",
    ]
    assert changed_live(slider) == "temperature changed live"
    section = settings_section(reply(slider))
    assert section is not None and section.told == "1 set, temperature changed live"
    several = changed(("temperature", 3, 0.6), ("top_k", 3, 5), ("temperature", 8, 0.7))
    assert changed_live(several) == "2 parameters changed live"
    assert [(change.name, change.token) for change in changes_of(several)] == [
        ("temperature", 4),
        ("temperature", 9),
        ("top_k", 4),
    ]


def test_what_no_token_was_drawn_with_and_what_came_back_is_no_change() -> None:
    back = changed(("temperature", 4, 0.9), ("temperature", 4, 0.5), ("top_k", 4, 41), ("top_k", 6, 40))
    assert [change.words for change in changes_of(back)] == ["40 → 41 from token 5 on", "41 → 40 from token 7 on"]
    assert changed_live(back) == "top_k changed live"
    assert changed_live(msgspec.structs.replace(GENERATION, changes=())) == ""


def test_a_parameter_that_is_not_known_any_more_is_told_as_it_is() -> None:
    (change,) = changes_of(changed(("gone", 0, [1, 2])))
    assert (change.before, change.words) == ("", "[1, 2] from token 1 on")


def test_a_reply_that_is_being_written_tells_what_is_known() -> None:
    text = told(reply_section(reply(), None, running=Running(1, "preparing")))
    assert "Its prompt is being put together." in text and "seed" not in text
    section = reply_section(reply(), None, running=Running(1, "writing", 1200, 1100))
    assert section.told == "writing" and "seed: 7" in section.copied
    assert "prompt: 1,200 tokens, 1,100 of them reused" in section.copied
    assert "end:" not in section.copied and "reply took" not in section.copied
    assert "reused" not in told(reply_section(reply(), None, running=Running(1, "reading the prompt", 1200)))


def test_a_failure_and_a_message_by_hand_are_told() -> None:
    failed = msgspec.structs.replace(GENERATION, error="the engine died", stop_reason=None)
    assert "end: ! failed: the engine died" in told(reply_section(reply(failed), None))
    assert "not written by a model" in told(reply_section(reply(None), None))
    assert "none yet" in told(reply_section(None, None))
    assert settings_section(reply(None)) is None


def test_a_template_is_compared_with_those_of_the_replies() -> None:
    made_with_it = template_section(CARD, [reply(msgspec.structs.replace(GENERATION, template_sha256=""))])
    assert "none was made with a template yet" in told(made_with_it)
    sha256 = told(template_section(CARD, [])).split("SHA-256: ")[1].split("\n")[0]
    assert len(sha256) == 12
    assert "changed: ! 1 of 1 made with another template" in told(template_section(CARD, [reply()]))
    assert "model" not in told(template_section(CARD, [reply()]))
    none = msgspec.structs.replace(CARD, template=None)
    assert "None: a base model" in told(template_section(none, [])) and template_text_section(none) is None


@pytest.mark.parametrize(
    ("description", "weights"),
    [
        ("llama 7B Q4_K - Medium", "Q4_K - Medium"),
        ("llama ?B Q8_0", "Q8_0"),
        ("qwen2 1.5B IQ2_XXS", "IQ2_XXS"),
        ("gemma3 4B BF16", "BF16"),
        ("Plays prepared replies; there is no model.", ""),
        ("", ""),
    ],
)
def test_how_the_weights_are_stored_is_read_from_the_description(description: str, weights: str) -> None:
    assert weights_of(description) == weights


# --- the exact prompt


def runs(prompt: str, tokens: list[str], *control: int) -> list[tuple[str, str]]:
    ids = range(len(tokens))
    return list(_runs(prompt, tuple(ids), dict(enumerate(tokens)), set(control)))


def test_control_tokens_are_told_from_text_that_looks_like_one() -> None:
    tokens = ["<|a|>", "hi ", "<", "|a|", ">", "<|b|>"]
    assert runs("<|a|>hi <|a|><|b|>", tokens, 0, 5) == [
        (CONTROL + "<|a|>", "control"),
        ("hi <|a|>", "plain"),
        (CONTROL + "<|b|>", "control"),
    ]


def test_parts_of_characters_and_tokens_outside_of_the_text_lose_nothing() -> None:
    found = runs("né <|b|>x", ["<s>", " n", "\ufffd", "\ufffd", " ", "<|b|>", "x"], 0, 5)
    assert found == [
        (CONTROL + "<s>", "control"),
        ("né ", "plain"),
        (CONTROL + "<|b|>", "control"),
        ("x", "plain"),
    ]


@given(st.lists(st.tuples(st.text(max_size=6), st.booleans()), max_size=20))
def test_no_character_of_the_prompt_is_lost(pieces: list[tuple[str, bool]]) -> None:
    tokens = [text or "<s>" for text, _ in pieces]
    control = [place for place, (_, is_control) in enumerate(pieces) if is_control]
    prompt = "".join(text for text, _ in pieces)
    shown = "".join(
        text if tone == "plain" else text.removeprefix(CONTROL) for text, tone in runs(prompt, tokens, *control)
    )
    assert len(shown) >= len(prompt)
    assert "".join(text for text, tone in runs(prompt, tokens) if tone == "plain") == prompt


async def test_a_prompt_is_read_with_its_tokens() -> None:
    backend = ScriptedBackend((Script(text="Once."),))
    prepared = await backend.prepare(GenerationRequest(messages=(Message.of("user", "a\tb\x1b"),)))
    sent = await read_prompt(backend, prepared, "Perhaps.")
    assert sent.token_count == len(prepared.token_ids or ()) and sent.text == prepared.prompt
    section = prompt_section(sent)
    shown = "\n".join(fact.text for fact in section.facts)
    assert "! Perhaps." in shown and "a␉b␛" in shown and "\x1b" not in section.copied
    without_ids = await read_prompt(backend, msgspec.structs.replace(prepared, token_ids=None))
    assert without_ids.token_count is None and "characters" in prompt_section(without_ids).told
    await backend.close()


async def test_what_may_not_be_what_was_sent_is_said() -> None:
    backend = ScriptedBackend((Script(text="Once."),))
    prepared = await backend.prepare(GenerationRequest(messages=(Message.of("user", "hello"),)))
    count = len(prepared.token_ids or ())
    same = msgspec.structs.replace(GENERATION, template_sha256="scripted", prompt_tokens=count)
    assert doubt(prepared, same) == ""
    assert doubt(prepared, msgspec.structs.replace(same, prompt_tokens=None)) == ""
    assert doubt(prepared, msgspec.structs.replace(same, prompt_tokens=count + 5, begun_tokens=5)) == ""
    assert "changed since" in doubt(prepared, msgspec.structs.replace(same, prompt_tokens=count + 1))
    assert "template" in doubt(prepared, GENERATION)
    assert "Another model" in doubt(prepared, msgspec.structs.replace(same, model_fingerprint="other"))
    await backend.close()


# --- rows


SECTIONS = (
    Section("a", "First", (Fact.of("name", "a rather long value that is wrapped"), Fact.of("", "text"))),
    Section("b", "Second", (Fact.of("size", "1"),), folds=True, told="1 entry"),
)


def test_folded_sections_show_their_heading_only() -> None:
    folded = [row.text.strip() for row in rows_of(SECTIONS, (), 60)]
    assert folded[-1].startswith("▸ Second") and folded[-1].endswith("1 entry")
    assert "size" in rows_of(SECTIONS, ("b",), 60)[-1].text


def test_a_wrapped_value_is_copied_as_it_was() -> None:
    rows = rows_of(SECTIONS, (), 32)
    assert sum(row.joint is not None for row in rows) >= 1
    last = next(y for y, row in enumerate(rows) if row.text.strip() == "text")
    assert copied(rows, (1, 0), (last, 99)).endswith("a rather long value that is wrapped\ntext")
    assert copied(rows, (1, 17), (1, 25)) == "a rather"


def values(path: str, width: int) -> list[str]:
    """The rows of a path without its label."""
    rows = rows_of((Section("a", "A", (Fact.of("file", path),)),), (), width)
    return [row.text[17:] for row in rows[1:]]


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_a_path_breaks_behind_a_separator_and_never_in_a_name_that_has_room(separator: str) -> None:
    path = separator.join(("", "home", "somebody", "models", "qwen2.5-0.5b", "pocket.gguf"))
    for width in range(34, 80):
        shown = values(path, width)
        assert "".join(shown) == path
        assert all(width_of(line) <= width - 17 for line in shown)
        assert all(line.endswith(separator) for line in shown[:-1])


def test_a_name_without_room_breaks_behind_a_sign_and_else_anywhere() -> None:
    assert values("/models/Qwen2.5-0.5B-Instruct-GGUF.gguf", 38) == ["/models/", "Qwen2.5-0.5B-", "Instruct-GGUF.gguf"]
    assert values("x" * 50, 38) == ["x" * 20, "x" * 20, "x" * 10]
    assert values("a file /and/a/path/that/is/long", 38) == ["a file", "/and/a/path/that/is/", "long"]


facts = st.builds(Fact.of, st.sampled_from(["", "name"]), st.text(max_size=80))
sections = st.lists(
    st.builds(
        Section,
        st.sampled_from("abc"),
        st.sampled_from(["Model", "Chat template"]),
        st.one_of(st.lists(facts, max_size=4).map(tuple), st.text(max_size=80).map(text_facts)),
        st.booleans(),
        st.sampled_from(["", "12 tokens"]),
    ),
    max_size=4,
)


@given(sections, st.sets(st.sampled_from("abc")), st.integers(6, 70))
def test_no_row_is_wider_than_its_place_and_none_holds_a_control(
    given_sections: list[Section], unfolded: set[str], width: int
) -> None:
    rows = rows_of(given_sections, unfolded, width)
    for row in rows:
        assert is_clean(row.text) and "\n" not in row.text
        if width >= 20:
            assert width_of(row.text) <= width
    assert not any(one.text == two.text == "" for one, two in pairwise(rows) if one.section != two.section)
    copied(rows, (0, 3), (len(rows), 5))


@given(st.text(max_size=60), st.text(max_size=60), st.integers(20, 70))
def test_anybody_s_words_in_a_card_stay_text(name: str, value: str, width: int) -> None:
    card = msgspec.structs.replace(CARD, name=name, path=value, device=name, metadata={name: value}, template=value)
    shown = (model_section(card, name), metadata_section(card), template_text_section(card))
    rows: list[Row] = rows_of([section for section in shown if section], {"metadata", "template-text"}, width)
    assert all(is_clean(row.text) and width_of(row.text) <= width for row in rows)
    for section in shown:
        assert section is None or is_clean(section.copied)
    prompt_section(SentPrompt(value, ((value, "plain"),), None))
