"""The whole chain on a whole distribution, in numpy and float64: what the engine's stages are meant to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Figures = npt.NDArray[np.float64]


def softmax(logits: Figures) -> Figures:
    """Probabilities of logits, of which some may be -inf."""
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def entropy(chances: Figures) -> float:
    """In nats."""
    positive = chances[chances > 0]
    return float(-(positive * np.log(positive)).sum())


def chances(logits: Figures, values: Mapping[str, float], order: tuple[str, ...]) -> Figures:
    """The chance of each token of `logits` under `values`, those that are missing off, xtc's dice averaged."""
    if values.get("temperature") == 0:
        return (np.arange(len(logits)) == logits.argmax()).astype(float)
    ways = [(1.0, logits.astype(np.float64), len(logits))]
    for stage in order:
        if stage == "xtc":
            ways = [way for before in ways for way in drawn(*before, values)]
        elif stage == "temperature":
            ways = [(weight, temperature(now, size, values), size) for weight, now, size in ways]
        elif stage == "smoothing":
            if values.get("smoothing_factor", 0):
                ways = [(weight, smoothing(now, values), size) for weight, now, size in ways]
        elif stage in values:
            cut = CUTS[stage](values[stage])
            cut_ways = [(weight, cut(now), size) for weight, now, size in ways]
            # llama.cpp's top_n_sigma leaves what it rules out in the array, where dynamic temperature counts it.
            ways = [(weight, now, counted(stage, values[stage], now, size)) for weight, now, size in cut_ways]
    return np.asarray(sum(weight * softmax(now) for weight, now, _ in ways))


def drawn(weight: float, logits: Figures, size: int, values: Mapping[str, float]) -> list[tuple[float, Figures, int]]:
    """The two ways that xtc's dice can fall."""
    share = values.get("xtc_probability", 0.0)
    cut = xtc(logits, values["xtc_threshold"]) if share else logits
    left = size - int(np.isfinite(logits).sum()) + int(np.isfinite(cut).sum())
    ways = [(weight * share, cut, left), (weight * (1 - share), logits, size)]
    return [way for way in ways if way[0] > 0]


def counted(stage: str, value: float, now: Figures, size: int) -> int:
    """How many candidates are left in the array after a stage."""
    if stage == "top_n_sigma":
        return size
    return min(size, int(value)) if stage == "top_k" else int(np.isfinite(now).sum())


def keep(logits: Figures, mask: npt.NDArray[np.bool_]) -> Figures:
    """All others get -inf; the highest stays."""
    mask = mask | (np.arange(len(logits)) == logits.argmax())
    return np.where(mask, logits, -np.inf)


def top_k(k: float) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        mask = np.zeros(len(logits), bool)
        mask[np.argsort(-logits, kind="stable")[: int(k)]] = True
        return keep(logits, mask)

    return cut


def top_p(p: float) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        order = np.argsort(-logits, kind="stable")
        reached = np.cumsum(softmax(logits)[order])
        last = int(np.searchsorted(reached, p, side="left"))
        mask = np.zeros(len(logits), bool)
        mask[order[: last + 1]] = True
        return keep(logits, mask)

    return cut


def typical_p(p: float) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        now = softmax(logits)
        with np.errstate(divide="ignore"):
            distance = np.abs(-np.log(now) - entropy(now))
        order = np.argsort(distance, kind="stable")
        last = int(np.searchsorted(np.cumsum(now[order]), p, side="right"))
        mask = np.zeros(len(logits), bool)
        mask[order[: last + 1]] = True
        return np.where(mask, logits, -np.inf)

    return cut


def below(bound: Callable[[Figures], float]) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        now = softmax(logits)
        return keep(logits, now >= bound(now))

    return cut


def top_n_sigma(n: float) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        alive = logits[np.isfinite(logits)]
        return keep(logits, logits >= alive.max() - n * alive.std())

    return cut


def tfs_z(z: float) -> Callable[[Figures], Figures]:
    def cut(logits: Figures) -> Figures:
        now = softmax(logits)
        falling = np.concatenate([np.sort(now)[::-1], [0.0, 0.0]])
        spent = np.cumsum(np.abs(np.diff(falling, n=2)))
        first = int(np.searchsorted(spent, z * spent[-1], side="right"))
        return keep(logits, now >= falling[first]) if first < len(spent) else logits

    return cut


def xtc(logits: Figures, threshold: float) -> Figures:
    if np.isfinite(logits).sum() < 2:
        return logits
    order = np.argsort(-logits, kind="stable")
    above = order[softmax(logits)[order] >= threshold]
    left = logits.copy()
    left[above[:-1]] = -np.inf
    return left


def smoothing(logits: Figures, values: Mapping[str, float]) -> Figures:
    factor, curve = values["smoothing_factor"], values["smoothing_curve"]
    distance = np.where(np.isfinite(logits), logits.max() - logits, 0.0)
    bent = logits.max() - factor * distance**2 * ((3 - curve) / 2 + (curve - 1) / 2 * distance)
    return np.where(np.isfinite(logits), bent, -np.inf)


def temperature(logits: Figures, size: int, values: Mapping[str, float]) -> Figures:
    value, spread = values.get("temperature", 1.0), values.get("dynatemp_range", 0.0)
    if spread > 0:
        if size <= 1:
            return logits
        lowest = max(0.0, value - spread)
        share = entropy(softmax(logits)) / np.log(size)
        value = lowest + (value + spread - lowest) * max(0.0, share) ** values.get("dynatemp_exponent", 1.0)
    if value <= 0:
        return keep(logits, np.zeros(len(logits), bool))
    return logits / value


CUTS: dict[str, Callable[[float], Callable[[Figures], Figures]]] = {
    "top_k": top_k,
    "top_p": top_p,
    "typical_p": typical_p,
    "min_p": lambda p: below(lambda now: p * float(now.max())),
    "top_a": lambda a: below(lambda now: a * float(now.max()) ** 2),
    "epsilon_cutoff": lambda epsilon: below(lambda now: epsilon),
    "eta_cutoff": lambda eta: below(lambda now: min(eta, float(np.sqrt(eta) * np.exp(-entropy(now))))),
    "top_n_sigma": top_n_sigma,
    "tfs_z": tfs_z,
}
