"""Does the network predict over the whole scale? As the paper counts (mtcnn Tables 3 and 9), and image by image."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aeslib.imbalance import Bins


@dataclass(frozen=True)
class Coverage:
    """What lies within the range of the predictions."""

    low: float
    high: float
    """Lowest and highest prediction."""
    bins: float
    """Share of images in score intervals that the range touches, however little: the paper's count."""
    images: float
    """Share of images whose true score lies within the range."""
    touched: tuple[bool, ...]
    """Interval by interval."""


def touched(low: float, high: float, bins: Bins) -> tuple[bool, ...]:
    """Which intervals have more than an edge in common with the range `low` to `high`."""
    return tuple(bool(high > a and low < b) for a, b in pairwise(bins.edges))


def coverage(truth: np.ndarray, pred: np.ndarray, bins: Bins) -> Coverage:
    """Coverage of true scores (N,) by the range of predictions (N,), for the paper's count in these intervals."""
    low, high = float(pred.min()), float(pred.max())
    reached = touched(low, high, bins)
    within = float(((truth >= low) & (truth <= high)).mean())
    return Coverage(low, high, float(bins.count(truth)[list(reached)].sum() / len(truth)), within, reached)
