"""Methods side by side: published numbers, ours with intervals, paired changes against a base, and verdicts by rule."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from aeslib.errors import unknown
from aeslib.metrics import STATISTICS, Interval, Statistic, interval, resampled
from aeslib.published import wide

HOLDS, FAILS, OPEN, BLIND = "holds here", "does not hold here", "inconclusive", "not testable at this size"
Draws = Mapping[tuple[str, str], np.ndarray]
"""(row, metric) → (S, 1 + R) values of `metrics.resampled`: means and differences of them are paired."""


def verdict(change: Interval, claimed: float, seeds: int) -> str:
    """What a paired change says about a claim.

    Args:
        change: with its interval.
        claimed: the change that is claimed; infinite where only its sign is known. NaN: nothing is claimed.
        seeds: one alone says nothing about another training, so it is never enough.

    Returns:
        "holds here" or "does not hold here" when the interval lies on one side of 0; else "not testable at this size"
        when the claimed change is smaller than the minimum detectable effect, and "inconclusive" when it is not; empty
        where nothing is claimed.
    """
    if np.isnan(claimed) or claimed == 0:
        return ""
    if seeds < 2 or not change.low <= change.high:
        return OPEN
    if not change.excludes_zero:
        return BLIND if change.mde > abs(claimed) else OPEN
    return HOLDS if (change.value > 0) == (claimed > 0) else FAILS


def columns_of(change: Interval, seeds: int) -> dict[str, float]:
    """Return the columns change, change low, change high and mde of a paired change; one seed has no `mde`."""
    return {"change": change.value, "change low": change.low, "change high": change.high,
            "mde": change.mde if seeds > 1 else np.nan}  # fmt: skip


def drawn(
    rows: Mapping[str, np.ndarray],
    truth: np.ndarray,
    resamples: int,
    metrics: Mapping[str, Statistic] = STATISTICS,
    seed: int = 0,
) -> dict[tuple[str, str], np.ndarray]:
    """All rows (S, N) by all metrics, on the same resamples of the (N,) truth."""
    return {
        (row, metric): resampled(statistic, pred, truth, resamples=resamples, seed=seed)
        for row, pred in rows.items()
        for metric, statistic in metrics.items()
    }


def effects(
    methods: Mapping[str, np.ndarray],
    truth: np.ndarray,
    *,
    base: str,
    item: str = "",
    group: str = "",
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """One line per method and metric.

    Args:
        methods: name of a row → (S, N) predictions of S seeds, the same seeds in the same order for all.
        truth: (N,) in the same units.
        base: the row that all are compared with.
        item: of the published table; rows are matched by name.
        group: its block.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Columns row, metric, published, here, low, high, seeds, published change, change, change low, change high,
        mde, verdict; intervals cover 95 % over images and seeds, changes are paired by both. `mde` is the minimum
        detectable effect of the change (`Interval.mde`); a single seed has none.
    """
    if base not in methods:
        raise unknown("row", base, methods)
    found = drawn(methods, truth, resamples, seed=seed)
    return lines(found, base=base, item=item, group=group, seed=seed).drop(columns="group")


def lines(found: Draws, *, base: str, item: str = "", group: str = "", seed: int = 0) -> pd.DataFrame:
    """What `effects` returns, of values `drawn` before; with the column group."""
    printed = wide(item, group) if item else pd.DataFrame()
    made = []
    for (row, metric), values in found.items():
        value = _cell(printed, row, metric)
        own = interval(values, seed=seed)
        line: dict[str, object] = {"row": row, "metric": metric, "published": value, "here": own.value, "low": own.low,
                                   "high": own.high, "seeds": len(values)}  # fmt: skip
        if row != base:
            claimed = value - _cell(printed, base, metric)
            change = interval(values, found[base, metric], seed=seed)
            line |= {"published change": claimed, **columns_of(change, len(values)),
                     "verdict": verdict(change, claimed, len(values))}  # fmt: skip
        made.append(line)
    return pd.DataFrame(made).assign(group=group).round(4)


def with_unequal(table: pd.DataFrame, unequal: pd.DataFrame) -> pd.DataFrame:
    """Return a table of `effects` with the changes of another one beside its own.

    Args:
        table: of rows that were all trained alike.
        unequal: the same rows and metrics as the paper compares them, where some are trained for longer.

    Returns:
        `table` with the columns unequal change, unequal low and unequal high.
    """
    by = ["group", "row", "metric"] if "group" in table else ["row", "metric"]
    ends = {"change": "unequal change", "change low": "unequal low", "change high": "unequal high"}
    return table.merge(unequal[[*by, *ends]].rename(columns=ends), on=by, how="left", validate="one_to_one")


def sentence(subject: str, change: Interval, seeds: int) -> str:
    """Return one line that says what a paired change shows, and no more.

    Args:
        subject: what changes against what, such as "SRCC, TFA against none".
        change: with its interval.
        seeds: behind it; one alone says nothing about another training.

    Returns:
        The subject, the numbers, and "above zero", "below zero" or "not shown" with the reason.
    """
    numbers = f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]".replace("-", "−")
    if not change.low <= change.high:
        told = "not shown: there is no interval"
    elif not change.excludes_zero:
        told = "not shown: the interval includes zero"
    elif seeds < 2:
        told = "not shown: one seed says nothing about another training"
    else:
        told = "above zero" if change.low > 0 else "below zero"
    return f"{subject}: {numbers}, {told}."


def sentences(table: pd.DataFrame, base: str, metrics: Sequence[str] = ()) -> list[str]:
    """Return a `sentence` for every paired change in a table of `effects`, in its order.

    Args:
        table: columns row, metric, change, change low, change high, seeds.
        base: the row that the changes are against.
        metrics: those told; none: all.
    """
    rows = table[(table["row"] != base) & (table["metric"].isin(metrics) if metrics else True)]
    return [
        sentence(f"{metric}, {row} against {base}", Interval(change, low, high), int(seeds))
        for row, metric, change, low, high, seeds in rows[
            ["row", "metric", "change", "change low", "change high", "seeds"]
        ].itertuples(index=False, name=None)
    ]


def ranking(found: Draws, metric: str = "SRCC", seed: int = 0) -> list[str]:
    """Return a `sentence` for each two rows that follow each other when ordered by a metric, the largest first.

    Args:
        found: values of `drawn`.
        metric: by which the rows are ordered.
        seed: of the intervals.
    """
    values = {row: draws for (row, name), draws in found.items() if name == metric}
    order = sorted(values, key=lambda row: -interval(values[row], seed=seed).value)
    return [
        sentence(f"{metric}, {a} against {b}", interval(values[a], values[b], seed=seed), len(values[a]))
        for a, b in pairwise(order)
    ]


def _cell(printed: pd.DataFrame, row: str, metric: str) -> float:
    return float(printed[metric].get(row, np.nan)) if metric in printed else np.nan


def readable(table: pd.DataFrame, value: str = "here") -> pd.DataFrame:
    """Rows against metrics, each cell "value [low, high]", for looking at."""
    low, high = ("low", "high") if value == "here" else (f"{value} low", f"{value} high")
    form = "+.3f" if value == "change" else ".3f"
    cells = [
        "" if np.isnan(v) else format(Interval(v, a, b), form)
        for v, a, b in zip(table[value], table[low], table[high], strict=True)
    ]
    grid = table.assign(cell=cells).pivot(index="row", columns="metric", values="cell")
    return grid.reindex(index=table["row"].unique(), columns=table["metric"].unique()).rename_axis(columns=None)


def rescaled(pred: np.ndarray, val: np.ndarray, val_truth: np.ndarray) -> np.ndarray:
    """(S, N) scores after the straight line that fits validation truth best by least squares, one per seed."""
    lines = [np.polyfit(v, val_truth, 1) for v in np.atleast_2d(val)]
    return np.stack([np.polyval(line, p) for line, p in zip(lines, np.atleast_2d(pred), strict=True)])


def stretched(pred: np.ndarray, val: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(S, N) scores stretched around their validation mean to the validation spread and mean of `wanted`.

    Args:
        pred: (S, N) to be stretched.
        val: (S, V) the same models on validation.
        wanted: (S, V) another model's scores on validation, or (V,) its labels.
    """
    wanted = np.broadcast_to(wanted, np.shape(val))
    scale = wanted.std(1, keepdims=True) / np.maximum(val.std(1, keepdims=True), 1e-12)
    return wanted.mean(1, keepdims=True) + (pred - val.mean(1, keepdims=True)) * scale
