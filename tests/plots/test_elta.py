"""Figures of elta: what is drawn is what the numbers say."""

import numpy as np

from aeslib.plots import elta as plots


def test_sharpened_distributions_are_as_wide_at_both_ends_as_between():
    bins, before, after = np.arange(1.0, 5.0), np.full((1, 4), 0.25), np.array([[0.4, 0.1, 0.1, 0.4]])
    figure = plots.figure_temperature(np.repeat(before, 2, 0), np.repeat(after, 2, 0), bins, 0.75)
    for ax in figure.axes:
        (line,) = [patch for patch in ax.patches if hasattr(patch, "get_data")]
        assert line.get_data().edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
        assert line.get_data().values.tolist() == [0.4, 0.1, 0.1, 0.4]
