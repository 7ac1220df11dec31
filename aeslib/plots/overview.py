"""The project at a glance: which items are done, how claims came out, what a data set unlocks, where scores lie."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from aeslib.metrics import Interval
from aeslib.plots.style import BLUE, BROWN, GREEN, GREY, HERE, ORANGE, RED, SKY, TAIL, draw_intervals, finish

VERDICT_COLOURS = {
    "exact": BLUE, "holds here": GREEN, "inconclusive": ORANGE, "not testable at this size": SKY,
    "does not hold here": BROWN, "contradicted": RED,
    "needs data": GREY,
}  # fmt: skip


def figure_items(items: pd.DataFrame) -> Figure:
    """One square per item, a row per paper: filled when a run regenerates it, hollow when it is to come.

    Args:
        items: the index of items (columns paper, kind, number, status).
    """
    papers = list(items["paper"].unique())
    fig, ax = plt.subplots(figsize=(9, 0.6 + 0.4 * len(papers)))
    place = items.groupby("paper", sort=False).cumcount()
    done = items["status"] == "done"
    for x, item, filled in zip(place, items.itertuples(), done, strict=True):
        y = papers.index(item.paper)
        ax.add_patch(plt.Rectangle((x, y - 0.4), 0.86, 0.8, facecolor=HERE if filled else "white", edgecolor=HERE))
        ink, name = "white" if filled else "black", f"{str(item.kind)[0].upper()}{item.number}"
        ax.text(x + 0.43, y, name, ha="center", va="center", fontsize=7, color=ink)
    ax.set(xlim=(-0.2, place.max() + 1.1), ylim=(len(papers) - 0.4, -0.6), title=f"{done.sum()} of {len(items)} done")
    ax.set_yticks(range(len(papers)), papers)
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return finish(fig)


def figure_verdicts(counts: pd.DataFrame) -> Figure:
    """Claims by verdict, a bar per paper.

    Args:
        counts: a row per paper, a column per verdict.
    """
    fig, ax = plt.subplots(figsize=(7.5, 1.1 + 0.36 * len(counts)))
    left = np.zeros(len(counts))
    for verdict in [name for name in VERDICT_COLOURS if name in counts]:
        bars = ax.barh(counts.index, counts[verdict], left=left, color=VERDICT_COLOURS[verdict], label=verdict)
        shown = [str(count) if count else "" for count in counts[verdict]]
        ax.bar_label(bars, shown, label_type="center", color="white", fontsize=7.5, fontweight="bold")
        left += counts[verdict].to_numpy()
    ax.invert_yaxis()
    ax.set(xlabel="claims")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(counts.columns), fontsize=8, columnspacing=1)
    ax.grid(axis="y", visible=False)
    return finish(fig)


def figure_matrix(counts: pd.DataFrame, *, title: str) -> Figure:
    """Whole numbers as a grid of shaded cells; zeros are left blank."""
    fig, ax = plt.subplots(figsize=(1.8 + 0.95 * counts.shape[1], 0.9 + 0.27 * len(counts)))
    ax.imshow(counts.where(counts > 0), aspect="auto", cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts.to_numpy()):
        if count:
            ink = "white" if count > 0.6 * counts.to_numpy().max() else "black"
            ax.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=8)
    ax.set_xticks(range(counts.shape[1]), counts.columns)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(title=title)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return finish(fig)


def figure_scales(scores: Mapping[str, np.ndarray], ranges: Mapping[str, tuple[float, float]]) -> Figure:
    """Where mean scores lie, scales laid over each other: all, 90 % and half of the images, and the median.

    Args:
        scores: label → (N,) mean scores in native units.
        ranges: label → lowest and highest possible score.
    """
    fig, ax = plt.subplots(figsize=(7.5, 0.9 + 0.3 * len(scores)))
    for y, (label, values) in enumerate(scores.items()):
        low, high = ranges[label]
        least, p5, p25, p50, p75, p95, most = (_quantiles(values) - low) / (high - low)
        ax.plot([least, most], [y, y], color=GREY, lw=0.8)
        ax.plot([p5, p95], [y, y], color=SKY, lw=6, solid_capstyle="butt")
        ax.plot([p25, p75], [y, y], color=HERE, lw=6, solid_capstyle="butt")
        ax.plot(p50, y, "|", color="white", ms=9, mew=2)
        for end, value, side in ((0, low, "left"), (1, high, "right")):
            ax.annotate(f"{value:g}", (end, y), xytext=(0, 5), textcoords="offset points", ha=side, fontsize=7)
    ax.set_yticks(range(len(scores)), list(scores))
    ax.set(
        xlim=(-0.01, 1.01),
        ylim=(len(scores) - 0.5, -0.7),
        xlabel="share of the scale, from its lowest to its highest possible score",
    )
    ax.axvline(0.5, color=TAIL, lw=0.8, ls="--")
    ax.grid(axis="y", visible=False)
    return finish(fig)


def _quantiles(values: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])


def figure_inflation(inflated: Mapping[int, Interval]) -> Figure:
    """What choosing on the test set adds to SRCC, with intervals, by the number of test pictures."""
    sizes = list(inflated)
    value, low, high = (np.array([getattr(inflated[n], name) for n in sizes]) for name in ("value", "low", "high"))
    fig, ax = plt.subplots(figsize=(5, 3.2))
    draw_intervals(ax, sizes, value, low, high, color=BLUE, fmt="o-")
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xscale="log", xticks=sizes, xlabel="test pictures", ylabel="SRCC as reported − on other pictures")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    return finish(fig)
