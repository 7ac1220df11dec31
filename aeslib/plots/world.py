"""The generated world to look at: contact sheets, distortions, matched histograms, ceilings, tails, tastes.

Letters: R rows and C columns of a sheet · S side of a picture in pixels · N images.
"""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aeslib.plots.style import DIVERGING, GREY, HERE, ORANGE, SEQUENTIAL, finish
from aeslib.seeding import numpy_generator


def mosaic(pictures: np.ndarray, gap: int = 2) -> np.ndarray:
    """(R · (S + gap) − gap, C · (S + gap) − gap, 3) one white-ruled picture of (R, C, 3, S, S) uint8 ones."""
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, 0), (0, gap), (0, gap)), constant_values=255)
    rows, columns, _, high, wide = padded.shape
    joined = padded.transpose(0, 3, 1, 4, 2).reshape(rows * high, columns * wide, 3)
    return joined[: joined.shape[0] - gap, : joined.shape[1] - gap]


def figure_sheet(rows: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """Contact sheet: a labelled row of (C, 3, S, S) uint8 pictures for each entry."""
    pictures = np.stack(list(rows.values()))
    (count, columns), side = pictures.shape[:2], pictures.shape[-1]
    fig, ax = plt.subplots(figsize=(8.6, 0.5 + 7.4 * count / columns))
    ax.imshow(mosaic(pictures), interpolation="none")
    ax.set_yticks((np.arange(count) + 0.5) * (side + 2) - 1.5, list(rows))
    ax.set_xticks([])
    ax.set_title(title)
    _bare(ax)
    return finish(fig)


def figure_captioned(pictures: np.ndarray, texts: Sequence[str], *, columns: int = 4, width: int = 34) -> Figure:
    """(N, 3, S, S) pictures with a text under each, lines broken after `width` characters."""
    rows = -(-len(pictures) // columns)
    wrapped = ["\n".join(textwrap.fill(line, width) for line in text.splitlines()) for text in texts]
    tallest = max(text.count("\n") for text in wrapped) + 1
    fig, axes = plt.subplots(rows, columns, figsize=(8.6, rows * (8.6 / columns + 0.16 * tallest)), squeeze=False)
    for ax, picture, text in zip(axes.flat, pictures, wrapped, strict=False):
        ax.imshow(picture.transpose(1, 2, 0), interpolation="none")
        ax.set_xlabel(text, fontsize=7.5)
        ax.set_xticks([])
        ax.set_yticks([])
        _bare(ax)
    for ax in axes.flat[len(pictures) :]:
        ax.remove()
    return finish(fig)


def figure_distortions(pictures: np.ndarray, names: Sequence[str], scores: np.ndarray) -> Figure:
    """One reference in K kinds of distortion by 5 steps, three kinds abreast, the mean score under each picture.

    Args:
        pictures: (K, 5, 3, S, S) uint8.
        names: K kinds.
        scores: (K, 5) mean scores, 0 to 9.
    """
    rows = -(-len(names) // 3)
    fig, axes = plt.subplots(rows, 3, figsize=(9.4, 1.05 * rows), squeeze=False)
    centres = (np.arange(pictures.shape[1]) + 0.5) * (pictures.shape[-1] + 2) - 1.5
    for k, (ax, strip, name) in enumerate(zip(axes.T.flat, pictures, names, strict=True), start=1):
        ax.imshow(mosaic(strip[None]), interpolation="none")
        ax.set_title(f"{k} {name}", fontsize=8, pad=2)
        ax.set_xticks(centres, [f"{score:.1f}" for score in scores[k - 1]], fontsize=7)
        ax.set_yticks([])
        _bare(ax)
    return finish(fig)


def _bare(ax: Axes) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, pad=2)
    ax.grid(visible=False)


def figure_matching(here: Mapping[str, np.ndarray], published: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Share of images up to each score: the stand-in as a line, what is published as points.

    Args:
        here: label → (N,) mean scores of a stand-in.
        published: the same labels → scores and shares of images up to them.
    """
    rows = -(-len(here) // 4)
    fig, axes = plt.subplots(rows, 4, figsize=(9, 2.1 * rows), sharey=True, squeeze=False)
    for ax, (label, scores) in zip(axes.flat, here.items(), strict=False):
        at, share = published[label]
        ax.plot(np.sort(scores), np.arange(1, len(scores) + 1) / len(scores), color=HERE, lw=1.5, label="stand-in")
        ax.plot(at, share, "o", ms=3.5, mfc="white", mec=ORANGE, label="published")
        ax.set_title(label, fontsize=8.5)
    for ax in axes.flat[len(here) :]:
        ax.remove()
    axes[0, 0].legend(loc="lower right", fontsize=7)
    fig.supxlabel("mean score, in the data set's units", fontsize=9)
    fig.supylabel("share of images up to it", fontsize=9)
    return finish(fig)


def figure_ceilings(ceilings: pd.DataFrame) -> Figure:
    """How well the best possible model agrees with the mean votes; both correlations of each data set, best on top.

    Args:
        ceilings: a row per data set, columns PLCC and SRCC.
    """
    ordered = ceilings.sort_values("SRCC")
    fig, ax = plt.subplots(figsize=(6.5, 0.9 + 0.28 * len(ordered)))
    ax.hlines(ordered.index, ordered["SRCC"], ordered["PLCC"], color=GREY, lw=1)
    ax.plot(ordered["SRCC"], ordered.index, "o", color=HERE, label="SRCC")
    ax.plot(ordered["PLCC"], ordered.index, "D", color=ORANGE, ms=5, label="PLCC")
    for name, value in ordered["SRCC"].items():
        ax.annotate(f"{value:.3f}", (0.01, str(name)), va="center", fontsize=7.5)
    ax.set(xlim=(0, 1.02), xlabel="correlation of the crowd's average opinion with the mean votes")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return finish(fig)


def figure_grid(values: pd.DataFrame, *, title: str) -> Figure:
    """Signed numbers, two decimals, on cells from blue (least) over white (0, left blank) to red (largest)."""
    table = values.to_numpy(float).round(2)
    strongest = float(np.abs(table).max())
    fig, ax = plt.subplots(figsize=(1.4 + 0.5 * table.shape[1], 1.2 + 0.25 * len(table)))
    ax.imshow(table, aspect="auto", cmap=DIVERGING, vmin=-strongest, vmax=strongest)
    for row, column in np.argwhere(table):
        value = table[row, column]
        ink = "white" if abs(value) > 0.6 * strongest else "black"
        ax.text(column, row, f"{value:.2f}".replace("-", "−"), ha="center", va="center", fontsize=7, color=ink)
    ax.set_xticks(range(table.shape[1]), values.columns, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(table)), values.index)
    ax.set_title(title)
    _bare(ax)
    return finish(fig)


def figure_tails(scores: Mapping[float, np.ndarray], edges: Sequence[float], *, xlabel: str) -> Figure:
    """Histograms of mean scores at several settings of the dial, light to dark as the imbalance grows."""
    colours = plt.get_cmap(SEQUENTIAL + "_r")(np.linspace(0.15, 1, len(scores)))
    fig, ax = plt.subplots(figsize=(6.5, 3.2))
    for (tail, values), colour in zip(scores.items(), colours, strict=True):
        share = np.histogram(values, edges)[0] / len(values)
        ax.stairs(share, edges, color=colour, lw=2, label=f"{tail:g}")
    ax.set(xlabel=xlabel, ylabel=f"share of images per {edges[1] - edges[0]:g}")
    ax.legend(title="tail =", loc="upper left")
    return finish(fig)


def figure_kinds(people: pd.DataFrame) -> Figure:
    """How well each rater's own average opinion agrees with the votes they gave, by kind of taste.

    Args:
        people: columns kind, ceiling (Spearman's ρ; NaN for raters with too few votes, who are counted apart).
    """
    kinds = people["kind"].value_counts()
    fig, ax = plt.subplots(figsize=(6.5, 0.9 + 0.5 * len(kinds)))
    chance = numpy_generator(0)
    for y, (kind, count) in enumerate(kinds.items()):
        known = people.loc[people["kind"] == kind, "ceiling"].dropna()
        ax.plot(known, y + chance.uniform(-0.25, 0.25, len(known)), "o", color=HERE, ms=3, alpha=0.5)
        ax.plot([known.median()] * 2, [y - 0.36, y + 0.36], color="black", lw=2)
        number = f"n = {count}" if len(known) == count else f"n = {len(known)} of {count}"
        ax.annotate(number, (1.005, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
    ax.set_yticks(range(len(kinds)), list(kinds.index))
    ax.set(xlabel="Spearman's ρ of own opinion and own votes; line: median")
    return finish(fig)
