"""Pictures of the chapters of `aesmamba`: diagrams, a scan at work, what tokens see, and comparisons."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from aeslib.plots.elta import Box, figure_flow
from aeslib.plots.style import BLUE, BROWN, GREEN, GREY, ORANGE, PURPLE, RED, SKY, draw_intervals, finish

PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, SKY)
IMAGE, TEXT, JOINT, OUT = "#cfe3f3", "#f9e2b6", "#cfeadd", "#f3d3c4"
"""Of boxes: pictures, text, both together, outputs."""


# --- diagrams ---


def figure_modules() -> Figure:
    """aesmamba Figure 3: the modules, and which task uses which."""
    boxes: dict[str, Box] = {
        "image": ("picture", 0.8, 4.2, IMAGE), "text": ("comments\nor prompt", 0.8, 1.4, TEXT),
        "vmamba": ("VMamba", 2.7, 4.2, IMAGE), "bert": ("text encoder", 2.7, 1.4, TEXT),
        "aap": ("AAP\nmean", 4.7, 4.2, IMAGE), "cmf": ("CMF\ncross-attention", 4.7, 1.4, JOINT),
        "adapter": ("adapter\nper attribute", 6.7, 2.8, JOINT), "score": ("score head", 8.8, 3.7, OUT),
        "class": ("class head\n(training)", 8.8, 1.9, OUT),
    }  # fmt: skip
    arrows = [("image", "vmamba", ""), ("vmamba", "aap", "tokens"), ("text", "bert", ""), ("bert", "cmf", "tokens"),
              ("aap", "cmf", "M, P: f_v"), ("aap", "adapter", "V, F"), ("cmf", "adapter", "M, P"),
              ("adapter", "score", "EMD, MSE"), ("adapter", "class", "Bal-CE")]  # fmt: skip
    return figure_flow(boxes, arrows, (8.5, 4))


def figure_backbone(rows: pd.DataFrame) -> Figure:
    """aesmamba Figure 4: (a) stages, (b) a block, (c) the four paths over a map of 4 × 4 tokens.

    Args:
        rows: a line per stage, columns stage, tokens, width, blocks, parameters.
    """
    fig, axes = plt.subplot_mosaic(
        [["a", "a", "a", "a"], ["b", "b", "b", "b"], ["c0", "c1", "c2", "c3"]], figsize=(8.5, 4.9),
        height_ratios=(0.75, 0.5, 1.6),
    )  # fmt: skip
    chain = [
        f"{r.stage}\n{r.tokens} tokens\n× {r.width}\n{r.blocks} blocks\n{r.parameters:,}" for r in rows.itertuples()
    ]
    _chain(axes["a"], chain, IMAGE, "(a) VMamba-T on 224 × 224 pixels, parameters below")
    inner = [
        "LN",
        "linear\nd → 2D",
        "conv 3 × 3\nSiLU (u)",
        "4 paths\nS6 each",
        "sum, LN",
        "× SiLU(g)",
        "linear\nD → d",
        "+ x",
    ]
    _chain(axes["b"], inner, JOINT, "(b) a block: u goes through the scans, the gate g past them")
    paths = np.arange(16).reshape(4, 4)
    orders = (paths, paths.T, 15 - paths, 15 - paths.T)
    for k, (order, name) in enumerate(
        zip(orders, ("rows", "columns", "rows, backwards", "columns, backwards"), strict=True)
    ):
        _path(axes[f"c{k}"], order, ("(c) " if k == 0 else "") + name)
    return finish(fig)


def _chain(ax: Axes, texts: Sequence[str], colour: str, title: str) -> None:
    """Boxes in a row with arrows between them."""
    ax.set(xlim=(-0.5, len(texts) - 0.5), ylim=(-1, 1), title=title)
    ax.axis("off")
    for x, text in enumerate(texts):
        box = {"boxstyle": "round,pad=0.4", "fc": colour, "ec": "black", "lw": 0.8}
        ax.text(x, 0, text, ha="center", va="center", fontsize=7, bbox=box)
        if x:
            ax.annotate("", (x - 0.36, 0), (x - 0.64, 0), arrowprops={"arrowstyle": "-|>", "lw": 1})


def _path(ax: Axes, order: np.ndarray, title: str) -> None:
    """The order in which a scan visits tokens, as numbers and as a line from light to dark."""
    places = np.array([np.argwhere(order == t)[0] for t in range(order.size)])
    ax.imshow(order, cmap="Blues", vmin=-4, vmax=22)
    ax.plot(places[:, 1], places[:, 0], color=ORANGE, lw=1)
    for t, (row, column) in enumerate(places):
        ax.text(column, row, str(t + 1), ha="center", va="center", fontsize=7)
    ax.set_title(title, fontsize=8)
    ax.set_axis_off()


def figure_fusion() -> Figure:
    """aesmamba Figure 5: fusion of picture and text, and the adapter."""
    boxes: dict[str, Box] = {
        "f": ("f_v\n(1 × d)", 0.8, 4.3, IMAGE), "q": ("LN, Q", 2.6, 3.1, IMAGE), "t": ("F_t\n(n × d)", 0.8, 1.0, TEXT),
        "kv": ("LN, K and V\npadding masked", 2.6, 1.0, TEXT), "a": ("softmax\n(Q Kᵀ / √d) V", 4.4, 2.1, JOINT),
        "r": ("+", 5.7, 4.3, JOINT), "ffn": ("LN, FFN\n(residual)", 7.4, 4.3, JOINT), "out": ("f", 9.2, 4.3, OUT),
        "down": ("linear\nd → d/4", 5.9, 0.8, OUT), "gelu": ("GELU, linear\nd/4 → d", 7.6, 0.8, OUT),
        "ad": ("+\nper attribute", 9.2, 0.8, OUT),
    }  # fmt: skip
    arrows = [("f", "r", "residual"), ("f", "q", ""), ("t", "kv", ""), ("q", "a", ""), ("kv", "a", ""), ("a", "r", ""),
              ("r", "ffn", ""), ("ffn", "out", ""), ("out", "ad", "residual"), ("out", "down", "adapter"),
              ("down", "gelu", ""), ("gelu", "ad", "")]  # fmt: skip
    return figure_flow(boxes, arrows, (8.5, 4))


# --- the scan ---


def figure_step(u: np.ndarray, decay: np.ndarray, states: np.ndarray, y: np.ndarray, t: int) -> Figure:
    """A scan stopped at step t: what came in, what each state keeps of it, what comes out.

    Args:
        u: (L,) the sequence.
        decay: (L, N) share of each state that survives a step.
        states: (L, N).
        y: (L,).
        t: the step, 0 the first.
    """
    fig, axes = plt.subplots(1, 4, figsize=(9.5, 2.5), width_ratios=(1.4, 1, 1, 1.4))
    steps, slots = np.arange(len(u)), np.arange(states.shape[1]) + 1
    axes[0].bar(steps, u, color=[ORANGE if k == t else SKY if k < t else "#dddddd" for k in steps])
    axes[0].set(title="input u", xlabel="step")
    axes[1].bar(slots, decay[t], color=GREY)
    axes[1].set(title=f"kept of the state at step {t}", ylim=(0, 1), xlabel="state n", xticks=slots)
    axes[2].bar(slots, states[t], color=GREEN)
    span = max(1e-6, float(np.abs(states).max())) * 1.1
    axes[2].set(title="state h after it", ylim=(-span, span), xlabel="state n", xticks=slots)
    axes[3].plot(steps[: t + 1], y[: t + 1], "o-", color=BLUE, ms=4)
    low, high = float(y.min()), float(y.max())
    axes[3].set(title="output y so far", xlim=(-0.5, len(u) - 0.5), ylim=(low - 0.2, high + 0.2), xlabel="step")
    return finish(fig)


def figure_impulses(curves: Mapping[str, np.ndarray]) -> Figure:
    """Impulse responses, a panel per step size: title → (N, L) what each state still holds."""
    fig, axes = plt.subplots(1, len(curves), figsize=(3.1 * len(curves), 2.7), sharey=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], curves.items(), strict=True):
        shown = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(rows)))
        for colour, row, n in zip(shown, rows, range(1, len(rows) + 1), strict=True):
            ax.plot(row / row[0], color=colour, lw=1.2, label=f"n = {n}" if n in (1, len(rows)) else None)
        ax.set(title=title, xlabel="steps later")
    axes[0, 0].set(ylabel="share of the first response")
    axes[0, -1].legend(fontsize=8)
    return finish(fig)


def figure_fields(fields: Mapping[str, np.ndarray], areas: pd.DataFrame) -> Figure:
    """Effective receptive fields on a logarithmic scale, and the area that holds 90 % of each.

    Args:
        fields: name → (H, W), sum 1.
        areas: columns encoder, weights, area.
    """
    fig, axes = plt.subplots(1, len(fields) + 1, figsize=(2.25 * len(fields) + 3.4, 2.9),
                             width_ratios=[1] * len(fields) + [1.6])  # fmt: skip
    for ax, (name, field) in zip(axes, fields.items(), strict=False):
        shown = ax.imshow(np.log10(field / field.max() + 1e-6), cmap="cividis", vmin=-4, vmax=0)
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    fig.colorbar(shown, ax=axes[: len(fields)], shrink=0.7, label="|gradient|, log10, largest 0", location="bottom")
    wide = areas.pivot(index="encoder", columns="weights", values="area").loc[list(fields)]
    place = np.arange(len(wide))
    for k, (name, colour) in enumerate(zip(wide.columns, (SKY, BLUE), strict=False)):
        axes[-1].barh(place + 0.36 * (k - 0.5), wide[name], 0.34, color=colour, label=name)
    axes[-1].axvline(0.9, color="black", lw=0.8, ls="--")
    axes[-1].set(xlim=(0, 1), xlabel="share of pixels holding 90 %", yticks=place, yticklabels=wide.index)
    axes[-1].invert_yaxis()
    axes[-1].legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=2)
    return finish(fig)


# --- comparisons ---


def figure_dots(table: pd.DataFrame, *, metric: str, groups: Sequence[str], xlabel: str) -> Figure:
    """Rows as dots with intervals, a panel per group, sharing rows; a dash where a group has no such row.

    Args:
        table: columns row, metric, group, here, low, high.
        metric: which to show.
        groups: in order.
        xlabel: of every panel.
    """
    rows = list(dict.fromkeys(table["row"]))
    size = (1.8 + 1.75 * len(groups), 1.3 + 0.28 * len(rows))
    fig, axes = plt.subplots(1, len(groups), figsize=size, sharey=True, squeeze=False)
    for ax, group in zip(axes[0], groups, strict=True):
        own = table[(table["group"] == group) & (table["metric"] == metric)].set_index("row").reindex(rows)
        for missing in map(float, np.flatnonzero(own["here"].isna())):
            ax.text(0.5, missing, "–", transform=ax.get_yaxis_transform(), ha="center", va="center", color=GREY)
        for y, (row, line) in enumerate(own.iterrows()):
            colour = RED if str(row).startswith("AesMamba") else BLUE
            ax.plot([line["low"], line["high"]], [y, y], color=colour, lw=1.6)
            ax.plot(line["here"], y, "o", color=colour, ms=5)
        ax.set_title(group, fontsize=9, loc="left")
        ax.set_xlabel(xlabel, fontsize=8)
        ax.tick_params(labelsize=7.5)
    axes[0, 0].set_yticks(range(len(rows)), [fill(row, 18) for row in rows])
    axes[0, 0].invert_yaxis()
    return finish(fig)


def figure_changes(
    table: pd.DataFrame, *, ylabel: str, rows: Sequence[str], levels: Mapping[str, float] | None = None
) -> Figure:
    """Paired changes with intervals: a cluster per group, a colour per row.

    Args:
        table: columns row, group, change, change low, change high.
        ylabel: what is shown.
        rows: in order.
        levels: name → change that is drawn as a dashed line across all groups.
    """
    groups = list(dict.fromkeys(table["group"]))
    fig, ax = plt.subplots(figsize=(2.2 + (0.5 + 0.28 * len(rows)) * len(groups), 3.1))
    for k, row in enumerate(rows):
        own = table[table["row"] == row].set_index("group").reindex(groups)
        x = np.arange(len(groups)) + 0.7 / len(rows) * (k - (len(rows) - 1) / 2)
        ends = own["change low"], own["change high"]
        draw_intervals(ax, x, own["change"], *ends, color=PALETTE[k], label=row)
    ax.axhline(0, color="black", lw=0.8)
    for name, level in (levels or {}).items():
        ax.axhline(level, color="0.35", lw=1, ls="--")
        ax.annotate(name, (1, level), (-3, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
                    fontsize=8, ha="right")  # fmt: skip
    ax.set_xticks(range(len(groups)), groups, fontsize=8)
    ax.set(ylabel=ylabel)
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.19), ncols=len(rows))
    ax.grid(axis="x", visible=False)
    return finish(fig)


def figure_classes(points: pd.DataFrame) -> Figure:
    """Draw aesmamba Figure 7: relative change of SRCC within a class against its share, and each model's line.

    The vertical axis is linear up to ±0.05 and logarithmic beyond, so that the straight lines bend where they leave
    that band.

    Args:
        points: columns share, model, seed, relative; dots are means over seeds; for the lines, fitted by least
            squares, a change beyond ±1 counts as ±1.
    """
    fig, ax = plt.subplots(figsize=(6.2, 3.6))
    ax.set_yscale("symlog", linthresh=0.05)  # before anything is drawn, so that margins are taken on this scale
    names = {"B": "B: plain cross-entropy", "C": "C: balanced"}
    for (model, own), colour, mark in zip(points.groupby("model"), (BLUE, ORANGE), ("s", "o"), strict=False):
        dots = own.groupby(["attribute", "class"])[["share", "relative"]].mean()
        ax.plot(100 * dots["share"], dots["relative"], mark, color=colour, ms=4.5, alpha=0.8, label=names[str(model)])
        line = np.polyfit(own["share"], own["relative"].clip(-1, 1), 1)
        grid = np.linspace(own["share"].min(), own["share"].max(), 200)
        ax.plot(100 * grid, np.polyval(line, grid), color=colour, lw=1.6)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(
        xlabel="share of the class in training (%)",
        ylabel="relative change of SRCC against A\n(logarithmic beyond ±0.05)",
    )
    ax.legend(fontsize=8)
    return finish(fig)


def figure_radar(
    values: Mapping[str, Sequence[float]], spokes: Sequence[str], repeats: Mapping[str, np.ndarray]
) -> Figure:
    """aesmamba Figure 1: all tasks at a glance, and the spread of personal models over repeats.

    Args:
        values: name of a model → a number per spoke.
        spokes: names of the tasks.
        repeats: label of a box → a value per repeat.
    """
    fig = plt.figure(figsize=(9.5, 4.2))
    ax, box = fig.add_subplot(1, 2, 1, projection="polar"), fig.add_subplot(1, 2, 2)
    assert isinstance(ax, PolarAxes)
    angles = np.linspace(0, 2 * np.pi, len(spokes), endpoint=False)
    for (name, row), colour in zip(values.items(), (GREY, SKY, ORANGE, RED), strict=False):
        closed = [*row, row[0]]
        ax.plot([*angles, angles[0]], closed, "o-", color=colour, lw=1.5, ms=3, label=name)
    ax.set_xticks(angles, spokes, fontsize=7.5)
    ax.tick_params(axis="x", pad=9)
    ax.set_rlabel_position(180 / len(spokes))  # between two spokes
    lowest = float(np.nanmin(list(values.values())))
    bottom = np.floor(lowest * 10) / 10 - 0.1
    ax.set_ylim(bottom if lowest < 0 else max(0.0, bottom), None)  # a negative correlation keeps its place
    ax.set_title("SRCC of the overall score", fontsize=9, loc="center")
    ax.legend(fontsize=7, loc="lower left", bbox_to_anchor=(-0.35, -0.16))
    box.boxplot(list(repeats.values()), tick_labels=list(repeats), widths=0.5, medianprops={"color": RED})
    box.set(ylabel="SRCC, mean over persons", title="Repeats with other persons")
    box.tick_params(axis="x", labelsize=7, rotation=20)
    return finish(fig)


def figure_words(pieces: Sequence[str], weights: np.ndarray, *, title: str) -> Figure:
    """How much a picture looks at each token of its comments."""
    fig, ax = plt.subplots(figsize=(max(4.0, 0.34 * len(pieces)), 2.3))
    ax.bar(range(len(pieces)), weights, color=BLUE)
    ax.set_xticks(range(len(pieces)), pieces, rotation=60, ha="right", fontsize=7.5)
    ax.set(ylabel="weight", title=title)
    ax.grid(axis="x", visible=False)
    return finish(fig)


def figure_persona(pictures: np.ndarray, generic: np.ndarray, personal: np.ndarray) -> Figure:
    """Pictures (N, 3, H, W) with the score of nobody in particular and of one persona."""
    fig, axes = plt.subplots(1, len(pictures), figsize=(1.55 * len(pictures), 2.1))
    for ax, picture, before, after in zip(axes, pictures, generic, personal, strict=True):
        ax.imshow(np.moveaxis(picture, 0, -1))
        ax.set(xticks=[], yticks=[])  # ticks cost time though not drawn
        ax.set_title(f"{after:.2f} ({after - before:+.2f})", fontsize=8, loc="center")
        ax.set_axis_off()
    return finish(fig)
