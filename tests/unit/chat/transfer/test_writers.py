"""Exports for people: everything that is shown is there, and nothing of it is taken for markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from transfer_samples import conversations

from chatapp.chat.transfer import incoming, markdown, openai, page
from chatapp.chat.transfer.source import Source
from chatapp.chat.transfer.spelling import stretches
from chatapp.core.conversations import Generation
from chatapp.core.details import Details
from chatapp.core.events import TokenDetail
from chatapp.core.messages import ReasoningPart, TextPart
from chatapp.core.portable import PortableConversation, PortableMessage

EVIL = '<script>alert("x")</script>&amp;\x1b[2J\u202e'


def branched() -> PortableConversation:
    turns = (
        PortableMessage(role="user", parts=(TextPart("Ask"),), created_at=1.0),
        PortableMessage(role="assistant", parts=(ReasoningPart("Hm.\nWell."), TextPart("One")), parent=1, pinned=True),
        PortableMessage(role="assistant", parts=(TextPart("Two"),), parent=1, status="stopped"),
        PortableMessage(role="user", parts=(TextPart("Gone"),), parent=3, deleted_with=4),
    )
    return PortableConversation(title="A\ntitle", messages=turns, leaf=2, system_prompt="Be brief.", created_at=0.0)


def test_markdown_of_the_shown_branch() -> None:
    text = markdown.write([branched()], all_branches=False).decode()
    assert text.startswith("# A title\n\n*begun 1970-01-01 00:00 UTC · 4 messages*\n\n## system\n\nBe brief.\n")
    assert "## assistant · version 1 of 2 · pinned\n\n> Hm.\n> Well.\n\nOne\n" in text
    assert "Two" not in text and "Gone" not in text


def test_markdown_of_all_branches() -> None:
    text = markdown.write([branched(), branched()], all_branches=True).decode()
    headings = re.findall("^## (.*)$", text, re.MULTILINE)[:5]
    assert headings == [
        "system",
        "1 · user",
        "2 · assistant · version 1 of 2 · pinned",
        "3 · assistant · version 2 of 2 · follows 1 · stopped",
        "4 · user · deleted",
    ]
    assert text.count("\n---\n") == 1


def test_jsonl_is_one_branch_a_line_and_comes_back() -> None:
    (line,) = openai.write([branched()], all_branches=False).decode().splitlines()
    assert json.loads(line)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Ask"},
        {"role": "assistant", "content": "One", "reasoning_content": "Hm.\nWell."},
    ]
    both = openai.write([branched()], all_branches=True)
    assert [json.loads(each)["messages"][-1]["content"] for each in both.splitlines()] == ["One", "Two"]
    found = incoming.read([Source("x", both)]).conversations
    assert [each.conversation.messages[-1].text for each in found] == ["One", "Two"]
    assert found[0].conversation.system_prompt == "Be brief."


KNOWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "section", "h1", "h2", "article", "div", "p", "span"),
    *("details", "summary", "footer"),
}


class Checked(HTMLParser):
    """Notes tags and text, and whether every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.lists(conversations(), min_size=1, max_size=3), st.booleans())
def test_any_conversation_is_a_sound_page(made: list[PortableConversation], all_branches: bool) -> None:
    content = page.write(made, all_branches=all_branches, token_texts=lambda model: dict.fromkeys(range(9), "a"))
    parser = Checked()
    parser.feed(content.decode())
    parser.close()
    assert not parser.open
    assert parser.seen <= KNOWN_TAGS


def test_everything_is_escaped() -> None:
    message = PortableMessage(role="user", parts=(TextPart(EVIL), ReasoningPart(EVIL)))
    evil = PortableConversation(title=EVIL, messages=(message,), leaf=1, system_prompt=EVIL, edits={"stop": [EVIL]})
    content = page.write([evil], all_branches=False).decode()
    assert "<script" not in content and "\x1b" not in content and "\u202e" not in content
    assert content.count("&lt;script&gt;") == 6
    assert (
        "default-src 'none'" in content
        and "prefers-color-scheme: dark" in content
        and "http" not in content.replace("http-equiv", "")
    )


def test_tokens_are_coloured_with_their_figures() -> None:
    alternatives = ((7, -0.1), (8, -2.5))
    tokens = [
        TokenDetail(5, -0.01, 0, 0.1, 0.0, 0.0),
        TokenDetail(6, -3.5, 4, 2.0, 0.0, 0.0, alternatives),
    ]
    generation = Generation(model_name="m", model_fingerprint="f", template_sha256="", settings=(), seed=3)
    reply = PortableMessage(
        role="assistant", parts=(TextPart("A <fox>"),), generation=generation, details=Details(tokens)
    )
    talk = PortableConversation(title="T", messages=(reply,), leaf=1)
    texts = {5: "A", 6: " <fox>", 7: '"', 8: " b"}
    content = page.write([talk], all_branches=False, token_texts=lambda model: texts if model == "f" else {}).decode()
    assert '<span class="p0" data-p="0.9900" title="99.0 % · rank 1 · entropy 0.10">A</span>' in content
    told = "3.0 % · rank 5 · entropy 2.00 · “&quot;” 90.5 % · “ b” 8.2 %"
    assert f'<span class="p4" data-p="0.0302" title="{told}"> &lt;fox&gt;</span>' in content
    assert "How likely" in content
    plain = page.write([talk], all_branches=False).decode()
    assert "A &lt;fox&gt;" in plain and "data-p=" not in plain and "How likely" not in plain


def test_each_stretch_has_its_token() -> None:
    assert stretches("A fox", ["<think>", "A", " f", "ox", "<end>"])[0] == [("A", 1), (" f", 2), ("ox", 3)]
    assert stretches("Aé!", ["A", "\ufffd", "\ufffd", "!"])[0] == [("A", 0), ("é", 1), ("!", 3)]
    assert stretches("B", ["\n", " B"])[0] == [("B", 1)]
    found, behind = stretches("Hm", ["<t>", "Hm", "</t>", "Hm", "."])
    assert (found, behind) == ([("Hm", 1)], 2)
    assert stretches("Hm.", ["<t>", "Hm", "</t>", "Hm", "."], behind)[0] == [("Hm", 3), (".", 4)]
    assert stretches("A cat", ["A", " dog"])[0] == [("A cat", None)]
    assert stretches("A", []) == ([("A", None)], 0)


@given(st.lists(st.text(max_size=4), max_size=8), st.text(max_size=10))
def test_stretches_are_the_whole_text(tokens: list[str], text: str) -> None:
    for source in (text, "".join(tokens)):
        found, _ = stretches(source, tokens)
        assert "".join(piece for piece, _ in found) == source
