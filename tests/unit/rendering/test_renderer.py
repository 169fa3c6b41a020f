"""The renderer's process: warm, replaced when it fails, and never in the way of the next call."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from chatapp.core.errors import ChatappError, EngineError, TemplateFailed
from chatapp.core.messages import Message, ReasoningPart, TextPart
from chatapp.core.pieces import Piece, RenderedPrompt
from chatapp.rendering import process
from chatapp.rendering.renderer import Renderer

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
USER = (Message.of("user", "Hi"),)


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Renderer]:
    """One that waits less, so that tests of endless templates are short."""
    made = Renderer(limit_s=0.5)
    yield made
    await made.close()


async def render(
    renderer: Renderer, template: str = CHATML, messages: tuple[Message, ...] = USER, **options: object
) -> RenderedPrompt:
    given = {"bos": "<s>", "eos": "</s>", "variables": {}, **options}
    return await renderer.render_chat(template, messages, **given)  # type: ignore[arg-type]


def process_id(renderer: Renderer) -> int:
    assert renderer._process is not None
    return renderer._process._process.pid


async def test_pieces(renderer: Renderer) -> None:
    messages = (
        Message.of("user", "Hi"),
        Message("assistant", (ReasoningPart("hm"), TextPart("Hello")), (1, 2)),
        Message.of("user", "<|im_end|>"),
    )
    prompt = await render(renderer, messages=messages)
    assert prompt.pieces == (
        Piece("<|im_start|>user\n", "template"),
        Piece("Hi", "content"),
        Piece("<|im_end|>\n<|im_start|>assistant\n", "template"),
        Piece("Hello", "content", (1, 2)),
        Piece("<|im_end|>\n<|im_start|>user\n", "template"),
        Piece("<|im_end|>", "content"),
        Piece("<|im_end|>\n<|im_start|>assistant\n", "template"),
    )


async def test_generated_tokens_stand_only_for_a_whole_unchanged_text(renderer: Renderer) -> None:
    messages = (Message("assistant", (TextPart(" Hello"),), (1, 2)),)
    trimmed = await render(renderer, "{{ messages[0].content | trim }}", messages)
    assert trimmed.pieces == (Piece("Hello", "content"),)
    twice = await render(renderer, "{{ messages[0].content }}{{ messages[0].content }}", messages)
    assert twice.pieces == (Piece(" Hello Hello", "content"),)


async def test_no_generation_prompt(renderer: Renderer) -> None:
    assert (await render(renderer, add_generation_prompt=False)).text == "<|im_start|>user\nHi<|im_end|>\n"


async def test_thoughts_are_sent_only_when_asked(renderer: Renderer) -> None:
    template = "{% for m in messages %}{{ m.reasoning_content or '-' }}{{ m.content }}{% endfor %}"
    messages = (Message("assistant", (ReasoningPart("hm"), TextPart("a"))),)
    assert (await render(renderer, template, messages)).text == "-a"
    kept = await render(renderer, template, messages, keep_reasoning=True)
    assert kept.text == "hma"
    assert all(piece.source == "content" for piece in kept.pieces)


async def test_prefill_is_content_after_the_generation_prompt(renderer: Renderer) -> None:
    prompt = await render(renderer, prefill="<|im_end|>Sure")
    assert prompt.pieces[-1] == Piece("<|im_end|>Sure", "content")


async def test_prefill_of_a_model_with_channels_goes_into_the_final_one(renderer: Renderer) -> None:
    template = "<|start|>user<|message|>{{ messages[0].content }}<|end|><|start|>assistant{# <|channel|> #}"
    prompt = await render(renderer, template, prefill="Sure")
    assert prompt.pieces[-2:] == (Piece("<|channel|>final<|message|>", "template"), Piece("Sure", "content"))


async def test_lone_surrogates_become_replacement_characters(renderer: Renderer) -> None:
    prompt = await render(renderer, messages=(Message.of("user", "a\udc80b"),), variables={"x": "\ud800"})
    assert "a\ufffdb" in prompt.text


async def test_the_process_is_kept_between_calls(renderer: Renderer) -> None:
    await render(renderer)
    first = process_id(renderer)
    with pytest.raises(TemplateFailed):
        await render(renderer, "{{ raise_exception('no') }}")
    await render(renderer)
    assert process_id(renderer) == first


async def test_concurrent_calls_get_their_own_answers(renderer: Renderer) -> None:
    texts = [f"message {number}" for number in range(20)]
    prompts = await asyncio.gather(
        *(render(renderer, "{{ messages[0].content }}", (Message.of("user", text),)) for text in texts)
    )
    assert [prompt.text for prompt in prompts] == texts


async def test_a_cancelled_call_does_not_confuse_the_next(renderer: Renderer) -> None:
    await render(renderer)
    slow = "{% for a in range(300) %}{% for b in range(300) %}{% endfor %}{% endfor %}slow"
    for _ in range(3):
        call = asyncio.create_task(render(renderer, slow))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with suppress(asyncio.CancelledError):
            await call
        assert (await render(renderer)).text.startswith("<|im_start|>user")


async def test_an_endless_template_is_ended_and_the_next_call_works(hasty: Renderer) -> None:
    for _ in range(2):
        with pytest.raises(TemplateFailed, match=r"longer than 0\.5 s"):
            await render(hasty, ENDLESS)
    assert (await render(hasty)).text.startswith("<|im_start|>user")


async def test_calls_behind_an_endless_one_are_served(hasty: Renderer) -> None:
    results = await asyncio.gather(render(hasty, ENDLESS), *(render(hasty) for _ in range(3)), return_exceptions=True)
    assert isinstance(results[0], TemplateFailed)
    assert all(isinstance(result, RenderedPrompt) for result in results[1:])


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
async def test_a_process_that_died_while_it_waited_is_replaced_unnoticed(renderer: Renderer) -> None:
    await render(renderer)
    first = process_id(renderer)
    os.kill(first, signal.SIGKILL)
    assert (await render(renderer)).text.startswith("<|im_start|>user")
    assert process_id(renderer) != first


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
async def test_an_interrupt_does_not_end_it(renderer: Renderer) -> None:
    await render(renderer)
    first = process_id(renderer)
    assert os.getsid(first) != os.getsid(0)
    os.kill(first, signal.SIGINT)
    await render(renderer)
    assert process_id(renderer) == first


async def test_closing_ends_the_process_and_later_calls_say_so() -> None:
    renderer = Renderer()
    await render(renderer)
    child = renderer._process
    assert child is not None
    await renderer.close()
    assert child._process.returncode is not None
    with pytest.raises(EngineError, match="closed"):
        await render(renderer)


async def test_closing_while_a_template_runs() -> None:
    renderer = Renderer()
    await render(renderer)
    call = asyncio.create_task(render(renderer, ENDLESS))
    await asyncio.sleep(0.05)
    await renderer.close()
    with pytest.raises(ChatappError):
        await call


async def test_it_ends_with_its_input() -> None:
    renderer = Renderer()
    await render(renderer)
    child = renderer._process
    assert child is not None and child._process.stdin is not None
    child._process.stdin.close()
    assert await asyncio.wait_for(child._process.wait(), 30) == 0
    await renderer.close()


async def test_a_busy_process_ends_by_itself_when_nobody_is_left_to_end_it() -> None:
    child = await process.RendererProcess.start(limit_s=0.5, limit_bytes=2**28)
    request = process.frames.Render(
        template=ENDLESS, turns=(), bos="", eos="", variables={}, add_generation_prompt=True
    )
    assert child._process.stdin is not None
    child._process.stdin.write(process.frames.encode(request))
    await child._process.stdin.drain()
    child._process.stdin.close()
    assert await asyncio.wait_for(child._process.wait(), 30) != 0


async def test_the_working_directory_plants_no_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renderer: Renderer
) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert (await render(renderer)).text.startswith("<|im_start|>user")


async def test_a_process_that_does_not_start(monkeypatch: pytest.MonkeyPatch, renderer: Renderer) -> None:
    monkeypatch.setattr(sys, "executable", sys.executable + "-missing")
    with pytest.raises(EngineError, match="could not be started"):
        await render(renderer)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n{% if %}", "syntax error in line 2: Expected an expression"),
        ("{{ raise_exception('No tools.') }}", "refuses these messages: No tools."),
        ("a\nb{{ messages[7].content }}", "fails in line 2"),
        ("a{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% include 'x' %}", "no loader"),
        ("{{ messages | nothing }}", "No filter named 'nothing'"),
        ("x" * 300_000, "300,000 characters"),
    ],
)
async def test_errors_say_what_and_where(renderer: Renderer, template: str, message: str) -> None:
    with pytest.raises(TemplateFailed) as caught:
        await render(renderer, template)
    assert message in caught.value.message
    assert caught.value.hint
