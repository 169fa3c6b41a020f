"""What other programs export: mapped in full, and what has no counterpart told."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from transfer_samples import CHATGPT, LLAMA_WEB, OPENAI, SHAREGPT, chatgpt_archive, chatgpt_node

from chatapp.chat.transfer import incoming
from chatapp.chat.transfer.source import read_stream
from chatapp.core.errors import FileProblem
from chatapp.core.portable import PortableConversation


def read(document: Any, format_name: str | None = None) -> incoming.Harvest:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return incoming.read(read_stream(io.BytesIO(content), "“x”"), format_name)


def only(document: Any) -> PortableConversation:
    harvest = read(document)
    assert not harvest.refused, harvest.refused
    (found,) = harvest.conversations
    return found.conversation


def lines(document: list[Any]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in document) + b"\n"


def said(conversation: PortableConversation) -> list[tuple[int | None, str, str]]:
    return [(message.parent, message.role, message.text) for message in conversation.messages]


@pytest.mark.parametrize("content", [json.dumps(OPENAI).encode(), lines(OPENAI), b"\xef\xbb\xbf" + lines(OPENAI)])
def test_openai_messages(content: bytes) -> None:
    first, second = (each.conversation for each in read(content).conversations)
    assert first.system_prompt == "Be brief."
    assert said(first) == [(None, "user", "Hello"), (1, "assistant", "Hi.")]
    assert first.messages[1].reasoning == "Greet." and first.leaf == 2 and first.title == "Hello"
    assert second.title == "Foxes" and second.messages[0].text == "What is a fox?"


def test_a_bare_list_of_messages_is_one_conversation() -> None:
    assert said(only(OPENAI[0]["messages"]))[0] == (None, "user", "Hello")
    assert said(only(SHAREGPT[0]["conversations"])) == [(None, "user", "One?"), (1, "assistant", "Two.")]
    assert said(only(OPENAI[1]))[1] == (1, "assistant", "An animal.")
    by_line = read(lines([each["messages"] for each in OPENAI])).conversations
    assert [each.place for each in by_line] == ["“x”, line 1", "“x”, line 2"]


@pytest.mark.parametrize("content", [json.dumps(SHAREGPT).encode(), lines(SHAREGPT)])
def test_sharegpt(content: bytes) -> None:
    first, second = (each.conversation for each in read(content).conversations)
    assert said(first) == [(None, "user", "One?"), (1, "assistant", "Two.")]
    assert second.system_prompt == "Be kind." and first.origin != second.origin


def test_chatgpt_keeps_its_branches() -> None:
    for content in (json.dumps(CHATGPT).encode(), chatgpt_archive()):
        conversation = only(content)
        assert said(conversation) == [
            (None, "user", "A question?"),
            (1, "assistant", "The first answer."),
            (1, "assistant", "The second answer."),
        ]
        assert conversation.leaf == 2 and conversation.title == "Two answers"
        assert (conversation.created_at, conversation.updated_at) == (1700000000.5, 1700000100.0)
        assert conversation.messages[2].created_at == 1700000009.0


def test_chatgpt_contents() -> None:
    document = copy.deepcopy(CHATGPT)
    mapping = document[0]["mapping"]
    contents = {
        "code": {"content_type": "code", "language": "python", "text": "print(1)"},
        "run": {"content_type": "execution_output", "text": "1"},
        "think": {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "Deep."}]},
        "image": {
            "content_type": "multimodal_text",
            "parts": [{"content_type": "image_asset_pointer", "width": 5}, "A"],
        },
        "new": {"content_type": "hologram", "beam": 1},
    }
    parent = "reply-1"
    for name, content in contents.items():
        role = "tool" if name == "run" else "assistant"
        mapping[name] = chatgpt_node(name, parent, role, "", 1700000010.0) | {}
        mapping[name]["message"]["content"] = content
        parent = name
    mapping["run"]["message"]["author"]["name"] = "python"
    mapping["new"]["message"]["status"] = "in_progress"
    document[0]["current_node"] = "new"
    harvest = read(document)
    conversation = harvest.conversations[0].conversation
    code, run, think, image, new = conversation.messages[3:]
    assert code.text == "```python\nprint(1)\n```"
    assert run.text == "[tool python]\n```\n1\n```" and run.role == "assistant"
    assert think.reasoning == "Deep." and think.text == ""
    assert image.text.startswith("[image_asset_pointer]") and image.text.endswith("A")
    assert new.text.startswith("[hologram]") and new.status == "interrupted" and conversation.leaf == 8
    told = " ".join(note.text for note in harvest.notes)
    assert "“tool”" in told and "image_asset_pointer" in told and "hologram" in told
    assert all("message “" in note.place for note in harvest.notes)


def test_a_content_of_no_known_type_is_kept() -> None:
    document = copy.deepcopy(CHATGPT)
    document[0]["mapping"]["ask"]["message"]["content"] = {"content_type": [], "beam": 1}
    harvest = read(document)
    assert '"beam":1' in harvest.conversations[0].conversation.messages[0].text
    assert [note.text for note in harvest.notes] == ["content without type is kept as text"]


def test_instructions_in_chatgpt_become_the_system_prompt() -> None:
    document = copy.deepcopy(CHATGPT)
    document[0]["mapping"]["hidden"]["message"]["author"]["role"] = "user"
    document[0]["mapping"]["hidden"]["message"]["content"] = {
        "content_type": "user_editable_context",
        "user_profile": "A farmer.",
        "user_instructions": "Be brief.",
    }
    conversation = only(document)
    assert conversation.system_prompt == "A farmer.\nBe brief."
    assert said(conversation)[0] == (None, "user", "A question?") and conversation.leaf == 2


def test_llama_web() -> None:
    for document in (LLAMA_WEB, [LLAMA_WEB]):
        harvest = read(document)
        conversation = harvest.conversations[0].conversation
        assert said(conversation)[:3] == [(None, "user", "Ask"), (1, "assistant", "First"), (1, "assistant", "Second")]
        assert conversation.messages[2].reasoning == "Hm." and conversation.leaf == 4
        assert "in a file" in conversation.messages[3].text and "a.txt" in conversation.messages[3].text
        assert "attached" in harvest.notes[0].text
        assert (conversation.title, conversation.updated_at) == ("Branches", 1700000000.0)


def test_an_older_llama_web_export() -> None:
    messages = [{"id": 1, "role": "user", "content": "Hello"}, {"id": 2, "role": "assistant", "content": "Hi"}]
    conversation = only({"id": "conv-1", "lastModified": 1700000000000, "messages": messages})
    assert said(conversation) == [(None, "user", "Hello"), (1, "assistant", "Hi")]
    assert conversation.origin.startswith("llama-web:")


def test_numbers_as_ids_and_a_root_below_minus_one() -> None:
    document = copy.deepcopy(LLAMA_WEB)
    for message in document["messages"]:
        message["id"] = int(message["id"][1:]) + 10
        message["parent"] = int(message["parent"][1:]) + 10 if message["parent"] else -1
    document["conv"]["currNode"] = 12
    assert only(document).leaf == 2


def test_unknown_roles_and_parts_are_kept_and_told() -> None:
    calls = [{"id": "1", "function": {"name": "f"}}]
    picture = {"type": "image_url", "image_url": {"url": "data:" + "x" * 9000}}
    document = [
        {"role": "user", "content": [{"type": "text", "text": "Look"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": None},
    ]
    harvest = read(document)
    first, second, third = harvest.conversations[0].conversation.messages
    assert first.text.startswith("Look[image_url: ") and "not imported" in first.text
    assert '"name":"f"' in second.text and third.text == "[tool]\n42" and third.role == "assistant"
    places = {note.place for note in harvest.notes}
    assert places == {"“x”, message 1", "“x”, message 2", "“x”, message 3", "“x”, messages"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m["ask"].update(parent="reply-1"), "circle"),
        (lambda m: m["root"].update(parent="root"), "circle"),
        (lambda m: m["ask"].update(parent="gone"), "not there"),
        (lambda m: m["ask"].update(parent=5), "no name"),
        (lambda m: m["ask"].update(message=[]), "no object"),
        (lambda m: m["ask"]["message"].update(author="me"), "no object"),
        (lambda m: m["ask"]["message"]["content"].update(parts=7), "no list"),
        (lambda m: m["ask"]["message"]["author"].update(role=None), "no role"),
    ],
)
def test_a_tree_that_is_none_is_refused(change: Any, reason: str) -> None:
    document = copy.deepcopy(CHATGPT)
    change(document[0]["mapping"])
    (refusal,) = read(document).refused
    assert reason in refusal.reason and refusal.place.startswith("“x”, conversation 1")


def test_a_circle_is_refused_in_llama_web() -> None:
    document = copy.deepcopy(LLAMA_WEB)
    document["messages"][1]["parent"] = "n3"
    (refusal,) = read(document).refused
    assert "circle" in refusal.reason


def test_the_origin_is_of_the_content_alone() -> None:
    first = only(CHATGPT)
    renamed = copy.deepcopy(CHATGPT)
    renamed[0]["title"] = "Another name"
    grown = copy.deepcopy(CHATGPT)
    grown[0]["mapping"]["more"] = chatgpt_node("more", "reply-1", "user", "More?", 1700000200.0)
    assert only(renamed).origin == first.origin != only(grown).origin


@pytest.mark.parametrize("document", [b"[1, 2]", b'{"a": 1}', b'"text"', b"7", b'{"title": "x"}', b"[[[1]]]"])
def test_what_is_no_export_is_refused(document: bytes) -> None:
    with pytest.raises(FileProblem, match="“x”") as raised:
        read(document)
    assert "ShareGPT" in raised.value.hint


def test_a_format_can_be_given() -> None:
    assert read({"messages": OPENAI[0]["messages"], "lastModified": 1}, "openai").conversations
    assert read(OPENAI, "sharegpt").refused
