from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import string
import threading

import pytest

from chatapp.core.cleaning import is_clean
from chatapp.core.errors import StorageError
from chatapp.core.messages import ReasoningPart, TextPart
from chatapp.core.paths import Paths
from chatapp.storage import index, tree
from chatapp.storage.connection import connect, connect_memory, in_transaction
from chatapp.storage.excerpt import excerpt
from chatapp.storage.migrations import migrate
from chatapp.storage.scan import ConversationScan, Scan
from chatapp.storage.segment import Term, expression, segmented, terms
from chatapp.storage.store import Store

TEXTS = (
    "The quick brown fox jumps over the lazy dog",
    "Zoë naïvely drove over the Brücke; ΣΊΣΥΦΟΣ pushed",
    "東京都の天気は晴れです。GPTで翻訳",
    "สวัสดีครับ ยินดีต้อนรับ",
    "snake_case and foo-bar, C++ and e-mail@example.org, 3.14",
    "AND OR NOT NEAR column:fox * ^ ( ) {",
)


async def fill(store: Store, *texts: str) -> dict[str, int]:
    """One conversation a text; return the message's id by text."""
    ids: dict[str, int] = {}
    for text in texts:
        made = await store.conversations.create()
        ids[text] = (await store.conversations.add_message(made.id, None, "user", [TextPart(text)])).id
    return ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", (0, 5)), ("FOX quick", (0,)), ("qui", (0,)), ("quick fo", (0,)), ("quick f", (0,)), ("ick", ()),
        ('"brown fox"', (0,)), ('"fox brown"', ()), ("brown fox over", (0,)), ("zoe", (1,)), ("Brucke", (1,)),
        ("naïve", (1,)), ("σίσυφος", (1,)), ("東京", (2,)), ("京都", (2,)), ("天", (2,)), ("す", (2,)),
        ("東京都の天気", (2,)),
        ("京東", ()), ("gpt", (2,)), ("翻訳", (2,)), ("GPTで翻訳", (2,)), ("สวัสดี", (3,)), ("ครับ", (3,)),
        ("snake_case", (4,)), ("foo-bar", (4,)),
        ("c++", (4,)), ("example.org", (4,)), ("3.14", (4,)), ("AND", (4, 5)), ("NOT", (5,)), ("column:fox", (5,)),
        ("near", (5,)), ("", ()), ("   ", ()), ("*", ()), ('"', ()), ('""', ()), ("xyzzy", ()), ("fox xyzzy", ()),
    ],
)  # fmt: skip
async def test_words_find_messages(store: Store, query: str, found: tuple[int, ...]) -> None:
    ids = await fill(store, *TEXTS)
    expected = sorted((ids[TEXTS[place]] for place in found), reverse=True)
    assert [hit.message_id for hit in store.search.search(query)] == expected
    owners = {store.conversations.message(message).conversation_id for message in expected}
    if terms(query):
        assert owners <= {entry.id for entry in store.conversations.list(filter=query)}


async def test_hits_are_the_newest_and_say_where_they_are(store: Store) -> None:
    conversation = await store.conversations.create(title="Tales\x1b[31m")
    leaf = None
    for place in range(30):
        text = (
            "padding words here " * 20 + f"the fox number {place} and a fox\nwith \x1b]52;c;x\x07 more " + "after " * 50
        )
        leaf = (await store.conversations.add_message(conversation.id, leaf, "assistant", [TextPart(text)])).id
    hits = store.search.search("fox number", limit=10)
    assert [hit.message_id for hit in hits] == sorted((hit.message_id for hit in hits), reverse=True)
    assert hits[0].message_id == leaf and len(hits) == 10
    first = hits[0]
    assert (first.conversation_title, first.role, first.conversation_id) == (
        "Tales\x1b[31m",
        "assistant",
        conversation.id,
    )
    assert {first.excerpt[start:end] for start, end in first.spans} == {"fox", "number"}
    assert is_clean(first.excerpt) and "\n" not in first.excerpt and len(first.excerpt) <= 180
    assert first.excerpt.startswith("…") and first.excerpt.endswith("…")


async def test_a_search_within_a_conversation(store: Store) -> None:
    ids = await fill(store, "a fox", "a fox too", "no")
    owner = store.conversations.message(ids["a fox"]).conversation_id
    assert [hit.message_id for hit in store.search.search("fox", conversation_id=owner)] == [ids["a fox"]]
    assert store.search.search("fox", conversation_id=999) == []
    assert store.search.search("fox", limit=0) == []


async def test_thoughts_are_found_too(store: Store) -> None:
    made = await store.conversations.create()
    parts = [ReasoningPart("perhaps a zebra"), TextPart("It is a horse.")]
    await store.conversations.add_message(made.id, None, "assistant", parts)
    (hit,) = store.search.search("zebra")
    assert [hit.excerpt[start:end] for start, end in hit.spans] == ["zebra"]


def hostile(rng: random.Random) -> str:
    """A query that means something to FTS5, to LIKE, to SQL or to Unicode."""
    pieces = (
        '"', "'", "*", "^", "(", ")", "{", "}", ":", "-", "+", "NEAR(", "AND", "OR", "NOT", "a", "fox", "%", "_", "\\",
        ";", "--", "\0", "\ud800", "\ufeff", "\u202e", "é", "東", "\u0301", "🦊", "\n", "\x1b", "text :", "rowid",
        "1e999", " ",
    )  # fmt: skip
    if rng.random() < 0.1:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(1, 30)))
    if rng.random() < 0.1:
        return "".join(rng.choices(string.printable, k=rng.randint(1, 40)))
    return "".join(rng.choices(pieces, k=rng.randint(1, 12)))


async def test_no_query_is_an_error(store: Store) -> None:
    await fill(store, *TEXTS)
    rng = random.Random(3)
    queries = [hostile(rng) for _ in range(5000)] + ["fox " * 10_000, "x" * 100_000, '"' * 9999, "a* " * 2000]
    found = sum(bool(store.search.search(query)) for query in queries)
    assert 100 < found < 5000
    for query in queries[::25]:
        store.conversations.list(filter=query)
    assert store.problems == ()


def make_messages(connection: sqlite3.Connection, count: int, text: str) -> None:
    migrate(connection)
    index.prepare(connection)

    def add(inside: sqlite3.Connection) -> None:
        for _ in range(count):
            owner = tree.create(inside, title="", system_prompt="", edits={}, model="").id
            tree.add_message(
                inside, owner, None, "user", [TextPart(text)], status="complete", generation=None, writer=""
            )

    in_transaction(connection, add)


@pytest.mark.parametrize("limit", [-1, 1, 7])
@pytest.mark.parametrize("budget_s", [0.05, 0.0])
def test_a_scan_that_is_interrupted_goes_on_where_it_was(limit: int, budget_s: float) -> None:
    with contextlib.closing(connect_memory()) as connection:
        make_messages(connection, 3000, "one fox and many words " * 3)
        scan = Scan([Term("fox"), Term("words")], "m.id", step_s=budget_s)
        found: list[int] = []
        steps = 0
        while not scan.finished:
            rows = scan.step(connection, limit=limit)
            found += [int(row[0] or 0) for row in rows]
            steps += 1
        assert found == list(range(3000, 0, -1))
        assert steps > 1 or budget_s > 0
        owners = ConversationScan([Term("fox")], step_s=budget_s)
        seen: set[int] = set()
        while not owners.finished:
            seen |= {int(row[0] or 0) for row in owners.step(connection)}
        assert seen == set(range(1, 3001))


def test_without_an_index_the_messages_are_read() -> None:
    with contextlib.closing(connect_memory()) as connection:
        migrate(connection)
        owner = in_transaction(
            connection, lambda inside: tree.create(inside, title="", system_prompt="", edits={}, model="")
        ).id
        for text in (*TEXTS, '100 % "quoted" \\ back\nslash_'):
            in_transaction(
                connection,
                lambda inside, text=text: tree.add_message(
                    inside, owner, None, "user", [TextPart(text)], status="complete", generation=None, writer=""
                ),
            )

        def found(query: str) -> list[int]:
            scan = Scan(terms(query), "m.id")
            ids: list[int] = []
            while not scan.finished:
                ids += [int(row[0] or 0) for row in scan.step(connection)]
            owners = ConversationScan(terms(query))
            assert bool(ids) == bool(owners.step(connection))
            return ids

        assert not index.present(connection)
        assert found("quick FOX") == [1] and found("東京") == [3] and found("x%") == [] and found("h_") == [7]
        assert found("\\ back") == [7] and found("fox") == [6, 1] and found("quoted") == [7]

        assert index.prepare(connection)
        while in_transaction(connection, index.catch_up):
            pass
        assert found("quick fox") == [1] and found("FOX") == [6, 1]


async def test_a_damaged_index_is_made_anew(paths: Paths) -> None:
    store = Store.open(paths)
    ids = await fill(store, *TEXTS)
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        connection.execute("UPDATE message_index_data SET block = x'00ff00ff' WHERE id > 10")
    store = Store.open(paths)
    assert [hit.message_id for hit in store.search.search("quick")] == [ids[TEXTS[0]]]
    await fill(store, "quick as ever")
    assert len(store.search.search("quick")) == 2 and len(store.conversations.list(filter="quick")) == 2
    assert store.problems == () and store.persistent
    await store._database.run(lambda: None)
    while store._database.write_here(index.catch_up):
        pass
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        assert not index.damaged(connection)
        rows = connection.execute("SELECT rowid FROM message_index WHERE message_index MATCH 'quick'").fetchall()
        assert len(rows) == 2


def test_unspaced_scripts_are_paired() -> None:
    assert segmented("abc") == "abc"
    assert segmented("東京都").split() == ["東京", "京都", "都"]
    assert segmented("in 京 town").split() == ["in", "京", "京", "town"]
    assert expression(terms("東京都 fox")) == '"東京 京都" "fox" *'
    assert expression(terms('都 "say hi"')) == '"都" * "say hi"'
    assert expression([Term('a "b" *')]) == '"a  b  *"'
    assert expression([]) == ""


def test_excerpts() -> None:
    assert excerpt("", [Term("x")]) == ("", ())
    text, spans = excerpt("a Straße in Zürich", [Term("zurich"), Term("STRASSE")])
    assert [text[start:end] for start, end in spans] == ["Straße", "Zürich"]
    text, spans = excerpt("x" * 500 + " needle", [Term("needle")])
    assert text.endswith("needle") and [text[a:b] for a, b in spans] == ["needle"]
    text, spans = excerpt("no hit to be seen", [Term("東")])
    assert text == "no hit to be seen" and spans == ()


async def test_a_few_hits_of_each_conversation_the_newest_first(store: Store) -> None:
    talkative = await store.conversations.create(title="Much")
    leaf: int | None = None
    ids: list[int] = []
    for place in range(40):
        leaf = (await store.conversations.add_message(talkative.id, leaf, "user", [TextPart(f"fox {place}")])).id
        ids.append(leaf)
    quiet = list((await fill(store, "one foxglove", "a fox", "hen")).values())
    found = store.search.find_in_each("fox", each=3)
    assert [hit.message_id for hit in found.hits] == [quiet[1], quiet[0], *ids[:-4:-1]]
    assert found.words == ("fox",) and found.complete
    assert [hit.excerpt[start:end] for hit in found.hits for start, end in hit.spans] == ["fox"] * 5
    few = store.search.find_in_each("fox", each=3, limit=2)
    assert [hit.message_id for hit in few.hits] == [quiet[1], ids[-1]] and few.complete
    assert [hit.message_id for hit in store.search.find("fox", limit=3).hits] == [quiet[1], *ids[:-3:-1]]
    await store.conversations.delete(talkative.id)
    assert [hit.message_id for hit in store.search.find_in_each("fox").hits] == [quiet[1], quiet[0]]
    assert store.search.find_in_each("").hits == () and store.search.find_in_each("*").words == ()
    assert store.search.find_in_each('"a fox" glove').words == ("a fox", "glove")


async def test_what_is_wanted_no_longer_is_given_up(store: Store) -> None:
    await fill(store, *(f"fox {number}" for number in range(20)))
    asked: list[bool] = []

    def is_wanted() -> bool:
        asked.append(True)
        return False

    found = store.search.find_in_each("fox", is_wanted=is_wanted)
    assert found.hits == () and not found.complete
    assert store.conversations.list(filter="fox", is_wanted=is_wanted) == []
    assert asked and len(store.conversations.list(is_wanted=is_wanted)) == 20


async def test_a_search_that_is_cut_short_keeps_what_it_has(store: Store) -> None:
    await fill(store, "a fox", "foxglove")
    for look in (store.search.find, store.search.find_in_each):
        found = look("fox", patience_s=-1.0)
        assert found.hits == () and not found.complete


async def test_reads_of_other_threads_end_before_the_store_is_closed(paths: Paths) -> None:
    store = Store.open(paths)
    await fill(store, *(f"fox number {number}" for number in range(50)))
    begun = threading.Event()

    def read_on() -> str:
        try:
            while True:
                store.search.find_in_each("fox")
                begun.set()
        except StorageError as error:
            return error.message

    reading = asyncio.create_task(asyncio.to_thread(read_on))
    await asyncio.to_thread(begun.wait, 10)
    await store.close()
    assert "closed" in await asyncio.wait_for(reading, 10)
