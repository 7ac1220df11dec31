"""Pictures of the multi-task chapters: a network from its layers, pictures with scores, maps laid over pictures."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from aeslib.plots.style import BLUE, GREY, HERE, ORANGE, SKY, finish

STAGES = {"never": GREY, "second stage": ORANGE, "first stage": BLUE}


def show(ax: Axes, picture: np.ndarray, title: str = "") -> Axes:
    """One picture (3, H, W) uint8 without axes."""
    ax.set(xticks=[], yticks=[])  # ticks cost time though not drawn
    ax.imshow(np.moveaxis(picture, 0, -1), interpolation="nearest")
    ax.set_title(title, fontsize=7.5, loc="center")
    ax.set_axis_off()
    return ax


def figure_network(layers: pd.DataFrame) -> Figure:
    """One block per step of a forward pass, as high as its map and as wide as its channels (both by their roots).

    Args:
        layers: columns layer, shape, parameters, trained (see `aeslib.mtcnn.network.layer_table`).
    """
    fig, ax = plt.subplots(figsize=(9, 3.6))
    x = 0.0
    for name, shape, stage in layers[["layer", "shape", "trained"]].to_numpy():
        channels, side = shape[0], shape[1] if len(shape) == 3 else 1
        width, height = 0.25 + channels**0.5 / 12, side**0.5
        ax.add_patch(Rectangle((x, -height / 2), width, height, facecolor=STAGES[stage], edgecolor="white"))
        size = f"{channels} × {side}²" if len(shape) == 3 else str(channels)
        short = name.replace("global average pooling", "average").replace("block", "b")
        ax.text(x + width / 2, -9.2, f"{short} · {size}", rotation=90, ha="center", va="top", fontsize=6.5)
        x += width + 0.35
    ax.set(xlim=(-0.3, x), ylim=(-19, 8.5))
    ax.set_axis_off()
    used = {stage: layers.loc[layers["trained"] == stage, "parameters"].sum() for stage in STAGES}
    said = {"never": "frozen", "second stage": "from the second stage", "first stage": "from the first stage"}
    handles = [Patch(color=STAGES[stage], label=f"trained {said[stage]}: {n:,}") for stage, n in used.items()]
    handles[0].set_label(f"frozen: {used['never']:,} parameters")
    ax.legend(handles=handles, loc="upper right", fontsize=8)
    return finish(fig)


def figure_agreement(truth: np.ndarray, pred: np.ndarray, *, unit: str, scale: tuple[float, float]) -> Figure:
    """Draw predicted against true scores, the range of predictions and both histograms (outliers in the end bins)."""
    fig, (ax, side) = plt.subplots(1, 2, figsize=(7.5, 3.4), width_ratios=(1.1, 1))
    ax.axhspan(pred.min(), pred.max(), color=SKY, alpha=0.25, label="range of predictions")
    ax.plot(scale, scale, color=GREY, lw=1, ls="--", label="equal")
    ax.scatter(truth, pred, s=6, color=HERE, alpha=0.35, linewidths=0)
    ax.set(xlim=scale, ylim=scale, xlabel=f"true score ({unit})", ylabel=f"predicted score ({unit})")
    ax.set_aspect("equal")
    ax.legend(fontsize=7.5, loc="lower right")
    edges = np.linspace(*scale, 41)
    for values, colour, label in ((truth, ORANGE, "true"), (pred, HERE, "predicted")):
        counts = np.histogram(np.clip(values, *scale), edges)[0]
        side.stairs(counts / max(counts.sum(), 1), edges, color=colour, lw=1.6, label=label)
    side.set(xlabel=f"score ({unit})", ylabel="share of test images", xlim=scale)
    side.legend(fontsize=8)
    return finish(fig)


def figure_pictures(pictures: np.ndarray, captions: Sequence[str], *, columns: int = 5) -> Figure:
    """Pictures (N, 3, H, W) uint8 with a caption each."""
    rows = -(-len(pictures) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(1.7 * columns, 0.2 + 1.95 * rows), squeeze=False)
    fig.suptitle(" ", fontsize=6)  # room for a badge
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, picture, caption in zip(axes.flat, pictures, captions, strict=False):
        show(ax, picture, caption)
    return finish(fig)


def figure_examples(pictures: np.ndarray, scores: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw each image above bars of all its scores, in their own units; scores of one range share an axis.

    Bars begin at 0 where the range has negative values, else at its lowest value.

    Args:
        pictures: (N, 3, H, W) uint8.
        scores: N rows named by what the image is; a column per score.
        ranges: column → lowest and highest score possible.
    """
    scales: dict[tuple[float, float], list[str]] = {}
    for name in scores:
        low, high = ranges[str(name)]
        scales.setdefault((float(low), float(high)), []).append(str(name))
    heights = [1.25 * scores.shape[1], *(len(names) + 1.6 for names in scales.values())]
    size = (3.9 * len(pictures), 4.2 + 0.22 * scores.shape[1] + 0.35 * len(scales))
    fig, axes = plt.subplots(1 + len(scales), len(pictures), figsize=size, height_ratios=heights, squeeze=False)
    for k, (name, row) in enumerate(scores.iterrows()):
        show(axes[0, k], pictures[k], str(name))
        for ax, (scale, names) in zip(axes[1:, k], scales.items(), strict=True):
            draw_scores(ax, row[names], scale, first=str(scores.columns[0]), named=k == 0)
    return finish(fig)


def draw_scores(ax: Axes, row: pd.Series, scale: tuple[float, float], *, first: str, named: bool) -> Axes:
    """Draw the scores of one image that share a scale as bars in its units; the score `first` in its own colour."""
    low, high = scale
    start, room = (0.0 if low < 0 else low), 0.14 * (high - low)
    values = row.to_numpy(float)
    colours = [ORANGE if name == first else HERE for name in row.index]
    bars = ax.barh(range(len(row)), values - start, left=start, color=colours)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=2, fontsize=7)
    ax.axvline(start, color="black", lw=0.8)
    ax.set(xlim=(low - (room if low < 0 else 0), high + room), ylim=(len(row) - 0.5, -0.5))
    ax.set_yticks(range(len(row)), list(row.index) if named else [""] * len(row))
    ax.set_xlabel(f"score, {low:g} to {high:g}", fontsize=7.5)
    ax.tick_params(labelsize=7)
    ax.grid(axis="y", visible=False)
    return ax


EMPTY = "no positive evidence"
"""Said on a map that is zero everywhere."""


def figure_maps(pictures: np.ndarray, maps: Mapping[str, np.ndarray], titles: Sequence[str]) -> Figure:
    """Draw images (N, 3, H, W) in the first column, then each kind of map (N, H, W) from 0 to 1 laid over them.

    A map without a positive value is not laid over its image; the panel says so.
    """
    fig, axes = plt.subplots(
        len(pictures), 1 + len(maps), figsize=(2.2 * (1 + len(maps)), 2.1 * len(pictures)), squeeze=False
    )
    for row, picture, title in zip(range(len(pictures)), pictures, titles, strict=True):
        show(axes[row, 0], picture, title)
        for ax, (name, layers) in zip(axes[row, 1:], maps.items(), strict=True):
            show(ax, picture, name)
            draw_map(ax, layers[row])
    scale = ScalarMappable(Normalize(0, 1), "inferno")
    fig.colorbar(scale, ax=axes[:, -1], shrink=0.8, alpha=0.6, label="importance (largest = 1)")
    return finish(fig)


def draw_map(ax: Axes, values: np.ndarray) -> None:
    """Lay a map (H, W) from 0 to 1 over the image in `ax`, or say there that it is zero everywhere or undefined."""
    if np.isfinite(values).all() and values.max() > 0:
        ax.imshow(values, cmap="inferno", alpha=0.6, vmin=0, vmax=1, interpolation="bilinear")
        return
    text = EMPTY if np.isfinite(values).all() else "not defined"
    plate = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=7, bbox=plate)


def figure_pairs(rows: pd.DataFrame, *, xlabel: str, colours: Sequence[str] = (ORANGE, HERE)) -> Figure:
    """Draw two values (columns) per row as dots joined by a line; a row where one is missing says "not defined"."""
    fig, ax = plt.subplots(figsize=(6.5, 0.9 + 0.28 * len(rows)))
    first, second = rows.columns[:2]
    ax.hlines(rows.index, rows[first], rows[second], color=GREY, lw=1)
    for name, colour in zip((first, second), colours, strict=True):
        ax.plot(rows[name], rows.index, "o", color=colour, ms=5.5, label=name)
    for place in map(float, np.flatnonzero(rows[[first, second]].isna().any(axis=1))):
        ax.text(0.99, place, "not defined", transform=ax.get_yaxis_transform(), ha="right", va="center", fontsize=7)
    ax.axvline(0, color="black", lw=0.8)
    ax.set(xlabel=xlabel)
    ax.invert_yaxis()
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    ax.grid(axis="y", visible=False)
    return finish(fig)
