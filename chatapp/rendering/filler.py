"""The texts of a prompt of the library, filled with the values of its variables."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import StrictUndefined

from chatapp.rendering.chat import OUTPUT_BASE, OUTPUT_FACTOR
from chatapp.rendering.environment import ChatEnvironment, Template
from chatapp.rendering.frames import Fill, Filled, Filling, Part


class UnknownName(TemplateError):
    """A template uses a name that nobody declared; the message is that name."""


class PartFailed(Exception):
    """One of the parts of a prompt can't be rendered; `error` says why, in `line` of its template."""

    def __init__(self, part: int, error: Exception, line: int | None) -> None:
        super().__init__(str(error))
        self.part = part
        self.error = error
        self.line = line


class PromptFiller:
    """Renders the parts of prompts; a name that is not declared is an error and never an empty text."""

    def __init__(self) -> None:
        self._environment = ChatEnvironment()
        self._environment.undefined = StrictUndefined

    def fill(self, request: Fill) -> Filled:
        """The text of each part; raise PartFailed."""
        templates: dict[str, Template] = {}
        texts = []
        for number, part in enumerate(request.parts):
            given = {**request.variables, **part.own}
            self._environment.output_limit = OUTPUT_BASE + OUTPUT_FACTOR * (len(part.template) + _size(given))
            try:
                if part.template not in templates:
                    self._check(part, given)
                    templates[part.template] = Template(self._environment, part.template)
                if not request.only_check:
                    texts.append(templates[part.template].render(given, tracking=False))
            except Exception as error:
                raise PartFailed(number, error, self._line_of(error, templates.get(part.template))) from error
        return Filled(tuple(texts))

    def _check(self, part: Part, given: dict[str, Filling]) -> None:
        """Raise UnknownName, at its line, for a name that is not among `given`."""
        tree = self._environment.checked(part.template)
        unknown = find_undeclared_variables(tree) - given.keys() - self._environment.globals.keys()
        for name in tree.find_all(nodes.Name):
            if name.name in unknown:
                error = UnknownName(name.name)
                error.lineno = name.lineno  # type: ignore[attr-defined]
                raise error

    @staticmethod
    def _line_of(error: Exception, template: Template | None) -> int | None:
        if isinstance(error, TemplateSyntaxError | UnknownName):
            return getattr(error, "lineno", None)
        return template.line_of(error) if template is not None else None


def _size(given: dict[str, Filling]) -> int:
    """Characters of all values."""
    texts = [value for value in given.values() if isinstance(value, str)]
    documents = [each for value in given.values() if isinstance(value, list) for each in value]
    return sum(map(len, texts)) + sum(len(text) for each in documents for text in each.values())
