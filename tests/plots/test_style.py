"""Values with their intervals, drawn by one function in all figures."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from aeslib.metrics import Interval
from aeslib.plots import aesmamba, elta, overview, taskvec
from aeslib.plots.style import draw_intervals


def ends(ax) -> list[list[float]]:
    """Both ends of each interval of an axis, along the axis that it lies on."""
    lines = [line for collection in ax.collections for line in collection.get_segments()]
    return [sorted({*line[:, 0]} if np.ptp(line[:, 0]) else {*line[:, 1]}) for line in lines]


@pytest.mark.parametrize("across", [False, True])
def test_an_interval_is_drawn_where_it_is_also_beside_its_value(across):
    fig, ax = plt.subplots()
    draw_intervals(ax, [0], [0.0], [0.1], [0.3], color="k", across=across)
    assert ends(ax)[0] == [0.1, 0.3]
    (marks,) = ax.lines
    assert (marks.get_xdata() if across else marks.get_ydata())[0] == 0
    plt.close(fig)


CHANGES = pd.DataFrame({"row": "a", "group": "g", "change": [0.0], "change low": [0.1], "change high": [0.3]})
SCALING = pd.DataFrame({"tasks": [1], "shots": [10], "here": [0.0], "low": [0.1], "high": [0.3]})
ROWS = pd.DataFrame({"row": ["a"], "metric": "10-shot", "published": 0.2, "here": 0.0, "low": 0.1, "high": 0.3})
TRADE = pd.concat([CHANGES.assign(metric=metric) for metric in "LMH"])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: aesmamba.figure_changes(CHANGES, ylabel="y", rows=["a"]),
        lambda: taskvec.figure_scaling(SCALING, ["AVA"]),
        lambda: taskvec.figure_rows(ROWS, ["10-shot"]),
        lambda: elta.figure_tradeoff(TRADE, base="b"),
        lambda: overview.figure_inflation({10: Interval(0.0, 0.1, 0.3)}),
    ],
)
def test_no_figure_turns_an_interval_over(draw):
    """They ended in an error, or drew -0.1 to 0.3, where the value lies below its interval."""
    assert all(interval == pytest.approx([0.1, 0.3]) for interval in ends(draw().axes[0]))
