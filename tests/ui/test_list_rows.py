"""The rows of the conversation list, whatever titles and excerpts hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import Conversation, Found, Hit
from chatapp.storage.excerpt import excerpt
from chatapp.storage.segment import terms
from chatapp.ui.widgets.conversation_rows import ConversationRows

ODD = st.text("ab fox é\u0301ß…東京👩\u200d\ufe0f🇩🇪한\u1100\u1161 \n\t\x1b\u202e\ud800[/]", max_size=60)


class Host(App[None]):
    """The rows alone."""

    def compose(self) -> ComposeResult:
        yield ConversationRows()


@pytest.mark.parametrize("size", [(9, 12), (32, 30)])
async def test_every_row_is_as_wide_as_the_list_and_clean(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size):
        rows = app.query_one(ConversationRows)
        rows.focus()

        @given(st.lists(st.tuples(ODD, ODD), min_size=1, max_size=4), ODD, st.booleans(), st.integers(0, 9))
        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        def check(talks: list[tuple[str, str]], query: str, complete: bool, steps: int) -> None:
            wanted = terms(query)
            conversations = [
                Conversation(id=number, title=title, created_at=0.0, updated_at=1e9 - number)
                for number, (title, _) in enumerate(talks)
            ]
            hits: list[Hit] = []
            for number, (title, text) in enumerate(talks):
                shown, spans = excerpt(text, wanted)
                hits.append(
                    Hit(
                        conversation_id=number, conversation_title=title, message_id=number, role="user",
                        created_at=0.0, excerpt=shown, spans=spans,
                    )
                )  # fmt: skip
            found = Found(hits=tuple(hits), words=tuple(term.text for term in wanted), complete=complete)
            rows.show(conversations, found)
            rows.action_move(steps)
            assert rows.highlighted is not None and rows.hits == hits and rows.conversations == conversations
            for y in range(rows.size.height):
                strip = rows.render_line(y)
                assert strip.cell_length == rows.size.width == sum(cell_len(segment.text) for segment in strip)
                assert is_clean(strip.text) and "\n" not in strip.text

        check()
