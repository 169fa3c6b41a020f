"""chatapp's own format: whatever is exported comes back as it was, byte for byte."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transfer_samples import conversations

from chatapp.chat.transfer import incoming, own
from chatapp.chat.transfer.source import Source
from chatapp.core.errors import FileProblem
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.core.portable import PortableConversation, PortableMessage
from chatapp.storage.store import Store


def everything(store: Store) -> list[PortableConversation]:
    """What `history export --all --trash --tokens` takes, in its order."""
    listed = store.conversations.list()[::-1] + store.conversations.list(trash=True)[::-1]
    return [store.transfer.take(each.id, details=True) for each in listed]


def talk(**changes: Any) -> PortableConversation:
    asked = PortableMessage(role="user", parts=(TextPart("Hello"),), created_at=1.0)
    reply = PortableMessage(role="assistant", parts=(TextPart("Hi"),), parent=1, created_at=2.0)
    made = PortableConversation(title="T", messages=(asked, reply), leaf=2, created_at=1.0, updated_at=2.0)
    return msgspec.structs.replace(made, **changes)


def as_json(value: PortableConversation) -> Any:
    return json.loads(own.encode([value]))


def read(document: Any) -> incoming.Harvest:
    return incoming.read([Source("“x.json”", json.dumps(document).encode())])


def made_with(conversation: Any, setup: dict[str, object]) -> None:
    conversation["setups"] = [setup]
    conversation["messages"][1]["setup"] = 0


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(conversations(), max_size=4))
def test_export_import_export_gives_identical_bytes(tmp_path: Path, made: list[PortableConversation]) -> None:
    async def run() -> None:
        paths = Paths.of({"CHATAPP_HOME": str(tmp_path)})
        # Each of these is another one, as in a store.
        distinct = [
            msgspec.structs.replace(each, created_at=float(place), origin=each.origin and f"chatgpt:{place}")
            for place, each in enumerate(made)
        ]
        first, second = Store.open(paths, incognito=True), Store.open(paths, incognito=True)
        try:
            await first.transfer.put(distinct)
            exported = everything(first)
            assert sorted(map(own_bytes, exported)) == sorted(map(own_bytes, distinct))
            content = own.encode(exported)
            harvest = incoming.read([Source("f", content)])
            assert not harvest.refused
            landed = await second.transfer.put([each.conversation for each in harvest.conversations])
            assert all(each.is_new for each in landed)
            assert own.encode(everything(second)) == content
            again = await second.transfer.put([each.conversation for each in harvest.conversations])
            assert not any(each.is_new for each in again)
            assert own.encode(everything(second)) == content
        finally:
            await first.close()
            await second.close()

    asyncio.run(run())


def own_bytes(value: PortableConversation) -> bytes:
    return own.encode([value])


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (lambda c: c["messages"][1].update(parent=2), "", "message 2 follows message 2"),
        (lambda c: c["messages"][0].update(parent=2), "", "message 1 follows message 2"),
        (lambda c: c["messages"][1].update(parent=-1), "", "follows message -1"),
        (lambda c: c.update(leaf=3), "", "message 3, which is not there"),
        (lambda c: c["messages"][1].update(deleted_with=1) or c.update(leaf=1), "", "deleted with message 1"),
        (lambda c: c["messages"][1].update(deleted_with=2), "", "which is deleted"),
        (lambda c: c["messages"][1].update(role="tool"), "message 2, role", "invalid enum value"),
        (lambda c: c["messages"][1].update(parts="Hi"), "message 2, parts", "expected `array`"),
        (lambda c: c["messages"][1].update(parts=[{"type": "picture"}]), "message 2, parts", "invalid value"),
        (lambda c: c["messages"][1].update(more=1), "message 2", "unknown field"),
        (lambda c: c["messages"][1].update(setup=0), "message 2, generation", "setup 0"),
        (lambda c: c["messages"][1].update(created_at=1e300), "", "a time that is none"),
        (lambda c: c.update(edits={"temperature": "hot"}), "edits", "temperature"),
        (lambda c: c.update(edits={"heat": 1}), "edits", "heat"),
        (lambda c: c.pop("title"), "", "missing required field `title`"),
        (lambda c: made_with(c, {"model_name": 1}), "message 2, generation, model_name", "expected `str`"),
        (lambda c: made_with(c, {"magic": 1}), "message 2, generation", "magic"),
        (lambda c: made_with(c, {}), "message 2, generation", "required"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: Any, place: str, reason: str) -> None:
    document = as_json(talk())
    change(document["conversations"][0])
    harvest = read(document)
    assert not harvest.conversations
    (refusal,) = harvest.refused
    assert refusal.place.startswith("“x.json”, conversation 1") and place in refusal.place
    assert reason.lower() in refusal.reason.lower()


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"version": 2}, "newer chatapp"), ({"format": "other"}, "other"), ({"extra": 1}, "extra"), ({"version": 0}, "0")],
)
def test_a_head_that_is_none_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(FileProblem, match=reason) as raised:
        read(as_json(talk()) | change)
    assert "x.json" in raised.value.message


def test_figures_of_tokens_must_fit_each_other() -> None:
    document = as_json(talk())
    columns = ("token_ids", "logprobs", "ranks", "entropies", "log_sum_exps", "seconds", "alternatives")
    tokens = {name: [] for name in columns} | {"alternatives_from": 0}
    for wrong in (
        {"ranks": [1]},
        {"alternatives_from": 1},
        {name: [2**40] for name in columns} | {"alternatives": [[]]},
    ):
        document["conversations"][0]["messages"][1]["tokens"] = tokens | wrong
        (refusal,) = read(document).refused
        assert "message 2, tokens" in refusal.place
    document["conversations"][0]["messages"][1]["tokens"] = tokens
    assert not read(document).refused
