import numpy as np
import pandas as pd
import pytest

from aeslib.plots import world as plots

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 5, 3, 16, 16)).astype(np.uint8)
NAMES = ["first", "second", "third"]
CEILINGS = pd.DataFrame({"PLCC": [0.94, 0.32, 0.9], "SRCC": [0.92, 0.28, 0.95]}, index=NAMES)
PEOPLE = pd.DataFrame({"kind": ["near", "near", "none"], "ceiling": [0.7, 0.8, np.nan]})
SCORES = np.array([1.0, 2.0, 2.0, 4.0])
FIGURES = {
    "sheet": lambda: plots.figure_sheet(dict(zip(NAMES, PICTURES, strict=True)), title="low to high"),
    "captioned": lambda: plots.figure_captioned(PICTURES[0], ["a line\nand " + "another " * 9] * 5),
    "distortions": lambda: plots.figure_distortions(PICTURES, NAMES, np.full((3, 5), 4.25)),
    "matching": lambda: plots.figure_matching(
        dict.fromkeys(["A", "B", "C", "D", "E"], SCORES),
        dict.fromkeys(["A", "B", "C", "D", "E"], (np.array([2, 4]), np.array([0.7, 1]))),
    ),
    "ceilings": lambda: plots.figure_ceilings(CEILINGS),
    "grid": lambda: plots.figure_grid(CEILINGS - 0.9, title="rho"),
    "tails": lambda: plots.figure_tails({0.0: SCORES, 1.0: SCORES + 1}, np.arange(1, 7), xlabel="mean score"),
    "kinds": lambda: plots.figure_kinds(PEOPLE),
}


def test_a_mosaic_puts_pictures_in_rows_with_white_rules():
    made = plots.mosaic(PICTURES, gap=2)
    assert made.shape == (3 * 18 - 2, 5 * 18 - 2, 3)
    np.testing.assert_array_equal(made[18:34, 36:52], PICTURES[1, 2].transpose(1, 2, 0))
    assert (made[16:18] == 255).all()
    assert (made[:, 16:18] == 255).all()


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_returned_closed_and_nothing_leaves_them(name, check_figure):
    check_figure(FIGURES[name]())


def test_rows_of_a_sheet_carry_their_names_in_the_middle():
    (ax,) = FIGURES["sheet"]().axes
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    np.testing.assert_allclose(ax.get_yticks(), [7.5, 25.5, 43.5])


def test_texts_under_pictures_are_wrapped_and_no_empty_panel_is_left():
    axes = FIGURES["captioned"]().axes
    assert len(axes) == 5
    lines = axes[0].get_xlabel().split("\n")
    assert lines[0] == "a line"
    assert max(map(len, lines)) <= 34


def test_distortions_are_numbered_and_scored():
    axes = FIGURES["distortions"]().axes
    assert [ax.get_title(loc="left") for ax in axes] == ["1 first", "2 second", "3 third"]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["4.2"] * 5


def test_the_stand_in_is_drawn_as_shares_up_to_a_score():
    axes = FIGURES["matching"]().axes
    assert len(axes) == 5
    line, points = axes[0].lines
    assert line.get_xydata().tolist() == [[1, 0.25], [2, 0.5], [2, 0.75], [4, 1]]
    assert points.get_xydata().tolist() == [[2, 0.7], [4, 1]]


def test_ceilings_are_sorted_and_written():
    (ax,) = FIGURES["ceilings"]().axes
    assert [text.get_text() for text in ax.texts] == ["0.280", "0.920", "0.950"]
    srcc = next(line for line in ax.lines if line.get_label() == "SRCC")
    assert list(srcc.get_xdata()) == [0.28, 0.92, 0.95]


def test_numbers_of_a_grid_are_readable_on_their_cells():
    (ax,) = plots.figure_grid(pd.DataFrame([[0.9, -0.1, 0.004]], columns=["a", "b", "c"]), title="rho").axes
    assert [(text.get_text(), text.get_color()) for text in ax.texts] == [("0.90", "white"), ("−0.10", "black")]
    assert ax.images[0].get_clim() == (-0.9, 0.9)


def test_histograms_of_the_dial_are_shares():
    (ax,) = FIGURES["tails"]().axes
    assert [patch.get_data().values.tolist() for patch in ax.patches] == [
        [0.25, 0.5, 0, 0.25, 0],
        [0, 0.25, 0.5, 0, 0.25],
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]


def test_kinds_are_counted_and_a_rater_without_ceiling_draws_nothing():
    (ax,) = FIGURES["kinds"]().axes
    assert [text.get_text() for text in ax.texts] == ["n = 2", "n = 0 of 1"]
    points, median, *_ = ax.lines
    assert sorted(points.get_xdata()) == [0.7, 0.8]
    assert list(median.get_xdata()) == [0.75, 0.75]
