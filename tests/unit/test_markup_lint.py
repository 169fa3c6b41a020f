"""Dynamic text is never parsed as markup: no widget of the screen is given a plain text to parse."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chatapp.ui

_ROOT = Path(chatapp.ui.__file__).parent
_PARSING = {"Static", "Label", "Option", "OptionList", "Button", "notify", "Checkbox", "RadioButton", "SelectionList"}
_TITLES = {"border_title", "border_subtitle", "tooltip", "placeholder"}


@pytest.mark.parametrize("path", sorted(_ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(_ROOT)))
def test_nothing_parses_markup(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [fault for node in ast.walk(tree) if (fault := _fault(node))]
    assert not found


def _fault(node: ast.AST) -> str:
    """What is wrong with a node, empty where nothing is."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in _PARSING and not _is_false(keywords.get("markup")) and not (name == "Option" and _is_content(node)):
            return f"line {node.lineno}: {name}(…) without markup=False"
        if name in ("from_markup", "from_text", "open_url_markup"):
            return f"line {node.lineno}: {name} parses markup"
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr in _TITLES and not _is_content_call(node.value):
                return f"line {node.lineno}: {target.attr} is parsed; give it a Content"
    return ""


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_content(call: ast.Call) -> bool:
    return bool(call.args) and _is_content_call(call.args[0])


def _is_content_call(node: ast.expr) -> bool:
    """`Content(…)`, `Content.assemble(…)`, or a function of ours that returns one."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id == "Content"
    return isinstance(function, ast.Name) and (function.id == "Content" or function.id.startswith("_"))


@pytest.mark.parametrize(
    "bad",
    ['Static(f"{title}")', 'self.notify("x")', "w.border_title = title", "Content.from_markup(x)", "Option(title)"],
)
def test_the_lint_can_fail(bad: str) -> None:
    assert any(_fault(node) for node in ast.walk(ast.parse(bad)))
