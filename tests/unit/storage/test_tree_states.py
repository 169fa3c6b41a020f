"""Any sequence of changes leaves the same tree in the database as in a model of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatapp.core.messages import Role, TextPart
from chatapp.storage import index, listing, tree
from chatapp.storage.connection import connect_memory, in_transaction
from chatapp.storage.migrations import migrate
from chatapp.storage.scan import Scan
from chatapp.storage.segment import Term

WORDS = ("fox", "hen", "owl", "東京", "Zoë")


@dataclass
class Node:
    id: int
    conversation: int
    parent: int | None
    role: Role
    word: str
    streaming: bool


@dataclass
class Kept:
    leaf: int | None = None
    deleted: bool = False
    activity: int = 0
    nodes: dict[int, Node] = field(default_factory=dict)


class Trees(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.connection: sqlite3.Connection = connect_memory()
        migrate(self.connection)
        index.prepare(self.connection)
        self.kept: dict[int, Kept] = {}
        self.clock = 0

    def teardown(self) -> None:
        self.connection.close()

    @property
    def nodes(self) -> list[Node]:
        return [node for kept in self.kept.values() for node in kept.nodes.values()]

    @rule()
    def create(self) -> None:
        made = in_transaction(
            self.connection, lambda inside: tree.create(inside, title="", system_prompt="", edits={}, model="")
        )
        self.clock += 1
        self.kept[made.id] = Kept(activity=self.clock)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), role=st.sampled_from(["user", "assistant"]), word=st.sampled_from(WORDS), ends=st.booleans())
    def add(self, data: st.DataObject, role: Role, word: str, ends: bool) -> None:
        owner = data.draw(st.sampled_from(sorted(self.kept)))
        parent = data.draw(st.sampled_from([None, *sorted(self.kept[owner].nodes)]))
        message = in_transaction(
            self.connection,
            lambda inside: tree.add_message(
                inside, owner, parent, role, [TextPart(word)],
                status="complete" if ends else "streaming", generation=None, writer="me",
            ),
        )  # fmt: skip
        assert all(message.id > node.id for node in self.nodes)
        self.clock += 1
        kept = self.kept[owner]
        kept.nodes[message.id] = Node(message.id, owner, parent, role, word, not ends)
        kept.leaf, kept.activity = message.id, self.clock

    @precondition(lambda self: self.nodes)
    @rule(
        data=st.data(), word=st.sampled_from(WORDS), status=st.sampled_from([None, "complete", "stopped", "streaming"])
    )
    def update(self, data: st.DataObject, word: str, status: str | None) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        in_transaction(
            self.connection,
            lambda inside: tree.update_message(
                inside, node.id, parts=[TextPart(word)], status=status, generation=None, writer="me",  # type: ignore[arg-type]
            ),
        )  # fmt: skip
        node.word = word
        node.streaming = status == "streaming" or (status is None and node.streaming)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def select(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        in_transaction(self.connection, lambda inside: tree.select(inside, node.id))
        below = {node.id}
        for other in sorted(self.kept[node.conversation].nodes.values(), key=lambda other: other.id):
            if other.parent in below:
                below.add(other.id)
        self.kept[node.conversation].leaf = max(below)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), deleted=st.booleans())
    def delete_or_restore(self, data: st.DataObject, deleted: bool) -> None:
        owner = data.draw(st.sampled_from(sorted(self.kept)))
        stamp = 1.0 if deleted else None
        in_transaction(self.connection, lambda inside: tree.change(inside, owner, deleted_at=stamp))
        self.kept[owner].deleted = deleted

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.kept)))
        in_transaction(self.connection, lambda inside: tree.purge(inside, owner))
        del self.kept[owner]

    @rule()
    def rebuild_index(self) -> None:
        in_transaction(self.connection, index.rebuild)
        while in_transaction(self.connection, index.catch_up):
            pass

    @invariant()
    def lists_agree(self) -> None:
        for trash in (False, True):
            expected = sorted(
                (k for k in self.kept if self.kept[k].deleted == trash), key=lambda k: -self.kept[k].activity
            )
            assert [entry.id for entry in listing.conversations(self.connection, "", trash, None)] == expected

    @invariant()
    def threads_agree(self) -> None:
        for owner, kept in self.kept.items():
            conversation = tree.read_conversation(self.connection, owner)
            assert (conversation.leaf_id, conversation.message_count) == (kept.leaf, len(kept.nodes))
            expected: list[int] = []
            at = kept.leaf
            while at is not None:
                expected.insert(0, at)
                at = kept.nodes[at].parent
            thread = tree.thread(self.connection, owner, None)
            assert [message.id for message in thread] == expected
            for message in thread:
                node = kept.nodes[message.id]
                same = sorted(n.id for n in kept.nodes.values() if (n.parent, n.role) == (node.parent, node.role))
                assert (message.sibling, message.siblings) == (same.index(node.id) + 1, len(same))
                assert (message.text, message.role, message.parent_id) == (node.word, node.role, node.parent)

    @invariant()
    def searches_agree(self) -> None:
        for word in WORDS:
            found: list[int] = []
            scan = Scan([Term(word)], "m.id")
            while not scan.finished:
                found += [int(row[0] or 0) for row in scan.step(self.connection, limit=2)]
            expected = [
                n.id for n in self.nodes if n.word == word and not n.streaming and not self.kept[n.conversation].deleted
            ]
            assert found == sorted(expected, reverse=True)


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
