"""How scores and labels spread: histograms, class shares, attribute levels, correlations, measures of imbalance."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator, PercentFormatter

from aeslib.plots.style import BODY, GREY, HERE, ORANGE, SEQUENTIAL, TAIL, finish


def draw_counts(ax: Axes, counts: np.ndarray, labels: Sequence[str], *, tail: int = 2, log: bool = True) -> Axes:
    """Images per bin with the numbers on the bars; `tail` bins at each end in the tail's colour."""
    ends = (np.arange(len(counts)) < tail) | (np.arange(len(counts)) >= len(counts) - tail)
    bars = ax.bar(range(len(counts)), counts, width=0.86, color=np.where(ends, TAIL, BODY))
    short = [f"{count:,}" if count < 100_000 else f"{count / 1000:.0f}k" for count in counts]
    ax.bar_label(bars, short, padding=1, fontsize=6.5)
    ax.set_xticks(range(len(counts)), labels, rotation=35, ha="right", rotation_mode="anchor", fontsize=7.5)
    ax.set(ylabel="images", yscale="symlog" if log else "linear")
    ax.set_ylim(0, max(counts.max(), 1) * (4 if log else 1.12))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="x", visible=False)
    return ax


def figure_counts(panels: Mapping[str, np.ndarray], labels: Sequence[str], *, tail: int = 2) -> Figure:
    """One histogram a panel, two in a row, on a logarithmic scale so that the tails show."""
    rows = -(-len(panels) // 2)
    fig, axes = plt.subplots(rows, min(2, len(panels)), figsize=(8, 0.2 + 2.6 * rows), squeeze=False)
    for ax, (title, counts) in zip(axes.flat, panels.items(), strict=False):
        draw_counts(ax, counts, labels, tail=tail).set(title=title)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    fig.supxlabel("score bin: [ ] edge included, ( ) edge left out; the tails in orange", fontsize=8)
    return finish(fig)


def figure_shares(counts: pd.DataFrame, *, xlabel: str) -> Figure:
    """Share of each class, one bar a row of `counts` (columns: classes from low to high), with the percentages."""
    share = counts.div(counts.sum(axis=1), axis=0)
    fig, ax = plt.subplots(figsize=(7.5, 0.9 + 0.36 * len(share)))
    colours = plt.get_cmap(SEQUENTIAL)(np.linspace(0.05, 0.95, share.shape[1]))
    left = np.zeros(len(share))
    for colour, (label, part) in zip(colours, share.items(), strict=True):
        bars = ax.barh(share.index, part, left=left, color=colour, label=str(label), edgecolor="white", linewidth=0.5)
        ink = "white" if colour[:3] @ [0.299, 0.587, 0.114] < 0.5 else "black"
        ax.bar_label(
            bars, [f"{s:.0%}" if s >= 0.05 else "" for s in part], label_type="center", color=ink, fontsize=7.5
        )
        left += part.to_numpy()
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel=xlabel)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=share.shape[1], fontsize=8)
    ax.grid(visible=False)
    return finish(fig)


def figure_levels(levels: pd.DataFrame) -> Figure:
    """Images whose attribute is negative, null or positive, a row each, as lengths that can be compared."""
    fig, axes = plt.subplots(1, 3, figsize=(8, 3.2), sharey=True)
    for ax, (level, colour) in zip(axes, zip(levels, (TAIL, GREY, HERE), strict=True), strict=True):
        bars = ax.barh(levels.index, levels[level], color=colour)
        ax.bar_label(bars, [f"{count:,}" for count in levels[level]], padding=2, fontsize=7)
        ax.set(title=level, xlabel="images", xlim=(0, levels.to_numpy().max() * 1.22))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    return finish(fig)


def figure_correlations(here: pd.Series, published: pd.Series) -> Figure:
    """Rank correlation of the overall score with each attribute, longest bar first; printed values as diamonds."""
    here = here.sort_values()
    known = published.reindex(here.index).dropna()
    fig, ax = plt.subplots(figsize=(6, 0.9 + 0.28 * len(here)))
    bars = ax.barh(here.index, here, color=HERE, height=0.7, label="here")
    ax.bar_label(bars, [f"{rho:.3f}" for rho in here], padding=8, fontsize=7.5)
    ax.plot(known, known.index, "D", color=ORANGE, markeredgecolor="black", ms=6, label="published")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    ax.axvline(0, color="black", lw=0.8)
    ends = pd.concat([here, known, pd.Series(0.0)])
    ax.set(xlabel="Spearman's ρ with the overall score", xlim=(ends.min() * 1.25, ends.max() * 1.12))
    ax.grid(axis="y", visible=False)
    return finish(fig)


def figure_scores(scores: np.ndarray, *, threshold: float, width: float, xlabel: str) -> Figure:
    """Fine histogram of mean scores, split at the threshold that calls an image beautiful."""
    edges = np.arange(np.floor(scores.min()), np.ceil(scores.max()) + width / 2, width)
    fig, ax = plt.subplots(figsize=(6.5, 3))
    above = scores > threshold
    for part, colour, side in ((scores[~above], TAIL, "≤"), (scores[above], HERE, ">")):
        share = len(part) / len(scores)
        ax.hist(part, bins=list(edges), color=colour, alpha=0.85, label=f"mean {side} {threshold:g}: {share:.1%}")
    ax.axvline(threshold, color="black", lw=1, ls="--")
    ax.set(xlabel=xlabel, ylabel=f"images per {width:g}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper left")
    return finish(fig)


def figure_measures(measures: pd.DataFrame) -> Figure:
    """Value and interval of every measure (a panel each) for every data set.

    Args:
        measures: columns value, low, high; index (data set, measure). Infinite ends are drawn at the panel's rim.
    """
    names = list(measures.index.unique(1))
    fig, axes = plt.subplots(
        1, len(names), figsize=(2.3 * len(names), 0.8 + 0.36 * len(measures.index.unique(0))), sharey=True
    )
    for ax, name in zip(np.atleast_1d(axes), names, strict=True):
        rows = measures.xs(name, level=1)[["value", "low", "high"]]
        finite = rows.where(np.isfinite(rows))
        rim = finite.max().max() * (3 if name == "max / min" else 1)
        shown = rows.clip(upper=rim)
        ax.hlines(rows.index, shown["low"], shown["high"], color=HERE, lw=2)
        ax.plot(shown["value"], rows.index, "o", color=HERE, ms=5)
        for label in rows.index[np.isinf(rows["value"])]:
            ax.annotate("∞", (rim, label), textcoords="offset points", xytext=(0, 4), ha="center")
        ax.set(title=name)
        ax.margins(x=0.12, y=0.12)
        if name == "max / min":
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(numticks=4))
            ax.xaxis.set_major_formatter(EngFormatter(sep=""))
            ax.xaxis.set_minor_locator(NullLocator())
    np.atleast_1d(axes)[0].invert_yaxis()
    return finish(fig)
