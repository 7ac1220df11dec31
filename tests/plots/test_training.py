import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from aeslib.metrics import Interval
from aeslib.plots import training as plots

TRIVIAL = Interval(0.4, 0.35, 0.45)
ROWS = pd.DataFrame(
    {
        "encoder": ["cnn", "cnn", "vit", "vit"],
        "start": ["pretext", "scratch"] * 2,
        "value": [0.8, 0.7, 0.75, 0.6],
        "low": [0.78, 0.66, 0.7, 0.5],
        "high": [0.82, 0.73, 0.79, 0.7],
    }
)
CURVES = {
    ("cnn", "pretext"): np.array([[0.5, 0.7], [0.6, 0.8]]),
    ("cnn", "scratch"): np.array([[0.1, 0.5]]),
    ("vit", "pretext"): np.array([[0.3, 0.4]]),
}
PRED, TRUTH = np.arange(9.0), np.full(9, 4.0)
PICTURES = np.random.default_rng(0).integers(0, 256, (9, 3, 16, 16)).astype(np.uint8)
FIGURES = {
    "agreement": lambda: plots.figure_agreement(ROWS, TRIVIAL, 0.92, goal=0.8),
    "curves": lambda: plots.figure_curves(CURVES, TRIVIAL, 0.92, goal=0.8),
    "extremes": lambda: plots.figure_extremes(PICTURES, plots.extremes(PRED, TRUTH, 3), PRED, TRUTH),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_returned_closed_and_nothing_leaves_them(name, check_figure):
    check_figure(FIGURES[name]())


def vertical(ax: plt.Axes) -> dict[str, float]:
    """Label → place of the lines that stand."""
    named = {line.get_label(): line.get_xdata() for line in ax.lines}
    return {label: x[0] for label, x in named.items() if not label.startswith("_") and len(set(x)) == 1}


def test_the_ceiling_its_share_and_the_baseline_are_drawn():
    (ax,) = FIGURES["agreement"]().axes
    assert vertical(ax) == pytest.approx({"colour statistics": 0.4, "0.8 × ceiling": 0.736, "ceiling": 0.92})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cnn", "vit"]
    pretext = next(line for line in ax.lines if line.get_label() == "from pretext")
    assert pretext.get_xdata().tolist() == [0.8, 0.75]


def test_where_no_ceiling_is_known_none_is_drawn():
    (ax,) = plots.figure_agreement(ROWS, TRIVIAL, None, goal=0.8).axes
    assert vertical(ax) == {"colour statistics": 0.4}


def test_curves_show_each_seed_and_their_mean():
    cnn, vit = FIGURES["curves"]().axes
    mean = next(line for line in cnn.lines if line.get_label() == "from pretext")
    np.testing.assert_allclose(mean.get_xydata(), [[1, 0.55], [2, 0.75]])
    assert [cnn.get_title(loc="left"), vit.get_title(loc="left")] == ["cnn", "vit"]
    assert not [line for line in vit.lines if line.get_label() == "from scratch"]


def test_a_single_epoch_is_one_tick():
    (ax,) = plots.figure_curves({("cnn", "pretext"): np.array([[0.5]])}, TRIVIAL, None, goal=0.8).axes
    assert [tick for tick in ax.get_xticks() if 0.5 < tick < 1.5] == [1]


def test_best_and_worst_are_told_apart():
    found = plots.extremes(PRED, TRUTH, 3)
    assert {label: rows.tolist() for label, rows in found.items()} == {
        "best": [4, 3, 5],
        "too high": [8, 7, 6],
        "too low": [0, 1, 2],
    }


def test_pictures_stand_over_their_scores():
    axes = FIGURES["extremes"]().axes
    assert [ax.get_xlabel() for ax in axes[2:5]] == ["5.00 for 4.00", "8.00 for 4.00", "7.00 for 4.00"]
    assert [axes[row].get_ylabel() for row in (0, 3, 6)] == ["best", "too high", "too low"]
    np.testing.assert_array_equal(axes[3].images[0].get_array(), PICTURES[3].transpose(1, 2, 0))
