"""How unevenly scores fill their scale: bins whose edges are spelt out, and measures with bootstrap intervals.

Letters: N images · K bins · R resamples. Counts are (K,) or (R, K); every measure works along the last axis.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from aeslib.checks import MIN_VALUES, as_floats, check_resampling
from aeslib.errors import ParameterError
from aeslib.seeding import numpy_generator

Array = np.ndarray
LEFT, RIGHT = -np.inf, np.inf
"""Values of `Bins.turn`: every bin closed on the left, [a, b), or on the right, (a, b]."""


@dataclass(frozen=True)
class Bins:
    """Bins between edges, with the rule for scores that lie exactly on an edge. Both outer edges are included."""

    edges: tuple[float, ...]
    turn: float = LEFT
    """Scores on an inner edge up to `turn` fall into the bin below that edge, on a later edge into the bin above."""
    precision: Literal["float64", "float32"] = "float64"
    """How scores are stored before they are compared: float32(0.7) is below 0.7, float32(0.3) above 0.3."""

    def __post_init__(self) -> None:
        if len(self.edges) < 2 or any(not a < b for a, b in pairwise(self.edges)):
            raise ParameterError(f"edges are {_list(self.edges)}; expected two or more numbers, each above the last.")

    def labels(self) -> list[str]:
        """K intervals as text: a square bracket includes its edge, a round one leaves it out."""
        last = len(self.edges) - 2
        return [
            f"{'(' if k > 0 and a <= self.turn else '['}{a:g}, {b:g}{']' if k == last or b <= self.turn else ')'}"
            for k, (a, b) in enumerate(pairwise(self.edges))
        ]

    def place(self, scores: Array) -> Array:
        """(N,) which bin, 0 … K − 1, each score falls into.

        Raises:
            ParameterError: when a score is not a number or lies outside the edges.
        """
        scores = (
            as_floats(scores, "scores").round(9).astype(self.precision).astype(float)
        )  # 0.3 * 10 is 3, not 3 + 4e-16
        outside = ~((scores >= self.edges[0]) & (scores <= self.edges[-1]))
        if outside.any():
            raise ParameterError(
                f"{outside.sum()} of {scores.size} scores lie outside the edges {self.edges[0]:g} … {self.edges[-1]:g}"
                f", the first is {scores[outside][0]:g}; widen the edges or rescale the scores."
            )
        inner = np.array(self.edges[1:-1])
        below, above = inner[inner <= self.turn], inner[inner > self.turn]
        return np.searchsorted(below, scores, side="left") + np.searchsorted(above, scores, side="right")

    def count(self, scores: Array) -> Array:
        """(K,) how many scores each bin holds."""
        return np.bincount(self.place(scores), minlength=len(self.edges) - 1)


def _list(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "none"


def parse_edges(text: str) -> tuple[float, ...]:
    """Edges typed by a reader, "0, 2, 3.5"; `ParameterError` names the word that is not a number."""
    words = text.replace(",", " ").split()
    for word in words:
        try:
            float(word)
        except ValueError:
            raise ParameterError(f"edge {word!r} is not a number; write edges as 0, 2, 3.5.") from None
    return tuple(map(float, words))


def gini(counts: Array) -> Array:
    """Gini index: 0 when all bins hold the same, (K − 1) / K when one holds everything."""
    ordered = np.sort(np.asarray(counts, float), axis=-1)
    k = ordered.shape[-1]
    return ordered @ (2 * np.arange(1, k + 1) - k - 1) / (k * ordered.sum(-1))


def entropy(counts: Array) -> Array:
    """Shannon entropy as a share of its maximum ln K: 1 when all bins hold the same, 0 when one holds everything."""
    share = np.asarray(counts, float) / np.sum(counts, axis=-1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return -(share * logs).sum(-1) / np.log(share.shape[-1])


def tail_share(counts: Array, *, bins: int = 2) -> Array:
    """Share of images in the `bins` lowest and the `bins` highest bins."""
    counts = np.asarray(counts, float)
    if not 0 < 2 * bins < counts.shape[-1]:
        raise ParameterError(f"tails of {bins} bins at each end do not fit into {counts.shape[-1]} bins.")
    return (counts[..., :bins].sum(-1) + counts[..., -bins:].sum(-1)) / counts.sum(-1)


def ratio(counts: Array) -> Array:
    """Largest over smallest bin; infinite when a bin is empty."""
    counts = np.asarray(counts, float)
    smallest = counts.min(-1)
    return np.divide(counts.max(-1), smallest, out=np.full_like(smallest, np.inf), where=smallest > 0)


SHOTS = ("many", "medium", "few")
"""Parts of the scale by the number of training images, from the most to the fewest."""


def shots(counts: Array) -> Array:
    """Name the part of the scale that each bin belongs to by its training images.

    "few" holds less than a sixth of what a bin would hold were all alike, "many" more than five sixths, "medium" the
    rest. [yang2021delving] cuts at 20 and 100 images a bin; AgeDB-DIR has 120 on average (12,208 images, 102 ages), so
    that these shares are the same cuts at any size. Bins without training images are "few".

    Args:
        counts: (K,) training images in each bin.

    Returns:
        (K,) names from `SHOTS`.

    Raises:
        ParameterError: when no bin holds an image.
    """
    counts = as_floats(counts, "counts")
    if counts.sum() == 0:
        raise ParameterError("no images in any bin: no part of the scale has more of them than another.")
    share = counts / counts.mean()
    return np.select([share > 5 / 6, share >= 1 / 6], ["many", "medium"], "few")


MEASURES: dict[str, Callable[[Array], Array]] = {
    "Gini": gini,
    "entropy": entropy,
    "tail share": partial(tail_share, bins=2),
    "max / min": ratio,
}
"""Name in tables and figures → measure."""


def measure(counts: Array, *, resamples: int = 1000, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
    """All measures of one histogram with percentile bootstrap intervals.

    Drawing N images with replacement and binning them is one multinomial draw of the counts, so no image is touched.

    Args:
        counts: (K,) images per bin.
        resamples: R.
        seed: of the resampling.
        level: coverage of the intervals.

    Returns:
        A row per measure; columns value, low, high. The ends are NaN for fewer than `MIN_VALUES` images.

    Raises:
        ParameterError: for counts that are none, and for `resamples` or `level` that cannot be used.
    """
    check_resampling(resamples, level)
    counts = as_floats(counts, "counts")
    off = np.flatnonzero(~((counts >= 0) & (counts == np.round(counts)) & np.isfinite(counts)))
    if off.size:
        raise ParameterError(f"counts[{off[0]}] is {counts[off[0]]:g}; expected images per bin, whole numbers from 0.")
    if counts.sum() == 0:
        raise ParameterError("no images in any bin: imbalance of nothing is not defined.")
    draws = numpy_generator(seed).multinomial(int(counts.sum()), counts / counts.sum(), size=resamples)
    tails_of = partial(np.quantile, q=[(1 - level) / 2, (1 + level) / 2], method="closest_observation")
    few = counts.sum() < MIN_VALUES
    rows = {
        name: [float(of(counts)), *(tails_of(of(draws)) if not few else (np.nan, np.nan))]
        for name, of in MEASURES.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"]).rename_axis("measure")
