"""Pictures of the chapters of `elta`. Scores are on one ten-point axis throughout."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from aeslib.imbalance import SHOTS
from aeslib.plots.style import (
    BLUE,
    BROWN,
    DIVERGING,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SEQUENTIAL,
    SKY,
    draw_intervals,
    finish,
)

PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, SKY)
BASE, OURS = BLUE, RED
"""As in the paper's figures: the base model blue, ELTA red."""


def draw_points(ax: Axes, points: np.ndarray, label: np.ndarray, *, title: str) -> Axes:
    """(N, 2) points in 0–1, coloured by (N,) label 0-9."""
    shown = ax.scatter(
        points[:, 0], points[:, 1], c=label, cmap=plt.get_cmap("viridis", 10), vmin=-0.5, vmax=9.5, s=9, lw=0
    )
    ax.set(title=title, xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[], aspect="equal")
    ax.figure.colorbar(shown, ax=ax, ticks=range(10), shrink=0.8)
    return ax


def figure_confusion(panels: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """One map of features a panel: title → (points (N, 2), labels (N,))."""
    fig, axes = plt.subplots(1, len(panels), figsize=(4.4 * len(panels), 3.9))
    for ax, (title, (points, label)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        draw_points(ax, points, label, title=title)
    return finish(fig)


def figure_pairs(scores: np.ndarray, anchor: np.ndarray, partner: np.ndarray) -> Figure:
    """Who is sampled (bars) and who pairs with whom (heat map).

    Args:
        scores: (B,) sorted.
        anchor: (B,) P(i).
        partner: (B, B) P(j|i), a row per anchor.
    """
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), width_ratios=(1, 1.15, 1.15))
    axes[0].bar(range(len(scores)), anchor, color=BLUE, width=0.9)
    axes[0].set(xlabel="picture, by score", ylabel="P(i)", title="anchor")
    joint = anchor[:, None] * partner
    for ax, values, title, label in (
        (axes[1], partner, "partner, given the anchor", "P(j | i)"),
        (axes[2], joint / joint.max(), "pair", "P(i) P(j | i), largest = 1"),
    ):
        shown = ax.imshow(values, origin="lower", cmap=SEQUENTIAL, aspect="equal", vmin=0, vmax=1)
        ticks = np.linspace(0, len(scores) - 1, 5).astype(int)
        ax.set_xticks(ticks, [f"{scores[t]:.1f}" for t in ticks])
        ax.set_yticks(ticks, [f"{scores[t]:.1f}" for t in ticks])
        ax.set(xlabel="score of j", ylabel="score of i", title=title)
        ax.grid(visible=False)
        fig.colorbar(shown, ax=ax, shrink=0.8, label=label)
    return finish(fig)


def figure_lines(
    panels: Mapping[str, pd.DataFrame], *, ylabel: str, marks: Mapping[str, float] | None = None
) -> Figure:
    """A value with its interval along a grid, a panel each.

    Args:
        panels: label of the horizontal axis → columns x, value, low, high.
        ylabel: what the values are.
        marks: horizontal lines by name, drawn in every panel.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(3.7 * len(panels), 2.9), sharey=True, squeeze=False)
    for ax, (xlabel, rows) in zip(axes[0], panels.items(), strict=True):
        ax.fill_between(rows["x"], rows["low"], rows["high"], color=BLUE, alpha=0.18, lw=0)
        ax.plot(rows["x"], rows["value"], "o-", color=BLUE, ms=4)
        for colour, (name, level) in zip((GREY, ORANGE, GREEN), (marks or {}).items(), strict=False):
            ax.axhline(level, color=colour, ls="--", lw=1, label=name)
        ax.set(xlabel=xlabel)
    axes[0, 0].set(ylabel=ylabel)
    if marks:
        axes[0, -1].legend(fontsize=7.5)
    return finish(fig)


def figure_temperatures(values: pd.DataFrame, *, base: float) -> Figure:
    """A heat map of a value over both temperatures, as its change against a model without TFA.

    Args:
        values: the value for every τ₁ (rows) and τ₂ (columns).
        base: that of the model without TFA.
    """
    change = values - base
    most = max(float(np.abs(change.to_numpy()).max()), 1e-6)
    fig, ax = plt.subplots(figsize=(5.8, 3.5))
    shown = ax.imshow(change, origin="lower", cmap=DIVERGING, vmin=-most, vmax=most, aspect="auto")
    ax.set_xticks(range(len(values.columns)), [f"{t:g}" for t in values.columns])
    ax.set_yticks(range(len(values.index)), [f"{t:g}" for t in values.index])
    ax.set(xlabel="τ₂", ylabel="τ₁")
    ax.grid(visible=False)
    fig.colorbar(shown, ax=ax, label="change of SRCC against no TFA")
    return finish(fig)


def figure_similarity(panels: Mapping[str, np.ndarray], scores: np.ndarray) -> Figure:
    """(B, B) similarities side by side, pictures in order of (B,) scores."""
    fig, axes = plt.subplots(1, len(panels), figsize=(3.1 * len(panels), 3.1), squeeze=False)
    ticks = np.linspace(0, len(scores) - 1, 4).astype(int)
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        shown = ax.imshow(values, origin="lower", cmap=DIVERGING, vmin=-1, vmax=1)
        ax.set_xticks(ticks, [f"{scores[t]:.1f}" for t in ticks])
        ax.set_yticks(ticks, [f"{scores[t]:.1f}" for t in ticks])
        ax.set(title=title, xlabel="score")
        ax.grid(visible=False)
    fig.colorbar(shown, ax=list(axes[0]), shrink=0.75, label="similarity")
    return finish(fig)


def figure_coverage(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], *, everything: float) -> Figure:
    """Mean error of the pictures that pass against their share, a line per β; `everything` is the error of all."""
    fig, ax = plt.subplots(figsize=(5.6, 3.3))
    colours = plt.get_cmap(SEQUENTIAL)(np.linspace(0, 0.9, len(curves)))
    for colour, (name, (share, error)) in zip(colours, curves.items(), strict=True):
        ax.plot(share, error, color=colour, label=name, lw=1.6)
    ax.axhline(everything, color=GREY, ls="--", lw=1, label="all pictures")
    ax.set(xlabel="share of pictures that pass", ylabel="mean |ŝ − s|, points", ylim=(0, None))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize=7.5, ncols=2)
    return finish(fig)


def figure_temperature(logits: np.ndarray, sharp: np.ndarray, bins: np.ndarray, threshold: float) -> Figure:
    """Draw distributions over evenly spaced bins before and after sharpening (N, C); images that pass t are marked."""
    half = (bins[1] - bins[0]) / 2
    edges = np.append(bins - half, bins[-1] + half)
    fig, axes = plt.subplots(1, len(logits), figsize=(2.0 * len(logits), 2.3), sharey=True)
    for ax, before, after in zip(axes, logits, sharp, strict=True):
        ax.bar(bins, before, color=GREY, alpha=0.6, width=0.8, label="before")
        ax.stairs(after, edges, baseline=None, color=RED, lw=1.6, label="after")
        ax.axhline(threshold, color="black", lw=0.8, ls=":")
        ax.set(xlabel="score", title=f"ŝ {before @ bins:.2f}{' · passes' if after.max() >= threshold else ''}")
    axes[0].set(ylabel="probability", ylim=(0, 1))
    axes[0].legend(fontsize=7, loc="upper left")
    return finish(fig)


def draw_change(ax: Axes, rows: pd.DataFrame, metric: str, colour: str, offset: float = 0.0) -> None:
    """Paired changes of one metric with their intervals, a line per row of the table."""
    part = rows[rows["metric"] == metric].set_index("row")
    place = np.arange(len(part)) + offset
    ax.hlines(place, part["change low"], part["change high"], color=colour, lw=2)
    ax.plot(part["change"], place, "o", color=colour, ms=4.5)
    known = part["published change"].to_numpy(float)
    ax.plot(known, place, "D", color="none", markeredgecolor="black", ms=5, ls="")


def figure_changes(table: pd.DataFrame, *, base: str) -> Figure:
    """Change of every metric against the base, a panel each; hollow diamonds are the printed changes."""
    rows = table[table["row"] != base]
    names, metrics = list(rows["row"].unique()), list(rows["metric"].unique())
    fig, axes = plt.subplots(1, len(metrics), figsize=(2.15 * len(metrics), 0.95 + 0.3 * len(names)), sharey=True)
    for ax, metric in zip(axes, metrics, strict=True):
        draw_change(ax, rows, metric, BLUE)
        ax.axvline(0, color="black", lw=0.8)
        better = "larger is better" if metric in {"PLCC", "SRCC"} else "smaller is better"
        ax.set(title=metric, xlabel=better)
        ax.tick_params(axis="x", labelsize=7)
        ax.margins(x=0.1)
        ax.locator_params(axis="x", nbins=4)
    axes[0].set(ylim=(-0.6, len(names) - 0.4))
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    fig.suptitle(f"change against {base}: dots with 95 % intervals here, diamonds as printed", fontsize=8.5)
    return finish(fig)


def figure_tradeoff(table: pd.DataFrame, *, base: str) -> Figure:
    """Change of L (triangles down) and H (triangles up) against the change of M, a colour per method."""
    rows = table[table["row"] != base]
    wide = rows.pivot(index="row", columns="metric", values=["change", "change low", "change high"])
    fig, ax = plt.subplots(figsize=(6.4, 4))
    names = list(rows["row"].unique())
    for colour, name in zip(cycle(PALETTE), names, strict=False):
        x = wide.loc[name, ("change", "M")]
        across = wide.loc[name, ("change low", "M")], wide.loc[name, ("change high", "M")]
        for metric, mark in (("L", "v"), ("H", "^")):
            y = wide.loc[name, ("change", metric)]
            up = wide.loc[name, ("change low", metric)], wide.loc[name, ("change high", metric)]
            draw_intervals(ax, y, x, *across, color=colour, fmt=mark, size=6, across=True)
            draw_intervals(ax, x, y, *up, color=colour, fmt=mark, size=6, label=name if metric == "L" else None)
    for draw in (ax.axhline, ax.axvline):
        draw(0, color="black", lw=0.8)
    ax.set(xlabel="change of the middle's error M (right: worse)", ylabel="change of L (▽) and H (△) (down: better)")
    ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1, 0.93))
    return finish(fig)


def figure_settings(table: pd.DataFrame, *, base: str) -> Figure:
    """Draw paired changes against the base in several settings, a panel for each metric and a colour for each setting.

    Args:
        table: columns setting, row, metric, change, change low, change high; a setting may lack rows.
        base: the row that the changes are against.
    """
    rows = table[table["row"] != base]
    names, metrics, settings = (list(rows[column].unique()) for column in ("row", "metric", "setting"))
    size = 2.15 * len(metrics), 1.4 + 0.34 * len(names)
    fig, axes = plt.subplots(1, len(metrics), figsize=size, sharey=True, squeeze=False)
    for ax, metric in zip(axes[0], metrics, strict=True):
        for offset, colour, mark, setting in zip((-0.14, 0.14), (BLUE, ORANGE), "os", settings, strict=False):
            part = rows[(rows["metric"] == metric) & (rows["setting"] == setting)]
            place = [names.index(row) + offset for row in part["row"]]
            ends = part["change low"], part["change high"]
            draw_intervals(ax, place, part["change"], *ends, color=colour, fmt=mark, label=setting, across=True)
        ax.axvline(0, color="black", lw=0.8)
        ax.set(title=metric, xlabel="larger is better" if metric in {"PLCC", "SRCC"} else "smaller is better")
        ax.tick_params(axis="x", labelsize=7)
        ax.margins(x=0.1)
        ax.locator_params(axis="x", nbins=4)
    axes[0, 0].set(ylim=(len(names) - 0.4, -0.6))
    axes[0, 0].set_yticks(range(len(names)), names)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    fig.suptitle(f"change against {base}, with 95 % intervals", fontsize=8.5)
    return finish(fig)


def figure_shots(panels: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """Draw how many training images each score bin holds, coloured by many-, medium- and few-shot, and test images.

    Args:
        panels: title → (K + 1,) edges, (K,) training images, (K,) names from `imbalance.SHOTS`, (K,) test images.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(4.3 * len(panels), 2.9), squeeze=False)
    for ax, (title, (edges, train, names, test)) in zip(axes[0], panels.items(), strict=True):
        for colour, name in zip((BLUE, SKY, RED), SHOTS, strict=True):
            height = np.where(names == name, train, 0)
            ax.bar(edges[:-1], height, np.diff(edges), align="edge", color=colour, label=f"{name}-shot")
        ax.stairs(test, edges, color="black", lw=1.2, label="test images")
        ax.set(title=title, xlabel="score", ylabel="images per bin")
    axes[0, -1].legend(fontsize=7.5)
    return finish(fig)


def figure_examples(pictures: np.ndarray, truth: np.ndarray, base: np.ndarray, ours: np.ndarray) -> Figure:
    """(K, 3, S, S) uint8 pictures with the true score in black, the base's in blue, ELTA's in red."""
    columns = min(4, len(pictures))
    fig, axes = plt.subplots(-(-len(pictures) // columns), columns, figsize=(1.9 * columns, 4.6), squeeze=False)
    for ax, picture, *scores in zip(axes.flat, pictures, truth, base, ours, strict=False):
        ax.imshow(picture.transpose(1, 2, 0))
        ax.axis("off")
        for x, score, colour, word in zip((0.15, 0.5, 0.85), scores, ("black", BASE, OURS), ("true", "base", "ELTA"),
                                          strict=True):  # fmt: skip
            ax.text(x, -0.04, f"{word}\n{score:.2f}", color=colour, ha="center", va="top", transform=ax.transAxes,
                    fontsize=7.5)  # fmt: skip
    return finish(fig)


Box = tuple[str, float, float, str]
"""Text, place of its centre (x, y), colour."""


def figure_flow(boxes: Mapping[str, Box], arrows: Sequence[tuple[str, str, str]], size: tuple[float, float]) -> Figure:
    """Boxes joined by arrows: (from, to, what flows)."""
    fig, ax = plt.subplots(figsize=size)
    ax.set(xlim=(0, 10), ylim=(0, 5))
    ax.axis("off")
    patches = {}
    for name, (text, x, y, colour) in boxes.items():
        patches[name] = FancyBboxPatch(
            (x - 0.62, y - 0.35), 1.24, 0.7, boxstyle="round,pad=0.05", fc=colour, ec="black"
        )
        ax.add_patch(patches[name])
        ax.text(x, y, text, ha="center", va="center", fontsize=7)
    for start, end, what in arrows:
        (_, x0, y0, _), (_, x1, y1, _) = boxes[start], boxes[end]
        style = {"arrowstyle": "-|>", "lw": 1, "color": "black", "patchA": patches[start], "patchB": patches[end]}
        ax.annotate("", (x1, y1), (x0, y0), arrowprops=style)
        upright, level = abs(x1 - x0) < 0.3, abs(y1 - y0) < 0.3
        x, y = (x0 + 0.1 if upright else (x0 + x1) / 2), (y0 + y1) / 2
        if upright or level:
            ax.text(x, y - 0.05 if upright else y + 0.12, what, ha="left" if upright else "center", fontsize=6.5)
        elif what:  # on a slope the words stand on the arrow, in a gap
            gap = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.text(x, y, what, ha="center", va="center", fontsize=6.5, bbox=gap)
    return finish(fig)
