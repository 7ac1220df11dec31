import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from aeslib.ledger.core import VERDICTS
from aeslib.plots import overview
from aeslib.plots.style import HERE

ITEMS = pd.DataFrame(
    [("elta", "table", 1, "done"), ("elta", "figure", 1, "to come"), ("mtcnn", "table", 12, "done")],
    columns=["paper", "kind", "number", "status"],
)
VERDICTS_BY_PAPER = pd.DataFrame({"exact": [3, 0], "needs data": [1, 2]}, index=["elta", "mtcnn"])
SCORES = {"AVA": np.linspace(3, 8, 101), "AADB": np.linspace(0, 1, 101)}
FIGURES = {
    "items": lambda: overview.figure_items(ITEMS),
    "verdicts": lambda: overview.figure_verdicts(VERDICTS_BY_PAPER),
    "matrix": lambda: overview.figure_matrix(VERDICTS_BY_PAPER, title="claims"),
    "scales": lambda: overview.figure_scales(SCORES, {"AVA": (1, 10), "AADB": (0, 1)}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_closed_and_hold_everything(name, check_figure):
    check_figure(FIGURES[name]())


def test_done_items_are_filled():
    (ax,) = FIGURES["items"]().axes
    assert [text.get_text() for text in ax.texts] == ["T1", "F1", "T12"]
    filled = [patch.get_facecolor() == plt.matplotlib.colors.to_rgba(HERE) for patch in ax.patches]
    assert filled == [True, False, True]
    assert ax.get_title(loc="left") == "2 of 3 done"


def test_every_verdict_has_a_colour_of_its_own():
    assert set(overview.VERDICT_COLOURS) == set(VERDICTS)
    assert len(set(overview.VERDICT_COLOURS.values())) == len(VERDICTS)


def test_verdicts_are_counted_on_the_bars():
    (ax,) = FIGURES["verdicts"]().axes
    assert [text.get_text() for text in ax.texts] == ["3", "", "1", "2"]


def test_zeros_of_a_matrix_are_blank():
    (ax,) = FIGURES["matrix"]().axes
    assert [text.get_text() for text in ax.texts] == ["3", "1", "2"]


def test_scales_are_laid_over_each_other():
    (ax,) = FIGURES["scales"]().axes
    ends = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 0.8 and line.get_linestyle() == "-"]
    assert ends[0] == pytest.approx([2 / 9, 7 / 9])  # AVA's 3 and 8 on 1 to 10
    assert ends[1] == pytest.approx([0, 1])
    assert [text.get_text() for text in ax.texts] == ["1", "10", "0", "1"]
