import numpy as np
import pandas as pd
import pytest

from aeslib.imbalance import LEFT, RIGHT, Bins
from aeslib.widgets.binning import BinExplorer, Target, compare, shifted

ON_EDGES = Target(
    scores=np.array([0.5, 1, 1, 2, 2, 2, 2.5]),
    edges=(0, 1, 2, 3),
    published=pd.DataFrame({"value": [3, 3, 1], "printed": ["3", "3", "1"]}),
)
ROUNDED = Target(
    scores=np.r_[np.full(40, 0.5), np.full(1600, 6.5)],
    edges=(0, 5, 10),
    published=pd.DataFrame({"value": [40, 2000], "printed": ["40", "2K"]}),
)


def test_the_published_row_appears_with_the_right_rule():
    assert compare(ON_EDGES, Bins(ON_EDGES.edges, RIGHT)).line == "matches the published row"
    left = compare(ON_EDGES, Bins(ON_EDGES.edges, LEFT))
    assert left.line == "0 of 3 bins match the published row"
    assert left.rows.to_dict("list") == {
        "bin": ["[0, 1)", "[1, 2)", "[2, 3]"],
        "here": [1, 2, 4],
        "published": ["3", "3", "1"],
        "agrees": [False, False, False],
    }


def test_rounded_cells_match_at_their_precision():
    assert compare(ROUNDED, Bins((0, 5, 10))).line == "matches the published row"
    assert compare(ROUNDED, Bins((0, 0.5, 10))).line == "1 of 2 bins match the published row"


def test_another_number_of_bins_is_not_compared():
    shown = compare(ROUNDED, Bins((0, 2, 5, 10)))
    assert shown.line == "3 bins: the published row has another number of bins"
    assert list(shown.rows) == ["bin", "here"]


def test_inner_edges_shift_and_outer_ones_stay():
    assert shifted((0, 2, 3, 4, 10), 0.05) == (0, 2.075, 3.075, 4.075, 10)


@pytest.fixture
def explorer() -> BinExplorer:
    return BinExplorer({"on edges": ON_EDGES, "rounded": ROUNDED})


def test_the_view_reacts_to_every_control(explorer):
    assert explorer.line.value == "<b>0 of 3 bins match the published row</b>"
    before = explorer.picture.value
    explorer.rule.value = RIGHT
    assert explorer.line.value == "<b>matches the published row</b>"
    assert explorer.picture.value != before
    explorer.shift.value = -explorer.shift.step
    assert explorer.line.value == "<b>0 of 3 bins match the published row</b>"
    explorer.data.value = "rounded"
    assert (explorer.edges.value, explorer.shift.value) == ("0, 5, 10", 0)
    assert explorer.line.value == "<b>matches the published row</b>"
    explorer.edges.value = "0, 1, 5, 10"
    assert "published" not in explorer.table.value
    assert explorer.line.value == "<b>3 bins: the published row has another number of bins</b>"


def test_the_view_switches_to_float32():
    scores = np.array([0.1, 0.3, 0.7, 0.9])
    row = pd.DataFrame({"value": [0, 1, 2, 1], "printed": ["0", "1", "2", "1"]})
    explorer = BinExplorer({"edges": Target(scores, (0, 0.1, 0.3, 0.8, 1), row)})
    assert explorer.line.value == "<b>matches the published row</b>"
    explorer.edges.value = "0, 0.1, 0.3, 0.7, 1"
    assert explorer.line.value == "<b>2 of 4 bins match the published row</b>"
    explorer.float32.value = True
    assert explorer.line.value == "<b>matches the published row</b>"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("0, one", "<b>edge &#x27;one&#x27; is not a number; write edges as 0, 2, 3.5.</b>"),
        ("0", "<b>edges are 0, 0; expected two or more numbers, each above the last.</b>"),
        (
            "0, 1",
            "<b>4 of 7 scores lie outside the edges 0 … 1, the first is 2; widen the edges or rescale the scores.</b>",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_the_line(explorer, typed, shown):
    explorer.edges.value = typed
    assert explorer.line.value == shown
