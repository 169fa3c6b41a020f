"""Who is said to have written a conversation."""

from __future__ import annotations

from chatapp.chat.author import Author, author_of
from chatapp.core.conversations import Conversation, Generation, StoredMessage
from chatapp.core.messages import Role, TextPart


def conversation(model: str = "") -> Conversation:
    return Conversation(id=1, title="", created_at=0.0, updated_at=0.0, model=model)


def message(role: Role, text: str, model: str | None = None) -> StoredMessage:
    generation = Generation(
        model_name=model or "", model_fingerprint=f"{model} file", template_sha256="", settings=(), seed=0
    )
    return StoredMessage(
        id=1,
        conversation_id=1,
        parent_id=None,
        role=role,
        parts=(TextPart(text),),
        status="complete",
        created_at=0.0,
        generation=generation if model is not None else None,
    )


def test_the_last_reply_with_words_tells() -> None:
    thread = [
        message("user", "Hello"),
        message("assistant", "Hi", "bear"),
        message("user", "More"),
        message("assistant", "More", "fox"),
        message("assistant", "", "lion"),
        message("assistant", "Put in by a person"),
        message("assistant", "Stopped before a model was there", ""),
    ]
    assert author_of(conversation("bear"), thread) == Author("fox", "fox file")


def test_without_a_reply_the_conversation_tells() -> None:
    assert author_of(conversation("bear"), [message("user", "Hello")]) == Author("bear")
    assert author_of(conversation(), []) is None
    assert author_of(None, []) is None


def test_files_tell_models_apart_before_names_do() -> None:
    assert Author("bear", "1").is_same(Author("copy of bear", "1"))
    assert not Author("bear", "1").is_same(Author("bear", "2"))
    assert Author("bear").is_same(Author("bear", "2"))
    assert not Author("bear").is_same(Author("fox", "2"))
