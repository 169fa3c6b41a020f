"""The texts of tokens are asked once of each model, and never of one that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.backends.word_model import tokenise
from chatapp.ui.token_texts import TokenTexts


class CountedBackend(ScriptedBackend):
    """Notes which texts it was asked for."""

    def __init__(self) -> None:
        super().__init__([Script(text="One two.")])
        self.asked: list[tuple[int, ...]] = []

    async def token_texts(self, token_ids: Sequence[int]) -> Sequence[str]:
        self.asked.append(tuple(token_ids))
        await asyncio.sleep(0)
        return await super().token_texts(token_ids)


async def loaded() -> CountedBackend:
    backend = CountedBackend()
    async for _ in backend.load():
        pass
    return backend


async def test_what_is_known_is_not_asked_again() -> None:
    backend = await loaded()
    texts = TokenTexts(lambda: backend)
    fox, hen = tokenise(" fox hen")
    assert texts.text(fox) is None
    assert await texts.learn([fox]) and texts.text(fox) == " fox"
    assert not await texts.learn([fox])
    assert await texts.learn([fox, hen])
    assert backend.asked == [(fox,), (hen,)]


async def test_what_is_on_its_way_is_not_asked_twice() -> None:
    backend = await loaded()
    texts = TokenTexts(lambda: backend)
    (fox,) = tokenise(" fox")
    assert sorted(await asyncio.gather(texts.learn([fox]), texts.learn([fox]))) == [False, True]
    assert len(backend.asked) == 1


async def test_no_model_is_loaded_for_a_text() -> None:
    backend = CountedBackend()
    texts = TokenTexts(lambda: backend)
    assert not await texts.learn([1]) and backend.model is None
    rested = await loaded()
    texts = TokenTexts(lambda: rested)
    await rested.unload("idle for an hour")
    assert not await texts.learn([1]) and rested.asked == []
