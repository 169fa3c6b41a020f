"""Any sequence of changes leaves the same tree in the database as in a model of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatapp.core.messages import Role, TextPart
from chatapp.storage import branches, index, listing, tree
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
    deleted_with: int | None = None


@dataclass
class Kept:
    leaf: int | None = None
    deleted: bool = False
    activity: int = 0
    nodes: dict[int, Node] = field(default_factory=dict)

    @property
    def there(self) -> list[int]:
        return sorted(node.id for node in self.nodes.values() if node.deleted_with is None)

    @property
    def shown(self) -> list[Node]:
        branch: list[Node] = []
        at = self.leaf
        while at is not None:
            branch.insert(0, self.nodes[at])
            at = self.nodes[at].parent
        return branch

    def below(self, node: Node, *, there: bool = False) -> set[int]:
        found = {node.id}
        for other in sorted(self.nodes.values(), key=lambda other: other.id):
            if other.parent in found and not (there and other.deleted_with is not None):
                found.add(other.id)
        return found


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

    @property
    def there(self) -> list[Node]:
        return [kept.nodes[number] for kept in self.kept.values() for number in kept.there]

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
        parent = data.draw(st.sampled_from([None, *self.kept[owner].there]))
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

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def select(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.there))
        in_transaction(self.connection, lambda inside: tree.select(inside, node.id))
        kept = self.kept[node.conversation]
        kept.leaf = max(kept.below(node, there=True))

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def delete_message(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        in_transaction(self.connection, lambda inside: branches.delete(inside, node.id))
        kept = self.kept[node.conversation]
        if node.deleted_with is None:
            for number in kept.below(node):
                kept.nodes[number].deleted_with = kept.nodes[number].deleted_with or node.id
        if kept.leaf is not None and kept.nodes[kept.leaf].deleted_with is not None:
            beside = [kept.nodes[number] for number in kept.there if kept.nodes[number].parent == node.parent]
            beside.sort(key=lambda other: (other.role != node.role, other.id > node.id, abs(other.id - node.id)))
            kept.leaf = max(kept.below(beside[0], there=True)) if beside else node.parent

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def restore_message(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        in_transaction(self.connection, lambda inside: branches.restore(inside, node.id))
        kept = self.kept[node.conversation]
        at: int | None = node.id
        while at is not None:
            if (group := kept.nodes[at].deleted_with) is not None:
                for other in kept.nodes.values():
                    other.deleted_with = None if other.deleted_with == group else other.deleted_with
            at = kept.nodes[at].parent
        kept.leaf = max(kept.below(node, there=True))

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), role=st.sampled_from(["user", "system"]), word=st.sampled_from(WORDS))
    def insert(self, data: st.DataObject, role: Role, word: str) -> None:
        owner = data.draw(st.sampled_from(sorted(self.kept)))
        kept = self.kept[owner]
        shown = kept.shown
        place = data.draw(st.integers(0, len(shown)))
        after = shown[place - 1].id if place else None
        added = in_transaction(
            self.connection, lambda inside: branches.insert(inside, owner, after, role, [TextPart(word)], writer="me")
        )
        self.clock += 1
        kept.activity = self.clock
        kept.nodes[added.id] = Node(added.id, owner, after, role, word, streaming=False)
        kept.leaf = self._copied(shown[place:], owner, added.id) or added.id

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.there))
        kept = self.kept[node.conversation]
        branch, at = [], node.id
        while at is not None:
            branch.insert(0, kept.nodes[at])
            at = kept.nodes[at].parent
        made = in_transaction(self.connection, lambda inside: branches.fork(inside, node.id))
        self.clock += 1
        self.kept[made.id] = Kept(activity=self.clock)
        self.kept[made.id].leaf = self._copied(branch, made.id, None)

    def _copied(self, originals: list[Node], owner: int, parent: int | None) -> int | None:
        """Note copies of messages below `parent`, as they stand at the end of the shown branch."""
        made = tree.thread(self.connection, owner, None)[-len(originals) :] if originals else []
        for original, copy in zip(originals, made, strict=True):
            assert copy.id not in {node.id for node in self.nodes}
            node = Node(copy.id, owner, parent, original.role, original.word, streaming=False)
            self.kept[owner].nodes[copy.id] = node
            parent = copy.id
        return parent if originals else None

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
            assert [entry.id for entry in listing.everything(self.connection, trash=trash)] == expected

    @invariant()
    def threads_agree(self) -> None:
        for owner, kept in self.kept.items():
            conversation = tree.read_conversation(self.connection, owner)
            assert (conversation.leaf_id, conversation.message_count) == (kept.leaf, len(kept.there))
            thread = tree.thread(self.connection, owner, None)
            assert [message.id for message in thread] == [node.id for node in kept.shown]
            places = branches.read_tree(self.connection, owner).messages
            assert [(place.id, place.deleted_with) for place in places] == sorted(
                (node.id, node.deleted_with) for node in kept.nodes.values()
            )
            for message in thread:
                node = kept.nodes[message.id]
                beside = (kept.nodes[number] for number in kept.there)
                same = [n.id for n in beside if (n.parent, n.role) == (node.parent, node.role)]
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
                n.id for n in self.there if n.word == word and not n.streaming and not self.kept[n.conversation].deleted
            ]
            assert found == sorted(expected, reverse=True)


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
