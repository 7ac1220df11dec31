"""Pictures of the task-vector chapters.

Letters: n tasks · U users · S trials.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from aeslib.plots.style import (
    BLUE,
    BROWN,
    DIVERGING,
    GREEN,
    GREY,
    HERE,
    ORANGE,
    PURPLE,
    RED,
    SEQUENTIAL,
    SKY,
    draw_intervals,
    finish,
)

COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, BROWN)
KINDS = {"mixture": BLUE, "near": ORANGE, "none": GREEN, "": BLUE}
MARKS = {"mixture": "a mixture of criteria", "near": "near one criterion", "none": "of no known criterion", "": "users"}


def figure_sources(images: pd.Series, named: Mapping[str, bool], roles: Mapping[str, str]) -> Figure:
    """Images of each data set, by who can learn from it.

    Args:
        images: name → number of images.
        named: name → whether single raters are published (what meta-learning over users needs).
        roles: name → "training" or "test only".
    """
    fig, ax = plt.subplots(figsize=(7, 3.2))
    colours = [ORANGE if named[name] else BLUE for name in images.index]
    bars = ax.barh(images.index, images, color=colours)
    for bar, name in zip(bars, images.index, strict=True):
        bar.set_hatch("" if roles[name] == "training" else "///")
        bar.set_edgecolor("white")
    ax.bar_label(bars, [f"{n:,.0f}" for n in images], padding=3, fontsize=8)
    ax.set(xscale="log", xlabel="images (log scale)", xlim=(1000, 2e6))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(handles=[
        Patch(color=BLUE, label="mean scores only: task vectors"),
        Patch(color=ORANGE, label="single raters known: task vectors, meta-learning"),
        Patch(facecolor="white", edgecolor=GREY, hatch="///", label="kept for tests"),
    ], loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3, fontsize=7.5)  # fmt: skip
    return finish(fig)


def figure_zero_shot(srcc: pd.DataFrame) -> Figure:
    """Bars: a group per user (rows), a bar per task model (columns)."""
    fig, ax = plt.subplots(figsize=(7, 3))
    width, place = 0.8 / srcc.shape[1], np.arange(len(srcc))
    for k, (name, values) in enumerate(srcc.items()):
        ax.bar(place + (k - (srcc.shape[1] - 1) / 2) * width, values, width * 0.92, color=COLOURS[k], label=str(name))
    ax.axhline(0, color="black", lw=0.8)
    ax.set(ylabel="SRCC with the user's ratings")
    ax.set_xticks(place, srcc.index)
    ax.grid(axis="x", visible=False)
    ax.legend(title="model trained on", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(fig)


def figure_vectors(
    places: np.ndarray, names: Sequence[str], merged: Mapping[str, np.ndarray], explained: float
) -> Figure:
    """Task vectors from their start, in the plane that shows most of them, and where merging leads two users.

    Args:
        places: (n, 2) end points.
        names: of the tasks.
        merged: name → (2,) end point of that user's combination.
        explained: share of the squared lengths that the plane shows.
    """
    fig, ax = plt.subplots(figsize=(5.6, 4.4))
    for k, (name, (x, y)) in enumerate(zip(names, places, strict=True)):
        ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": COLOURS[k], "lw": 2})
        ax.annotate(name, (x, y), xytext=(5, 5), textcoords="offset points", color=COLOURS[k], weight="bold")
    ax.plot(0, 0, "ko", ms=6)
    ax.annotate("θ_pre", (0, 0), xytext=(-26, -14), textcoords="offset points")
    for mark, (name, (x, y)) in zip("s^Dv", merged.items(), strict=False):
        ax.plot(x, y, mark, color="black", ms=7, mfc="white", label=name)
    ends = np.vstack([places, [[0, 0]], *(np.atleast_2d(end) for end in merged.values())])
    room = 0.25 * np.ptp(ends, axis=0).max()
    (left, low), (right, high) = ends.min(0) - room, ends.max(0) + room
    ax.set(xlim=(left, right), ylim=(low, high), xlabel=f"plane that shows {explained:.0%} of the task vectors")
    ax.set_aspect("equal")
    ax.legend(fontsize=7.5, loc="lower right")
    return finish(fig)


def figure_cosines(cosines: np.ndarray, names: Sequence[str], band: tuple[float, float]) -> Figure:
    """Matrix of cosines with its numbers; the title tells the band of permuted vectors."""
    fig, ax = plt.subplots(figsize=(5.2, 4.4))
    shown = ax.imshow(cosines, cmap=DIVERGING, vmin=-1, vmax=1)
    for i, row in enumerate(cosines):
        for j, value in enumerate(row):
            ax.text(
                j,
                i,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if abs(value) > 0.6 else "black",
            )
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.grid(visible=False)
    fig.suptitle(" ", fontsize=6)  # room for a badge
    ax.set_title(f"permuted: {band[0]:+.3f} to {band[1]:+.3f} in 95 of 100", fontsize=8.5)
    fig.colorbar(shown, ax=ax, label="cosine of two task vectors")
    return finish(fig)


def figure_layers(by_layer: pd.DataFrame) -> Figure:
    """Mean cosine over pairs of tasks per layer with its range, and the band of permuted vectors.

    Args:
        by_layer: indexed by layer name in order of depth; columns mean, low, high, null low, null high.
    """
    fig, ax = plt.subplots(figsize=(7.5, 3.4))
    place = np.arange(len(by_layer))
    null = by_layer["null high"] - by_layer["null low"]
    ax.bar(place, null, 1, by_layer["null low"], color=GREY, alpha=0.35, lw=0, label="permuted, 95 %")
    ends = by_layer["low"], by_layer["high"]
    draw_intervals(ax, place, by_layer["mean"], *ends, color=HERE, size=4, label="mean and range over pairs")
    ax.axhline(0, color="black", lw=0.8)
    ax.set(ylabel="cosine", ylim=(-1, 1), xlim=(-0.5, len(by_layer) - 0.5))
    ax.set_xticks(place, by_layer.index, rotation=60, ha="right", fontsize=7)
    ax.legend(loc="upper left", ncols=2)
    return finish(fig)


def figure_gains(
    before: np.ndarray,
    after: np.ndarray,
    kind: np.ndarray,
    *,
    after_label: str,
    ylabel: str = "SRCC on their other pictures",
) -> Figure:
    """Each user's SRCC before and after, sorted by gain.

    Args:
        before: (U,) mean over the task models without training.
        after: (U,) of the personal models.
        kind: (U,) what the user's taste is made of.
        after_label: of the later points.
        ylabel: what is measured.
    """
    order = np.argsort(after - before)
    place = np.arange(len(order))
    fig, ax = plt.subplots(figsize=(max(5.0, 2.5 + 0.16 * len(order)), 3.2))
    up = (after > before)[order]
    ax.vlines(place, before[order], after[order], color=np.where(up, SKY, RED), lw=2)
    ax.plot(place, before[order], "_", color="black", ms=7, label="mean of the six, no training")
    for name in dict.fromkeys(kind):
        chosen = kind[order] == name
        ax.plot(
            place[chosen], after[order][chosen], "o", color=KINDS[name], ms=5, label=f"{after_label}, {MARKS[name]}"
        )
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="users, by gain", ylabel=ylabel, xticks=[])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=7.5)
    return finish(fig)


def figure_scaling(table: pd.DataFrame, added: Sequence[str]) -> Figure:
    """SRCC against the number of data sets with intervals.

    Args:
        table: columns tasks, shots, here, low, high.
        added: names of the data sets in the order in which they come.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    for colour, mark, (shots, rows) in zip((BLUE, ORANGE), "os", table.groupby("shots"), strict=False):
        place = rows["tasks"] + (0.05 if mark == "s" else -0.05)
        ends, name = (rows["low"], rows["high"]), f"{shots} images"
        draw_intervals(ax, place, rows["here"], *ends, color=colour, fmt=f"{mark}-", label=name)
    ax.set(xlabel="data sets so far", ylabel="SRCC, mean over users")
    ax.set_xticks(range(1, len(added) + 1), [f"{k}\n+ {name}" for k, name in enumerate(added, 1)], fontsize=7.5)
    ax.legend(title="rated", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(fig)


def figure_relevance(zero: np.ndarray, alpha: np.ndarray, slope: float) -> Figure:
    """Counts of (SRCC of a task model without training, its learnt coefficient), all users and tasks."""
    fig, ax = plt.subplots(figsize=(5.2, 3.8))
    *_, shown = ax.hist2d(zero.ravel(), alpha.ravel(), bins=(24, 20), cmap=SEQUENTIAL, cmin=1)
    ax.set(xlabel="SRCC of the task model on the user's other pictures", ylabel="learnt coefficient, mean over layers")
    ax.set_title(f"rank correlation {slope:+.2f}", fontsize=9)
    fig.colorbar(shown, ax=ax, label="user-task pairs")
    return finish(fig)


def figure_rows(table: pd.DataFrame, columns: Sequence[str]) -> Figure:
    """Methods with intervals, one panel per number of rated images; published numbers as crosses.

    Args:
        table: columns row, metric, published, here, low, high.
        columns: the metrics shown, left to right.
    """
    names = list(dict.fromkeys(table["row"]))
    fig, axes = plt.subplots(1, len(columns), figsize=(4.2 * len(columns), 0.9 + 0.27 * len(names)), sharey=True)
    for ax, metric in zip(np.atleast_1d(axes), columns, strict=True):
        rows = table[table["metric"] == metric].set_index("row").reindex(names)
        place = np.arange(len(names))
        here = rows[["here", "low", "high"]].astype(float)
        draw_intervals(ax, place, here["here"], here["low"], here["high"], color=HERE, label="here", across=True)
        ax.plot(rows["published"], place, "x", color=GREY, ms=6, label="published")
        ax.set(xlabel=f"SRCC, {metric}", yticks=place, yticklabels=names)
        ax.grid(axis="y", visible=False)
    np.atleast_1d(axes)[0].invert_yaxis()
    np.atleast_1d(axes)[0].legend(loc="upper left", bbox_to_anchor=(0, 1.12 + 0.5 / len(names)), ncols=2, fontsize=8)
    return finish(fig)


def figure_curve(sizes: Sequence[int], curve: pd.DataFrame) -> Figure:
    """Learning curve of the Taste Lab: SRCC on pictures not yet rated, with its interval, and the crowd's."""
    fig, ax = plt.subplots(figsize=(5.2, 3))
    ax.fill_between(sizes, curve["low"], curve["high"], color=SKY, alpha=0.3, label="95 %")
    ax.plot(sizes, curve["here"], "o-", color=HERE, ms=4, label="personal")
    ax.plot(sizes, curve["crowd"], "--", color=GREY, label="crowd (mean of the six)")
    ax.set(xlabel="ratings so far", ylabel="SRCC")
    ax.legend(fontsize=8)
    return finish(fig)


def figure_weights(alpha: np.ndarray, names: Sequence[str]) -> Figure:
    """Which task vectors a taste is made of: the mean coefficient of each, and its spread over layers (n, L)."""
    fig, ax = plt.subplots(figsize=(5.2, 2.6))
    place = np.arange(len(names))
    ax.barh(place, alpha.mean(1), color=COLOURS[: len(names)])
    ax.plot(alpha, np.repeat(place[:, None], alpha.shape[1], 1), "|", color="black", ms=6, alpha=0.5)
    ax.axvline(0, color="black", lw=0.8)
    ax.set(xlabel="coefficient: mean (bar) and each layer (ticks)", yticks=place, yticklabels=names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    return finish(fig)
