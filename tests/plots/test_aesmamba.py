"""Figures of aesmamba: what is drawn is what the numbers say."""

import numpy as np
import pandas as pd
import pytest

from aeslib.plots import aesmamba as plots


def changes(seed: int = 0) -> pd.DataFrame:
    """Relative changes that fall with the share of a class, beyond the linear part of the axis."""
    rng = np.random.default_rng(seed)
    share = np.linspace(0.05, 0.6, 12)
    parts = [
        pd.DataFrame({
            "share": share, "model": model, "seed": 0, "attribute": [f"a{k}" for k in range(12)], "class": 1,
            "relative": slope * (share - 0.3) + 0.01 * rng.normal(size=12),
        }) for model, slope in (("B", -1.5), ("C", 2.0))
    ]  # fmt: skip
    return pd.concat(parts)


def test_fitted_lines_are_straight_in_numbers_and_bend_on_the_axis():
    points = changes()
    (ax,) = plots.figure_classes(points).axes
    for (_, rows), line in zip(points.groupby("model"), [line for line in ax.lines if len(line.get_xdata()) > 12],
                               strict=True):  # fmt: skip
        x, y = line.get_xdata() / 100, line.get_ydata()
        assert (x[0], x[-1]) == pytest.approx((rows["share"].min(), rows["share"].max()))
        np.testing.assert_allclose(y, np.polyval(np.polyfit(rows["share"], rows["relative"], 1), x), atol=1e-12)
        drawn = ax.transData.transform(np.column_stack([100 * x, y]))
        straight = np.interp(drawn[:, 0], drawn[[0, -1], 0], drawn[[0, -1], 1])
        assert np.abs(drawn[:, 1] - straight).max() > 5, "a line through the ends would leave the fit by pixels"
    assert "logarithmic beyond ±0.05" in ax.get_ylabel()


def test_a_negative_correlation_keeps_its_place_on_the_radar():
    figure = plots.figure_radar({"A": [0.4, -0.23, 0.1]}, ["x", "y", "z"], {"few": np.array([0.1, 0.2])})
    low, high = figure.axes[0].get_ylim()
    assert low < -0.23
    assert high > 0.4
    positive = plots.figure_radar({"A": [0.4, 0.05, 0.1]}, ["x", "y", "z"], {"few": np.array([0.1, 0.2])})
    assert positive.axes[0].get_ylim()[0] == 0


def test_a_row_that_a_group_lacks_is_a_dash():
    table = pd.DataFrame({"row": ["p", "q", "p"], "metric": "SRCC", "group": ["one", "one", "two"],
                          "here": [0.1, 0.2, 0.3], "low": [0.0, 0.1, 0.2], "high": [0.2, 0.3, 0.4]})  # fmt: skip
    figure = plots.figure_dots(table, metric="SRCC", groups=["one", "two"], xlabel="SRCC")
    texts = [[(text.get_text(), text.get_position()[1]) for text in ax.texts] for ax in figure.axes]
    assert texts == [[], [("–", 1)]]
