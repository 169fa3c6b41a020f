"""Where the view of a branch begins that no longer fits: the rule, and what comes of it in a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import pytest
from desk import Desk, play
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.script import Failure, Script
from chatapp.backends.scripted import CARD
from chatapp.chat.context import Context, last_view
from chatapp.chat.window import Fit, beginning, fit_of, left_out_in_words
from chatapp.core.conversations import Generation, StoredMessage, View
from chatapp.core.errors import ContextFull, EngineCrashed
from chatapp.core.events import ContextShifted, Finished
from chatapp.core.messages import Role, TextPart
from chatapp.core.overflow import OVERFLOWS, Overflow

MakeDesk = Callable[..., Desk]
SMALL = msgspec.structs.replace(CARD, context_size=256)
WORDS = "one two three four five six seven eight nine ten "


# --- the rule


class Branch:
    """Turns of so many tokens in a context, and every place at which they were measured."""

    def __init__(self, sizes: Sequence[int], context_size: int, max_new_tokens: int | None = None) -> None:
        self.sizes = sizes
        self.context_size = context_size
        self.limit = max_new_tokens
        self.measured: list[int] = []

    def size(self, turn: int) -> int:
        return sum(self.sizes[turn:])

    def fit(self, turn: int) -> Fit:
        return fit_of(self.size(turn), self.context_size, self.limit)

    async def measure(self, turn: int) -> Fit:
        self.measured.append(turn)
        return self.fit(turn)

    def begin(self, before: int = 0) -> int:
        return asyncio.run(beginning(len(self.sizes), before, self.measure))


SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=60)
CONTEXTS = st.integers(128, 4096)
LIMITS = st.none() | st.integers(1, 5000)


@given(SIZES, CONTEXTS, LIMITS, st.data())
def test_the_view_moves_only_when_it_must_and_then_further(
    sizes: list[int], context_size: int, limit: int | None, data: st.DataObject
) -> None:
    branch = Branch(sizes, context_size, limit)
    before = data.draw(st.integers(0, len(sizes) - 1))
    place = branch.begin(before)
    assert before <= place < len(sizes)
    if branch.fit(before) != "over":
        assert place == before
    elif place < len(sizes) - 1:
        assert branch.fit(place) == "ample" and (place == before + 1 or branch.fit(place - 1) != "ample")
    else:
        assert len(sizes) == 1 or place == before or branch.fit(place - 1) != "ample"


@given(SIZES, CONTEXTS, LIMITS)
def test_it_is_measured_rarely_and_never_far_beyond_what_is_ample(
    sizes: list[int], context_size: int, limit: int | None
) -> None:
    branch = Branch(sizes, context_size, limit)
    place = branch.begin()
    kept = len(sizes) - place
    assert len(branch.measured) <= 3 + 2 * kept.bit_length()
    assert all(len(sizes) - turn <= 2 * kept + 1 for turn in branch.measured[1:])


@given(st.lists(st.integers(1, 120), min_size=5, max_size=80), st.integers(256, 1024))
def test_a_conversation_that_grows_keeps_its_beginning_for_several_turns(sizes: list[int], context_size: int) -> None:
    places = [0]
    for count in range(1, len(sizes) + 1):
        places.append(Branch(sizes[:count], context_size).begin(places[-1]))
    assert places == sorted(places)
    moves = [count for count, pair in enumerate(pairwise(places)) if pair[0] != pair[1]]
    for one, two in pairwise(moves):
        assert sum(sizes[one + 1 : two + 1]) > context_size - context_size // 4 - context_size // 2 - 1


@pytest.mark.parametrize(
    ("prompt", "limit", "fit"),
    [
        (600, None, "ample"),
        (666, None, "ample"),
        (668, None, "tight"),
        (1000, None, "tight"),
        (1001, None, "over"),
        (1000, 334, "over"),
        (1000, 333, "tight"),
        (667, 5000, "tight"),
        (668, 5000, "over"),
        (444, 5000, "ample"),
        (445, 5000, "tight"),
    ],
)
def test_room_is_left_for_the_reply(prompt: int, limit: int | None, fit: Fit) -> None:
    assert fit_of(prompt, 1333, limit) == fit


def test_a_small_context_leaves_a_reply_more_than_a_quarter() -> None:
    assert (fit_of(96, 160, None), fit_of(97, 160, None)) == ("tight", "over")


# --- what a request then holds


def message(number: int, role: Role, *, view: View | None = None, status: str = "complete") -> StoredMessage:
    generation = Generation(model_name="m", model_fingerprint="f", template_sha256="t", settings=(), seed=1, view=view)
    return StoredMessage(
        id=number,
        conversation_id=1,
        parent_id=None,
        role=role,
        parts=(TextPart(f"text {number}"),),
        status=status,  # type: ignore[arg-type]
        created_at=0.0,
        generation=generation if role == "assistant" else None,
    )


def test_turns_begin_with_the_user_and_at_the_root() -> None:
    roles: tuple[Role, ...] = ("assistant", "user", "assistant", "user", "user", "assistant", "user")
    context = Context(thread=tuple(message(number, role) for number, role in enumerate(roles)))
    assert context.turns == (0, 1, 3, 4, 6)
    assert Context(prompt="Once").turns == (0,)


def test_whole_turns_are_left_out_and_the_kept_messages_stay() -> None:
    roles: tuple[Role, ...] = ("user", "system", "assistant", "user", "assistant", "user")
    thread = tuple(message(number, role) for number, role in enumerate(roles, 1))
    context = Context(thread=thread, system_prompt="Be kind.")
    texts = [each.text for each in context.request("f", turn=2).messages]
    assert texts == ["Be kind.", "text 2", "text 6"]
    assert context.seen_from(2) == (6, 4)
    assert context.seen_from(1) == (4, 2)
    assert context.seen_from(0) == (None, 0)


def test_a_failed_reply_does_not_count_as_left_out_twice() -> None:
    thread = (message(1, "user"), message(2, "assistant", status="failed"), message(3, "user"))
    assert Context(thread=thread).seen_from(1) == (3, 1)


def test_the_view_of_the_last_reply_that_tells_is_gone_on_with() -> None:
    seen = View(began_at=3, left_out=2, context_size=512)
    thread = (
        *(message(1, "user"), message(2, "assistant", view=View())),
        *(message(3, "user"), message(4, "assistant", view=seen)),
        *(message(5, "user"), message(6, "assistant", status="failed")),
        message(7, "user"),
    )
    context = Context(thread=thread)
    assert last_view(thread) == seen
    assert context.turn_seen_before(512) == context.turn_seen_before(256) == context.turn_seen_before(None) == 1
    assert context.turn_seen_before(1024) == 0, "in a larger context all may fit again"
    assert Context(thread=thread[:3]).turn_seen_before(512) == 0
    assert Context(thread=thread[3:]).turn_seen_before(512) == 0, "the message is not on this branch"


# --- in a session


async def talk(at: Desk, conversation_id: int, count: int) -> list[View | None]:
    """Send so many messages of some forty tokens, and tell what was seen of the branch each time."""
    views = []
    for number in range(count):
        turn = await at.session.send(conversation_id, f"{number}: {WORDS * 2}")
        await play(turn)
        views.append(turn.view)
    return views


async def test_the_oldest_turns_are_left_out_and_it_is_said(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(system_prompt="Be kind.", overflow="drop_oldest")
    views = await talk(at, conversation.id, 12)
    left_out = [view.left_out for view in views if view is not None]
    assert left_out[0] == 0 and left_out[-1] > 0 and left_out == sorted(left_out) and len(left_out) == 12
    assert len(set(left_out)) < len(left_out), "the beginning stays for more than one turn"
    thread = at.session.thread(conversation.id)
    reply, asked = thread[-1], at.backend.generations[-1].prepared
    assert reply.generation is not None and reply.generation.view == views[-1]
    assert (asked.left_out, asked.notices[0]) == (left_out[-1], left_out_in_words(left_out[-1]))
    assert reply.generation.notices == asked.notices
    assert [each.text for each in asked.request.messages] == [
        "Be kind.",
        *(each.text for each in thread[left_out[-1] : -1]),
    ]
    assert views[-1] is not None and views[-1].began_at == thread[left_out[-1]].id
    assert len(asked.token_ids or ()) <= 256 - 64


async def test_the_beginning_of_the_prompt_stays_the_same_as_long_as_it_fits(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    views = await talk(at, conversation.id, 14)
    asked = [generation.prepared.token_ids or () for generation in at.backend.generations]
    for place in range(1, len(asked)):
        if views[place] == views[place - 1]:
            assert asked[place][: len(asked[place - 1])] == asked[place - 1]


async def test_a_branch_goes_on_where_it_began_after_a_restart(desk: MakeDesk) -> None:
    first = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await first.session.create(overflow="drop_oldest")
    views = await talk(first, conversation.id, 9)
    moved = next(place for place in range(8, 0, -1) if views[place] != views[place - 1])
    assert views[moved] is not None
    again = desk(Script(text="Yes."), card=SMALL)
    turn = await again.session.send(conversation.id, "Short.")
    await play(turn)
    assert turn.view == views[-1]
    assert len(again.backend.requests) == 1, "what was remembered fits, so nothing else is tried"


async def test_another_version_of_a_reply_begins_where_the_branch_before_it_does(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    views = await talk(at, conversation.id, 10)
    turn = await at.session.regenerate(at.session.thread(conversation.id)[-1].id)
    await play(turn)
    assert turn.view == views[-1]


@pytest.mark.parametrize("turns", [1, 4])
async def test_without_a_choice_a_full_context_is_an_error_that_names_the_others(desk: MakeDesk, turns: int) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create()
    await talk(at, conversation.id, turns - 1)
    turn = await at.session.send(conversation.id, WORDS * 30)
    with pytest.raises(ContextFull) as raised:
        await play(turn)
    assert ("drop_oldest or shift" in raised.value.hint) == (turns > 1)
    assert "Shorten the message" in raised.value.hint
    assert turn.view is None and turn.reply.status == "failed"
    assert len(at.backend.generations) == turns - 1


@pytest.mark.parametrize("overflow", ["drop_oldest", "shift"])
async def test_a_message_that_does_not_fit_alone_is_an_error(desk: MakeDesk, overflow: Overflow) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow=overflow)
    await talk(at, conversation.id, 3)
    with pytest.raises(ContextFull) as raised:
        await play(await at.session.send(conversation.id, WORDS * 30))
    assert "All older turns are left out already." in raised.value.message
    assert not any(name in raised.value.hint for name in OVERFLOWS)
    turn = await at.session.send(conversation.id, "Short.")
    await play(turn)
    assert turn.reply.status == "complete"


async def test_the_last_message_alone_need_leave_no_more_room_than_ever(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    await talk(at, conversation.id, 3)
    turn = await at.session.send(conversation.id, WORDS * 23)
    await play(turn)
    assert turn.prepared is not None and 192 < len(turn.prepared.token_ids or ()) < 256
    assert turn.view is not None and turn.view.left_out == 6


async def test_what_a_script_or_an_engine_refuses_otherwise_passes_through(desk: MakeDesk) -> None:
    at = desk(Script(failure=Failure(EngineCrashed("It ended."), "prepare")), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    with pytest.raises(EngineCrashed):
        await play(await at.session.send(conversation.id, "Hi"))


async def test_a_larger_context_shows_everything_again(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    views = await talk(at, conversation.id, 8)
    assert views[-1] is not None and views[-1].left_out
    roomy = desk(Script(text="Yes."), card=msgspec.structs.replace(CARD, context_size=2048))
    turn = await roomy.session.send(conversation.id, "And now?")
    await play(turn)
    assert turn.view == View(context_size=2048)


async def test_stop_after_dropping_sees_everything_or_nothing(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    await talk(at, conversation.id, 8)
    await at.session.set_overflow(conversation.id, "stop")
    with pytest.raises(ContextFull):
        await play(await at.session.send(conversation.id, "Hi"))


async def test_a_preview_tells_what_would_be_left_out(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 2), card=SMALL)
    conversation = await at.session.create(overflow="drop_oldest")
    await talk(at, conversation.id, 8)
    prepared = await at.session.preview("And?", conversation_id=conversation.id)
    assert prepared.left_out > 0 and left_out_in_words(prepared.left_out) in prepared.notices
    with pytest.raises(ContextFull):
        await at.session.preview("And?", conversation_id=conversation.id, overflow="stop")


async def test_new_conversations_begin_with_the_default(desk: MakeDesk) -> None:
    at = desk()
    at.session.overflow = "shift"
    assert (await at.session.create()).overflow == "shift"
    assert (await at.session.create(overflow="stop")).overflow == "stop"
    assert (await at.session.preview("Hi")).request.overflow == "shift"


# --- while the reply runs


async def test_a_reply_goes_on_beyond_the_context_and_its_record_says_so(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 60), card=SMALL)
    conversation = await at.session.create(system_prompt=WORDS, overflow="shift")
    turn = await at.session.send(conversation.id, "Count.")
    events = await play(turn)
    shifts = [event for event in events if isinstance(event, ContextShifted)]
    assert turn.reply.text == WORDS * 60 and turn.reply.generation is not None
    assert turn.reply.generation.shifts == tuple(shifts) == at.row(turn).generation.shifts  # type: ignore[union-attr]
    prompt, seen = len(turn.prepared.token_ids or ()), 0  # type: ignore[union-attr]
    for shift in shifts:
        assert prompt + shift.offset - seen == 256
        seen += shift.dropped
    assert len(shifts) > 2 and turn.reply.generation.forgotten_tokens == seen
    assert isinstance(events[-1], Finished) and events[-1].stop_reason == "end"


@pytest.mark.parametrize("overflow", ["stop", "drop_oldest"])
async def test_without_shift_a_reply_is_cut_at_the_end_of_the_context(desk: MakeDesk, overflow: Overflow) -> None:
    at = desk(Script(text=WORDS * 60), card=SMALL)
    conversation = await at.session.create(overflow=overflow)
    turn = await at.session.send(conversation.id, "Count.")
    events = await play(turn)
    assert isinstance(events[-1], Finished) and events[-1].stop_reason == "context_full"
    assert turn.reply.generation is not None and turn.reply.generation.shifts == ()


async def test_a_raw_prompt_can_shift_and_is_no_view_of_a_branch(desk: MakeDesk) -> None:
    at = desk(Script(text=WORDS * 60), card=SMALL)
    conversation = await at.session.create(overflow="shift")
    turn = await at.session.complete(conversation.id, "Once")
    events = await play(turn)
    assert any(isinstance(event, ContextShifted) for event in events)
    assert turn.view is None
    with pytest.raises(ContextFull):
        await play(await at.session.complete(conversation.id, WORDS * 60))
