"""Conversations through templates: the same text as the reference's, and the source of every character."""

from collections.abc import Callable

import jinja2
import pytest

from chatapp.rendering.chat import NOT_TRACED, SYSTEM_MERGED, ChatRenderer
from chatapp.rendering.environment import Refusal, TooMuch
from chatapp.rendering.frames import Render, Rendered, Turn

Conversation = list[tuple[str, str]]


RENDERER = ChatRenderer()


def render(
    source: str, conversation: Conversation, renderer: ChatRenderer | None = None, **variables: object
) -> Rendered:
    return (renderer or RENDERER).render(
        Render(
            template=source,
            turns=tuple(Turn(role, content) for role, content in conversation),
            bos="<s>",
            eos="</s>",
            variables=variables,
            add_generation_prompt=True,
        )
    )


def text_of(rendered: Rendered) -> str:
    return "".join(text for text, _ in rendered.runs)


@pytest.mark.parametrize("variables", [{}, {"enable_thinking": True}, {"enable_thinking": False}], ids=str)
def test_text_is_that_of_the_reference(
    template: str, conversation: Conversation, variables: dict[str, object], render_reference: Callable[..., str]
) -> None:
    try:
        expected = render_reference(template, conversation, **variables)
    except jinja2.TemplateError as refusal:
        if conversation[0][0] != "system":
            with pytest.raises(Refusal, match=str(refusal)[:30]):
                render(template, conversation, **variables)
            return
        merged = [("user", f"{conversation[0][1]}\n\n{conversation[1][1]}"), *conversation[2:]]
        assert text_of(render(template, conversation, **variables)) == render_reference(template, merged, **variables)
        return
    rendered = render(template, conversation, **variables)
    if SYSTEM_MERGED not in rendered.notices:
        assert text_of(rendered) == expected
    assert NOT_TRACED not in rendered.notices


def test_every_character_has_the_right_source(template: str) -> None:
    # Letters that no template writes stand for each message.
    conversation = [("system", "ßß ẞẞ"), ("user", "ææ\nÆÆ"), ("assistant", "þþ þÞ"), ("user", "ŋŋŋ")]
    for text, source in render(template, conversation).runs:
        for number, (_, content) in enumerate(conversation, 1):
            letters = set(content) - set(" \n")
            assert source == number or not letters & set(text)


def test_contents_come_through_whole(template: str) -> None:
    conversation = [("user", "ææ æ"), ("assistant", "þþ þ"), ("user", "ŋ ŋŋ")]
    found = {source: text for text, source in render(template, conversation).runs if source > 0}
    assert found == {1: "ææ æ", 2: "þþ þ", 3: "ŋ ŋŋ"}


@pytest.mark.parametrize(
    "expression",
    [
        "messages[0].content | trim",
        "messages[0]['content'].split('</think>')[-1]",
        "(messages[0].content ~ '!')[:-1]",
        "'' + messages[0].content",
        "[messages[0].content] | join",
        "messages[0].content | replace('zz', 'y')",
        "'%s' % messages[0].content",
        "'{}'.format(messages[0].content)",
        "messages[0].content | string",
        "messages[0].content | safe",
        "messages | map(attribute='content') | join(', ')",
        "(messages | first).content",
        "messages[0].get('content')",
        "messages[0].content if messages[0].content is string else ''",
        "messages[0].content | default('', true)",
    ],
)
def test_content_keeps_its_source_through(expression: str) -> None:
    rendered = render("<s>{{ " + expression + " }}</s>", [("user", "<s>x</s>")])
    assert rendered.runs == (("<s>", 0), ("<s>x</s>", 1), ("</s>", 0))


@pytest.mark.parametrize(
    "expression",
    [
        "messages[0] | tojson",
        "messages[0].content | tojson",
        "messages[0].content | e",
        "messages[0].content | list",
        "messages",
        "messages[0].content | center(30)",
        "messages[0].content.swapcase()",
        "'%9s' % messages[0].content",
        "'{:>9}'.format(messages[0].content)",
        "messages[0].content | wordwrap(3)",
        "messages[0].content | indent(2)",
        "messages[0].content | title",
        "note",
        "note ~ messages[0].content",
        "messages[0].content.encode().decode()",
        "dict(a=messages[0].content) | items | list",
    ],
)
def test_content_never_becomes_template_text_through(expression: str) -> None:
    rendered = render("[{{ " + expression + " }}]", [("user", "<s>x</s>")], note="<s>note</s>")
    assert "s>" not in "".join(text for text, source in rendered.runs if source == 0).lower()


@pytest.mark.parametrize(
    "expression",
    [
        "'<' ~ 's' ~ '>'",
        "['<', 's', '>'] | join",
        "'<s>' | upper | lower",
        "'-<s>-'.strip('-')",
        "'%s' % '<s>'",
        "'{}s{}'.format('<', '>')",
        "('<' + messages[0].role[1:2] + '>')",
        "{'user': '<s>'}[messages[0].role]",
        "bos_token",
        "'<s>' if loop is not defined",
        "strftime_now('<s>')",
        "('<%s>' | format('s'))",
        "'<S>' | lower | center(3)",
        "'<' ~ 's>' | indent",
    ],
)
def test_the_templates_own_text_stays_its_own_through(expression: str) -> None:
    rendered = render("{{ " + expression + " }}{{ messages[0].content }}", [("user", "x")])
    assert rendered.runs == (("<s>", 0), ("x", 1)) or "role" in expression


def test_a_system_prompt_that_is_refused_goes_before_the_user(template: str) -> None:
    conversation = [("system", "ßß"), ("user", "ææ"), ("assistant", "þ"), ("user", "ŋ")]
    rendered = render(template, conversation)
    assert "ßß" in text_of(rendered)
    if SYSTEM_MERGED in rendered.notices:
        assert "ßß\n\nææ" in text_of(rendered)


def test_a_system_prompt_that_is_dropped_goes_before_the_user() -> None:
    source = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    rendered = render(source, [("system", "S"), ("user", "U")])
    assert (text_of(rendered), rendered.notices) == ("<user>S\n\nU", (SYSTEM_MERGED,))


def test_a_system_prompt_that_is_an_instruction_to_the_template_is_left_alone() -> None:
    source = "{{ 'quiet' if '/quiet' in messages[0].content else 'loud' }}{{ messages[-1].content }}"
    rendered = render(source, [("system", "/quiet"), ("user", "U")])
    assert (text_of(rendered), rendered.notices) == ("quietU", ())


def test_a_refusal_keeps_the_templates_words() -> None:
    source = "{% if messages | length > 1 %}{{ raise_exception('One message, please.') }}{% endif %}"
    with pytest.raises(Refusal, match="One message, please"):
        render(source, [("user", "a"), ("user", "b")])


def test_control_token_text_that_a_template_refuses_is_text_and_goes_through() -> None:
    source = (
        "{% for m in messages %}{% if '<|im_end|>' in m.content %}{{ raise_exception('markers') }}{% endif %}"
        "<|{{ m.role }}|>{{ m.content | trim }}{% endfor %}"
    )
    rendered = render(source, [("system", "S <|im_end|>"), ("user", " a<|im_end|>b<| ")])
    assert rendered.runs == (("<|system|>", 0), ("S <|im_end|>", 1), ("<|user|>", 0), ("a<|im_end|>b<|", 2))
    with pytest.raises(Refusal, match="markers"):
        render(source + "{{ raise_exception('markers') }}", [("user", "<|im_end|>")])


def test_what_can_not_be_traced_is_text_and_said() -> None:
    # Escaping sees HTML-safe text, which tracked strings do not know.
    source = "<s>{{ ('<b>' | safe) + '<i>' }}{{ messages[0].content }}</s>"
    rendered = render(source, [("user", "U")])
    assert rendered.notices == (NOT_TRACED,)
    assert rendered.runs[0] == ("<s><b>", 0)
    assert rendered.runs[1] == ("&lt;i&gt;", -1)
    assert text_of(rendered) == "<s><b>&lt;i&gt;U</s>"


def test_templates_that_need_tools_are_told_that_there_are_none() -> None:
    source = "{% for tool in tools %}{{ tool }}{% endfor %}{{ messages[0].content }}"
    assert text_of(render(source, [("user", "U")])) == "U"


def test_thoughts_reach_templates_that_want_them() -> None:
    source = "{% for m in messages %}{{ m.reasoning_content }}|{{ m.thinking }}|{{ m.content }}{% endfor %}"
    request = Render(
        template=source,
        turns=(Turn("assistant", "a", "hm"),),
        bos="",
        eos="",
        variables={},
        add_generation_prompt=False,
    )
    assert text_of(ChatRenderer().render(request)) == "hm|hm|a"


def test_variables_can_not_replace_the_messages() -> None:
    rendered = render("{{ messages[0].content }}{{ bos_token }}", [("user", "U")], messages="no", bos_token="no")
    assert text_of(rendered) == "U<s>"


def test_lines_of_errors() -> None:
    renderer = ChatRenderer()
    for source, line in (("a\nb\n{% if %}", 3), ("a\n\n\n{{ messages[0].no.no }}", 4), ("a\n{{ 1 / 0 }}", 2)):
        with pytest.raises(Exception) as caught:
            render(source, [("user", "U")], renderer)
        assert renderer.line_of(source, caught.value) == line


def test_the_output_is_bounded() -> None:
    with pytest.raises(TooMuch, match="characters"):
        render("{% for i in range(1000) %}{{ 'x' * 9999 }}{% endfor %}", [("user", "U")])


def test_many_templates_are_compiled_and_old_ones_forgotten() -> None:
    renderer = ChatRenderer()
    for number in range(40):
        assert text_of(render(f"{number}", [("user", "U")], renderer)) == str(number)
    assert len(renderer._templates) < 40
