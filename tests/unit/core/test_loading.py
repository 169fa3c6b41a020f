"""Load settings: one declaration each, read and checked, laid over each other, and told."""

from __future__ import annotations

import msgspec
import pytest

from chatapp.core.errors import NotFound, ParameterError
from chatapp.core.loading import (
    LOAD,
    LOAD_GROUPS,
    Adapter,
    Effect,
    LoadLayer,
    LoadSetting,
    LoadSettings,
    Placement,
    check_load,
    check_load_agreement,
    load_setting,
    resolve_load,
    stored_load,
)
from chatapp.core.parameters import PARAMETERS, Value


def test_the_registry_and_the_struct_say_the_same() -> None:
    """Every setting is a field of the same name and default, and what is at its default asks for nothing."""
    assert {name: setting.default for name, setting in LOAD.items()} == msgspec.structs.asdict(LoadSettings())
    assert LoadSettings.of({name: setting.default for name, setting in LOAD.items()}) == LoadSettings()
    assert {setting.group for setting in LOAD.values()} == set(LOAD_GROUPS)


def test_no_setting_shares_a_name_with_a_parameter() -> None:
    def spellings(declared: dict[str, LoadSetting] | dict[str, object]) -> set[str]:
        return {name for each in declared.values() for name in (each.name, *each.aliases)}  # type: ignore[attr-defined]

    assert not spellings(LOAD) & spellings(dict(PARAMETERS))


@pytest.mark.parametrize("setting", LOAD.values(), ids=lambda setting: setting.name)
def test_every_setting_is_explained_and_takes_its_default(setting: LoadSetting) -> None:
    assert setting.help.endswith(".") and setting.effects.endswith(".")
    assert setting.check(setting.default) == setting.default
    assert setting.parse("auto") == setting.default
    if setting.default != ():
        assert setting.parse(str(setting.default)) == setting.default or setting.words
    assert setting.show(setting.default)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("gpu_layers", "12", 12), ("gpu_layers", "all", 10_000), ("gpu_layers", "0", 0), ("gpu_layers", "auto", -1),
        ("context_size", "4096", 4096), ("context_size", "0", 0), ("tensor_split", "3,1", (3.0, 1.0)),
        ("tensor_split", "0.7 0.3", (0.7, 0.3)), ("flash_attention", "on", "on"), ("flash_attention", "Yes", "on"),
        ("flash_attention", "false", "off"), ("mmap", "AUTO", "auto"), ("mlock", "on", True), ("mlock", "no", False),
        ("rope_scaling", "none", "none"), ("cache_type_k", "Q8_0", "q8_0"), ("cpu_experts", "none", 0),
        ("cpu_experts", "all", 10_000), ("rope_freq_scale", "0.25", 0.25), ("yarn_ext_factor", "0", 0.0),
        ("device", "CUDA0,CUDA1", "CUDA0,CUDA1"), ("lora", "a.gguf:0.5", ("a.gguf:0.5",)), ("lora", "none", ()),
    ],
)  # fmt: skip
def test_values_are_read_as_they_are_typed(name: str, text: str, value: Value) -> None:
    assert LOAD[name].parse(text) == value
    stored = stored_load({name: value})[name]
    assert check_load({name: stored})[name] == value  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gpu_layers", "-2"), ("gpu_layers", "many"), ("context_size", "-1"), ("context_size", "1e9"),
        ("cache_type_v", "q3_0"), ("tensor_split", "-1,2"), ("tensor_split", "nan"), ("tensor_split", "a,b"),
        ("rope_freq_scale", "1000"), ("rope_scaling", "longrope"), ("mlock", "auto?"), ("sequences", "257"),
        ("flash_attention", "maybe"), ("lora", "a.gguf:1e9"), ("split_mode", "columns"),
    ],
)  # fmt: skip
def test_values_that_can_not_be_are_refused_with_what_can(name: str, text: str) -> None:
    with pytest.raises(ParameterError, match=name) as caught:
        LOAD[name].parse(text)
    assert "takes" in caught.value.hint


def test_a_setting_is_found_by_its_aliases_and_near_names() -> None:
    assert load_setting("ubatch_size").name == "micro_batch_size"
    with pytest.raises(NotFound) as caught:
        load_setting("gpu_layer")
    assert "gpu_layers" in caught.value.hint


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cache_type_v": "q8_0", "flash_attention": "off"}, "needs flash attention"),
        ({"tensor_split": (0.0, 0.0)}, "no GPU a share"),
        ({"context_size": 4096, "pool_size": 2048}, "at least one context"),
        ({"batch_size": 64, "micro_batch_size": 65}, "micro-batches"),
        ({"batch_size": 4, "sequences": 5}, "next token"),
    ],
)
def test_values_that_contradict_each_other(values: dict[str, Value], said: str) -> None:
    with pytest.raises(ParameterError, match=said) as caught:
        check_load_agreement(check_load(values))
    assert caught.value.hint
    for name in values:
        check_load_agreement(check_load({each: value for each, value in values.items() if each != name}))


def test_plain_values_need_no_flash_attention() -> None:
    check_load_agreement(check_load({"cache_type_v": "bf16", "cache_type_k": "q4_0", "flash_attention": False}))


def test_the_strongest_layer_counts_and_each_value_knows_its_source() -> None:
    settings, chosen = resolve_load(
        (
            LoadLayer("options", {"gpu_layers": 3, "context_size": 0, "ubatch_size": 32}),
            LoadLayer("preset", {"gpu_layers": 5, "context_size": 512, "threads": 2}),
            LoadLayer("table", {"threads": 4, "mlock": True, "lora": ("/a.gguf:0.5",)}),
        )
    )
    assert settings == LoadSettings(
        gpu_layers=3, micro_batch_size=32, threads=2, mlock=True, lora=(Adapter("/a.gguf", 0.5),)
    )
    assert {(each.name, each.source) for each in chosen} == {
        ("gpu_layers", "options"), ("micro_batch_size", "options"), ("threads", "preset"), ("mlock", "table"),
        ("lora", "table"),
    }  # fmt: skip
    assert str(chosen[0]) == "gpu_layers = 3 (options)"


def test_values_of_different_layers_must_agree() -> None:
    with pytest.raises(ParameterError, match="flash"):
        resolve_load((LoadLayer("a", {"flash_attention": "off"}), LoadLayer("b", {"cache_type_v": "q4_0"})))


@pytest.mark.parametrize(
    ("text", "adapter"),
    [
        ("style.gguf", Adapter("style.gguf")), ("style.gguf:0.5", Adapter("style.gguf", 0.5)),
        ("a:b.gguf", Adapter("a:b.gguf")), ("C:\\x\\a.gguf", Adapter("C:\\x\\a.gguf")),
        ("C:\\x\\a.gguf:-1", Adapter("C:\\x\\a.gguf", -1.0)), (":0.5", Adapter(":0.5")),
    ],
)  # fmt: skip
def test_an_adapter_is_a_path_and_a_scale(text: str, adapter: Adapter) -> None:
    assert Adapter.parse(text) == adapter == Adapter.parse(adapter.text)


def test_settings_travel_as_they_are() -> None:
    settings = LoadSettings(lora=(Adapter("/a", 0.5),), tensor_split=(3.0, 1.0), mmap="off", gpu_layers=4)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(settings), type=LoadSettings) == settings
    assert hash(settings) == hash(msgspec.structs.replace(settings))


def test_what_took_effect_is_told_in_words() -> None:
    effect = Effect(
        placements=(Placement("CUDA0", 20, "NVIDIA Something"), Placement("CPU", 5, "A processor")), gpu_layers=20,
        layers=25, cpu_experts=4, context_size=4096, pool_size=8192, sequences=16, cache_type_k="q8_0",
        cache_type_v="f16", cache_bytes=3_200_000, flash_attention=True, threads=1, batch_threads=8, batch_size=512,
        micro_batch_size=256, mmap=True, mlock=True, rope_scaling="yarn", rope_freq_base=1e6, rope_freq_scale=0.25,
        adapters=(Adapter("/a.gguf", 0.5),),
    )  # fmt: skip
    assert effect.lines == (
        "layers: 20 of 25 on a GPU (20 on NVIDIA Something, 5 on A processor); experts of 4 layers on the processor",
        "context: 4,096 tokens a conversation, 8,192 in all, for 16 sequences",
        "KV cache: keys q8_0, values f16, 3.2 MB, flash attention on",
        "computing: 1 thread, 8 for prompts; batches of 512, computed 256 at a time",
        "weights: read in place from the file, locked in memory",
        "positions: RoPE scaling yarn, base 1e+06, scale 0.25",
        "adapters: /a.gguf × 0.5",
    )
