"""Small exports of every kind, and random conversations for properties."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from hypothesis import strategies as st

from chatapp.core.conversations import Generation, View
from chatapp.core.details import Details
from chatapp.core.events import ParameterChanged, Timings, TokenDetail
from chatapp.core.messages import AttachmentPart, ReasoningPart, TextPart
from chatapp.core.parameters import Setting
from chatapp.core.portable import PortableConversation, PortableMessage

OPENAI = [
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
                  {"role": "assistant", "content": "Hi.", "reasoning_content": "Greet."}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is a fox?"}]},
                  {"role": "assistant", "content": "An animal."}], "title": "Foxes"},
]  # fmt: skip

SHAREGPT = [
    {"id": "a1", "conversations": [{"from": "human", "value": "One?"}, {"from": "gpt", "value": "Two."}]},
    {"id": "a2", "system": "Be kind.", "conversations": [{"from": "human", "value": "Three?"}]},
]


def chatgpt_node(name: str, parent: str | None, role: str, text: str, time: float | None) -> dict[str, Any]:
    message = {
        "id": name,
        "author": {"role": role, "name": None},
        "create_time": time,
        "content": {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
    }
    return {"id": name, "message": message, "parent": parent, "children": []}


CHATGPT: list[dict[str, Any]] = [
    {
        "title": "Two answers",
        "create_time": 1700000000.5,
        "update_time": 1700000100.0,
        "conversation_id": "c-1",
        "current_node": "reply-1",
        "mapping": {
            "reply-2": chatgpt_node("reply-2", "ask", "assistant", "The second answer.", 1700000009.0),
            "root": {"id": "root", "message": None, "parent": None, "children": ["hidden"]},
            "hidden": chatgpt_node("hidden", "root", "system", "", None),
            "ask": chatgpt_node("ask", "hidden", "user", "A question?", 1700000001.0),
            "reply-1": chatgpt_node("reply-1", "ask", "assistant", "The first answer.", 1700000005.0),
        },
    }
]

LLAMA_WEB: dict[str, Any] = {
    "conv": {"id": "k-1", "name": "Branches", "lastModified": 1700000000000, "currNode": "n4"},
    "messages": [
        {"id": "n0", "convId": "k-1", "type": "root", "timestamp": 1700000000000, "role": "system", "content": "",
         "parent": None, "children": ["n1"]},
        {"id": "n1", "convId": "k-1", "type": "text", "timestamp": 1700000000001, "role": "user", "content": "Ask",
         "parent": "n0", "children": ["n2", "n3"]},
        {"id": "n2", "convId": "k-1", "type": "text", "timestamp": 1700000000002, "role": "assistant",
         "content": "First", "parent": "n1", "children": []},
        {"id": "n3", "convId": "k-1", "type": "text", "timestamp": 1700000000003, "role": "assistant",
         "content": "Second", "thinking": "Hm.", "parent": "n1", "children": ["n4"]},
        {"id": "n4", "convId": "k-1", "type": "text", "timestamp": 1700000000004, "role": "user", "content": "And?",
         "parent": "n3", "children": [], "extra": [{"type": "TEXT", "name": "a.txt", "content": "in a file"}]},
    ],
}  # fmt: skip


def archive(members: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def chatgpt_archive() -> bytes:
    """What ChatGPT's data export sends."""
    return archive({"user.json": b"{}", "conversations.json": json.dumps(CHATGPT).encode()})


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
_FIGURES = st.floats(width=32)
_IDS = st.integers(0, 2**31 - 1)
_TIMES = st.floats(0, 4e9)


@st.composite
def details(draw: st.DrawFn) -> Details:
    """What is known of some tokens; of some of them nothing."""
    pairs = st.lists(st.tuples(_IDS, _FIGURES), max_size=3).map(tuple)
    token = st.builds(TokenDetail, _IDS, _FIGURES, st.integers(0, 1000), _FIGURES, _FIGURES, _FIGURES, pairs)
    made = Details()
    made.replace_from(draw(st.integers(0, 2)), draw(st.lists(token, max_size=4)))
    return made.without_alternatives_before(draw(st.integers(0, len(made)))) if len(made) else made


@st.composite
def generations(draw: st.DrawFn, number: int) -> Generation:
    """How a reply came about; what it saw begins at a message before `number`."""
    values = st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.floats(0, 2), _TEXTS, st.lists(_TEXTS, max_size=2)
    )
    settings = st.lists(st.builds(Setting, _TEXTS, values, st.sampled_from(["edit", "default"]), _TEXTS), max_size=3)
    change = st.builds(ParameterChanged, request_id=_IDS, offset=_IDS, name=_TEXTS, value=values)
    began = draw(st.none() | st.integers(1, number - 1)) if number > 1 else None
    return Generation(
        model_name=draw(st.sampled_from(["pocket", "other"])),
        model_fingerprint=draw(_TEXTS),
        template_sha256="",
        settings=tuple(draw(settings)),
        seed=draw(st.integers(0, 2**32 - 1)),
        stop_reason=draw(st.sampled_from([None, "end", "stopped"])),
        timings=draw(st.none() | st.builds(Timings, st.floats(0, 9), st.floats(0, 9))),
        token_ids=tuple(draw(st.lists(_IDS, max_size=4))),
        changes=tuple(draw(st.lists(change, max_size=2))),
        view=View(began_at=began, left_out=draw(st.integers(0, 9))) if draw(st.booleans()) else None,
        error=draw(_TEXTS),
        begun_tokens=draw(st.integers(0, 3)),
    )


@st.composite
def conversations(draw: st.DrawFn) -> PortableConversation:
    """A conversation with any tree of messages, some of them deleted with all below them."""
    part = st.one_of(
        st.builds(TextPart, _TEXTS),
        st.builds(ReasoningPart, _TEXTS, st.none() | st.floats(0, 100)),
        st.builds(AttachmentPart, _TEXTS, _TEXTS, st.integers(0, 10**9)),
    )
    messages: list[PortableMessage] = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        parent = draw(st.none() | st.integers(1, number - 1)) if number > 1 else None
        above = messages[parent - 1].deleted_with if parent is not None else None
        messages.append(
            PortableMessage(
                role=draw(st.sampled_from(["user", "assistant", "system"])),
                parts=tuple(draw(st.lists(part, max_size=3))),
                parent=parent,
                status=draw(st.sampled_from(["complete", "stopped", "interrupted", "failed"])),
                created_at=draw(_TIMES),
                pinned=draw(st.booleans()),
                edited=draw(st.booleans()),
                deleted_with=above or (number if draw(st.integers(0, 4)) == 0 else None),
                generation=draw(st.none() | generations(number)),
                details=draw(st.none() | details()),
            )
        )
    there = [number for number, message in enumerate(messages, 1) if message.deleted_with is None]
    edits = st.fixed_dictionaries(
        {}, optional={"temperature": st.floats(0, 2), "top_k": st.integers(0, 99), "stop": st.just(["a", "b"])}
    )
    return PortableConversation(
        title=draw(_TEXTS),
        messages=tuple(messages),
        leaf=draw(st.none() | st.sampled_from(there)) if there else None,
        created_at=draw(_TIMES),
        updated_at=draw(_TIMES),
        system_prompt=draw(_TEXTS),
        edits=draw(edits),
        model=draw(_TEXTS),
        pinned=draw(st.booleans()),
        deleted_at=draw(st.none() | _TIMES),
        overflow=draw(st.sampled_from(["stop", "shift"])),
        origin=draw(st.sampled_from(["", "chatgpt:1"])),
    )
