"""Two conversations, a branch of the first, four samples and a long prompt: what `trace` asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chatapp.backends.local_generation import stored
from chatapp.core.parameters import resolve
from chatapp.engine.protocol import Generate
from chatapp.engine.worker.llama import Vocabulary

RUNNING_NEW, NEW = 160, 48
"""Tokens of the replies that run already, and of those that are asked for beside them."""
SAMPLES = 4

Key: TypeAlias = tuple[int, int]
"""A reply: the request's id and the sample."""


def turns(*texts: str) -> str:
    """A conversation whose last text is the user's, in ChatML, and the beginning of the reply."""
    roles = ("user", "assistant")
    said = (f"<|im_start|>{roles[place % 2]}\n{text}<|im_end|>\n" for place, text in enumerate(texts))
    return "".join(said) + "<|im_start|>assistant\n"


FIRST = ("Hello!", "Hello! What would you like to hear?")
ASKED = {
    1: ("first", turns(*FIRST, "Tell me a long story about a fox and a lantern.")),
    2: ("second", turns("Tell me a story about a river and an old bridge, with a cat and a dog in it.")),
    3: ("branch", turns(*FIRST, "What does temperature do?")),
    4: ("sample", turns("Write three sentences about a town by the sea, its people and the weather there.")),
}
LONG = "Once there were a fox and a lantern who lived in a little house. One morning they found a silver bell. "
LONG_END = turns("Tell me this story again.")


@dataclass(frozen=True)
class Scene:
    """All that is asked: `running` first, `then` the others, once both of these are being answered."""

    running: tuple[Generate, ...]
    then: tuple[Generate, ...]

    def name(self, key: Key) -> str:
        """A reply in a word or two."""
        name = ASKED[key[0]][0] if key[0] in ASKED else "long"
        return f"{name} {key[1] + 1}" if name == "sample" else name

    @property
    def keys(self) -> list[Key]:
        """Every reply."""
        return [(each.request_id, sample) for each in (*self.running, *self.then) for sample in range(each.samples)]


def make_scene(vocabulary: Vocabulary, context_size: int, *, long_first: bool) -> Scene:
    """All of it in tokens of this vocabulary; the long prompt leaves room for its reply in the context, no more."""
    prompts = {number: vocabulary.tokenize(text, parse_special=True) for number, (_, text) in ASKED.items()}
    end = vocabulary.tokenize(LONG_END, parse_special=True)
    story = vocabulary.tokenize(LONG, parse_special=False)
    size = context_size - NEW - len(end)
    long = (story * (size // len(story) + 1))[:size] + end
    first, second, branch, sampled = (greedy(number, prompt) for number, prompt in prompts.items())
    beside = [branch, sampled, greedy(5, long)]
    return Scene((first, second), tuple(beside[-1:] + beside[:-1] if long_first else beside))


def greedy(number: int, prompt: Sequence[int]) -> Generate:
    limit = RUNNING_NEW if number <= 2 else NEW
    values = stored(resolve(edits={"temperature": 0.0, "max_new_tokens": limit, "ignore_eos": True}).values)
    samples = SAMPLES if number == 4 else 1
    return Generate(request_id=number, token_ids=tuple(prompt), values=values, seed=1, samples=samples)
