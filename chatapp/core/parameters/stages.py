"""The stages of the sampler chain, by name: what each one may do, and the order in which they stand by default."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Stage: TypeAlias = str
"""The name of a stage: a key of `STAGES`."""


class StageInfo(msgspec.Struct, frozen=True):
    """What is true of a stage whatever its parameters are.

    `reorders` tells that it may change which token is the likeliest, so that it also works where temperature is 0.
    `terminal` tells that it chooses the token, so that it stands last and alone; `movable` that `samplers` may place
    it. `aliases` are the names that other programs use for it.
    """

    help: str
    reorders: bool = False
    terminal: bool = False
    movable: bool = True
    aliases: tuple[str, ...] = ()


STAGES: dict[Stage, StageInfo] = {
    "exponential_decay": StageInfo("raises the end tokens more and more", reorders=True, movable=False),
    "logit_bias": StageInfo("adds logit_bias to the logits", reorders=True),
    "penalties": StageInfo("repeat, frequency and presence penalty", reorders=True),
    "encoder_repetition": StageInfo("encoder_repetition_penalty", reorders=True),
    "no_repeat_ngram": StageInfo("forbids n-grams that stand there already", reorders=True),
    "dry": StageInfo("penalises what would go on repeating a sequence", reorders=True),
    "smoothing": StageInfo("bends the logits along a curve", reorders=True, aliases=("quadratic",)),
    "top_n_sigma": StageInfo("cuts by distance from the highest logit", aliases=("top_nsigma", "nsigma")),
    "top_k": StageInfo("keeps the k likeliest"),
    "tfs_z": StageInfo("cuts the flat tail", aliases=("tfs", "tail_free")),
    "typical_p": StageInfo("keeps what is as surprising as expected", aliases=("typ_p", "typical")),
    "top_a": StageInfo("cuts below a share of the highest probability squared"),
    "top_p": StageInfo("keeps the nucleus"),
    "min_p": StageInfo("cuts below a share of the highest probability"),
    "epsilon_cutoff": StageInfo("cuts below a fixed probability", aliases=("epsilon",)),
    "eta_cutoff": StageInfo("cuts below a probability that follows the entropy", aliases=("eta",)),
    "xtc": StageInfo("leaves out the likeliest now and then"),
    "infill": StageInfo("joins candidates that begin alike, for filling a gap in code"),
    "temperature": StageInfo("divides the logits", aliases=("temp", "dynamic_temperature", "temp_ext")),
    "mirostat": StageInfo("chooses at a steady surprise", terminal=True, movable=False),
    "adaptive_p": StageInfo("chooses near a target probability", terminal=True, movable=False),
}
"""Every stage, in the order in which an active one stands unless `samplers` says otherwise."""

DEFAULT_CHAIN: tuple[Stage, ...] = tuple(name for name, stage in STAGES.items() if stage.movable)
"""The movable stages in their default order: llama.cpp's own, with the others where their papers put them."""
