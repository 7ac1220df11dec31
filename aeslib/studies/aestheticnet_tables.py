"""Tables of the chapters of `aestheticnet`. The paper's numbers are lost: ours stand alone, with paired changes.

Letters: S seeds · N test pictures.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from aeslib.metrics import (
    Statistic,
    interval,
    resampled,
    weighted_accuracy,
    weighted_mean,
    weighted_plcc,
    weighted_srcc,
)
from aeslib.profiles import Profile
from aeslib.published import LOST
from aeslib.studies.core import Results
from aeslib.studies.effects import columns_of, verdict

Arrays = Mapping[str, np.ndarray]
"""Name → (S, N) of one kind of run, as `judged` makes them."""


def _mean(values: np.ndarray, _: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weighted_mean(values, weights)


MEASURES: dict[str, tuple[str, str, Statistic, int]] = {
    "Accuracy": ("mean", "true_mean", partial(weighted_accuracy, threshold=5.0), 1),
    "EMD": ("emd2", "true_mean", _mean, -1),
    "EMD, r = 1": ("emd1", "true_mean", _mean, -1),
    "PLCC (mean)": ("mean", "true_mean", weighted_plcc, 1),
    "SRCC (mean)": ("mean", "true_mean", weighted_srcc, 1),
    "PLCC (var)": ("var", "true_var", weighted_plcc, 1),
    "SRCC (var)": ("var", "true_var", weighted_srcc, 1),
}
"""Name in the tables → predicted array, true array, statistic, and the sign of what is better."""
ARRAYS = ("mean", "var", "emd1", "emd2", "true_mean", "true_var")


def of(runs: Results, count: int | None = None, **config: object) -> dict[str, np.ndarray]:
    """(S, N) arrays of one kind of run, the first `count` seeds of it."""
    return {name: runs.stacked(name, **config)[:count] for name in ARRAYS}


def _draws(arrays: Arrays, metric: str, profile: Profile) -> np.ndarray:
    pred, truth, statistic, _ = MEASURES[metric]
    return resampled(statistic, arrays[pred], arrays[truth][0], resamples=profile.bootstrap)


def compared(
    kinds: Mapping[str, Arrays],
    profile: Profile,
    *,
    base: str = "",
    metrics: Sequence[str] = tuple(MEASURES),
    claimed: Sequence[str] = (),
) -> pd.DataFrame:
    """A line per kind and measure, in long form.

    Args:
        kinds: name of the row → its arrays; the same seeds and pictures for all that are compared with the base.
        profile: its number of resamples.
        base: the row that the others are compared with; empty: none.
        metrics: names of `MEASURES`.
        claimed: rows that the paper says are better than the base: they get a verdict.
    """
    made = []
    draws = {(row, metric): _draws(arrays, metric, profile) for row, arrays in kinds.items() for metric in metrics}
    for row, arrays in kinds.items():
        for metric in metrics:
            own = interval(draws[row, metric])
            line: dict[str, object] = {"row": row, "metric": metric, "published": LOST, "here": own.value,
                                       "low": own.low, "high": own.high, "seeds": len(arrays["mean"])}  # fmt: skip
            if base and row != base:
                change = interval(draws[row, metric], draws[base, metric])
                sign = MEASURES[metric][3] * np.inf if row in claimed else np.nan  # no size is printed
                seeds = len(arrays["mean"])
                line |= {**columns_of(change, seeds), "verdict": verdict(change, sign, seeds)}
            made.append(line)
    return pd.DataFrame(made).round(4)
