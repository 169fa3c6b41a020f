"""The parameters that say what an answer must be, must hold and must not hold."""

from __future__ import annotations

from chatapp.core.parameters.parameter import Parameter

CONSTRAINTS: tuple[Parameter, ...] = (
    Parameter(
        name="grammar",
        kind="text",
        group="Constraints",
        help="The answer must follow this grammar, in llama.cpp's GBNF notation; its start is the rule root.",
        effects="Only one of grammar, json_value, json_schema, regex and choices can be set.",
        takes_file=True,
        live=False,
        unset="none",
    ),
    Parameter(
        name="json_value",
        kind="bool",
        group="Constraints",
        help="The answer must be one JSON value.",
        effects="Only one of grammar, json_value, json_schema, regex and choices can be set.",
        default=False,
        neutral=False,
        live=False,
    ),
    Parameter(
        name="json_schema",
        kind="text",
        group="Constraints",
        help="The answer must be JSON that this JSON Schema allows; a keyword that can't be enforced is an error "
        "that names it.",
        effects="Properties come in the declared order, others only where additionalProperties asks for them. "
        "Only one of grammar, json_value, json_schema, regex and choices can be set.",
        takes_file=True,
        live=False,
        unset="none",
        aliases=("schema",),
    ),
    Parameter(
        name="regex",
        kind="text",
        group="Constraints",
        help="The whole answer must match this regular expression; a feature that can't be enforced, such as look-"
        "ahead, is an error that names it.",
        effects="\\d, \\w and \\s are ASCII only. Only one of grammar, json_value, json_schema, regex and choices "
        "can be set.",
        live=False,
        unset="none",
    ),
    Parameter(
        name="choices",
        kind="texts",
        group="Constraints",
        help="The answer must be one of these texts.",
        effects="Only one of grammar, json_value, json_schema, regex and choices can be set.",
        live=False,
        unset="none",
    ),
    Parameter(
        name="required_words",
        kind="texts",
        group="Constraints",
        help="Words or phrases that the answer must contain, whatever their case: it may not end before it has them.",
        effects="One that is still missing where the model would end is written into the answer at the end of a "
        "sentence; a reply that is cut before says so.",
        live=False,
        unset="none",
    ),
    Parameter(
        name="forbidden_words",
        kind="texts",
        group="Constraints",
        help="Words or phrases that never appear in the answer, whatever their case, at word boundaries: where one"
        " was written, the text is taken back and goes on otherwise.",
        effects="Costs a few tokens each time that one comes up.",
        unset="none",
    ),
    Parameter(
        name="forbidden_variants",
        kind="bool",
        group="Constraints",
        help="Whether forbidden_words also stands for their forms with an ending: -s, -es, -ed, -ing, -er, -ly, 's.",
        effects="on catches plurals and tenses; it knows no irregular forms.",
        default=False,
        neutral=False,
        needs=("forbidden_words",),
    ),
    Parameter(
        name="allowed_tokens",
        kind="texts",
        group="Constraints",
        help="Only these tokens may be written, and those that end the reply: each is its text, or # and its id.",
        effects="For classifying with single tokens; choices is for whole texts.",
        live=False,
        unset="all",
    ),
    Parameter(
        name="min_new_tokens",
        kind="int",
        group="Constraints",
        help="The reply can't end by itself before so many tokens.",
        effects="0 turns it off; it makes replies longer, not better.",
        default=0,
        neutral=0,
        minimum=0,
        maximum=10000000,
        slider=(0, 2048),
    ),
)
