"""Tables of the chapter that lays all methods side by side: paired changes, and what a part does on each network."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from aeslib.metrics import STATISTICS, Statistic, interval, weighted_mean
from aeslib.studies.effects import drawn, lines
from aeslib.studies.together import MODULES, NETWORKS


def mean_error(pred: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) mean absolute errors under weights (R, N)."""
    return weighted_mean(np.abs(pred - truth), weights)


METRICS: dict[str, Statistic] = {**STATISTICS, "MAE": mean_error}
GROWS = ("PLCC", "SRCC")
"""Those of which more is better."""
SHOWN = ["row", "metric", "here", "low", "high", "change", "change low", "change high", "outcome"]


def outcome(metric: str, change: float, low: float, high: float, seeds: int) -> str:
    """Whether a paired change excludes zero: "better" or "worse", else "open"; one seed is never enough."""
    if seeds < 2 or not (low > 0 or high < 0):
        return "open"
    return "better" if (change > 0) == (metric in GROWS) else "worse"


def compared(methods: Mapping[str, np.ndarray], truth: np.ndarray, resamples: int, *, base: str) -> pd.DataFrame:
    """A line per method and metric.

    Args:
        methods: row → (S, N) scores, the same seeds for all.
        truth: (N,) on the same axis.
        resamples: behind each interval.
        base: the row that all are compared with.

    Returns:
        `SHOWN`; values and changes with 95 % intervals over pictures and seeds.
    """
    table = lines(drawn(methods, truth, resamples, METRICS), base=base)
    columns = ["metric", "change", "change low", "change high", "seeds"]
    told = [outcome(*row) for row in table[columns].itertuples(index=False, name=None)]
    return table.assign(outcome=np.where(table["row"] == base, "", told))[SHOWN]


def combined(
    preds: Mapping[tuple[str, str], np.ndarray], truth: np.ndarray, resamples: int, metric: str = "SRCC"
) -> pd.DataFrame:
    """What each part changes on each network that was trained with it and without it.

    Args:
        preds: (network, modules) → (S, N) scores; those without a part are under (network, "").
        truth: (N,).
        resamples: behind each interval.
        metric: one of `METRICS`.

    Returns:
        network, module (their names in tables), change, low, high, outcome.
    """
    found = drawn(preds, truth, resamples, {metric: METRICS[metric]})  # type: ignore[arg-type]
    rows = []
    for module, network in product(MODULES, NETWORKS):
        if module and (network, module) in preds:
            with_it, without = (((network, name), metric) for name in (module, ""))
            change = interval(found[with_it], found[without])  # type: ignore[index]
            told = outcome(metric, change.value, change.low, change.high, len(preds[network, module]))
            rows.append((NETWORKS[network], MODULES[module], change.value, change.low, change.high, told))
    return pd.DataFrame(rows, columns=["network", "module", "change", "low", "high", "outcome"])
