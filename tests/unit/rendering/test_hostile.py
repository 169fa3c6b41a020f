"""Templates that mean harm: none runs code, none hangs or fills the memory, and the next one is served."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatapp.core.errors import TemplateFailed
from chatapp.core.messages import Message
from chatapp.core.pieces import RenderedPrompt
from chatapp.rendering.renderer import LIMIT_BYTES, LIMIT_S, Renderer

# What would run code or reach into Python.
ESCAPES = {
    "class walk": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "subscript": "{{ ''['__class__'] }}{{ ''['__class__']['__mro__'] }}",
    "attr filter": "{{ '' | attr('__class__') | attr('__mro__') }}",
    "attr of format": "{{ ('{0.__class__.__init__.__globals__}' | attr('format'))(messages) }}",
    "format": "{{ '{0.__class__.__mro__}'.format(1) }}",
    "format_map": "{{ '{a.__class__.__mro__}'.format_map({'a': 1}) }}",
    "format by map": "{{ ['{0.__class__.__mro__}'] | map('format', 1) | list }}",
    "map attribute": "{{ [1] | map(attribute='__class__.__mro__') | list | first | length }}",
    "globals of a function": "{{ strftime_now.__globals__['__builtins__'].eval('1') }}",
    "self of a method": "{{ strftime_now.__self__.now }}{{ strftime_now.__self__.__class__ }}",
    "globals of raise_exception": "{{ raise_exception.__globals__.sys.modules }}",
    "code of a macro": "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "frames of a generator": "{{ (messages | map('upper')).gi_frame.f_globals }}",
    "environment": "{{ self._TemplateReference__context.environment.globals }}",
    "namespace class": "{{ namespace.__init__.__globals__ }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('echo').read() }}",
    "joiner": "{{ joiner.__init__.__globals__.os }}",
    "lipsum": "{{ lipsum.__globals__.os.popen('echo').read() }}",
    "changing a list": "{{ messages.append(1) }}",
    "changing a dict": "{{ messages[0].update({'role': 'system'}) }}",
    "import": "{% import 'os' as os %}{{ os }}",
    "include": "{% include '/etc/passwd' %}",
    "extends": "{% extends '/etc/passwd' %}",
    "sources of a string": "{{ messages[0].content._runs }}",
    "new string": "{{ messages[0].content.__new__ }}",
}


def growing(start: str, step: str) -> str:
    """A template that sets x to `start` and 99 times to `step`."""
    return (
        "{% set n = namespace(x="
        + start
        + ") %}{% for i in range(99) %}{% set n.x = "
        + step
        + " %}{% endfor %}{{ n.x }}"
    )


# What would take time or memory.
BOMBS = {
    "nested ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "huge range": "{% for a in range(999999999) %}{% endfor %}",
    "padding by %": "{{ '%0999999999d' % 1 }}",
    "padding by a value": "{{ '%*d' % (999999999, 1) }}",
    "padding by format": "{{ '{:0999999999d}'.format(1) }}",
    "nested padding": "{{ '{:{w}d}'.format(1, w=999999999) }}",
    "padding by filter": "{{ '%0999999999d' | format(1) }}",
    "center": "{{ 'a' | center(999999999) }}",
    "center method": "{{ 'a'.center(999999999) | length }}",
    "indent": "{{ 'a\nb' | indent(999999999) }}",
    "repetition": "{{ 'a' * 999999999 }}",
    "list repetition": "{{ ([0] * 999999999) | length }}",
    "power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "big product": growing("3", "n.x * n.x"),
    "doubling": growing("'aaaaaaaa'", "n.x + n.x"),
    "doubling by ~": growing("'aaaaaaaa'", "n.x ~ n.x"),
    "doubling lists": growing("[1]", "n.x + n.x"),
    "growing by replace": growing("'aa'", "n.x.replace('a', 'aaaa')"),
    "growing by join": growing("'aa'", "n.x.join(n.x)"),
    "growing by format": growing("'aa'", "'{0}{0}'.format(n.x)"),
    "growing by %": growing("'aa'", "'%s%s' % (n.x, n.x)"),
    "much output": "{% for a in range(99999) %}{% for b in range(999) %}{{ 'x' * 9999 }}{% endfor %}{% endfor %}",
    "macro output": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}xxxx{% endmacro %}{{ m(40) }}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "recursive loop": "{% for a in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
    "nested parentheses": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "nested lists": "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "nested ifs": "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "nested loops": "{% for a in [1, 2] %}" * 60 + "x" + "{% endfor %}" * 60,
    "long chain": "{{ 1" + " + 1" * 60_000 + " }}",
    "many nodes": "{{ 1 }}" * 36_000,
    "slow comparison": "{% set a = range(99999) | list %}{% for i in a %}{{ (a + [1]) == (a + [2]) }}{% endfor %}",
    "tojson indent": "{{ messages | tojson(indent=999999999) }}",
    "batch": "{{ [1] | batch(999999999, 'x') | list | length }}",
    "slice": "{{ [1] | slice(999999999, 'x') | list | length }}",
    "wordwrap": "{{ ('a ' * 400000) | wordwrap(1) | wordwrap(1) | wordwrap(1) | length }}",
    "big figure": "{{ ('9' * 500000) | int }}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


async def render(renderer: Renderer, template: str) -> RenderedPrompt:
    return await renderer.render_chat(template, (Message.of("user", "Hi"),), bos="", eos="", variables={})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ESCAPES)
async def test_nothing_escapes(renderer: Renderer, name: str) -> None:
    try:
        text = (await render(renderer, ESCAPES[name])).text
    except TemplateFailed:
        text = ""
    for word in ("<class", "<module", "<built-in", "function", "builtins", "object at", "root:"):
        assert word not in text
    assert (await render(renderer, "{{ messages[0].content }}")).text == "Hi"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BOMBS)
async def test_nothing_hangs_or_fills_the_memory(renderer: Renderer, name: str) -> None:
    try:
        prompt = await render(renderer, BOMBS[name])
    except TemplateFailed as error:
        assert error.message and error.hint
    else:
        assert len(prompt.text) < 2_000_000
    assert (await render(renderer, "{{ messages[0].content }}")).text == "Hi"


def test_the_limits_are_those_that_were_promised() -> None:
    assert (LIMIT_S, LIMIT_BYTES) == (2.0, 256 * 1024 * 1024)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="reads the limits that the Linux kernel keeps")
async def test_the_kernel_holds_the_process_to_its_memory(renderer: Renderer) -> None:
    await render(renderer, "x")
    assert renderer._process is not None
    limits = Path(f"/proc/{renderer._process._process.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert int(line.split()[3]) < 2 * LIMIT_BYTES
