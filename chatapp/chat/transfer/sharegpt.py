"""ShareGPT's form, in which data sets of conversations are shared: `conversations` of `from` and `value`."""

from __future__ import annotations

from chatapp.chat.transfer.reading import Reading, as_list, as_object, chain, finished
from chatapp.chat.transfer.report import Refused
from chatapp.core.portable import PortableConversation, PortableMessage

FORMAT = "sharegpt"


def read(item: object, reading: Reading) -> PortableConversation:
    """One conversation; raise Refused."""
    facts = item if isinstance(item, dict) else {"conversations": item}
    turns = [
        _message(each, reading, f"message {number}")
        for number, each in enumerate(as_list(facts.get("conversations"), "conversations"), 1)
    ]
    messages, leaf = chain([turn for turn in turns if turn.parts])
    if len(messages) < len(turns):
        reading.note(f"{len(turns) - len(messages)} messages without text were left out", "conversations")
    if facts.get("tools"):
        reading.note("tools was left out", "tools")
    identity, prompt = facts.get("id"), facts.get("system")
    return finished(
        reading,
        FORMAT,
        identity if isinstance(identity, str) else "",
        messages,
        leaf=leaf,
        title=facts.get("title"),
        model=facts.get("model"),
        system_prompt=prompt if isinstance(prompt, str) else "",
    )


def _message(each: object, reading: Reading, at: str) -> PortableMessage:
    facts = as_object(each, at)
    role, opening = reading.role(facts.get("from"), at)
    value = facts.get("value")
    if not isinstance(value, str):
        raise Refused("its value is no text", at)
    return PortableMessage(role=role, parts=(*opening, *reading.content(value, at)))
