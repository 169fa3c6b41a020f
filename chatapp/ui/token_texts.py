"""The texts of tokens, asked once of each model."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatapp.core.backend import Backend


class TokenTexts:
    """What is known by now of the tokens of the model in use; `learn` asks for more."""

    def __init__(self, backend: Callable[[], Backend]) -> None:
        self._backend_in_use = backend
        self._known: dict[str, dict[int, str]] = {}
        self._asked: set[tuple[str, int]] = set()

    def text(self, token_id: int) -> str | None:
        """A token's text, None where it is not known yet."""
        return self._known.get(self._model, {}).get(token_id)

    async def learn(self, token_ids: Iterable[int]) -> bool:
        """Ask for the texts of these tokens; whether any became known that were not. Raise as the backend does.

        Those that are already asked for are not asked for twice. No model is loaded for this.
        """
        model, backend = self._model, self._backend_in_use()
        known = self._known.setdefault(model, {})
        wanted = sorted({each for each in token_ids if each not in known and (model, each) not in self._asked})
        if not wanted or backend.model is None or backend.unloaded:
            return False
        self._asked.update((model, each) for each in wanted)
        try:
            texts = await backend.token_texts(wanted)
        finally:
            self._asked.difference_update((model, each) for each in wanted)
        known.update(zip(wanted, texts, strict=True))
        return True

    @property
    def _model(self) -> str:
        card = self._backend_in_use().model
        return card.fingerprint if card is not None else ""
