"""The branches of a conversation as rows, whatever the tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import STATUSES, Branching, Tree
from chatapp.ui.tree_rows import TreeRow, matching, tree_rows
from chatapp.ui.widgets.tree_lines import TreeLines


def place(number: int, parent: int | None, **facts: object) -> Branching:
    role = "user" if parent is None or facts.pop("user", False) else "assistant"
    known = {"opening": f"m{number}", "status": "complete", "created_at": 1.7e9, **facts}
    return Branching(id=number, parent_id=parent, role=role, **known)  # type: ignore[arg-type]


def drawn(*places: Branching, leaf: int | None = None) -> list[str]:
    return [
        f"{row.lines}{row.place.opening}"
        + (f" {row.sibling}/{row.siblings}" if row.siblings > 1 else "")
        + ("*" if row.is_shown else "")
        + (f" -{row.hidden}" if row.hidden else "")
        for row in tree_rows(Tree(places, leaf))
    ]


def test_a_straight_run_is_not_indented() -> None:
    assert drawn(place(1, None), place(2, 1), place(3, 2, user=True), leaf=3) == ["m1*", "m2*", "m3*"]


def test_where_branches_part_the_shown_one_goes_on_straight() -> None:
    places = (
        place(1, None),
        place(2, 1),
        place(3, 1),
        place(4, 2, user=True),
        place(5, 4),
        place(6, 4),
        place(7, 3, user=True),
    )
    assert drawn(*places, leaf=7) == ["m1*", "├ m2 1/2", "│ m4", "│ ├ m5 1/2", "│ m6 2/2", "m3 2/2*", "m7*"]
    assert drawn(*places, leaf=5) == ["m1*", "├ m3 2/2", "│ m7", "m2 1/2*", "m4*", "├ m6 2/2", "m5 1/2*"]
    assert drawn(*places)[-2:] == ["m3 2/2", "m7"], "without a shown branch the newest goes on"


def test_versions_of_the_first_message_part_too() -> None:
    assert drawn(place(1, None), place(2, None), place(3, 2), leaf=1) == ["├ m2 2/2", "│ m3", "m1 1/2*"]


def test_what_was_deleted_is_one_row() -> None:
    places = (place(1, None), place(2, 1, deleted_with=2), place(3, 2, deleted_with=2), place(4, 1))
    assert drawn(*places, leaf=4) == ["m1*", "├ m2 -2", "m4*"]
    assert drawn(place(1, None), place(2, 1, deleted_with=2), place(3, 1, deleted_with=3), leaf=1) == [
        "m1*",
        "├ m2 -1",
        "└ m3 -1",
    ]


def test_words_are_found_in_any_order_and_messages_by_their_number() -> None:
    rows = tree_rows(Tree((place(1, None, opening="The red fox"), place(2, 1, opening="A hen"))))
    assert [row.place.id for row in matching(rows, "FOX red")] == [1]
    assert [row.place.id for row in matching(rows, "fox", frozenset([2]))] == [1, 2]
    assert matching(rows, "fox hen") == []


_texts = st.text(st.characters(exclude_categories=()), max_size=40)
_places = st.lists(
    st.tuples(st.integers(0, 30), _texts, st.sampled_from(list(STATUSES)), st.booleans(), st.booleans()), max_size=30
)


def _tree(facts: list[tuple[int, str, str, bool, bool]], leaf: int) -> Tree:
    places = tuple(
        Branching(
            id=number,
            parent_id=parent or None,
            role="user" if is_user else "assistant",
            opening=text,
            status=status,  # type: ignore[arg-type]
            created_at=1.7e9,
            pinned=is_user,
            edited=is_deleted,
            deleted_with=number if is_deleted else None,
        )
        for number, (parent, text, status, is_user, is_deleted) in enumerate(facts, 1)
    )
    return Tree(places, leaf)


@given(_places, st.integers(0, 31))
def test_every_message_stands_once_and_deleted_ones_stand_for_those_below(
    facts: list[tuple[int, str, str, bool, bool]], leaf: int
) -> None:
    rows = tree_rows(_tree(facts, leaf))
    numbers = [row.place.id for row in rows]
    assert len(set(numbers)) == len(numbers)
    assert len(rows) + sum(row.hidden - 1 for row in rows if row.hidden) == len(facts)
    assert all(len(row.lines) % 2 == 0 and 1 <= row.sibling <= max(1, row.siblings) for row in rows)


class _Host(App[None]):
    def compose(self) -> ComposeResult:
        yield TreeLines()


async def test_whatever_is_shown_no_row_is_wider_than_its_place() -> None:
    async with _Host().run_test(size=(80, 24)) as pilot:
        lines = pilot.app.query_one(TreeLines)

        @given(_places, st.integers(12, 120), st.booleans())
        def check(facts: list[tuple[int, str, str, bool, bool]], width: int, flat: bool) -> None:
            rows: list[TreeRow] = tree_rows(_tree(facts, 1))
            lines.show(rows, flat=flat)
            for number, row in enumerate(rows):
                segments = lines._segments(row, lines.rich_style, width, is_cursor=number == 0)
                text = "".join(segment.text for segment in segments)
                assert is_clean(text) and "\n" not in text and "\t" not in text
                if width >= 60:
                    assert cell_len(text) <= width
            for y in range(24):
                assert lines.render_line(y).cell_length == lines.size.width

        check()


async def test_the_highlight_stays_in_view() -> None:
    async with _Host().run_test(size=(60, 10)) as pilot:
        lines = pilot.app.query_one(TreeLines)
        lines.show(tree_rows(Tree(tuple(place(n, n - 1 or None) for n in range(1, 500)), 499)), at=250)
        await pilot.pause()
        assert any("m250" in lines.render_line(y).text for y in range(10))
        lines.focus()
        await pilot.press("end")
        await pilot.pause()
        assert "m499" in lines.render_line(9).text and lines.render_line(9).text.startswith("▌")
        await pilot.press("home", "up", "pagedown")
        await pilot.pause()
        assert lines.highlighted is not None and lines.highlighted.place.id == 10
