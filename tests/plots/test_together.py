"""Pictures of all methods: everything inside, nothing told by colour alone, names that do not meet."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from aeslib.plots import together as plots

METHODS = ["Plain CNN", "ELTA", "Multi-task CNN", "AesMamba"]
rng = np.random.default_rng(0)


def drawn(names, metrics):
    rows = [(data, row, metric, v := rng.uniform(0.5, 0.8), v - 0.03, v + 0.03, 10 ** rng.uniform(0, 2))
            for data in ("AVA", "AADB") for row in names if (data, row) != ("AVA", "Multi-task CNN")
            for metric in metrics]  # fmt: skip
    return pd.DataFrame(rows, columns=["data", "row", "metric", "here", "low", "high", "seconds"])


def price(**changes):
    rows = drawn(METHODS, ["SRCC"]).rename(columns={"here": "value"})
    ceilings = changes.get("ceilings", {"AVA": 0.95, "AADB": None})
    return plots.figure_price(rows, ceilings, {"AVA": 0.4, "AADB": 0.3}, cost="seconds", label="seconds")


def combinations():
    rows = [("VMamba", "TFA + FLSA", 0.02, "better"), ("VMamba", "attributes", -0.05, "worse"),
            ("plain CNN", "TFA + FLSA", -0.01, "open")]  # fmt: skip
    return plots.figure_combinations(
        pd.DataFrame(rows, columns=["network", "module", "change", "outcome"]), title="AADB: change of SRCC"
    )


FIGURES = {
    "price": price,
    "segments": lambda: plots.figure_segments(drawn(METHODS, ["L", "M", "H"])),
    "combinations": combinations,
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_closed_and_hold_everything(name, check_figure):
    check_figure(FIGURES[name]())


def test_every_method_is_named_and_the_ceiling_only_where_it_is_known():
    ava, aadb = price().axes
    said = [[text.get_text() for text in ax.texts] for ax in (ava, aadb)]
    assert set(said[0]) == {"colour statistics", "noise ceiling", *METHODS} - {"Multi-task CNN"}
    assert set(said[1]) == {"colour statistics", *METHODS}


def test_names_do_not_meet():
    for ax in price().axes:
        ax.figure.draw_without_rendering()
        boxes = [plt.Text.get_window_extent(text) for text in ax.texts if text.get_text() in METHODS]
        boxes = sorted((box.y0, box.y1) for box in boxes)
        assert all(below[1] <= above[0] + 1 for below, above in pairwise(boxes))


def test_spread_out_keeps_order_distance_and_the_upper_end():
    wanted = np.array([0.1, 0.11, 0.12, 0.9, 0.99])
    places = plots.spread_out(wanted, 0.05, 1.0)
    assert np.diff(places).min() >= 0.05 - 1e-12
    assert places.max() <= 1.0
    assert plots.spread_out(np.array([0.1, 0.5]), 0.05, 1.0).tolist() == [0.1, 0.5]


def test_no_method_is_told_by_colour_alone():
    assert len({marker for _, marker in plots.MARKS}) == len({colour for colour, _ in plots.MARKS}) == len(plots.MARKS)


def test_rows_that_a_data_set_lacks_are_marked():
    figure = plots.figure_segments(drawn(METHODS, ["L", "M", "H"]))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == METHODS
    assert [len(ax.texts) for ax in figure.axes] == [1, 1, 1, 0, 0, 0]


def test_stars_stand_where_the_interval_excludes_zero():
    (ax,) = combinations().axes
    assert [text.get_text() for text in ax.texts] == ["+0.020 *", "−0.050 *", "−0.010", "–"]
