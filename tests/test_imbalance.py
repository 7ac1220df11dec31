import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeslib.errors import ParameterError
from aeslib.imbalance import LEFT, RIGHT, Bins, entropy, gini, measure, parse_edges, ratio, shots, tail_share

EDGES = (0, 2, 3, 4, 5, 6, 7, 8, 10)
ON_EDGES = np.array([0, 2, 3, 4, 5, 6, 7, 8, 10], float)


def test_a_score_on_an_edge_goes_up_with_left_closed_bins():
    assert Bins(EDGES, LEFT).count(ON_EDGES).tolist() == [1, 1, 1, 1, 1, 1, 1, 2]


def test_a_score_on_an_edge_goes_down_with_right_closed_bins():
    assert Bins(EDGES, RIGHT).count(ON_EDGES).tolist() == [2, 1, 1, 1, 1, 1, 1, 1]


def test_edges_up_to_the_turn_go_down_and_later_ones_up():
    # 0 and 2 share the first bin, 8 and 10 the last; 5 goes down and 6 up, so nothing is left for (5, 6)
    assert Bins(EDGES, 5).count(ON_EDGES).tolist() == [2, 1, 1, 1, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("turn", "labels"),
    [
        (LEFT, ["[0, 1)", "[1, 2)", "[2, 3]"]),
        (RIGHT, ["[0, 1]", "(1, 2]", "(2, 3]"]),
        (1, ["[0, 1]", "(1, 2)", "[2, 3]"]),
    ],
)
def test_labels_tell_which_edge_is_included(turn, labels):
    assert Bins((0, 1, 2, 3), turn).labels() == labels


def test_rounding_noise_does_not_move_a_score_across_an_edge():
    score = 0.1 * 3 * 10
    assert score > 3
    assert Bins((0, 3, 10), RIGHT).count(np.array([score])).tolist() == [1, 0]


def test_float32_moves_scores_on_an_edge_up_or_down_by_value():
    scores = np.array([0.1, 0.3, 0.7, 0.9])  # as float32: above, above, below, below their decimal value
    bins = Bins((0, 0.1, 0.3, 0.7, 0.9, 1), LEFT)
    assert bins.count(scores).tolist() == [0, 1, 1, 1, 1]
    assert Bins(bins.edges, LEFT, "float32").count(scores).tolist() == [0, 1, 2, 1, 0]


def test_scores_outside_the_edges_are_refused():
    with pytest.raises(ParameterError) as error:
        Bins((1, 5, 10)).count(np.array([0.5, 3, np.nan, 11]))
    assert str(error.value) == (
        "3 of 4 scores lie outside the edges 1 … 10, the first is 0.5; widen the edges or rescale the scores."
    )


@pytest.mark.parametrize(
    ("edges", "shown"), [((), "none"), ((1,), "1"), ((0, 2, 2), "0, 2, 2"), ((0, float("nan")), "0, nan")]
)
def test_edges_must_rise(edges, shown):
    with pytest.raises(ParameterError) as error:
        Bins(edges)
    assert str(error.value) == f"edges are {shown}; expected two or more numbers, each above the last."


def test_edges_are_read_from_text():
    assert parse_edges(" 0, 2 3.5,10 ") == (0, 2, 3.5, 10)
    with pytest.raises(ParameterError) as error:
        parse_edges("0, two")
    assert str(error.value) == "edge 'two' is not a number; write edges as 0, 2, 3.5."


@given(st.lists(st.integers(0, 40), min_size=1), st.sampled_from([LEFT, RIGHT, 3.0, 5.0]))
def test_every_score_falls_into_the_one_bin_whose_label_holds_it(quarters, turn):
    scores = np.array(quarters) / 4
    bins = Bins((0, 2, 3, 5, 7, 10), turn)
    assert bins.count(scores).sum() == len(scores)
    for score, k in zip(scores, bins.place(scores), strict=True):
        label = bins.labels()[k]
        low, high = map(float, label[1:-1].split(", "))
        assert low <= score <= high
        assert score != low or label[0] == "["
        assert score != high or label[-1] == "]"


def test_gini_by_pencil():
    assert gini(np.array([5, 5, 5, 5])) == 0
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    # pairs |1-3| = 2, twice; 4 / (2 · 2² · mean 2) = 1/4
    assert gini(np.array([3, 1])) == pytest.approx(1 / 4)


def test_entropy_by_pencil():
    assert entropy(np.array([7, 7])) == pytest.approx(1)
    assert entropy(np.array([9, 0, 0])) == 0
    # shares 1/4, 3/4: 0.811278 bit of at most 1
    assert entropy(np.array([1, 3])) == pytest.approx(0.811278, abs=1e-6)


def test_tails_and_ratio_by_pencil():
    counts = np.array([1, 2, 10, 20, 10, 4, 3])
    assert tail_share(counts, bins=2) == pytest.approx(10 / 50)
    assert ratio(counts) == 20
    assert ratio(np.array([0, 3])) == np.inf


def test_tails_must_leave_a_middle():
    with pytest.raises(ParameterError) as error:
        tail_share(np.array([1, 2, 3, 4]), bins=2)
    assert str(error.value) == "tails of 2 bins at each end do not fit into 4 bins."


@given(st.lists(st.integers(0, 50), min_size=2, max_size=9).filter(any), st.integers(2, 5))
def test_measures_know_neither_the_order_of_bins_nor_the_number_of_images(counts, times):
    for of in (gini, entropy):
        assert of(np.array(counts)) == pytest.approx(of(np.array(counts[::-1]) * times))
        assert -1e-12 <= of(np.array(counts)) <= 1 + 1e-12


def test_measures_come_with_intervals_that_narrow_with_more_images():
    few, many = (measure(np.array([1, 4, 20, 40, 20, 4, 1]) * times, resamples=500) for times in (1, 100))
    assert list(few.index) == ["Gini", "entropy", "tail share", "max / min"]
    assert few["value"].tolist() == pytest.approx(many["value"].tolist())
    assert (many["low"] <= many["value"]).all()
    assert (many["value"] <= many["high"]).all()
    assert few.loc["max / min", "high"] == np.inf  # a bin with one image is often empty in a resample
    width = lambda table: table["high"] - table["low"]  # noqa: E731
    assert (width(many)[:3] < width(few)[:3] / 5).all()


def test_the_bootstrap_of_counts_is_the_bootstrap_of_images():
    rng, bins = np.random.default_rng(1), Bins((0, 1, 2, 3, 4, 5))
    scores = rng.uniform(0, 5, 400) ** 2 / 5
    drawn = [tail_share(bins.count(rng.choice(scores, scores.size))) for _ in range(2000)]
    ours = measure(bins.count(scores), resamples=2000).loc["tail share"]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([ours["low"], ours["high"]], abs=0.006)


def test_an_empty_histogram_is_refused():
    with pytest.raises(ParameterError) as error:
        measure(np.zeros(5, int))
    assert str(error.value) == "no images in any bin: imbalance of nothing is not defined."


def test_counts_that_are_none_are_refused():
    for counts, message in (
        ([0.2, 0.5, 0.1, 0.1, 0.1], "counts[0] is 0.2; expected images per bin, whole numbers from 0."),
        ([1, -2, 3, 4, 5], "counts[1] is -2; expected images per bin, whole numbers from 0."),
        ([1, 2, np.nan, 4, 5], "counts[2] is nan; expected images per bin, whole numbers from 0."),
    ):
        with pytest.raises(ParameterError) as error:
            measure(np.array(counts))
        assert str(error.value) == message


def test_one_or_two_images_have_no_interval():
    table = measure(np.array([0, 1, 0, 1, 0]))
    assert table["value"].notna().all()
    assert table[["low", "high"]].isna().all(axis=None)


def test_shots_are_the_cuts_of_deep_imbalanced_regression_at_any_size():
    """20 and 100 images a bin where 120 would be even: in six bins of 12 on average, 2 and 10."""
    counts = np.array([0, 1, 2, 10, 11, 48])
    assert shots(counts).tolist() == ["few", "few", "medium", "medium", "many", "many"]
    assert shots(10 * counts).tolist() == shots(counts).tolist()
    with pytest.raises(ParameterError, match=r"^no images in any bin"):
        shots(np.zeros(3))
