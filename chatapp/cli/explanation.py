"""What `chatapp ask --explain` says: the values in force, where each comes from, and which have no effect."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec

from chatapp.cli.options import TemplateValue
from chatapp.cli.reply import is_told
from chatapp.core.backend import Prepared
from chatapp.core.cleaning import clean_line
from chatapp.core.parameters import PARAMETERS, SOURCES, Setting, StoredValue, as_stored
from chatapp.core.presets import Preset

_THINKING = "while the model thinks"
_SHOWN = 60
"""Characters of one value."""


def _about(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp ask --explain --json` writes."""

    preset: Annotated[str, _about("the preset's name; empty where there is none")]
    template: Annotated[str, _about("the name of the prompt of the library; empty where there is none")]
    system_prompt: Annotated[str, _about("the system prompt; empty where there is none")]
    system_prompt_source: Annotated[
        str,
        _about(
            "where it comes from: edit (given now), prompt (of the library), preset, or conversation; empty where "
            "there is none"
        ),
    ]
    template_variables: Annotated[dict[str, TemplateValue], _about("what was given to the chat template by name")]
    settings: Annotated[
        tuple[Setting, ...],
        _about(
            "every parameter: name, value, source (edit, prompt, preset, model, family, default), and why it is moot"
        ),
    ]
    thinking: Annotated[dict[str, StoredValue], _about("values of the preset that differ while the model thinks")]
    unsupported: Annotated[dict[str, str], _about("parameters that this model can't honour, and why")]
    notices: Annotated[tuple[str, ...], _about("what was done to the request, in words")]
    left_out: Annotated[int, _about("messages of the conversation that would no longer fit")]
    prompt: Annotated[str, _about("the exact text that the model would get")]
    prompt_tokens: Annotated[int | None, _about("how many tokens that is")]


def explanation_of(
    prepared: Prepared, preset: Preset | None, *, system: str = "", template: str = "", template_system: str = ""
) -> Explanation:
    """Everything that is known of a request before it runs.

    `system` is the system prompt that was given with it, `template_system` that of the prompt of the library which is
    called `template`.
    """
    system_prompt = next((each.text for each in prepared.request.messages if each.role == "system"), "")
    return Explanation(
        preset=preset.name if preset is not None else "",
        template=template,
        system_prompt=system_prompt,
        system_prompt_source=_source_of_prompt(system_prompt, preset, system, template_system),
        template_variables=prepared.request.template_variables,
        settings=prepared.parameters.settings,
        thinking={name: as_stored(value) for name, value in prepared.request.thinking.items()},
        unsupported=prepared.unsupported,
        notices=prepared.notices,
        left_out=prepared.left_out,
        prompt=prepared.prompt,
        prompt_tokens=len(prepared.token_ids) if prepared.token_ids is not None else None,
    )


def lines_of(explanation: Explanation) -> list[str]:
    """The explanation for people: a line for each parameter that changes something, or that somebody set."""
    rows = [_row(setting, explanation) for setting in explanation.settings if is_told(setting)]
    rows += [
        (name, _short(PARAMETERS[name].show(Setting(name, value, "preset").plain)), _THINKING, "")
        for name, value in explanation.thinking.items()
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [_line(row, widths) for row in rows]
    return [*_told_besides(explanation), *lines, "All other parameters change nothing."]


def _source_of_prompt(text: str, preset: Preset | None, given: str, template: str) -> str:
    if not text:
        return ""
    if given.strip():
        return "edit"
    if template.strip():
        return "prompt"
    return "preset" if preset is not None and preset.system_prompt == text else "conversation"


def _told_besides(explanation: Explanation) -> list[str]:
    """The system prompt and the template's variables, which are no parameters."""
    sources = {
        "edit": "given on the command line",
        "prompt": f"the prompt {explanation.template}",
        "preset": f"the preset {explanation.preset}",
        "conversation": "the conversation",
    }
    lines = []
    if explanation.system_prompt:
        source = sources[explanation.system_prompt_source]
        lines.append(f"system prompt ({source}): {_short(explanation.system_prompt)}")
    lines += [
        f"template variable {name} = {_short(json.dumps(value, ensure_ascii=False))}"
        for name, value in explanation.template_variables.items()
    ]
    return lines


def _row(setting: Setting, explanation: Explanation) -> tuple[str, str, str, str]:
    source = SOURCES[setting.source]
    if setting.source == "preset":
        source = f"the preset {explanation.preset}".rstrip()
    if setting.source == "prompt" and explanation.template:
        source = f"the prompt {explanation.template}"
    why = setting.moot or explanation.unsupported.get(setting.name, "")
    shown = PARAMETERS[setting.name].show(setting.plain)
    return setting.name, _short(shown), source, f"without effect: {why}" if why else ""


def _line(row: tuple[str, str, str, str], widths: list[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[3]]).rstrip()


def _short(text: str) -> str:
    plain = clean_line(text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
