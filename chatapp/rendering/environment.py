"""The sandbox that chat templates run in.

It offers what Hugging Face's renderer offers, since templates are written for that, and nothing else. Jinja's
sandbox stops code, not time or memory: those are bounded here where a bound can be put, and by the process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import update_wrapper
from string import Formatter
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.filters import make_attrgetter
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context
from markupsafe import Markup

from chatapp.rendering.tracked import derived, is_template, joined, plain, shown, template_text

SOURCE_LIMIT = 256 * 1024
"""Characters of a template."""
NODE_LIMIT = 30_000
"""Nodes of its syntax tree; the largest real ones have a sixth of that."""
LENGTH_LIMIT = 1_000_000
"""Characters or items that one multiplication may make."""
BITS_LIMIT = 10_000
"""Bits of a number that one multiplication or power may make."""
WIDTH_LIMIT = 10_000
"""Characters that one placeholder may be padded to."""

_SPECIFIER = re.compile(r"%(?:\(.*?\))?[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?")
_UNNEEDED_GLOBALS = ("lipsum", "cycler", "joiner")
_UNNEEDED_FILTERS = ("random", "pprint", "urlize")
_TEXT_FILTERS = ("title", "center", "indent", "truncate", "wordwrap")


class Refusal(TemplateError):
    """The template itself refused, through `raise_exception`."""


class TooMuch(TemplateError):
    """The template asked for more than it may have."""


class GenerationBlock(Extension):
    """`{% generation %} … {% endgeneration %}`, which marks for training what a model wrote: its body is rendered."""

    tags = {"generation"}  # noqa: RUF012 -- Jinja's own declaration

    def parse(self, parser: Parser) -> nodes.Node:
        """Render the body in a scope of its own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


class TrackingCode(CodeGenerator):
    """Compiles templates so that constants are known as the template's own."""

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Write a constant."""
        self.write(_code(node.as_const(frame.eval_ctx)))

    @optimizeconst
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 -- Jinja's name
        """Write `a ~ b`, which keeps its sources unless HTML is escaped."""
        if frame.eval_ctx.volatile or frame.eval_ctx.autoescape:
            super().visit_Concat(node, frame)
            return
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def _output_const_repr(self, group: Iterable[object]) -> str:
        return _code("".join(map(str, group)))


def _code(value: object) -> str:
    """Python source of a constant, its strings marked as the template's."""
    match value:
        case Markup():
            return repr(value)
        case str():
            return f"environment.literal({plain(value)!r})"
        case tuple():
            return f"({''.join(f'{_code(item)}, ' for item in value)})"
        case list():
            return f"[{', '.join(map(_code, value))}]"
        case dict():
            return f"{{{', '.join(f'{_code(key)}: {_code(item)}' for key, item in value.items())}}}"
        case float():
            return str(value)
    return repr(value)


class ChatEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for chat templates; `tracking` says whether strings remember where they come from."""

    code_generator_class = TrackingCode
    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[GenerationBlock, "jinja2.ext.loopcontrols"],
            finalize=self._finalized,
            cache_size=0,
        )
        self.tracking = True
        self.output_limit = LENGTH_LIMIT
        self.now = datetime.now()
        for name in _UNNEEDED_GLOBALS:
            del self.globals[name]
        for name in _UNNEEDED_FILTERS:
            del self.filters[name]
        for name in _TEXT_FILTERS:
            self.filters[name] = _following(self.filters[name])
        self.filters.update(tojson=_tojson, string=shown, join=self._join, format=self._format, safe=self._safe)
        self.globals.update(raise_exception=_refuse, strftime_now=self._strftime_now)

    def checked(self, source: str) -> nodes.Template:
        """Parse `source`; raise TooMuch or TemplateSyntaxError."""
        if len(source) > SOURCE_LIMIT:
            raise TooMuch(f"it has {len(source):,} characters, more than {SOURCE_LIMIT:,}")
        tree = self.parse(source)
        if sum(1 for _ in tree.find_all(nodes.Node)) > NODE_LIMIT:
            raise TooMuch("it is too complex")
        return tree

    def literal(self, text: str) -> str:
        """A constant of the template."""
        return template_text(text) if self.tracking else text

    def concat(self, parts: Iterable[str]) -> str:
        """The output of a template, block or macro; raise TooMuch above the limit."""
        bounded = self._bounded(parts)
        return joined(bounded) if self.tracking else "".join(bounded)

    def concatenate(self, parts: Sequence[object]) -> str:
        """`a ~ b ~ c`."""
        return joined(map(shown, parts)) if self.tracking else "".join(map(str, parts))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what would make huge strings, lists and numbers."""
        if operator == "*":
            _check_product(left, right)
        elif operator == "**":
            _check_power(left, right)
        elif isinstance(left, str):
            _check_pattern(left)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Keep the sources through `"…{}…".format(…)` where the fields are simple."""
        secure = super().wrap_str_format(value)
        if secure is None or not isinstance(value, MethodType | BuiltinMethodType):
            return secure
        pattern = str(value.__self__)

        def formatted(*arguments: Any, **named: Any) -> str:
            _check_fields(pattern)
            whole = secure(*arguments, **named)
            return _formatted(whole, pattern, arguments, named) if value.__name__ == "format" else whole

        return formatted

    def _bounded(self, parts: Iterable[str]) -> Iterator[str]:
        size = 0
        for part in parts:
            size += len(part)
            if size > self.output_limit:
                raise TooMuch(f"it writes more than {self.output_limit:,} characters")
            yield part

    def _finalized(self, value: object) -> object:
        return shown(value) if self.tracking else value

    def _strftime_now(self, pattern: str) -> str:
        return self.literal(self.now.strftime(plain(pattern)))

    def _join(self, value: Iterable[object], d: str = "", attribute: str | int | None = None) -> str:
        if attribute is not None:
            value = map(make_attrgetter(self, attribute), value)
        listed = [shown(item) for item in value]
        if not self.tracking or any(isinstance(item, Markup) for item in (d, *listed)):
            return plain(d).join(listed)
        return joined(item for index, part in enumerate(listed) for item in ((d, part) if index else (part,)) if item)

    @staticmethod
    def _format(value: object, *arguments: object, **named: object) -> str:
        pattern = shown(value)
        _check_pattern(pattern)
        return pattern % (named or arguments)

    @staticmethod
    @pass_context
    def _safe(context: Context, value: str) -> str:
        return shown(value) if getattr(context.environment, "tracking", False) else Markup(value)


def _refuse(message: object) -> None:
    raise Refusal(plain(str(message)))


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as Hugging Face writes it: no HTML escapes, Unicode as it is."""
    if isinstance(indent, int) and indent > WIDTH_LIMIT:
        raise TooMuch("it indents too far")
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _following(original: Callable[..., Any]) -> Callable[..., Any]:
    """A text filter whose result is the template's own where all that went in was."""

    def followed(*arguments: Any, **named: Any) -> Any:
        for number in (*arguments, *named.values()):
            if isinstance(number, int) and number > LENGTH_LIMIT:
                raise TooMuch("it pads text too far")
        result = original(*arguments, **named)
        return derived(result, *arguments, *named.values()) if type(result) is str else result

    return update_wrapper(followed, original)


def _formatted(whole: str, pattern: str, arguments: Sequence[object], named: Mapping[str, object]) -> str:
    """`whole`, which is `pattern.format(…)`, with its sources where every field is a bare name or number."""
    if not is_template(pattern):
        return whole
    parts: list[str] = []
    following = iter(arguments)
    for literal, field, specification, conversion in Formatter().parse(plain(pattern)):
        parts.append(template_text(literal))
        if field is None:
            continue
        if specification or conversion:
            return plain(whole)
        if not field:
            parts.append(shown(next(following)))
        elif field.isdigit():
            parts.append(shown(arguments[int(field)]))
        elif field.isidentifier():
            parts.append(shown(named[field]))
        else:
            return plain(whole)
    result = joined(parts)
    return result if result == whole else plain(whole)


def _check_product(left: object, right: object) -> None:
    for items, count in ((left, right), (right, left)):
        if isinstance(items, str | list | tuple) and isinstance(count, int) and len(items) * count > LENGTH_LIMIT:
            raise TooMuch("it multiplies text or lists too often")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > BITS_LIMIT:
        raise TooMuch("it computes with huge numbers")


def _check_power(base: object, exponent: object) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > BITS_LIMIT:
        raise TooMuch("it computes with huge numbers")


def _check_pattern(pattern: str) -> None:
    """Refuse `%` placeholders that pad beyond reason or take their width from a value."""
    for width, precision in _SPECIFIER.findall(pattern):
        for figure in (width, precision):
            if figure == "*" or (figure and (len(figure) > 6 or int(figure) > WIDTH_LIMIT)):
                raise TooMuch("it pads text too far")


def _check_fields(pattern: str) -> None:
    """The same for `str.format`, where a specification may hold figures and fields of its own."""
    for _, field, specification, _ in Formatter().parse(pattern):
        if field is not None and specification:
            figures = [int(figure) for figure in re.findall(r"\d+", specification[:1000])]
            if "{" in specification or len(specification) > 100 or any(figure > WIDTH_LIMIT for figure in figures):
                raise TooMuch("it pads text too far")


class Template:
    """A compiled chat template."""

    def __init__(self, environment: ChatEnvironment, source: str) -> None:
        """Compile `source`; raise TemplateError where it can't be."""
        self._environment = environment
        self._compiled = environment.template_class.from_code(
            environment, environment.compile(environment.checked(source)), environment.make_globals(None)
        )

    def render(self, variables: Mapping[str, object], *, tracking: bool) -> str:
        """The output for `variables`; raise whatever the template raises."""
        self._environment.tracking = tracking
        context = self._compiled.new_context(dict(variables))
        return self._environment.concat(self._compiled.root_render_func(context))

    def line_of(self, error: BaseException) -> int | None:
        """The template's line in which `error` was raised."""
        line: int | None = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals.get("__jinja_template__") is self._compiled:
                line = self._compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line
