"""Figures of elta: what is drawn is what the numbers say."""

import numpy as np
import pandas as pd
import pytest

from aeslib.plots import elta as plots


def test_sharpened_distributions_are_as_wide_at_both_ends_as_between():
    bins, before, after = np.arange(1.0, 5.0), np.full((1, 4), 0.25), np.array([[0.4, 0.1, 0.1, 0.4]])
    figure = plots.figure_temperature(np.repeat(before, 2, 0), np.repeat(after, 2, 0), bins, 0.75)
    for ax in figure.axes:
        (line,) = [patch for patch in ax.patches if hasattr(patch, "get_data")]
        assert line.get_data().edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
        assert line.get_data().values.tolist() == [0.4, 0.1, 0.1, 0.4]


def test_settings_stand_side_by_side_in_colours_of_their_own_and_may_lack_rows():
    """Two settings, of which the first has no row "RankSim": its dots are 2, the second's 3, each at its change."""
    rows = [("neck", "TFA"), ("neck", "FLSA"), ("whole", "TFA"), ("whole", "FLSA"), ("whole", "RankSim")]
    table = pd.DataFrame(rows, columns=["setting", "row"]).assign(metric="MAE", change=[0.1, 0.2, -0.1, -0.2, -0.3])
    table = table.assign(**{"change low": table["change"] - 0.05, "change high": table["change"] + 0.05})
    base = pd.DataFrame([{"setting": "neck", "row": "none", "metric": "MAE", "change": np.nan}])
    (ax,) = plots.figure_settings(pd.concat([base, table]), base="none").axes
    neck, whole = (line for line in ax.lines if line.get_marker() in "os")
    assert neck.get_color() != whole.get_color()
    assert neck.get_xdata() == pytest.approx([0.1, 0.2])
    assert whole.get_xdata() == pytest.approx([-0.1, -0.2, -0.3])
    assert np.round(whole.get_ydata()).tolist() == [0, 1, 2]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["TFA", "FLSA", "RankSim"]


def test_bars_of_shots_are_the_training_images_of_their_bins():
    edges, train, test = np.arange(4.0), np.array([1, 30, 5]), np.array([10, 10, 10])
    names = np.array(["few", "many", "medium"])
    (ax,) = plots.figure_shots({"long tail": (edges, train, names, test)}).axes
    heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in ax.containers}
    assert heights == {"many-shot": [0, 30, 0], "medium-shot": [0, 0, 5], "few-shot": [1, 0, 0]}


def test_every_pair_of_temperatures_has_a_cell_and_no_change_is_the_middle_colour():
    values = pd.DataFrame([[0.5, 0.7, 0.6], [0.4, 0.6, 0.6]], index=[0.1, 0.2], columns=[2.0, 4.0, 10.0])
    ax = plots.figure_temperatures(values, base=0.6).axes[0]
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), [[-0.1, 0.1, 0], [-0.2, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(image.get_clim(), (-0.2, 0.2))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "4", "10"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.1", "0.2"]
