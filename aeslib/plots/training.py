"""How training went: agreement between trivial baseline and ceiling, learning curves, pictures a model gets wrong."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aeslib.metrics import Interval
from aeslib.plots.style import BLUE, GREY, ORANGE, finish

START_STYLE = {"pretext": (BLUE, "o", "-"), "scratch": (ORANGE, "D", "--")}
"""Colour, marker and line of each start, so that none is told by colour alone."""


def draw_bounds(ax: Axes, trivial: Interval, ceiling: float | None, goal: float, *, upright: bool) -> None:
    """The trivial baseline with its interval, the ceiling and a share of it, as lines over the whole panel.

    Args:
        ax: where.
        trivial: the baseline's agreement.
        ceiling: the best possible agreement; None where it is not known.
        goal: share of the ceiling that is asked for.
        upright: lines stand (agreement runs along x) or lie.
    """
    line, span = (ax.axvline, ax.axvspan) if upright else (ax.axhline, ax.axhspan)
    span(trivial.low, trivial.high, color=GREY, alpha=0.2, lw=0)
    line(trivial.value, color=GREY, lw=1.2, ls=":", label="colour statistics")
    if ceiling is not None:
        line(goal * ceiling, color="black", lw=1, ls="-.", label=f"{goal:g} × ceiling")
        line(ceiling, color="black", lw=1.5, label="ceiling")


def figure_agreement(rows: pd.DataFrame, trivial: Interval, ceiling: float | None, *, goal: float) -> Figure:
    """Rank correlation with its interval for every encoder and start, between the trivial baseline and the ceiling.

    Args:
        rows: columns encoder, start (`START_STYLE`), value, low, high.
        trivial: the baseline's.
        ceiling: the best possible; None where it is not known.
        goal: share of the ceiling that is asked for.
    """
    names = list(rows["encoder"].unique())
    fig, ax = plt.subplots(figsize=(7.5, 1.3 + 0.55 * len(names)))
    draw_bounds(ax, trivial, ceiling, goal, upright=True)
    for start, part in rows.groupby("start"):
        colour, marker, _ = START_STYLE[str(start)]
        y = part["encoder"].map(names.index) + (-0.14 if start == "pretext" else 0.14)
        ax.hlines(y, part["low"], part["high"], color=colour, lw=2)
        ax.plot(part["value"], y, marker, color=colour, ms=6, label=f"from {start}")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="SRCC on the test pictures, 95 % interval over images and seeds", ylim=(len(names) - 0.5, -0.5))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, fontsize=8, columnspacing=1.2)
    ax.grid(axis="y", visible=False)
    return finish(fig)


def figure_curves(
    curves: Mapping[tuple[str, str], np.ndarray], trivial: Interval, ceiling: float | None, *, goal: float
) -> Figure:
    """Validation SRCC after every epoch, a panel per encoder: thin lines for seeds, a thick one for their mean.

    Args:
        curves: (encoder, start) → (S, E) of S seeds and E epochs.
        trivial: the baseline's.
        ceiling: the best possible; None where it is not known.
        goal: share of the ceiling that is asked for.
    """
    names = list(dict.fromkeys(encoder for encoder, _ in curves))
    fig, axes = plt.subplots(1, len(names), figsize=(0.6 + 2.8 * len(names), 3.4), sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, names, strict=True):
        draw_bounds(ax, trivial, ceiling, goal, upright=False)
        for (encoder, start), values in curves.items():
            if encoder == name:
                colour, marker, style = START_STYLE[start]
                epochs = np.arange(1, values.shape[1] + 1)
                ax.plot(epochs, values.T, color=colour, lw=0.7, ls=style, alpha=0.5)
                ax.plot(
                    epochs, values.mean(0), color=colour, lw=2, ls=style, marker=marker, ms=4, label=f"from {start}"
                )
        last = max(values.shape[1] for values in curves.values())
        ax.set(title=name, xlabel="epoch", xlim=(0.5, last + 0.5))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes[0, 0].set_ylabel("SRCC on the validation pictures")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8)
    return finish(fig)


def extremes(pred: np.ndarray, truth: np.ndarray, count: int = 6) -> dict[str, np.ndarray]:
    """Rows of the pictures predicted best, too high and too low, the most telling first."""
    gap = pred - truth
    order = {"best": np.abs(gap), "too high": -gap, "too low": gap}
    return {label: np.argsort(by, kind="stable")[:count] for label, by in order.items()}


def figure_extremes(
    pictures: np.ndarray, rows: Mapping[str, np.ndarray], pred: np.ndarray, truth: np.ndarray
) -> Figure:
    """A line of pictures for each kind of extreme, with predicted and voted score under each.

    Args:
        pictures: (M, 3, S, S) uint8, or floats in 0-1, of all `rows` one after the other.
        rows: from `extremes`: label → rows of `pred` and `truth`.
        pred: (N,) predicted scores.
        truth: (N,) mean votes.
    """
    columns = max(map(len, rows.values()))
    fig, axes = plt.subplots(len(rows), columns, figsize=(1.45 * columns, 0.3 + 1.7 * len(rows)), squeeze=False)
    shown = iter(pictures)
    for line, (label, chosen) in zip(axes, rows.items(), strict=True):
        for ax, row in zip(line, chosen, strict=True):
            ax.imshow(next(shown).transpose(1, 2, 0), interpolation="none")
            ax.set_xlabel(f"{pred[row]:.2f} for {truth[row]:.2f}", fontsize=8, labelpad=2)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(label)
    fig.supxlabel("predicted for voted score", fontsize=9)
    return finish(fig)
