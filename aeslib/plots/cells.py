"""Pictures of an architecture search and of what it finds: cells as graphs, mixtures, spread over repetitions."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from aeslib.plots.style import BLUE, BROWN, GREEN, GREY, HERE, ORANGE, PURPLE, RED, SEQUENTIAL, SKY, finish

COLOURS = {
    "max_pool_3x3": BROWN, "avg_pool_3x3": ORANGE, "skip_connect": GREY, "sep_conv_3x3": SKY, "sep_conv_5x5": BLUE,
    "dil_conv_3x3": PURPLE, "dil_conv_5x5": RED,
}  # fmt: skip
DASHES = {"max_pool_3x3": ":", "avg_pool_3x3": ":", "skip_connect": "--"}
"""Lines of operations without weights; the others are solid."""
PLACES = ((0.0, 0.55), (0.0, -0.55), (1.5, 1.15), (2.9, -1.15), (4.1, 0.8), (5.3, -0.55))
NAMES = ("cell − 2", "cell − 1", "node 0", "node 1", "node 2", "node 3")
Gene = tuple[str, int]


def draw_cell(ax: Axes, genes: Sequence[Gene], title: str) -> Axes:
    """A cell from its eight (operation, state) pairs, two a node: edges carry their operation's name and colour."""
    for x, y in PLACES[2:]:
        ax.add_patch(FancyArrowPatch((x, y), (6.5, 0), arrowstyle="-", color="#DDDDDD", lw=1, shrinkA=16, shrinkB=12))
    for place, (op, source) in enumerate(genes):
        start, end = PLACES[source], PLACES[2 + place // 2]
        bend = 0.12 if place % 2 else -0.12
        ax.add_patch(FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=COLOURS[op], lw=1.8, shrinkA=17, shrinkB=17,
            linestyle=DASHES.get(op, "-"), connectionstyle=f"arc3,rad={bend}",
        ))  # fmt: skip
        share = (0.6, 0.42, 0.5, 0.35, 0.62, 0.45, 0.4, 0.55)[place]
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        frame = {"facecolor": "white", "edgecolor": COLOURS[op], "lw": 0.7, "pad": 1.2}
        name = op.replace("_connect", "").replace("_", " ")
        ax.text(x, y, name, fontsize=6.3, ha="center", va="center", bbox=frame)
    for (x, y), name in zip((*PLACES, (6.5, 0.0)), (*NAMES, "output"), strict=True):
        frame = {"boxstyle": "round,pad=0.35", "facecolor": "#F2F2F2", "edgecolor": "black", "lw": 0.8}
        ax.text(x, y, name, ha="center", va="center", fontsize=7.5, bbox=frame)
    ax.set(xlim=(-0.6, 6.9), ylim=(-1.5, 1.5), title=title)
    ax.set_axis_off()
    return ax


def figure_cell(cells: Mapping[str, Sequence[Gene]]) -> Figure:
    """Cells one under the other: title → genes."""
    fig, axes = plt.subplots(len(cells), 1, figsize=(8.6, 3.1 * len(cells)), squeeze=False)
    for ax, (title, genes) in zip(axes.flat, cells.items(), strict=True):
        draw_cell(ax, genes, title)
    used = dict.fromkeys(op for genes in cells.values() for op, _ in genes)
    handles = [
        Line2D([], [], color=COLOURS[op], ls=DASHES.get(op, "-"), lw=2, label=op) for op in COLOURS if op in used
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7.5)
    return finish(fig)


def figure_mixtures(mixtures: Mapping[str, np.ndarray], edges: Sequence[str], ops: Sequence[str]) -> Figure:
    """softmax(α) of every edge (rows) and operation (columns), a panel each; grey: the operation is gone."""
    fig, axes = plt.subplots(1, len(mixtures), figsize=(4.2 * len(mixtures), 4.4), sharey=True, squeeze=False)
    grey = plt.get_cmap(SEQUENTIAL).with_extremes(bad="#CFCFCF")
    for ax, (title, values) in zip(axes.flat, mixtures.items(), strict=True):
        masked = np.ma.masked_equal(values, 0)
        shown = ax.imshow(masked, aspect="auto", cmap=grey)
        ax.set_xticks(range(len(ops)), ops, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        ax.set_yticks(range(len(edges)), edges, fontsize=7)
        ax.set_title(title, fontsize=9)
        ax.grid(visible=False)
        bar = fig.colorbar(shown, ax=ax, shrink=0.8)
        bar.ax.tick_params(labelsize=7)
    axes[0, 0].set_ylabel("edge (from → to)")
    bar.set_label("softmax(α)")
    return finish(fig)


def figure_search(log: pd.DataFrame) -> Figure:
    """Losses of ω and α over the epochs of all stages.

    Args:
        log: columns stage, loss, val (NaN while α rests), a row per epoch; several seeds one after the other in `seed`.
    """
    fig, ax = plt.subplots(figsize=(7.5, 3.2))
    for k, (_, rows) in enumerate(log.groupby("seed")):
        epochs = np.arange(1, len(rows) + 1)
        labels = ("training pictures, ω moves", "validation pictures, α moves") if k == 0 else (None, None)
        ax.plot(epochs, rows["loss"], "o-", color=BLUE, ms=3, lw=1, alpha=0.7, label=labels[0])
        ax.plot(epochs, rows["val"], "D", color=ORANGE, ms=4, mew=0, alpha=0.8, label=labels[1])
    stages = rows["stage"].to_numpy()
    for end in np.flatnonzero(np.diff(stages)):
        ax.axvline(end + 1.5, color="black", lw=1, ls=":")
    for stage in np.unique(stages):
        middle = np.flatnonzero(stages == stage).mean() + 1
        ax.annotate(
            f"stage {int(stage) + 1}", (middle, 0.97), xycoords=("data", "axes fraction"), ha="center", va="top"
        )
    ax.set(xlabel="epoch (each stage starts from fresh weights)", ylabel="self-weighted EMD")
    ax.set_xticks(epochs)
    ax.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return finish(fig)


def figure_stages(stages: pd.DataFrame) -> Figure:
    """Cells and operations of each supernet, and its parameters.

    Args:
        stages: columns stage, cells, operations, parameters.
    """
    fig, axes = plt.subplots(1, 3, figsize=(8, 2.6))
    labels = {"cells": "cells", "operations": "operations an edge", "parameters": "parameters"}
    for ax, (name, label), colour in zip(axes, labels.items(), (BLUE, ORANGE, GREEN), strict=True):
        bars = ax.bar(stages["stage"], stages[name], color=colour, width=0.6)
        ax.bar_label(bars, [f"{value:,}" for value in stages[name]], fontsize=7.5)
        ax.set(title=label)
        ax.tick_params(axis="x", labelsize=7.5)
        ax.margins(y=0.15)
    return finish(fig)


def figure_entropy(curves: Mapping[str, np.ndarray]) -> Figure:
    """Mean entropy of the mixtures, in bits, by epoch: name → (S, T), a thin line for each search."""
    fig, ax = plt.subplots(figsize=(7, 3))
    for colour, marker, (name, values) in zip((BLUE, RED), "oD", curves.items(), strict=False):
        epochs = np.arange(1, values.shape[1] + 1)
        ax.plot(epochs, values.T, color=colour, lw=0.6, alpha=0.5)
        ax.plot(epochs, values.mean(0), marker=marker, color=colour, ms=4, lw=2, label=name)
    ax.set(xlabel="epoch", ylabel="entropy of softmax(α), bits", ylim=(0, None))
    ax.set_xticks(epochs)
    ax.legend(loc="lower left")
    return finish(fig)


def figure_usage(counts: pd.DataFrame) -> Figure:
    """How often each operation (columns) stands in cells (rows), shares that sum to 1, side by side."""
    fig, ax = plt.subplots(figsize=(7.5, 3))
    width = 0.8 / len(counts)
    for k, ((name, row), colour) in enumerate(zip(counts.iterrows(), (BLUE, ORANGE, GREEN, PURPLE), strict=False)):
        at = np.arange(counts.shape[1]) + (k - (len(counts) - 1) / 2) * width
        ax.bar(at, row, width=width, color=colour, label=str(name))
    ax.set_xticks(range(counts.shape[1]), [str(c).replace("_", " ") for c in counts], rotation=20, fontsize=8)
    ax.set(ylabel="share of edges")
    ax.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    return finish(fig)


def figure_points(rows: pd.DataFrame, *, xlabel: str, zero: bool = False) -> Figure:
    """A value with its interval per row.

    Args:
        rows: columns row, value, low, high.
        xlabel: what the value is.
        zero: mark 0 (for changes).
    """
    fig, ax = plt.subplots(figsize=(6.8, 1.0 + 0.36 * len(rows)))
    y = np.arange(len(rows))
    ax.hlines(y, rows["low"], rows["high"], color=HERE, lw=2)
    ax.plot(rows["value"], y, "o", color=HERE, ms=6)
    if zero:
        ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(y, list(rows["row"]))
    ax.set(xlabel=xlabel, ylim=(len(rows) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    return finish(fig)


def figure_scores(truth: np.ndarray, pred: np.ndarray, *, title: str, edges: Sequence[float]) -> Figure:
    """Histograms of true (light) and predicted (dark) mean scores (N,), with their means as lines."""
    fig, ax = plt.subplots(figsize=(6.2, 3.1))
    for values, colour, label in ((truth, SKY, "true"), (pred, BLUE, "predicted")):
        counts = np.histogram(values, edges)[0] / len(values)
        ax.stairs(counts, edges, fill=label == "true", color=colour, lw=1.8, alpha=0.6 if label == "true" else 1,
                  label=f"{label}, mean {values.mean():.2f}, spread {values.std():.2f}")  # fmt: skip
        ax.axvline(values.mean(), color=colour, ls="--", lw=1)
    ax.set(xlabel="mean score of the picture (1 to 10)", ylabel="share of test pictures", title=title)
    ax.legend(fontsize=8)
    return finish(fig)


def figure_views(rows: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Images in several views, all at one scale, so that shapes can be compared.

    Args:
        rows: label of an image → title of a view → (3, H, W) uint8; the same views for every image.
    """
    views = list(next(iter(rows.values())))
    side = max(max(image.shape[1:]) for images in rows.values() for image in images.values())
    fig, axes = plt.subplots(len(rows), len(views), figsize=(2.1 * len(views), 0.4 + 1.75 * len(rows)), squeeze=False)
    fig.suptitle(" ", fontsize=6)  # room for a badge
    for line, (label, images) in zip(axes, rows.items(), strict=True):
        for ax, view in zip(line, views, strict=True):
            height, width = images[view].shape[1:]
            ax.imshow(np.moveaxis(images[view], 0, -1), extent=(-width / 2, width / 2, -height / 2, height / 2))
            ax.set(xlim=(-side / 2, side / 2), ylim=(-side / 2, side / 2), xticks=[], yticks=[])
            ax.set_title(f"{view}, {height} × {width}", fontsize=7.5, loc="center")
            ax.grid(visible=False)
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(label, fontsize=8)
    return finish(fig)
