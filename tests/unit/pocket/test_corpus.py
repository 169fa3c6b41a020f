"""The corpus: true to the registries, deterministic, and within the context that the model claims."""

from __future__ import annotations

import json
import re
from itertools import islice
from random import Random

import pytest

from chatapp.core.parameters import PARAMETERS
from chatapp.pocket.corpus import app_actions, grammar, knowledge, objects, sampling, small_talk, stories, ways
from chatapp.pocket.corpus.dialogue import dialogues, exchange, intents
from chatapp.ui.actions import ACTIONS

QUIT = {"quit", "interrupt"}


def test_the_same_seed_makes_the_same_dialogues() -> None:
    first = list(islice(dialogues(3, short=True), 50))
    assert first == list(islice(dialogues(3, short=True), 50))
    assert first != list(islice(dialogues(4, short=True), 50))


def test_every_key_of_the_registry_is_explained() -> None:
    answers = "\n".join(answer for intent in app_actions.intents() for answer in intent.answers)
    for action in ACTIONS.values():
        for key in action.keys:
            assert ways.key_name(key).lower() in answers.lower(), (action.id, key)
            assert action.help in answers


@pytest.mark.parametrize("action_id", sorted(set(ACTIONS) - QUIT - {"previous-sibling", "next-sibling"}))
def test_every_action_has_wordings_of_its_own(action_id: str) -> None:
    assert f"key {action_id}" in {intent.name for intent in app_actions.intents()}


def test_what_acts_on_a_marked_message_says_how_to_mark_one() -> None:
    mark = ways.keys("previous-message")
    answers = {intent.name: intent.answers for intent in app_actions.intents()}
    for action in ACTIONS.values():
        if action.where == "transcript":
            assert answers[f"key {action.id}"][0].startswith(f"Mark a message with {mark}, then press ")
            for key in action.keys:
                assert answers[f"what {key}"] == (f"With a message marked by {mark}, {key}: {action.help}",)


def test_no_wording_asks_for_two_actions() -> None:
    rng, owners = Random(8), dict[str, str]()
    for intent in app_actions.intents():
        if intent.name.startswith("key "):
            for _ in range(400):
                wording = intent.wording(rng)
                assert owners.setdefault(wording, intent.name) == intent.name, wording


def test_no_answer_names_a_key_that_is_not_bound() -> None:
    bound = {ways.key_name(key).lower() for action in ACTIONS.values() for key in action.keys}
    for intent in intents():
        for answer in intent.answers:
            for key in re.findall(r"\b(?:ctrl|alt|shift)\+\w+", answer.lower()):
                assert key in bound, (intent.name, key)


def test_answers_about_parameters_come_from_the_registry() -> None:
    for parameter in PARAMETERS.values():
        if parameter.default is not None:
            assert parameter.show(parameter.default) in sampling.default(parameter)
        assert parameter.range in sampling.allowed(parameter)
        assert parameter.option in sampling.change(parameter)
        assert parameter.name in sampling.meaning(parameter).lower()


def test_every_intent_has_at_least_thirty_wordings() -> None:
    rng = Random(1)
    for intent in intents():
        assert len({intent.wording(rng) for _ in range(400)}) >= 30, intent.name


def test_no_wording_keeps_marks_of_the_pattern_language() -> None:
    rng = Random(2)
    for _ in range(5000):
        for turn in exchange(rng):
            if turn.user.isupper():
                continue
            assert not re.search(r"<\w+>|\bVP\b|\bNP\b|\bWHO\b|\bKEYS?\b|\bTHING\b|\bTOPIC\b|\bNAME\b", turn.user), turn
            assert turn.user.strip() and turn.assistant.strip()


def test_stories_tell_of_whom_they_were_asked_for() -> None:
    rng = Random(3)
    checked = 0
    for _ in range(300):
        turn = stories.exchange(rng)[0]
        asked = re.search(r"(?:named|called|with the name|whose name is) (\w+)", turn.user)
        if asked:
            checked += 1
            assert asked.group(1) in turn.assistant
    assert checked > 50


def test_sums_are_right() -> None:
    rng = Random(4)
    for _ in range(500):
        for turn in knowledge.sums(rng):
            match = re.fullmatch(r"(\d+) ([+-]) (\d+) = (-?\d+)", turn.assistant)
            if match:
                a, b, result = int(match[1]), int(match[3]), int(match[4])
                assert result == (a + b if match[2] == "+" else a - b)


def test_objects_are_json_and_hold_what_was_asked_for() -> None:
    rng = Random(5)
    for _ in range(500):
        for turn in objects.exchange(rng):
            assert isinstance(json.loads(turn.assistant), dict)


def test_there_are_capitals_and_opposites_enough() -> None:
    assert len(knowledge.CAPITALS) >= 60
    assert len(knowledge.OPPOSITES) >= 120


def test_a_name_is_recalled_as_it_was_said() -> None:
    rng = Random(6)
    turn, name = small_talk.introduction(rng)
    assert name in turn.user
    assert name in small_talk.recall(name, rng)[0].assistant
    assert "not told" in small_talk.recall("", rng)[0].assistant


def test_patterns_expand_alternatives_options_and_synonyms() -> None:
    rng = Random(7)
    drawn = {grammar.draw("(stop|halt) [the] <chat>", rng) for _ in range(500)}
    assert {"stop the chat", "halt conversation"} <= drawn


@pytest.mark.parametrize(
    ("phrase", "doing"),
    [
        ("stop the reply", "stopping the reply"),
        ("make it", "making it"),
        ("see it", "seeing it"),
        ("tie", "tying"),
        ("pin it", "pinning it"),
    ],
)
def test_gerunds(phrase: str, doing: str) -> None:
    assert grammar.gerund(phrase) == doing
