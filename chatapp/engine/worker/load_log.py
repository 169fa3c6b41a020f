"""What llama.cpp says while it loads a model and makes a context, as facts.

Much of what took effect has no getter: where the layers went, whether flash attention came about, how the cache is
stored. llama.cpp tells it in its log, one line each.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SPEAKER = re.compile(r"^(?:\w+: )?(?:error loading model: )?")


class LoadLog:
    """The facts of one load; those of the context are of the one that was made last."""

    def __init__(self) -> None:
        self.first_error = ""
        """What went wrong first, in llama.cpp's words; the errors after it say less."""
        self.layer_count = 0
        self.layer_devices: dict[int, str] = {}
        """The device of each layer, the output layer last."""
        self.offloaded: tuple[int, int] | None = None
        """How many layers of how many are on GPUs, None where no device offers that."""
        self.cpu_experts: set[int] = set()
        """Layers whose experts were kept with the processor."""
        self.load_mode = ""
        self.mlock_failure = ""
        self.trained_rope_scaling = ""
        self._begin_context()

    def _begin_context(self) -> None:
        self.flash_attention: bool | None = None
        self.cache_types: tuple[str, str] | None = None
        self.cache_mib = 0.0
        self.rope_freq_base = self.rope_freq_scale = 0.0

    def take(self, level: str, line: str) -> None:
        """Read one line of the log."""
        if level == "error" and not self.first_error:
            self.first_error = _SPEAKER.sub("", line)
        for pattern, remember in _FACTS:
            if found := pattern.search(line):
                remember(self, found)
                return

    @property
    def is_out_of_memory(self) -> bool:
        """Whether the first error was about memory."""
        return _OUT_OF_MEMORY.search(self.first_error) is not None


def _layer(log: LoadLog, found: re.Match[str]) -> None:
    log.layer_devices[int(found[1])] = found[2]


def _offloaded(log: LoadLog, found: re.Match[str]) -> None:
    log.offloaded = int(found[1]), int(found[2])


def _experts(log: LoadLog, found: re.Match[str]) -> None:
    log.cpu_experts.add(int(found[1]))


def _layer_count(log: LoadLog, found: re.Match[str]) -> None:
    log.layer_count = int(found[1])


def _load_mode(log: LoadLog, found: re.Match[str]) -> None:
    log.load_mode = found[1]


def _mlock(log: LoadLog, found: re.Match[str]) -> None:
    log.mlock_failure = found[1]


def _trained_rope(log: LoadLog, found: re.Match[str]) -> None:
    log.trained_rope_scaling = found[1]


def _context(log: LoadLog, _: re.Match[str]) -> None:
    log._begin_context()


def _flash(log: LoadLog, found: re.Match[str]) -> None:
    if found[1] != "auto":
        log.flash_attention = found[1] == "enabled"


def _cache(log: LoadLog, found: re.Match[str]) -> None:
    log.cache_types = found[2], found[3]
    log.cache_mib += float(found[1])


def _rope_base(log: LoadLog, found: re.Match[str]) -> None:
    log.rope_freq_base = float(found[1])


def _rope_scale(log: LoadLog, found: re.Match[str]) -> None:
    log.rope_freq_scale = float(found[1])


_FACTS: tuple[tuple[re.Pattern[str], Callable[[LoadLog, re.Match[str]], None]], ...] = (
    (re.compile(r"load_tensors: layer +(\d+) assigned to device ([^,\s]+)"), _layer),
    (re.compile(r"offloaded (\d+)/(\d+) layers"), _offloaded),
    (re.compile(r"tensor blk\.(\d+)\.ffn_\w*exps\S* .*buffer type overridden to CPU"), _experts),
    (re.compile(r"print_info: n_layer +=\s*(\d+)"), _layer_count),
    (re.compile(r"\(load_mode = ([\w+-]+)\)"), _load_mode),
    (re.compile(r"failed to mlock (.*)"), _mlock),
    (re.compile(r"print_info: rope scaling +=\s*(\w+)"), _trained_rope),
    (re.compile(r"llama_context: constructing llama_context"), _context),
    (re.compile(r"llama_context: flash_attn +=\s*(auto|enabled|disabled)"), _flash),
    (re.compile(r"Flash Attention (?:not supported, set to )?(enabled|disabled)"), _flash),
    (re.compile(r"size = +([\d.]+) MiB \(.*K \((\w+)\):.*V \((\w+)\):"), _cache),
    (re.compile(r"llama_context: freq_base +=\s*([\d.e+-]+)"), _rope_base),
    (re.compile(r"llama_context: freq_scale +=\s*([\d.e+-]+)"), _rope_scale),
)
_OUT_OF_MEMORY = re.compile(r"alloc|out of memory|bad_alloc|length_error", re.IGNORECASE)
