from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from aeslib.imbalance import measure
from aeslib.plots import distributions as plots
from aeslib.plots.style import BODY, TAIL

COUNTS = np.array([3, 20, 400, 5000, 300, 10, 0])
LABELS = [f"[{k}, {k + 1})" for k in range(7)]
SHARES = pd.DataFrame([[10, 70, 20], [0, 99, 1]], index=["light", "colour"], columns=["low", "mid", "high"])
RHO = pd.Series({"light": 0.58, "blur": -0.2, "content": 0.7})
FIGURES = {
    "counts": lambda: plots.figure_counts({"A": COUNTS, "B": COUNTS[::-1], "C": COUNTS}, LABELS),
    "shares": lambda: plots.figure_shares(SHARES, xlabel="share of images"),
    "levels": lambda: plots.figure_levels(SHARES),
    "correlations": lambda: plots.figure_correlations(RHO, pd.Series({"light": 0.6})),
    "scores": lambda: plots.figure_scores(np.array([3.0, 5.0, 5.5, 6.1]), threshold=5, width=0.5, xlabel="mean score"),
    "measures": lambda: plots.figure_measures(pd.concat({"A": measure(COUNTS), "B": measure(COUNTS + 5)})),
}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def svg(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_returned_closed_and_the_same_each_time(name):
    figure = FIGURES[name]()
    assert plt.get_fignums() == []
    assert svg(figure) == svg(FIGURES[name]())


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_closed_and_hold_everything(name, check_figure):
    check_figure(FIGURES[name]())


def test_counts_are_written_on_bars_and_the_tails_stand_out():
    figure = plots.figure_counts({"A": COUNTS}, LABELS)
    (ax,) = figure.axes
    assert texts(figure) == ["3", "20", "400", "5,000", "300", "10", "0"]
    assert [bar.get_height() for bar in ax.patches] == COUNTS.tolist()
    wanted = [plt.matplotlib.colors.to_rgba(c) for c in [TAIL] * 2 + [BODY] * 3 + [TAIL] * 2]
    assert [bar.get_facecolor() for bar in ax.patches] == wanted


def test_a_third_panel_leaves_no_empty_one():
    assert [ax.get_title(loc="left") for ax in FIGURES["counts"]().axes] == ["A", "B", "C"]


def test_shares_are_of_each_row_and_small_ones_carry_no_number():
    assert texts(plots.figure_shares(SHARES, xlabel="x")) == ["10%", "", "70%", "99%", "20%", ""]


def test_correlations_are_sorted_and_show_what_is_published():
    (ax,) = plots.figure_correlations(RHO, pd.Series({"light": 0.6, "content": np.nan})).axes
    assert [text.get_text() for text in ax.texts] == ["-0.200", "0.580", "0.700"]
    (published, *_) = ax.lines
    assert published.get_xdata().tolist() == [0.6]


def test_the_threshold_splits_the_shares():
    (ax,) = FIGURES["scores"]().axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mean ≤ 5: 50.0%", "mean > 5: 50.0%"]


def test_an_infinite_ratio_is_marked():
    assert texts(FIGURES["measures"]()) == ["∞"]
