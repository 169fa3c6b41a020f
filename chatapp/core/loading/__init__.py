"""How a model is loaded: the registry of load settings, and what of them took effect.

Each setting is declared once, in `registry`. Command-line options, the `[load]` table of presets, the per-model
tables of `config.toml`, their checks and the documentation derive from that declaration, and `LoadSettings` has a
field of the same name. Every default means *automatic*: the engine chooses.
"""

from chatapp.core.loading.cache_shape import MOST_SCORE_BYTES, CacheShape
from chatapp.core.loading.effect import Effect, Placement
from chatapp.core.loading.registry import (
    CACHE_TYPES,
    CPU,
    DEFAULT_CONTEXT_SIZE,
    LOAD,
    MOST_SEQUENCES,
    PLAIN_CACHE_TYPES,
    check_load,
    check_load_agreement,
    load_setting,
    stored_load,
)
from chatapp.core.loading.resolution import ChosenSetting, LoadLayer, resolve_load
from chatapp.core.loading.setting import LOAD_GROUPS, LoadGroup, LoadSetting
from chatapp.core.loading.settings import Adapter, LoadSettings

__all__ = [
    "CACHE_TYPES",
    "CPU",
    "DEFAULT_CONTEXT_SIZE",
    "LOAD",
    "LOAD_GROUPS",
    "MOST_SCORE_BYTES",
    "MOST_SEQUENCES",
    "PLAIN_CACHE_TYPES",
    "Adapter",
    "CacheShape",
    "ChosenSetting",
    "Effect",
    "LoadGroup",
    "LoadLayer",
    "LoadSetting",
    "LoadSettings",
    "Placement",
    "check_load",
    "check_load_agreement",
    "load_setting",
    "resolve_load",
    "stored_load",
]
