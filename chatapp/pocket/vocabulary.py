"""The tokenizer: byte-level BPE learnt from the corpus, in GPT-2's manner."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from chatapp.pocket.chatml import CONTROL


class Vocabulary:
    """Tokens and merges; ids 0, 1 and 2 are the control tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def learn(cls, texts: Iterable[str], size: int) -> Vocabulary:
        """Learn merges from texts."""
        tokenizer = _byte_level(models.BPE())
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=list(CONTROL), initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def of(cls, tokens: Sequence[str], merges: Sequence[str]) -> Vocabulary:
        """A vocabulary that was learnt before, from its `tokens` and `merges`."""
        pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
        tokenizer = _byte_level(models.BPE({token: index for index, token in enumerate(tokens)}, pairs))
        tokenizer.add_special_tokens(list(CONTROL))
        return cls(tokenizer)

    @classmethod
    def restore(cls, text: str) -> Vocabulary:
        """Read what `dump` wrote."""
        return cls(Tokenizer.from_str(text))

    def dump(self) -> str:
        """Write everything as JSON."""
        return str(self._tokenizer.to_str())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; control-token text becomes the token."""
        return [list(encoded.ids) for encoded in self._tokenizer.encode_batch(list(texts))]

    @property
    def tokens(self) -> list[str]:
        """All tokens in the order of their ids, in GPT-2's byte alphabet."""
        known = self._tokenizer.get_vocab()
        return sorted(known, key=known.__getitem__)

    @property
    def merges(self) -> list[str]:
        """All merges, two tokens with a space between."""
        merges = json.loads(self.dump())["model"]["merges"]
        return [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]


def _byte_level(model: Any) -> Any:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
