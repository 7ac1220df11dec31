import numpy as np
import pandas as pd

from aeslib.plots import cells as plots

NORMAL = [("skip_connect", 0), ("dil_conv_3x3", 1), ("skip_connect", 0), ("sep_conv_3x3", 1),
          ("sep_conv_3x3", 1), ("max_pool_3x3", 3), ("sep_conv_5x5", 0), ("dil_conv_5x5", 4)]  # fmt: skip


def words(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_a_cell_names_its_operations_and_states():
    figure = plots.figure_cell({"normal": NORMAL})
    shown = words(figure)
    assert shown.count("skip") == 2
    assert shown.count("sep conv 3x3") == 2
    assert {"cell − 2", "cell − 1", "node 3", "output"} <= set(shown)
    assert len([p for p in figure.axes[0].patches if p.get_arrowstyle().__class__.__name__ == "CurveFilledB"]) == 8


def test_no_two_labels_of_a_cell_lie_on_each_other():
    ax = plots.figure_cell({"normal": NORMAL}).axes[0]
    places = [text.get_position() for text in ax.texts]
    gaps = [abs(a[0] - b[0]) / 0.4 + abs(a[1] - b[1]) / 0.12
            for k, a in enumerate(places) for b in places[k + 1 :]]  # fmt: skip
    assert min(gaps) > 0.9


def test_dropped_operations_are_masked():
    values = np.array([[0.7, 0.3, 0], [0, 0.4, 0.6]])
    figure = plots.figure_mixtures({"normal": values}, ["a", "b"], ["x", "y", "z"])
    shown = figure.axes[0].images[0].get_array()
    assert shown.mask.tolist() == (values == 0).tolist()


def test_losses_of_all_searches_and_the_ends_of_stages():
    log = pd.DataFrame({"seed": [0] * 4 + [1] * 4, "stage": [0, 0, 1, 1] * 2, "loss": range(8), "val": [np.nan, 1] * 4})
    ax = plots.figure_search(log).axes[0]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [2.5]
    assert words(ax.figure) == ["stage 1", "stage 2"]
    assert len(ax.get_legend().get_texts()) == 2


def test_other_pictures_show_what_they_are_given():
    stages = pd.DataFrame({"stage": ["1", "2"], "cells": [3, 4], "operations": [8, 5], "parameters": [1000, 2000]})
    assert words(plots.figure_stages(stages))[-2:] == ["1,000", "2,000"]
    assert len(plots.figure_entropy({"a": np.ones((3, 4))}).axes[0].lines) == 4
    assert len(plots.figure_usage(pd.DataFrame({"x": [0.5, 0.2], "y": [0.5, 0.8]}, ["a", "b"])).axes[0].patches) == 4
    rows = pd.DataFrame({"row": ["a"], "value": [0.1], "low": [0.0], "high": [0.2]})
    assert plots.figure_points(rows, xlabel="change").axes[0].get_xlabel() == "change"
    legend = (
        plots.figure_scores(np.array([4.0, 6]), np.array([5.0, 5]), title="t", edges=range(1, 11)).axes[0].get_legend()
    )
    assert [t.get_text() for t in legend.get_texts()] == [
        "true, mean 5.00, spread 1.00",
        "predicted, mean 5.00, spread 0.00",
    ]


def test_views_have_their_aspect_at_one_scale():
    wide, square = np.zeros((3, 20, 40), np.uint8), np.zeros((3, 28, 28), np.uint8)
    figure = plots.figure_views({"2:1": {"own": wide, "squashed": square}})
    extents = [ax.images[0].get_extent() for ax in figure.axes]
    assert [(right - left, top - bottom) for left, right, bottom, top in extents] == [(40, 20), (28, 28)]
    assert {ax.get_xlim() for ax in figure.axes} == {ax.get_ylim() for ax in figure.axes} == {(-20, 20)}
    assert {ax.get_aspect() for ax in figure.axes} == {1}
    assert [ax.get_title() for ax in figure.axes] == ["own, 20 × 40", "squashed, 28 × 28"]
