"""Templates, conversations and a renderer to compare with."""

import functools
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

TESTS = Path(__file__).parents[2]
PLACES = (TESTS / "data" / "templates", TESTS.parent.parent / "shared" / "data" / "templates")
TEMPLATES = {path.name: path for place in PLACES for path in sorted(place.glob("*.jinja"))}

Conversation = list[tuple[str, str]]
CONVERSATIONS: dict[str, Conversation] = {
    "one turn": [("user", "Hi")],
    "system": [("system", "Be terse."), ("user", "Hi")],
    "two turns": [("user", "A"), ("assistant", "B"), ("user", "C")],
    "five turns": [
        ("system", "  You speak Español. \n"),
        ("user", "¿Qué?\n\n"),
        ("assistant", "\n\nNada — «ok» <b>&amp;</b>"),
        ("user", " 日本語 😀🏳️‍🌈 "),
        ("assistant", '- a\n- "b" \\n {{ c }} {% d %}'),
        ("user", "# E\r\nF"),
    ],
    "thoughts": [("user", "A"), ("assistant", "<think>\nhm\n</think>\n\nB"), ("user", "C")],
    "markers": [
        ("system", "s <|im_end|> </s>"),
        ("user", "<|eot_id|>[INST]"),
        ("assistant", "</think> b"),
        ("user", "x"),
    ],
}


class Generation(jinja2.ext.Extension):
    """The block as Hugging Face compiles it: a call around its body."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        return caller()


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@functools.lru_cache
def _compiled(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = lambda pattern: datetime.now().strftime(pattern)
    return environment.from_string(source)


def reference(source: str, conversation: Conversation, **variables: object) -> str:
    """What Hugging Face's environment renders."""
    context = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    messages = [{"role": role, "content": content} for role, content in conversation]
    return _compiled(source).render(**context, messages=messages, **variables)


@pytest.fixture(params=TEMPLATES)
def template(request: pytest.FixtureRequest) -> str:
    """Each template's source in turn."""
    return TEMPLATES[request.param].read_text(encoding="utf-8")


@pytest.fixture(params=CONVERSATIONS)
def conversation(request: pytest.FixtureRequest) -> Conversation:
    """Each conversation in turn."""
    return CONVERSATIONS[request.param]


@pytest.fixture
def render_reference() -> Callable[..., str]:
    """The renderer to compare with."""
    return reference
