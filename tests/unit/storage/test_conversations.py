from __future__ import annotations

import math

import pytest

from chatapp.core.conversations import Conversation, Generation, StoredMessage
from chatapp.core.errors import NotFound
from chatapp.core.events import ParameterChanged, Timings
from chatapp.core.messages import AttachmentPart, ReasoningPart, TextPart
from chatapp.core.parameters import resolve
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

GENERATION = Generation(
    model_name="pocket",
    model_fingerprint="f" * 64,
    template_sha256="t" * 64,
    settings=resolve(edits={"temperature": 0.25, "stop": ("###", "\n")}).settings,
    seed=2**32 - 1,
    device="cpu×2",
    build="b1",
    stop_reason="stop_text",
    stop_text="###",
    prompt_tokens=0,
    cached_tokens=0,
    cached_reason="nothing before",
    processed_tokens=12,
    reply_tokens=3,
    timings=Timings(0.0, 0.5, 0.6, 1.0),
    token_ids=(0, 151_935, 7),
    notices=("a notice",),
    error="why",
    raw=True,
    changes=(ParameterChanged(request_id=1, offset=2, name="temperature", value=0.5),),
)


async def talk(store: Store, *texts: str) -> tuple[Conversation, list[StoredMessage]]:
    """A conversation of alternating messages of user and assistant."""
    conversation = await store.conversations.create()
    messages: list[StoredMessage] = []
    for place, text in enumerate(texts):
        parent = messages[-1].id if messages else None
        role = "assistant" if place % 2 else "user"
        messages.append(await store.conversations.add_message(conversation.id, parent, role, [TextPart(text)]))
    return store.conversations.get(conversation.id), messages


async def test_what_is_stored_comes_back_after_reopening(paths: Paths) -> None:
    store = Store.open(paths)
    parts = (ReasoningPart("hm", 1.5), TextPart("a\0b \x1b[31m ⟦é⟧ 東京"), AttachmentPart("a.txt", "00ff", 7))
    made = await store.conversations.create(
        title="A title",
        system_prompt="Be brief.",
        edits={"top_k": 3, "temperature": 1.0, "stop": ("a", "b")},
        model="m",
    )
    added = await store.conversations.add_message(made.id, None, "assistant", parts, generation=GENERATION)
    await store.close()

    again = Store.open(paths)
    conversation = again.conversations.get(made.id)
    assert (conversation.title, conversation.system_prompt, conversation.model) == ("A title", "Be brief.", "m")
    assert conversation.edits == {"top_k": 3, "temperature": 1.0, "stop": ["a", "b"]}
    assert isinstance(conversation.edits["temperature"], float)
    assert again.conversations.message(added.id) == added
    assert added.parts == parts
    assert added.generation == GENERATION
    assert added.message.token_ids == GENERATION.token_ids
    assert again.problems == () and again.persistent
    await again.close()


async def test_every_reply_is_a_sibling_and_the_shown_branch_follows(store: Store) -> None:
    conversation, (question, first) = await talk(store, "question", "first")
    second = await store.conversations.add_message(conversation.id, question.id, "assistant", [TextPart("second")])
    assert (second.sibling, second.siblings) == (2, 2)
    assert store.conversations.message(first.id).siblings == 2
    assert [message.text for message in store.conversations.siblings(first.id)] == ["first", "second"]
    assert [message.text for message in store.conversations.thread(conversation.id)] == ["question", "second"]
    assert [message.text for message in store.conversations.thread(conversation.id, first.id)] == ["question", "first"]

    follow_up = await store.conversations.add_message(conversation.id, first.id, "user", [TextPart("and then?")])
    await store.conversations.select(second.id)
    assert store.conversations.thread(conversation.id)[-1].id == second.id
    shown = await store.conversations.select(first.id)
    assert shown.leaf_id == follow_up.id
    assert [message.text for message in store.conversations.thread(conversation.id)] == [
        "question",
        "first",
        "and then?",
    ]
    assert store.conversations.get(conversation.id).message_count == 4


async def test_roots_are_siblings_within_their_conversation_and_role(store: Store) -> None:
    one, (first, _) = await talk(store, "one", "reply")
    other, _ = await talk(store, "other")
    edited = await store.conversations.add_message(one.id, None, "user", [TextPart("one, edited")])
    system = await store.conversations.add_message(one.id, None, "system", [TextPart("be kind")])
    assert [message.id for message in store.conversations.siblings(first.id)] == [first.id, edited.id]
    assert (system.sibling, system.siblings) == (1, 1)
    assert store.conversations.thread(other.id)[0].siblings == 1


async def test_the_first_user_message_gives_the_title(store: Store) -> None:
    conversation, _ = await talk(store, "\n\n  Tell me\ta story  about a fox \nand a hen", "no")
    assert conversation.title == "Tell me a story about a fox"
    await store.conversations.rename(conversation.id, "Mine")
    await store.conversations.add_message(conversation.id, None, "user", [TextPart("another")])
    assert store.conversations.get(conversation.id).title == "Mine"
    long, _ = await talk(store, "word " * 100)
    assert len(long.title) <= 80 and long.title.endswith("word…")
    unbroken, _ = await talk(store, "x" * 1000)
    assert len(unbroken.title) == 80


async def test_the_list_is_newest_activity_first_and_not_by_clock(store: Store) -> None:
    first, messages = await talk(store, "first")
    second, _ = await talk(store, "second")
    assert [entry.id for entry in store.conversations.list()] == [second.id, first.id]
    await store.conversations.add_message(first.id, messages[0].id, "assistant", [TextPart("reply")])
    assert [entry.id for entry in store.conversations.list()] == [first.id, second.id]
    assert [entry.id for entry in store.conversations.list(limit=1)] == [first.id]
    latest = store.conversations.latest()
    assert latest is not None and latest.id == first.id
    await store.conversations.rename(second.id, "renaming is no activity")
    assert store.conversations.list()[0].id == first.id


async def test_the_list_is_filtered_by_title_and_by_messages(store: Store) -> None:
    fox, _ = await talk(store, "A red fox", "It runs over the Brücke.")
    hen, _ = await talk(store, "A white hen", "It sits.")
    await store.conversations.rename(hen.id, "Ünïcode Bird")

    def found(words: str, **options: bool) -> list[int]:
        return [entry.id for entry in store.conversations.list(filter=words, **options)]

    assert found("fox") == found("RED f") == found("brucke") == found("ox") == [fox.id]
    assert found("unicode") == found("white hen") == found("BIRD ico") == [hen.id]
    assert found("it") == [hen.id, fox.id]
    assert found("red hen") == found("xyzzy") == []
    assert found("  ") == [hen.id, fox.id]
    await store.conversations.delete(fox.id)
    assert found("fox") == [] and found("fox", trash=True) == [fox.id]
    assert [entry.id for entry in store.conversations.list(filter="it", limit=1)] == [hen.id]


async def test_the_trash_gives_back_and_purging_does_not(store: Store) -> None:
    kept, _ = await talk(store, "kept forever", "yes")
    gone, messages = await talk(store, "to be purged", "yes")
    await store.conversations.add_message(gone.id, None, "assistant", [TextPart("x")], generation=GENERATION)
    deleted = await store.conversations.delete(gone.id)
    assert deleted.deleted_at is not None
    assert [entry.id for entry in store.conversations.list()] == [kept.id]
    assert [entry.id for entry in store.conversations.list(trash=True)] == [gone.id]
    assert store.search.search("purged") == []
    restored = await store.conversations.restore(gone.id)
    assert restored.deleted_at is None
    assert len(store.search.search("purged")) == 1
    await store.conversations.purge(gone.id)
    assert store.search.search("purged") == [] and store.conversations.list(filter="purged") == []
    with pytest.raises(NotFound):
        store.conversations.get(gone.id)
    with pytest.raises(NotFound):
        store.conversations.message(messages[0].id)
    assert len(store.conversations.thread(kept.id)) == 2


async def test_what_was_purged_is_not_left_in_the_file(paths: Paths) -> None:
    store = Store.open(paths)
    conversation, _ = await talk(store, "swordfish " * 2000, "yes")
    await talk(store, "something else")
    await store.conversations.purge(conversation.id)
    await store.close()
    assert b"swordfish swordfish" not in paths.database.read_bytes()


async def test_conversation_settings(store: Store) -> None:
    made = await store.conversations.create()
    assert (await store.conversations.pin(made.id, True)).pinned
    assert not (await store.conversations.pin(made.id, False)).pinned
    assert (await store.conversations.set_system_prompt(made.id, "Be brief.")).system_prompt == "Be brief."
    assert (await store.conversations.set_edits(made.id, {"top_k": 5})).edits == {"top_k": 5}
    assert (await store.conversations.set_edits(made.id, {})).edits == {}
    assert (await store.conversations.set_model(made.id, "other")).model == "other"


async def test_a_reply_grows_and_ends(store: Store) -> None:
    conversation, (question,) = await talk(store, "question")
    reply = await store.conversations.add_message(conversation.id, question.id, "assistant", (), status="streaming")
    for text in ("gro", "growing", "growing slowly"):
        reply = await store.conversations.update_message(reply.id, parts=(TextPart(text),))
    assert (reply.text, reply.status, store.search.search("slowly")) == ("growing slowly", "streaming", [])
    ended = await store.conversations.update_message(reply.id, status="stopped", generation=GENERATION)
    assert (ended.text, ended.status, ended.generation) == ("growing slowly", "stopped", GENERATION)
    assert [hit.message_id for hit in store.search.search("slowly")] == [reply.id]
    await store.conversations.update_message(reply.id, parts=(TextPart("edited in place"),))
    assert store.search.search("slowly") == [] and len(store.search.search("edited place")) == 1


@pytest.mark.parametrize(
    "text", ["\ud800", "a\udfffb", "\ud83d\ude00", "\0", "x" * 1_000_000, "\x1b]52;c;eA==\x07", "\ufffe"]
)
async def test_any_text_can_be_stored(store: Store, text: str) -> None:
    conversation = await store.conversations.create(title=text, system_prompt=text, edits={"stop": (text,)}, model=text)
    parts = (TextPart(text), ReasoningPart(text), AttachmentPart(text, text, 1))
    generation = Generation(
        model_name=text, model_fingerprint="", template_sha256="", settings=(), seed=1, error=text, notices=(text,)
    )
    message = await store.conversations.add_message(conversation.id, None, "user", parts, generation=generation)
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert message.text == message.reasoning == expected
    assert message.generation is not None and message.generation.error == expected
    assert store.conversations.get(conversation.id).system_prompt == expected
    store.conversations.list(filter=text[:100])
    store.search.search(text[:100])


async def test_unknown_ids_are_not_found(store: Store) -> None:
    one, (message,) = await talk(store, "one")
    other, _ = await talk(store, "other")
    for number in (999, 0, -1, 2**63, -(2**70)):
        with pytest.raises(NotFound):
            store.conversations.get(number)
        with pytest.raises(NotFound):
            store.conversations.message(number)
        with pytest.raises(NotFound):
            store.conversations.thread(number)
        with pytest.raises(NotFound):
            await store.conversations.rename(number, "x")
        with pytest.raises(NotFound):
            await store.conversations.add_message(number, None, "user", [TextPart("x")])
        with pytest.raises(NotFound):
            await store.conversations.update_message(number, status="complete")
    with pytest.raises(NotFound):
        await store.conversations.add_message(other.id, message.id, "user", [TextPart("wrong tree")])
    with pytest.raises(NotFound):
        store.conversations.thread(other.id, message.id)
    assert store.conversations.get(other.id).message_count == 1
    assert store.conversations.thread((await store.conversations.create()).id) == []
    assert one.message_count == 1


async def test_a_generation_with_odd_figures(store: Store) -> None:
    conversation, (question,) = await talk(store, "q")
    odd = Generation(
        model_name="", model_fingerprint="", template_sha256="", settings=(), seed=0, timings=Timings(0, 0, 0, math.pi)
    )
    reply = await store.conversations.add_message(conversation.id, question.id, "assistant", (), generation=odd)
    assert reply.generation == odd
