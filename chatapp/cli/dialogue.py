"""The conversation that `chatapp chat` holds, and the commands that steer it; no terminal in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from chatapp.chat.edits import values_of
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.cli.options import TemplateValue
from chatapp.cli.parameter_option import read_value
from chatapp.cli.reply import is_told, settings_in_force
from chatapp.core.conversations import Conversation
from chatapp.core.errors import ChatappError, NotFound, Unsupported, UsageError
from chatapp.core.overflow import OVERFLOWS, Overflow
from chatapp.core.parameters import FORMS, PARAMETERS, Parameter, Resolution, Value, Values, parameter, resolve

if TYPE_CHECKING:
    from chatapp.cli.model_switch import ModelSwitch

_OVERFLOW = "overflow"

COMMANDS: dict[str, tuple[str, str]] = {
    "/set": (
        "/set NAME VALUE",
        'use a parameter value from now on; none takes it back, "none" is that word as text; @FILE reads a long one',
    ),
    f"/set {_OVERFLOW}": (
        f"/set {_OVERFLOW} CHOICE",
        f"choose what happens when the conversation no longer fits the context: {', '.join(OVERFLOWS)}",
    ),
    "/show": ("/show [NAME|all]", "model, conversation, preset and what is in force; one parameter; or all of them"),
    "/system": ("/system [TEXT]", "set the system prompt from the next message on; alone it shows it"),
    "/load": ("/load [ID]", "go on with a stored conversation; alone it lists the latest"),
    "/model": ("/model [NAME]", "talk to another model from the next message on; alone it lists them"),
    "/save": ("/save TITLE", "give the conversation a title; it is kept in any case"),
    "/clear": ("/clear", "begin a new conversation; the old one and all settings stay"),
    "/regenerate": ("/regenerate", "write another reply beside the last one"),
    "/help": ("/help", "this list"),
    "/bye": ("/bye", "end; so does ctrl+d"),
}
"""Every command with its usage and what it does; a message that begins with a slash is written with two."""

_LISTED = 10
_TRIAL = "Hello"
"""The message with which a new constraint is tried."""
_UNSET = ("none", "unset")


class Dialogue:
    """One conversation at a time over a session. It is created with its first message.

    `wishes` are the model's own sampling values and `family` those of its family, for showing what is in force before
    the first reply. `models` are those it can change to.
    """

    def __init__(
        self,
        session: Session,
        *,
        edits: dict[str, Value],
        system: str = "",
        template_variables: dict[str, TemplateValue] | None = None,
        wishes: Values | None = None,
        family: Values | None = None,
        raw: bool = False,
        overflow: Overflow | None = None,
        models: ModelSwitch | None = None,
    ) -> None:
        self._session = session
        self._edits = dict(edits)
        self._system = system
        self._template_variables = template_variables or {}
        self._wishes = wishes or {}
        self._family = family or {}
        self._raw = raw
        self._overflow = overflow or session.overflow
        self._models = models
        self._conversation: Conversation | None = None

    @property
    def conversation_id(self) -> int | None:
        """The conversation's number, None before its first message."""
        return self._conversation.id if self._conversation is not None else None

    async def ask(self, text: str) -> Turn:
        """Send a message, or complete it where the dialogue is raw."""
        conversation = await self._begun()
        if self._raw:
            return await self._session.complete(conversation.id, text, edits=self._edits)
        return await self._session.send(
            conversation.id, text, edits=self._edits, template_variables=self._template_variables
        )

    async def regenerate(self) -> Turn:
        """Another reply beside the last one."""
        thread = self._session.thread(self._conversation.id) if self._conversation is not None else []
        if not thread or thread[-1].role != "assistant":
            raise UsageError("There is no reply yet that could be written again.", hint="Send a message first.")
        return await self._session.regenerate(thread[-1].id)

    async def command(self, name: str, words: str) -> str:
        """Run a command that concerns the conversation alone and return what it answers; raise NotFound."""
        commands: dict[str, Callable[[str], Awaitable[str]]] = {
            "/set": self._set,
            "/show": self._show,
            "/system": self._set_system,
            "/load": self._load,
            "/model": self._use_model,
            "/save": self._save,
            "/clear": self._clear,
        }
        if name not in commands:
            raise NotFound.among("command", name, COMMANDS)
        return await commands[name](words)

    async def _set(self, words: str) -> str:
        name, _, text = words.strip().partition(" ")
        if not name or not text.strip():
            raise UsageError("/set needs a name and a value.", hint=f"Names: {', '.join((*PARAMETERS, _OVERFLOW))}.")
        if name == _OVERFLOW:
            return await self._set_overflow(text.strip())
        declared = parameter(name)
        value = _read(declared, text)
        edits = {each: one for each, one in self._edits.items() if each != declared.name}
        if value is not None:
            edits[declared.name] = value
        self._resolution(edits)
        if value is not None and declared.name in FORMS:
            await self._try(edits)
        self._edits = edits
        if self._conversation is not None:
            await self._session.set_edits(self._conversation.id, edits)
        return self._setting(declared.name)

    async def _set_overflow(self, word: str) -> str:
        chosen = next((known for known in OVERFLOWS if known == word), None)
        if chosen is None and word.lower() not in _UNSET:
            raise NotFound.among("overflow", word, OVERFLOWS)
        self._overflow = chosen or self._session.overflow
        if self._conversation is not None:
            await self._session.set_overflow(self._conversation.id, self._overflow)
        return self._overflow_in_words()

    def _overflow_in_words(self) -> str:
        return f"{_OVERFLOW}: {self._overflow}. {OVERFLOWS[self._overflow].help}"

    async def _try(self, edits: Values) -> None:
        """Raise UsageError where the model can't be held to what `edits` ask."""
        try:
            await self._session.preview(_TRIAL, system_prompt=self._system, edits=edits, raw=self._raw)
        except UsageError:
            raise
        except ChatappError:
            # Whatever else is wrong is no fault of the value, and the next message says it.
            return

    async def _show(self, words: str) -> str:
        shows_all = words.strip() == "all"
        if words.strip() == _OVERFLOW:
            return self._overflow_in_words()
        if words.strip() and not shows_all:
            return self._setting(parameter(words.strip()).name)
        card, number = self._session.backend.model, self.conversation_id
        unloaded = f", {reason}" if (reason := self._session.backend.unloaded) else ""
        title = "new" if number is None else f"{number} {self._session.conversation(number).title}"
        lines = [
            f"model: {card.name} on {card.device}{unloaded}" if card is not None else "model: not loaded yet",
            f"conversation: {title}",
            f"system prompt: {self._system or 'none'}",
            f"preset: {self._session.preset.name if self._session.preset is not None else 'none'}",
            f"{_OVERFLOW}: {self._overflow}",
        ]
        settings = tuple(each for each in self._resolution(self._edits).settings if shows_all or is_told(each))
        return "\n".join([*lines, *settings_in_force(settings)])

    async def _set_system(self, words: str) -> str:
        if self._raw and words.strip():
            raise UsageError("A raw prompt has no system prompt.", hint="Write it into the prompt.")
        if words.strip():
            self._system = words.strip()
            if self._conversation is not None:
                await self._session.set_system_prompt(self._conversation.id, self._system)
        return f"system prompt: {self._system or 'none'}"

    async def _load(self, words: str) -> str:
        if not words.strip():
            found = self._session.conversations(limit=_LISTED)
            return "\n".join(f"{item.id}  {item.title}" for item in found) or "nothing is stored yet"
        try:
            number = int(words.strip())
        except ValueError:
            raise UsageError(f"“{words.strip()}” is no number.", hint="/load alone lists the numbers.") from None
        self._conversation = self._session.conversation(number)
        self._system, self._edits = self._conversation.system_prompt, values_of(self._conversation.edits)
        self._overflow = self._conversation.overflow
        return f"{self._conversation.title}: {self._conversation.message_count} messages"

    async def _use_model(self, words: str) -> str:
        if self._models is None:
            raise Unsupported("There is no other model here.")
        if not words.strip():
            return "\n".join(self._models.lines(self._session.backend))
        chosen = self._models.choose(words.strip())
        self._session.backend, self._wishes, self._family = chosen.backend, chosen.wishes, chosen.family
        return f"model: {chosen.name}"

    async def _save(self, words: str) -> str:
        if self._conversation is None:
            raise UsageError("There is nothing to save yet.", hint="Send a message first; it is kept by itself.")
        if not words.strip():
            raise UsageError("/save needs a title.", hint="As in: /save Plans for May")
        await self._session.rename(self._conversation.id, words.strip())
        kept = "" if self._session.persistent else "; nothing is kept after the end"
        return f"conversation {self._conversation.id}: {words.strip()}{kept}"

    async def _clear(self, words: str) -> str:
        self._conversation = None
        return "new conversation"

    async def _begun(self) -> Conversation:
        if self._conversation is None:
            self._conversation = await self._session.create(
                system_prompt=self._system, edits=self._edits, overflow=self._overflow
            )
        return self._conversation

    def _setting(self, name: str) -> str:
        return settings_in_force((self._resolution(self._edits).setting(name),))[0]

    def _resolution(self, edits: Values) -> Resolution:
        """What would be in force with `edits`; raise ParameterError where values contradict each other."""
        preset = self._session.preset
        return resolve(
            edits=edits,
            preset=preset.sampling if preset is not None else {},
            model=self._wishes,
            family=self._family,
        )


def _read(declared: Parameter, text: str) -> Value:
    """The value that was typed behind /set, None to take it back."""
    word = text.strip()
    if word.lower() in _UNSET:
        return None
    if declared.kind in ("text", "texts") and word.strip('"').lower() in _UNSET and word[0] == word[-1] == '"':
        text = word.strip('"')
    value = read_value(declared, text.strip() if declared.takes_file else text)
    return declared.check(value) if value != () else None
