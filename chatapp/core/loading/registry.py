"""Every load setting by name, and values checked against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from chatapp.core.errors import NotFound, ParameterError
from chatapp.core.loading.setting import LoadSetting
from chatapp.core.parameters import Value, Values

DEFAULT_CONTEXT_SIZE = 8192
"""The most tokens of context that a model gets unless more is asked for."""
MOST_SEQUENCES = 256
"""llama.cpp's own limit."""
CPU = "cpu"
PLAIN_CACHE_TYPES = ("f16", "f32", "bf16")
CACHE_TYPES = (*PLAIN_CACHE_TYPES, "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
AUTOMATIC = ("auto", "on", "off")


def _yarn(name: str, help_: str, maximum: float) -> LoadSetting:
    """A factor of YaRN; -1 leaves it to the model."""
    return LoadSetting(
        name=name,
        kind="float",
        group="Positions",
        help=help_,
        effects="Only YaRN uses it.",
        default=-1.0,
        minimum=0.0,
        maximum=maximum,
        words={"auto": -1},
        unset="the model's",
    )


_DEVICE = (
    LoadSetting(
        name="device",
        kind="text",
        group="Device",
        help="Where to compute: cpu for the processor alone, or GPUs by the names that `chatapp doctor` lists, as in "
        "CUDA0 or CUDA0,CUDA1.",
        effects="auto takes every GPU that there is.",
        default="auto",
        unset="auto: every GPU that there is",
    ),
    LoadSetting(
        name="gpu_layers",
        kind="int",
        group="Device",
        help="How many layers of the model lie on GPUs.",
        effects="0 leaves all to the processor; more is faster and takes GPU memory; all means every one.",
        default=-1,
        minimum=0,
        maximum=10_000,
        words={"auto": -1, "all": 10_000},
        unset="auto: as many as fit",
    ),
    LoadSetting(
        name="split_mode",
        kind="choice",
        group="Device",
        help="How several GPUs share the model: none uses one, layer gives each whole layers, row cuts the tensors of "
        "each layer, tensor computes every layer on all of them at once.",
        effects="layer suits most machines; row and tensor need fast links between the GPUs.",
        default="layer",
        choices=("none", "layer", "row", "tensor"),
    ),
    LoadSetting(
        name="tensor_split",
        kind="floats",
        group="Device",
        help="The share of the model that each GPU gets, in the order of the devices, as in 3,1 for three quarters on "
        "the first.",
        effects="The shares are weighed against each other; 0 leaves a GPU out.",
        default=(),
        unset="auto: by free memory",
    ),
    LoadSetting(
        name="main_gpu",
        kind="int",
        group="Device",
        help="The GPU that holds everything with split_mode none, and the small tensors with row; the first is 0.",
        effects="It matters only with several GPUs.",
        default=0,
        minimum=0,
        maximum=255,
    ),
    LoadSetting(
        name="cpu_experts",
        kind="int",
        group="Device",
        help="In how many layers, from the first on, the experts of a mixture-of-experts model stay with the "
        "processor.",
        effects="0 moves them with their layers; more frees GPU memory at some cost of speed; all keeps every one.",
        default=0,
        minimum=0,
        maximum=10_000,
        words={"none": 0, "all": 10_000},
        aliases=("n_cpu_moe",),
    ),
)

_CONTEXT = (
    LoadSetting(
        name="context_size",
        kind="int",
        group="Context",
        help="Tokens of context that a conversation can use, reply and all.",
        effects="Less saves memory and starts sooner; more than the model was trained for needs RoPE scaling to make "
        "sense.",
        default=0,
        minimum=1,
        maximum=10_000_000,
        words={"auto": 0},
        unset=f"auto: what it was trained for, at most {DEFAULT_CONTEXT_SIZE:,}",
    ),
    LoadSetting(
        name="pool_size",
        kind="int",
        group="Context",
        help="Tokens that all conversations together can hold in memory, at least one context.",
        effects="One context makes conversations take turns; several keep them side by side, at the cost of memory.",
        default=0,
        minimum=1,
        maximum=100_000_000,
        words={"auto": 0},
        unset="auto: one context",
    ),
    LoadSetting(
        name="sequences",
        kind="int",
        group="Context",
        help="How many conversations, branches and samples can be in memory at the same time.",
        effects="1 computes one after the other; 16 suits panes and samples; each costs a little, and a whole state "
        "in recurrent models.",
        default=0,
        minimum=1,
        maximum=MOST_SEQUENCES,
        words={"auto": 0},
        unset="auto: 16, for recurrent models 4",
    ),
    LoadSetting(
        name="cache_type_k",
        kind="choice",
        group="Context",
        help="How exactly the keys of the context are kept.",
        effects="f16 is as good as the model; q8_0 takes half the memory and is hardly noticed; q4_0 takes a quarter "
        "and is.",
        default="f16",
        choices=CACHE_TYPES,
    ),
    LoadSetting(
        name="cache_type_v",
        kind="choice",
        group="Context",
        help="How exactly the values of the context are kept; all but f16, f32 and bf16 need flash attention.",
        effects="f16 is as good as the model; q8_0 takes half the memory and q4_0 a quarter, with less harm than to "
        "keys.",
        default="f16",
        choices=CACHE_TYPES,
    ),
    LoadSetting(
        name="flash_attention",
        kind="choice",
        group="Context",
        help="Whether attention is computed in one go, which takes less memory and is faster on most devices.",
        effects="auto turns it on where the devices can, but not on the processor, where it makes long contexts slow, "
        "unless the cache's type or memory needs it.",
        default="auto",
        choices=AUTOMATIC,
    ),
)

_COMPUTING = (
    LoadSetting(
        name="threads",
        kind="int",
        group="Computing",
        help="Threads of the processor that write replies.",
        effects="Fewer than there are cores leave the machine free for other work; more than there are make it slower.",
        default=0,
        minimum=1,
        maximum=1024,
        words={"auto": 0},
        unset="auto: one a core",
    ),
    LoadSetting(
        name="batch_threads",
        kind="int",
        group="Computing",
        help="Threads of the processor that read prompts.",
        effects="Prompts profit from every core, replies often from fewer.",
        default=0,
        minimum=1,
        maximum=1024,
        words={"auto": 0},
        unset="auto: as many as threads",
    ),
    LoadSetting(
        name="batch_size",
        kind="int",
        group="Computing",
        help="The most tokens that are given to llama.cpp at once, of all conversations together.",
        effects="Less stops sooner; more reads long prompts faster where nothing else runs.",
        default=0,
        minimum=1,
        maximum=65_536,
        words={"auto": 0},
        unset="auto: 512",
    ),
    LoadSetting(
        name="micro_batch_size",
        kind="int",
        group="Computing",
        help="The most tokens that are computed at once; at most the batch size.",
        effects="Less saves memory for computing; more is faster on GPUs.",
        default=0,
        minimum=1,
        maximum=65_536,
        words={"auto": 0},
        aliases=("ubatch_size",),
        unset="auto: the batch size",
    ),
)

_MEMORY = (
    LoadSetting(
        name="mmap",
        kind="choice",
        group="Memory",
        help="Whether the weights are read in place from the file, so that several programs share them.",
        effects="on starts at once and reads as needed; off reads everything first, which helps on slow or network "
        "disks.",
        default="auto",
        choices=AUTOMATIC,
    ),
    LoadSetting(
        name="mlock",
        kind="bool",
        group="Memory",
        help="Whether the system must keep the weights in memory and may never swap them out.",
        effects="It needs the right to lock so much memory; where the system refuses, that is said.",
        default=False,
    ),
)

_POSITIONS = (
    LoadSetting(
        name="rope_scaling",
        kind="choice",
        group="Positions",
        help="How positions beyond the trained context are squeezed into it: none, linear, or yarn, which keeps near "
        "ones sharp.",
        effects="auto does what the model's file says.",
        default="auto",
        choices=("auto", "none", "linear", "yarn"),
    ),
    LoadSetting(
        name="rope_freq_base",
        kind="float",
        group="Positions",
        help="The base of the rotation that marks positions.",
        effects="Higher than the model's own stretches its context; lower shortens it.",
        default=0.0,
        minimum=1.0,
        maximum=1e12,
        words={"auto": 0},
        unset="the model's",
    ),
    LoadSetting(
        name="rope_freq_scale",
        kind="float",
        group="Positions",
        help="The factor on positions: 0.5 doubles the context that the model can look over, 0.25 makes it four times.",
        effects="1 is as trained; the lower, the blurrier. Set context_size, too.",
        default=0.0,
        minimum=0.001,
        maximum=100.0,
        words={"auto": 0},
        unset="the model's",
    ),
    _yarn("yarn_ext_factor", "How much YaRN extrapolates: 0 interpolates all positions, 1 mixes in full.", 1.0),
    _yarn("yarn_attn_factor", "The strength of attention under YaRN, 1 for as trained.", 100.0),
    _yarn("yarn_beta_fast", "The number of turns above which YaRN leaves a dimension as it is.", 1000.0),
    _yarn("yarn_beta_slow", "The number of turns below which YaRN scales a dimension in full.", 1000.0),
    LoadSetting(
        name="yarn_original_context",
        kind="int",
        group="Positions",
        help="The context that the model had before it was stretched with YaRN.",
        effects="Only YaRN uses it.",
        default=0,
        minimum=1,
        maximum=10_000_000,
        words={"auto": 0},
        unset="the model's",
    ),
)

_ADAPTERS = (
    LoadSetting(
        name="lora",
        kind="texts",
        group="Adapters",
        help="A LoRA adapter as a GGUF file to lay over the weights, PATH or PATH:SCALE; a file without a directory is "
        "looked for in the models directory, too.",
        effects="Scale 0 does nothing, 1 is as trained, more exaggerates, a negative one does the opposite.",
        default=(),
        unset="none",
    ),
)

LOAD: dict[str, LoadSetting] = {
    setting.name: setting for setting in (*_DEVICE, *_CONTEXT, *_COMPUTING, *_MEMORY, *_POSITIONS, *_ADAPTERS)
}
"""Every load setting by name, in the order in which people see them."""

_ALIASES = {alias: setting.name for setting in LOAD.values() for alias in setting.aliases}


def load_setting(name: str) -> LoadSetting:
    """Find a load setting by name or alias; raise NotFound with near names."""
    found = LOAD.get(_ALIASES.get(name, name))
    if found is None:
        raise NotFound.among("load setting", name, LOAD)
    return found


def check_load(values: Values) -> dict[str, Value]:
    """Return `values` under canonical names and in canonical types; raise ParameterError or NotFound."""
    checked: dict[str, Value] = {}
    for name, value in values.items():
        setting = load_setting(name)
        if value is not None:
            checked[setting.name] = setting.check(value)
    return checked


def check_load_agreement(values: Values) -> None:
    """Raise ParameterError where two values of `values`, checked ones, contradict each other."""
    value_type, split = values.get("cache_type_v", "f16"), cast(tuple[float, ...], values.get("tensor_split", ()))
    if value_type not in PLAIN_CACHE_TYPES and values.get("flash_attention") == "off":
        raise ParameterError(
            f"cache_type_v {value_type} needs flash attention, and flash_attention is off.",
            hint=f"Leave flash_attention to auto, or take cache_type_v {' or '.join(PLAIN_CACHE_TYPES)}.",
        )
    if split and not any(split):
        raise ParameterError(
            "tensor_split gives no GPU a share.", hint="Write one number a GPU, as in 3,1; at least one is above 0."
        )
    for smaller, larger, why in _AT_MOST:
        one, other = cast(int, values.get(smaller, 0)), cast(int, values.get(larger, 0))
        if one > other > 0:
            raise ParameterError(
                f"{smaller} is {one:,} and {larger} {other:,}: {why}.", hint="Lower the one or raise the other."
            )


_AT_MOST = (
    ("context_size", "pool_size", "the pool holds at least one context"),
    ("micro_batch_size", "batch_size", "a batch is computed in micro-batches"),
    ("sequences", "batch_size", "every sequence has its next token in one batch"),
)
"""Pairs of which the first may not be above the second, and why."""


def stored_load(values: Mapping[str, Value]) -> dict[str, object]:
    """Load settings as a TOML file holds them: `auto` and `all` as words."""
    return {name: _stored(LOAD[name], value) for name, value in values.items()}


def _stored(setting: LoadSetting, value: Value) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return next((word for word, number in setting.words.items() if number == value), value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value
