"""All methods in one picture: accuracy against cost, errors by part of the scale, and what combines with what."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from aeslib.plots.style import BLUE, BROWN, DIVERGING, GREEN, GREY, ORANGE, PURPLE, RED, SKY, finish

MARKS = [(BLUE, "o"), (ORANGE, "s"), (RED, "D"), (GREEN, "^"), (PURPLE, "v"), (BROWN, "P"), (SKY, "X"), ("black", "*")]
"""Colour and marker of each method, so that none is told by colour alone."""
CLEAR = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
"""Behind names, so that lines do not cross them."""
GAP = 0.055
"""Least distance between two names, as a share of the panel."""


def figure_price(
    rows: pd.DataFrame, ceilings: Mapping[str, float | None], floors: Mapping[str, float], *, cost: str, label: str
) -> Figure:
    """Rank correlation with its interval against what it costs, a panel per data set, every method named beside it.

    Args:
        rows: columns data, row, value, low, high and `cost`.
        ceilings: data set → the best possible agreement; None where it is not known.
        floors: data set → that of the trivial baseline.
        cost: the column along x, on a logarithmic axis.
        label: what that axis says.
    """
    sets = list(rows["data"].unique())
    marks = dict(zip(names_of(rows), MARKS, strict=False))
    fig, axes = plt.subplots(1, len(sets), figsize=(5.4 * len(sets), 4.2), sharey=True, squeeze=False)
    known = [value for value in (*ceilings.values(), *floors.values()) if value is not None]
    least, most = min(rows["low"].min(), *known), max(rows["high"].max(), *known)
    bottom, top = least - 0.08 * (most - least), most + 0.1 * (most - least)
    low, high = rows[cost].min() / 2, rows[cost].max() * 1.6
    edge = high * (high / low) ** 0.52
    for ax, name in zip(axes.flat, sets, strict=True):
        part = rows[rows["data"] == name].sort_values("value")
        for line in (("colour statistics", floors[name], ":"), ("noise ceiling", ceilings[name], "-")):
            if line[1] is not None:
                ax.axhline(line[1], color=GREY, ls=line[2], lw=1.3)
                ax.text(low * 1.1, line[1], line[0], fontsize=8, color="#555555", va="bottom")
        places = spread_out(part["value"].to_numpy(), GAP * (top - bottom), top - 0.02)
        for one, place in zip(part.to_dict("records"), places, strict=True):
            colour, marker = marks[one["row"]]
            ax.plot([one[cost]] * 2, [one["low"], one["high"]], color=colour, lw=1.6)
            ax.plot(one[cost], one["value"], marker, color=colour, ms=8, mec="white", mew=0.6)
            ax.annotate(
                one["row"], (one[cost], one["value"]), (high, place), fontsize=8, va="center", bbox=CLEAR,
                arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 1, "shrinkB": 4},
            )  # fmt: skip
        ax.set(xscale="log", xlim=(low, edge), ylim=(bottom, top), xlabel=label, title=name)
    axes[0, 0].set_ylabel("SRCC on the test pictures, 95 % interval")
    return finish(fig)


def names_of(rows: pd.DataFrame) -> list[str]:
    """The methods in the order of the data set that has most of them."""
    return max((list(part["row"].unique()) for _, part in rows.groupby("data")), key=len)


def spread_out(wanted: np.ndarray, gap: float, high: float) -> np.ndarray:
    """(N,) places at least `gap` apart and below `high`, near the ascending `wanted`."""
    steps = gap * np.arange(len(wanted))
    places = isotonic_regression(wanted - steps).x + steps  # nearest in squares
    return np.minimum(places, high - steps[::-1])


def figure_segments(rows: pd.DataFrame) -> Figure:
    """Mean absolute error on the lowest fifth, the middle and the highest fifth, a line of panels per data set.

    Args:
        rows: columns data, row, metric (L, M, H), here, low, high.
    """
    sets, methods = list(rows["data"].unique()), names_of(rows)
    size = (8.6, 0.7 + (0.5 + 0.24 * len(methods)) * len(sets))
    fig, axes = plt.subplots(len(sets), 3, figsize=size, sharey=True, sharex="row", squeeze=False)
    titles = {"L": "lowest fifth (L)", "M": "middle (M)", "H": "highest fifth (H)"}
    for line, name in zip(axes, sets, strict=True):
        for ax, (metric, title) in zip(line, titles.items(), strict=True):
            part = rows[(rows["data"] == name) & (rows["metric"] == metric)].set_index("row").reindex(methods)
            y, colour = np.arange(len(methods)), SKY if metric == "M" else RED
            ax.hlines(y, part["low"], part["high"], color=colour, lw=2)
            ax.plot(part["here"], y, "o", color=colour, ms=5)
            ax.axvline(part["here"].iloc[0], color=GREY, lw=0.8, ls="--")
            for missing in y[part["here"].isna()]:
                ax.text(0.5, missing, "–", transform=ax.get_yaxis_transform(), ha="center", va="center", color=GREY)
            ax.set_title(title)
        line[0].set_ylabel(name)
        line[0].set_yticks(range(len(methods)), methods)
        line[0].set_ylim(len(methods) - 0.5, -0.5)
        line[1].set_xlabel("mean absolute error, points of ten; left is better; dashed: first row")
    return finish(fig)


def figure_combinations(rows: pd.DataFrame, *, title: str) -> Figure:
    """What each module changes on each network: blue helps, red hurts; a star where the interval excludes zero.

    Args:
        rows: columns network, module, change, outcome ("better", "worse" or "open").
        title: of the panel.
    """
    networks, modules = list(rows["network"].unique()), list(rows["module"].unique())
    change = rows.pivot(index="network", columns="module", values="change").reindex(networks, columns=modules)
    outcomes = rows.pivot(index="network", columns="module", values="outcome").reindex(networks, columns=modules)
    most = float(np.nanmax(np.abs(change.to_numpy()))) or 1.0
    fig, ax = plt.subplots(figsize=(1.7 + 1.35 * len(modules), 1.3 + 0.45 * len(networks)))
    better = plt.get_cmap(DIVERGING).reversed()  # blue
    ax.imshow(change, cmap=better, norm=plt.Normalize(-1.3 * most, 1.3 * most), aspect="auto", alpha=0.75)
    for (y, x), value in np.ndenumerate(change.to_numpy()):
        if np.isfinite(value):
            clear = outcomes.iloc[y, x] != "open"
            text = f"{value:+.3f}{' *' if clear else ''}".replace("-", "−")
            ax.text(x, y, text, ha="center", va="center", fontsize=8.5, fontweight="bold" if clear else "normal")
        else:
            ax.text(x, y, "–", ha="center", va="center", color=GREY)
    ax.set_xticks(range(len(modules)), [name.replace(" + ", "\n+ ") for name in modules])
    ax.set_yticks(range(len(networks)), networks)
    ax.set_title(title)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return finish(fig)
