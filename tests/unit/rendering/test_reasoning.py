"""Thoughts are told from the answer, whatever way the text is cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.reasoning import CHANNELS, ReasoningFormat, ReasoningSplitter, Run, detect_reasoning

THINK = ReasoningFormat("<think>", "</think>")
BRACKETS = ReasoningFormat("[THINK]", "[/THINK]")
FINAL = "<|start|>assistant<|channel|>final<|message|>"


def split(form: ReasoningFormat, chunks: list[str], *, opened: bool = False) -> list[Run]:
    """The runs of all chunks, neighbours of one kind merged."""
    splitter = ReasoningSplitter(form, opened=opened)
    merged: list[Run] = []
    for kind, text in [run for chunk in chunks for run in splitter.feed(chunk)] + splitter.finish():
        assert text
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    return merged


CASES = [
    (THINK, False, "Hello", [("text", "Hello")]),
    (THINK, False, " Hello\n", [("text", " Hello\n")]),
    (THINK, False, "", []),
    (
        THINK,
        False,
        "<think>\nhm\n\nso\n</think>\n\nHello <think>",
        [("reasoning", "hm\n\nso"), ("text", "Hello <think>")],
    ),
    (THINK, False, "\n<think>hm</think>Hello", [("reasoning", "hm"), ("text", "Hello")]),
    (THINK, False, "<think>\n\n</think>\n\nHello", [("text", "Hello")]),
    (THINK, False, "<think></think>", []),
    (THINK, False, "<think>never closed", [("reasoning", "never closed")]),
    (THINK, False, "<think>hm</thin", [("reasoning", "hm</thin")]),
    (THINK, False, "<thin", [("text", "<thin")]),
    (THINK, False, "<thing>", [("text", "<thing>")]),
    (THINK, False, "Say <think> and </think>", [("text", "Say <think> and </think>")]),
    (THINK, True, "hm < 3 </t\n</think>\n\nHello", [("reasoning", "hm < 3 </t"), ("text", "Hello")]),
    (THINK, True, "<think>\nhm</think>Hello", [("reasoning", "hm"), ("text", "Hello")]),
    (THINK, True, "</think>Hello", [("text", "Hello")]),
    (THINK, True, "a\n</think>b</think>c", [("reasoning", "a"), ("text", "b</think>c")]),
    (BRACKETS, False, "[THINK]hm[/THINK]Hello", [("reasoning", "hm"), ("text", "Hello")]),
    (CHANNELS, False, f"<|channel|>analysis<|message|>hm<|end|>{FINAL}Hello", [("reasoning", "hm"), ("text", "Hello")]),
    (CHANNELS, False, "<|channel|>final<|message|>Hello<|return|>", [("text", "Hello")]),
    (CHANNELS, False, "Hello", [("text", "Hello")]),
    (CHANNELS, False, "<|chan", []),
    (CHANNELS, False, "<|chat", [("text", "<|chat")]),
    (CHANNELS, False, "<|channel|>analysis", []),
    (
        CHANNELS,
        False,
        f"<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>{FINAL}c",
        [("reasoning", "a"), ("text", "bc")],
    ),
    (CHANNELS, False, "<|channel|>analysis<|message|>a<|end", [("reasoning", "a<|end")]),
    (CHANNELS, True, f"hm\n<|end|>{FINAL}\nHello", [("reasoning", "hm"), ("text", "Hello")]),
]


@pytest.mark.parametrize(("form", "opened", "text", "expected"), CASES)
def test_every_way_of_cutting(form: ReasoningFormat, opened: bool, text: str, expected: list[Run]) -> None:
    assert split(form, [text], opened=opened) == expected
    assert split(form, list(text), opened=opened) == expected
    for at in range(len(text)):
        assert split(form, [text[:at], text[at:]], opened=opened) == expected


@given(
    st.sampled_from([THINK, BRACKETS, CHANNELS]),
    st.booleans(),
    st.lists(
        st.one_of(
            st.sampled_from(["<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "<|end|>"]),
            st.sampled_from(["<", "<|", "a", "analysis", "final", " ", "\n", "</", "<|start|>assistant", ">"]),
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_cutting_changes_nothing(form: ReasoningFormat, opened: bool, parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    chunks = [text[start:stop] for start, stop in itertools.pairwise(places)]
    assert split(form, chunks, opened=opened) == split(form, [text], opened=opened)


def test_text_is_let_go_as_soon_as_it_can_be_no_tag() -> None:
    splitter = ReasoningSplitter(THINK)
    assert splitter.feed("<th") == []
    assert splitter.feed("ink>so") == [("reasoning", "so")]
    assert splitter.is_reasoning
    assert splitter.feed(" be it\n") == [("reasoning", " be it")]
    assert splitter.feed("</think>") == []
    assert not splitter.is_reasoning
    assert splitter.feed("\n") == []
    assert splitter.feed("\nHi\n") == [("text", "Hi\n")]
    assert splitter.feed("<th") == [("text", "<th")]


def test_what_is_written_to_end_the_thoughts_ends_them() -> None:
    for form in (THINK, BRACKETS, CHANNELS):
        splitter = ReasoningSplitter(form, opened=True)
        runs = splitter.feed("hm") + splitter.feed(form.closing) + splitter.feed("Hi") + splitter.finish()
        assert runs == [("reasoning", "hm"), ("text", "Hi")]


@pytest.mark.parametrize(
    ("template", "prompt", "prefill", "expected"),
    [
        ("{{ x }}", "<think>", "", (None, False)),
        ("…</think>…", "<|im_start|>assistant\n", "", (THINK, False)),
        ("…<think>…", "<｜Assistant｜><think>\n", "", (THINK, True)),
        ("…<think>…", "<|im_start|>assistant\n<think>\n\n</think>\n\n", "", (THINK, False)),
        ("…<think>…", "<think>\nFirst", "First", (THINK, True)),
        ("…<think>…", "<think>\nso</think>Yes", "so</think>Yes", (THINK, False)),
        ("…<think>…", "assistant\n<think>\nso", "<think>\nso", (THINK, True)),
        ("…<think>…", "user: what is <think><|im_end|>assistant\n", "", (THINK, False)),
        ("…[THINK]…", "[/INST]", "", (BRACKETS, False)),
        ("<|channel|>…<|message|>", "<|start|>assistant", "", (CHANNELS, False)),
        ("<|channel|>…<|message|>", "<|start|>assistant<|channel|>analysis<|message|>", "", (CHANNELS, True)),
    ],
)
def test_detection(template: str, prompt: str, prefill: str, expected: tuple[ReasoningFormat | None, bool]) -> None:
    assert detect_reasoning(template, prompt, prefill) == expected
