"""Losses on rating histograms that weigh the scale by the truth itself, and histograms from mean and spread.

Letters: B batch · C rating bins · p the true histogram · q the predicted one · r order of the norm. The paper's formula
is lost; A, B and C are the three readings that its text allows (methods 5.5).
"""

from typing import Literal

import numpy as np
from jaxtyping import Float
from torch import Tensor

from aeslib.errors import ParameterError, unknown
from aeslib.losses import check_histograms

Variant = Literal["A", "B", "C"]


def self_weighted_emd(
    pred: Float[Tensor, "B C"], target: Float[Tensor, "B C"], *, variant: Variant = "A", r: int = 2, eps: float = 1e-12
) -> Float[Tensor, " B"]:
    """Earth mover's distance whose steps count as much as people vote there (aestheticnet, self-weighted EMD).

    Args:
        pred: probabilities q over the C bins, rows summing to 1.
        target: p, the same, from the votes.
        variant: A: weights p inside the mean over bins; B: p sums to 1 already, no mean, which is C^(1/r) times A; C:
            an offset, 1 + p. A and B are blind where p is 0: there a wrong q costs nothing.
        r: order.
        eps: floor under the root, as in `aeslib.losses.emd`.

    Raises:
        ParameterError: when a row does not sum to 1, or for an unknown variant.
    """
    check_histograms(pred=pred, target=target)
    steps = (pred - target).cumsum(-1).abs().pow(r)
    if variant == "A":
        weighted = (target * steps).mean(-1)
    elif variant == "B":
        weighted = (target * steps).sum(-1)
    elif variant == "C":
        weighted = ((1 + target) * steps).mean(-1)
    else:
        raise unknown("variant", variant, ("A", "B", "C"))
    return (weighted + eps).pow(1 / r)


def histogram_of(mean: np.ndarray, std: np.ndarray, bins: np.ndarray, *, steps: int = 60) -> np.ndarray:
    """(N, C) histograms of greatest entropy with these means and standard deviations: p_k ∝ exp(a c_k + b c_k²).

    TID2013 gives only mean and spread ([talebi2018nima] 4; methods 5.6). Means are kept 0.05 inside the scale and
    variances above what two neighbouring bins need for that mean. Newton's method on the dual, all images at once.

    Args:
        mean: (N,) in the units of `bins`.
        std: (N,) above 0.
        bins: (C,) scores of the bins, evenly spaced.
        steps: of Newton's method at most.

    Raises:
        ParameterError: for shapes that differ, or a spread that is not above 0.
    """
    mean, std, bins = (np.asarray(values, float) for values in (mean, std, bins))
    if mean.shape != std.shape or mean.ndim != 1:
        raise ParameterError(f"means have shape {mean.shape}, deviations {std.shape}; expected two equal (N,).")
    if not (std > 0).all():
        raise ParameterError(f"the smallest standard deviation is {std.min():g}; expected all above 0.")
    unit = (bins - bins.mean()) / (bins[-1] - bins[0])  # within ±0.5, so that Newton's steps are well scaled
    wanted, var = _reachable(mean, std, bins)
    first = (wanted - bins.mean()) / (bins[-1] - bins[0])
    second = first**2 + var / (bins[-1] - bins[0]) ** 2
    powers = np.stack([unit, unit**2])  # (2, C)
    dual = np.zeros((len(mean), 2))
    goal = np.stack([first, second], 1)
    value = _potential(dual, powers, goal)
    for _ in range(steps):
        p = _softmax(dual @ powers)
        gap = p @ powers.T - goal  # (N, 2)
        if np.abs(gap).max(initial=0) < 1e-12:
            break
        centred = powers[None] - (p @ powers.T)[:, :, None]  # (N, 2, C)
        curve = np.einsum("nic,njc,nc->nij", centred, centred, p) + 1e-14 * np.eye(2)
        move, size = np.linalg.solve(curve, gap[:, :, None])[:, :, 0], np.ones(len(mean))
        for _ in range(30):  # halve the step of those that would climb
            trial = _potential(dual - size[:, None] * move, powers, goal)
            worse = ~(trial <= value + 1e-15)
            if not worse.any():
                break
            size[worse] /= 2
        size[worse] = 0
        dual -= size[:, None] * move
        value = _potential(dual, powers, goal)
    return _softmax(dual @ powers)


def _reachable(mean: np.ndarray, std: np.ndarray, bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances that a histogram on the bins can have."""
    step = bins[1] - bins[0]
    mean = mean.clip(bins[0] + 0.05 * step, bins[-1] - 0.05 * step)
    part = (mean - bins[0]) / step % 1
    least = part * (1 - part) * step**2  # of two neighbouring bins
    most = (mean - bins[0]) * (bins[-1] - mean)  # of the two ends
    return mean, (std**2).clip(least + 0.01 * (most - least), most - 0.01 * (most - least))


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _potential(dual: np.ndarray, powers: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """(N,) log-partition minus the linear term: convex, least where the moments are met."""
    x = dual @ powers
    top = x.max(1)
    return top + np.log(np.exp(x - top[:, None]).sum(1)) - (dual * goal).sum(1)


def moments(histogram: Float[Tensor, "B C"], bins: Float[Tensor, " C"]) -> tuple[Tensor, Tensor]:
    """(B,) means and (B,) variances of histograms (methods 0.1)."""
    mean = histogram @ bins
    return mean, (histogram * (bins - mean[:, None]).square()).sum(-1)


def floor_accuracy(truth: np.ndarray, threshold: float) -> float:
    """Accuracy of always answering "beautiful": the share of scores above the threshold."""
    return float(np.mean(np.asarray(truth) > threshold))
