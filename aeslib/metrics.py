"""How well predictions agree with scores, with intervals over images and over seeds.

Letters: N images · S seeds · R bootstrap resamples. Truth and predictions are in the same units.
Every statistic takes bootstrap weights (R, N), how often each image was drawn, so that an interval costs a few matrix
products and ties stay exact (mid-ranks of the resample, not of the original sample).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from aeslib.checks import MIN_VALUES, as_floats, check_finite, check_resampling
from aeslib.errors import ParameterError
from aeslib.seeding import numpy_generator

Array = np.ndarray
Statistic = Callable[[Array, Array, Array], Array]
"""(N,) predictions, (N,) truth, (R, N) weights → (R,) values."""
_ROUNDING = 1e-12
"""A variance that is less than this share of its own parts is rounding."""
_BLOCK = 48
"""Resamples whose ranks are worked out at once."""


class Correlation(float):
    """A correlation that says whether it had to be set to 0 because one side was constant."""

    constant: bool

    def __new__(cls, value: float, constant: bool = False) -> "Correlation":
        """The number `value`; `constant` marks that it is not a measurement."""
        made = super().__new__(cls, value)
        made.constant = constant
        return made


@dataclass(frozen=True)
class Interval:
    """A value with its interval; both ends are NaN where there were too few values for one."""

    value: float
    low: float
    high: float

    def __format__(self, form: str) -> str:
        form = form or ".3f"
        if np.isnan(self.low) or np.isnan(self.high):
            return f"{self.value:{form}} [no interval]"
        return f"{self.value:{form}} [{self.low:{form}}, {self.high:{form}}]"

    def __str__(self) -> str:
        return format(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0

    @property
    def mde(self) -> float:
        """Minimum detectable effect of a 95 % interval: 2.8 standard errors, found with 80 % power at the 5 % level.

        Half the interval is 1.96 standard errors. NaN without an interval.
        """
        return 2.8 / 1.96 * (self.high - self.low) / 2


@dataclass(frozen=True)
class TailError:
    """Mean absolute error on the lowest fifth, the middle and the highest fifth of the truth (elta 4.1)."""

    low: float
    middle: float
    high: float


def _checked(pred: ArrayLike, truth: ArrayLike) -> tuple[Array, Array]:
    pred, truth = as_floats(pred, "predictions"), as_floats(truth, "truth")
    if pred.shape != truth.shape or truth.ndim != 1:
        raise ParameterError(f"predictions have shape {pred.shape}, truth {truth.shape}; expected two equal (N,).")
    if truth.size == 0:
        raise ParameterError("no images: a metric of nothing is not defined.")
    for name, values in (("predictions", pred), ("truth", truth)):
        check_finite(values, name)
    return pred, truth


def _unit(values: Array) -> Array:
    """Return `values` divided by the power of two that brings the largest to 0.5 … 1: squares cannot overflow then.

    A power of two changes no digit, so that results stay the same to the last bit.
    """
    _, exponent = np.frexp(np.abs(values).max())
    return np.ldexp(values, -exponent)


def weighted_plcc(pred: Array, truth: Array, weights: Array) -> Array:
    """(R,) Pearson correlations of (N,) with (N,) under weights (R, N); constant sides give 0.

    Both sides are scaled first, so that huge and tiny values neither overflow nor vanish when they are squared.
    """
    x, y = _unit(pred), _unit(truth)
    x, y = x - x.mean(), y - y.mean()
    total, sx, sy, sxy, sxx, syy = (weights @ np.column_stack([np.ones_like(x), x, y, x * y, x * x, y * y])).T
    both, xx, yy = sxy - sx * sy / total, sxx - sx * sx / total, syy - sy * sy / total
    flat = (xx <= _ROUNDING * sxx) | (yy <= _ROUNDING * syy)
    result = np.where(flat, 0.0, both / np.sqrt(np.where(flat, 1.0, xx * yy))).clip(-1, 1)
    if flat.any() and np.ptp(x) and np.ptp(y):
        for r in np.flatnonzero(flat):
            result[r] = _drawn_plcc(x, y, weights[r])
    return result


def _drawn_plcc(x: Array, y: Array, weights: Array) -> float:
    """Return the weighted correlation of the values that one resample drew, scaled on their own; constant ones give 0.

    Next to a value that is a million times larger, and that the resample did not draw, theirs looked constant.
    """
    drawn = weights > 0
    w, sides = weights[drawn], [x[drawn], y[drawn]]
    if any(np.ptp(side) == 0 for side in sides):
        return 0.0
    a, b = (_unit(side - np.average(side, weights=w)) for side in sides)
    a, b = (side - np.average(side, weights=w) for side in (a, b))
    return float(np.clip(w @ (a * b) / np.sqrt((w @ (a * a)) * (w @ (b * b))), -1, 1))


class _Ranks:
    """Average ranks, less one half, of (N,) values in weighted resamples of them."""

    def __init__(self, values: Array) -> None:
        _, self.group = np.unique(values, return_inverse=True)
        self.order = np.argsort(self.group, kind="stable")
        self.starts = np.flatnonzero(np.diff(self.group[self.order], prepend=-1))
        self.tied = len(self.starts) < len(values)
        self.sorted = not self.tied and bool((self.order == np.arange(len(values))).all())

    def of(self, weights: Array) -> tuple[Array, Array]:
        """(N, R) ranks under weights (N, R), and (R,) their spread: the weighted sum of squares around their mean."""
        sizes = weights if self.sorted else weights[self.order]
        if self.tied:
            sizes = np.add.reduceat(sizes, self.starts, axis=0)
        ranks = sizes.cumsum(0)
        spread = (ranks[-1] ** 3 - np.einsum("nr,nr,nr->r", sizes, sizes, sizes)) / 12
        ranks -= sizes / 2
        return ranks if self.sorted else ranks[self.group], spread


def weighted_srcc(pred: Array, truth: Array, weights: Array) -> Array:
    """(R,) Spearman correlations with average ranks for ties, under integer weights (R, N); constant sides give 0.

    Ranks are those of the resample, not of the original sample. Samples are sorted by prediction once, and resamples
    taken a few at a time, which stay in the processor's cache.
    """
    order, made = np.argsort(pred, kind="stable"), []
    x, y = _Ranks(pred[order]), _Ranks(truth[order])
    for first in range(0, len(weights), _BLOCK):
        block = np.ascontiguousarray(weights[first : first + _BLOCK].T[order])
        (a, xx), (b, yy) = x.of(block), y.of(block)
        a *= block
        both = np.einsum("nr,nr->r", a, b) - block.sum(0) ** 3 / 4
        scale = np.sqrt(xx * yy)
        made.append(np.where(scale > 0, both / np.where(scale > 0, scale, 1.0), 0.0))
    return np.concatenate(made).clip(-1, 1)


def weighted_mean(values: Array, weights: Array) -> Array:
    """(R,) means of (N,) values under weights (R, N); NaN where all weights are 0."""
    total = weights.sum(1)
    return np.divide(weights @ values, total, out=np.full(len(total), np.nan), where=total > 0)


def weighted_accuracy(pred: Array, truth: Array, weights: Array, *, threshold: float) -> Array:
    """(R,) shares of images on the same side of `threshold`; positive iff strictly above (methods 0.3)."""
    return weighted_mean(((pred > threshold) == (truth > threshold)).astype(float), weights)


def segments(truth: Array, *, strict: bool = False) -> tuple[Array, Array, Array]:
    """Masks (N,) of low, middle and high truth, cut at its 20th and 80th percentile (elta 4.1).

    `strict` excludes the cut values and the extremes, as the released code does.
    """
    q20, q80 = np.percentile(truth, [20, 80])
    if strict:
        low, high = (truth > truth.min()) & (truth < q20), (truth > q80) & (truth < truth.max())
        return low, (truth > q20) & (truth < q80), high
    if q20 == q80:
        return np.zeros(truth.shape, bool), np.ones(truth.shape, bool), np.zeros(truth.shape, bool)
    low, high = truth <= q20, truth >= q80
    return low, ~(low | high), high


def weighted_segment_mae(pred: Array, truth: Array, weights: Array, *, part: int, strict: bool = False) -> Array:
    """(R,) mean absolute errors on one segment (0 low, 1 middle, 2 high); the cuts stay those of the full truth."""
    inside = segments(truth, strict=strict)[part].astype(float)
    total, wrong = (weights @ np.column_stack([inside, inside * np.abs(pred - truth)])).T
    return np.divide(wrong, total, out=np.full(len(total), np.nan), where=total > 0)


def weighted_masked_mae(pred: Array, truth: Array, weights: Array, *, inside: Array) -> Array:
    """(R,) mean absolute errors over the images where the (N,) mask `inside` is true; NaN where none is drawn."""
    return weighted_mean(np.abs(pred - truth)[inside], weights[:, inside])


def _correlation(statistic: Statistic, pred: Array, truth: Array) -> Correlation:
    pred, truth = _checked(pred, truth)
    constant = pred.min() == pred.max() or truth.min() == truth.max()
    return Correlation(0.0 if constant else float(statistic(pred, truth, np.ones((1, truth.size)))[0]), bool(constant))


def plcc(pred: Array, truth: Array) -> Correlation:
    """Pearson correlation; 0 with `.constant` set where one side does not vary."""
    return _correlation(weighted_plcc, pred, truth)


def srcc(pred: Array, truth: Array) -> Correlation:
    """Spearman correlation with average ranks (taskvec Eq 5 where there are no ties); constant sides as in `plcc`."""
    return _correlation(weighted_srcc, pred, truth)


def accuracy(pred: Array, truth: Array, threshold: float) -> float:
    """Share of images on the same side of `threshold` (AVA 5, PARA 3, AADB 0.5)."""
    pred, truth = _checked(pred, truth)
    if not np.isfinite(threshold):
        raise ParameterError(f"threshold is {threshold}; expected a finite score in the units of the truth.")
    return float(weighted_accuracy(pred, truth, np.ones((1, truth.size)), threshold=threshold)[0])


def tail_error(pred: Array, truth: Array, *, strict: bool = False) -> TailError:
    """elta's L, M and H; NaN for a segment without images."""
    pred, truth = _checked(pred, truth)
    one = np.ones((1, truth.size))
    parts = (float(weighted_segment_mae(pred, truth, one, part=k, strict=strict)[0]) for k in range(3))
    return TailError(*parts)


def emd_distance(pred: Array, truth: Array, *, r: int = 1) -> Array:
    """(N,) earth mover's distances between histograms (N, C); r = 1 is the one that is reported (methods 0.2)."""
    pred, truth = as_floats(pred, "predictions"), as_floats(truth, "truth")
    if pred.shape != truth.shape or pred.ndim != 2:
        raise ParameterError(f"histograms have shapes {pred.shape} and {truth.shape}; expected two equal (N, C).")
    if not r > 0:
        raise ParameterError(f"r is {r}; expected a positive order, 1 or 2.")
    check_finite(pred, "predictions")
    check_finite(truth, "truth")
    return (np.abs((pred - truth).cumsum(1)) ** r).mean(1) ** (1 / r)


STATISTICS: dict[str, Statistic] = {
    "PLCC": weighted_plcc,
    "SRCC": weighted_srcc,
    "L": partial(weighted_segment_mae, part=0),
    "M": partial(weighted_segment_mae, part=1),
    "H": partial(weighted_segment_mae, part=2),
}
"""Name in the papers' tables → statistic."""


def resample_weights(n: int, resamples: int, seed: int) -> Array:
    """(R, N) how often each of n images is drawn in each bootstrap resample."""
    return numpy_generator(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)


def bootstrap(
    statistic: Statistic,
    pred: Array,
    truth: Array,
    *,
    minus: Array | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a statistic, or of a paired difference, over images and over seeds.

    Args:
        statistic: one of `STATISTICS` or of the same form.
        pred: (N,) or (S, N) predictions, a row per training seed.
        truth: (N,).
        minus: the other method's predictions, the same shape and seeds: the interval is of pred − minus, paired.
        resamples: R.
        seed: of the resampling.
        level: coverage, a share.

    Returns:
        Mean over seeds with its interval. Seeds are drawn too; their spread is widened to what Student's t asks of
        S seeds, because a bootstrap of five values alone is too narrow. The ends are NaN where the statistic rests on
        fewer than `MIN_VALUES` images.

    Raises:
        ParameterError: for `resamples`, `level` or values that cannot be used, before anything is drawn.
    """
    check_resampling(resamples, level)
    draws = partial(resampled, statistic, truth=truth, resamples=resamples, seed=seed)
    return interval(draws(pred), None if minus is None else draws(minus), seed=seed, level=level)


def resampled(statistic: Statistic, pred: Array, truth: Array, *, resamples: int = 1000, seed: int = 0) -> Array:
    """Return (S, 1 + R) values of a statistic of (N,) or (S, N) predictions: on all images, then on every resample.

    The values on resamples are NaN where the statistic rests on fewer than `MIN_VALUES` images.
    """
    check_resampling(resamples)
    rows, truth = np.atleast_2d(as_floats(pred, "predictions")), as_floats(truth, "truth")
    for row in rows:
        _checked(row, truth)
    weights = _all_and_resamples(truth.size, resamples, seed)
    values = np.stack([statistic(row, truth, weights) for row in rows])
    if _support(statistic, truth) < MIN_VALUES:
        values[:, 1:] = np.nan
    return values


def _support(statistic: Statistic, truth: Array) -> int:
    """Return how many of the images a statistic looks at: those of its segment, or all."""
    if isinstance(statistic, partial) and statistic.func is weighted_segment_mae:
        part, strict = statistic.keywords["part"], statistic.keywords.get("strict", False)
        return int(segments(truth, strict=strict)[part].sum())
    if isinstance(statistic, partial) and statistic.func is weighted_masked_mae:
        return int(np.sum(statistic.keywords["inside"]))
    return truth.size


def _told(values: Array) -> str:
    return f"{len(values)} × {values.shape[1] - 1}"


@lru_cache(maxsize=4)
def _all_and_resamples(n: int, resamples: int, seed: int) -> Array:
    made = np.vstack([np.ones(n), resample_weights(n, resamples, seed)])
    made.flags.writeable = False
    return made


def interval(values: Array, minus: Array | None = None, *, seed: int = 0, level: float = 0.95) -> Interval:
    """Return what `bootstrap` does, for values (S, 1 + R) from `resampled`, or for means of such.

    Raises:
        ParameterError: for a `level` that is no share, or when there are other seeds or resamples on the two sides:
            nothing is paired then.
    """
    check_resampling(max(1, values.shape[1] - 1), level)
    if minus is not None:
        if minus.shape != values.shape:
            raise ParameterError(f"pairing needs equal seeds and resamples; got {_told(values)} and {_told(minus)}.")
        values = values - minus
    draws = values[:, 1:].mean(0) + _seed_noise(values[:, 0], values.shape[1] - 1, seed, level)
    empty = np.isnan(draws).all()
    low, high = (np.nan, np.nan) if empty else np.nanpercentile(draws, [50 - 50 * level, 50 + 50 * level])
    return Interval(float(values[:, 0].mean()), float(low), float(high))


def _seed_noise(values: Array, resamples: int, seed: int, level: float) -> Array:
    """(R,) deviations of the mean over resampled seeds, scaled to Student's t with S − 1 degrees of freedom."""
    count = len(values)
    if count < 2:
        return np.zeros(resamples)
    drawn = numpy_generator([seed, 1]).integers(0, count, (resamples, count))
    tail = 0.5 + level / 2
    widen = np.sqrt(count / (count - 1)) * stats.t.ppf(tail, count - 1) / stats.norm.ppf(tail)
    return (values - values.mean())[drawn].mean(1) * widen


def over_seeds(values: Array, level: float = 0.95) -> Interval:
    """Mean of (S,) values, one per seed, with Student's t interval (infinite for a single seed)."""
    check_resampling(1, level)
    values = as_floats(values, "values")
    if values.size == 0:
        raise ParameterError("no seeds: a mean of nothing is not defined.")
    if values.size < 2:
        return Interval(float(values.mean()), -np.inf, np.inf)
    half = stats.t.ppf(0.5 + level / 2, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return Interval(float(values.mean()), float(values.mean() - half), float(values.mean() + half))
