"""Tables of the chapters of `aesmamba` from the arrays of their runs: intervals, paired changes, leads.

Letters: S seeds · N test images · K attributes · R resamples. Every correlation is resampled once; averages and
differences are taken of those draws, so that all are paired over images and seeds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aeslib.aesmamba.mba import CLASSES, score_classes
from aeslib.metrics import STATISTICS, Interval, Statistic, interval, over_seeds, weighted_accuracy, weighted_mean
from aeslib.published import table as published_table
from aeslib.published import wide
from aeslib.studies.effects import Draws, columns_of, drawn, sentence

METRICS: dict[str, Statistic] = {name: STATISTICS[name] for name in ("PLCC", "SRCC")}
SHOWN = {"aesthetic": "Aesthetic", "quality": "Quality", "composition": "Composition", "color": "Color", "dof": "DoF",
         "light": "Light", "content": "Content", "contentPreference": "Preference",
         "willingnessToShare": "Share"}  # fmt: skip
"""Attributes → their name in Table 3."""
FEWEST = 10
"""Test images that a class needs for a correlation of its own (Figure 7)."""


def with_accuracy(threshold: float) -> dict[str, Statistic]:
    """Return PLCC, SRCC and Accuracy, the percentage of images on the right side of `threshold` (Tables 1 and 2)."""

    def accuracy(pred: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return 100 * weighted_accuracy(pred, truth, weights, threshold=threshold)

    return METRICS | {"Accuracy": accuracy}


def with_published(
    table: pd.DataFrame, item: str, *, rows: Mapping[str, str] | None = None, groups: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return `table` with the published number beside each cell, followed by the published rows that were not run.

    Args:
        table: results with the columns group, row and metric.
        item: key of the published table, such as "aesmamba.T1".
        rows: published row name -> name of the same row in `table`, where they differ.
        groups: the same for the names of groups.
    """
    keys = ["group", "row", "metric"]
    names = {"column": "metric", "value": "published", "std": "published std"}
    numbers = (
        published_table(item).replace({"row": dict(rows or {}), "group": dict(groups or {})}).rename(columns=names)
    )
    numbers = numbers[[*keys, "published", "published std"]].dropna(subset="published").dropna(axis=1, how="all")
    here = table.drop(columns="published", errors="ignore").merge(numbers, on=keys, how="left", validate="one_to_one")
    others = numbers.merge(table[keys], on=keys, how="left", indicator=True)
    others = others[others["_merge"] == "left_only"].drop(columns="_merge")
    return pd.concat([here, others], ignore_index=True)


def printed_leads(item: str, row: str) -> pd.DataFrame:
    """Return by how much the paper's own numbers put `row` ahead of the best other method.

    Args:
        item: key of the published table, such as "aesmamba.T1".
        row: the method, such as "AesMamba-V".

    Returns:
        One line per group and metric with the columns group, metric, published, next best, its value and lead.
    """
    cells = published_table(item).dropna(subset="value")
    lines = []
    for (group, metric), block in cells.groupby(["group", "column"], sort=False):
        values = block.set_index("row")["value"]
        others = values.drop(row, errors="ignore")
        if row in values and len(others):
            best = str(others.idxmax())
            lines.append({"group": group, "metric": metric, "published": values[row], "next best": best,
                          "its value": others[best], "lead": round(values[row] - others[best], 4)})  # fmt: skip
    return pd.DataFrame(lines)


def leads(found: Draws, row: str, rivals: Sequence[str], group: str) -> pd.DataFrame:
    """How far `row` is ahead of each rival, paired: columns row, rival, metric, change … , seeds, group."""
    made = []
    for rival in rivals:
        for metric in dict.fromkeys(m for _, m in found):
            lead = interval(found[row, metric], found[rival, metric])
            seeds = len(found[row, metric])
            made.append({"row": row, "rival": rival, "metric": metric, **columns_of(lead, seeds), "seeds": seeds,
                         "group": group})  # fmt: skip
    return pd.DataFrame(made).round(4)


def lead_sentences(table: pd.DataFrame) -> list[str]:
    """Return an `effects.sentence` for every line of a table of `leads`, in its order."""
    columns = ["group", "metric", "row", "rival", "change", "change low", "change high", "seeds"]
    return [
        sentence(f"{metric} ({group}), {row} against {rival}", Interval(change, low, high), int(seeds))
        for group, metric, row, rival, change, low, high, seeds in table[columns].itertuples(index=False, name=None)
    ]


def by_attribute(
    rows: Mapping[str, np.ndarray], truth: np.ndarray, names: Sequence[str], resamples: int
) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """Published name of each attribute → its draws, and under "Average" those of the mean correlation.

    Args:
        rows: name → (S, N, K) predictions.
        truth: (N, K).
        names: of the K attributes.
        resamples: R.
    """
    made = {
        SHOWN[name]: drawn({row: pred[:, :, k] for row, pred in rows.items()}, truth[:, k], resamples, METRICS)
        for k, name in enumerate(names)
    }
    made["Average"] = {key: np.mean([one[key] for one in made.values()], axis=0) for key in next(iter(made.values()))}
    return made


def recomputed_averages() -> pd.DataFrame:
    """Return the printed averages of Table 3 beside the means of the nine printed columns."""
    names = list(SHOWN.values())
    blocks = {name: wide("aesmamba.T3", name) for name in (*names, "Average")}
    made = []
    for row in blocks["Average"].index:
        for metric in METRICS:
            cells = [blocks[name].loc[row, metric] for name in names]
            printed = blocks["Average"].loc[row, metric]
            if np.isfinite([*cells, printed]).all():
                mean = float(np.mean(cells))
                agrees = abs(mean - printed) <= 0.0005 + 1e-9
                made.append({"row": row, "metric": metric, "printed": printed, "mean of nine": round(mean, 4),
                             "verdict": "exact" if agrees else "contradicted"})  # fmt: skip
    return pd.DataFrame(made)


# --- the weight of the class loss, and the control for balancing (Figure 6) ---


def by_weight(val: Mapping[float, np.ndarray], truth: np.ndarray) -> pd.DataFrame:
    """Return the validation SRCC of each weight of the class loss; the highest is chosen, of equal ones the first.

    Args:
        val: λ → (S, V, K) predictions on validation images.
        truth: (V, K).

    Returns:
        Columns weight, SRCC (mean over seeds and attributes) and chosen.
    """
    srcc, one = METRICS["SRCC"], np.ones((1, len(truth)))
    means = [np.mean([srcc(p, t, one) for row in pred for p, t in zip(row.T, truth.T, strict=True)])
             for pred in val.values()]  # fmt: skip
    return pd.DataFrame({"weight": list(val), "SRCC": means, "chosen": np.arange(len(means)) == np.argmax(means)})


def balanced_accuracy(pred: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) mean over the classes of the share of a class's images that are predicted as it, under weights (R, N)."""
    shares = [weighted_mean((pred[truth == c] == c).astype(float), weights[:, truth == c]) for c in np.unique(truth)]
    return np.nanmean(shares, axis=0)


def error_of_classes(key: str, classes: Sequence[int]) -> Statistic:
    """Return the mean absolute error on images whose true score lies in one of `classes` of the data set `key`."""

    def error(pred: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        inside = np.isin(score_classes(key, truth), classes)
        return weighted_mean(np.abs(pred - truth)[inside], weights[:, inside])

    return error


# --- classes (Figure 7) ---


def by_class(
    models: Mapping[str, np.ndarray], truth: np.ndarray, train: np.ndarray, names: Sequence[str], *, key: str = "para"
) -> pd.DataFrame:
    """SRCC within each score class of each attribute, relative to model A, against the class's share in training.

    Args:
        models: "A", "B" and "C" → (S, N, K) predictions.
        truth: (N, K) test scores.
        train: (M, K) training scores.
        names: of the attributes.
        key: data set, whose classes are meant.

    Returns:
        Columns attribute, class, share, images, model, seed, relative: (SRCC − SRCC_A) / |SRCC_A|. Classes with fewer
        than `FEWEST` test images, and those that A ranks at zero, are left out.
    """
    made = []
    classes, known = score_classes(key, truth), score_classes(key, train)
    srcc = METRICS["SRCC"]
    for k, name in enumerate(names):
        for c, label in enumerate(CLASSES[key].labels()):
            rows = classes[:, k] == c
            if rows.sum() < FEWEST:
                continue
            one = np.ones((1, int(rows.sum())))
            found = {
                m: np.array([srcc(p[rows, k], truth[rows, k], one)[0] for p in pred]) for m, pred in models.items()
            }
            share = float((known[:, k] == c).mean())
            made += [
                {"attribute": SHOWN[name], "class": label, "share": share, "images": int(rows.sum()), "model": m,
                 "seed": s, "relative": (found[m][s] - a) / abs(a)}
                for m in models if m != "A" for s, a in enumerate(found["A"]) if abs(a) > 1e-9
            ]  # fmt: skip
    return pd.DataFrame(made)


def trends(points: pd.DataFrame) -> pd.DataFrame:
    """Least-squares line of the relative change against the share (per 10 %), for each model; Student's over seeds.

    A relative change explodes where A is near zero, so points are cut at ±1 (±100 %) before the line is fitted.
    """
    made = []
    for model, own in points.assign(relative=points["relative"].clip(-1, 1)).groupby("model"):
        fits = np.array([np.polyfit(one["share"], one["relative"], 1) for _, one in own.groupby("seed")])
        slope, height = over_seeds(fits[:, 0] / 10), over_seeds(fits[:, 1])
        rare, common = (own[own["share"] < 0.1], own[own["share"] >= 0.1])
        made.append({"model": model, "slope per 10 %": slope.value, "low": slope.low, "high": slope.high,
                     "at share 0": height.value, "median of rare classes": rare["relative"].median(),
                     "median of others": common["relative"].median(), "seeds": len(fits)})  # fmt: skip
    return pd.DataFrame(made).round(4)
