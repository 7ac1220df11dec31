"""Metrics: worked numbers of methods 0.3, ties, constants, bad input, and intervals against slow oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aeslib import metrics as m
from aeslib.aesmamba.personal import correlations
from aeslib.errors import ParameterError
from aeslib.imbalance import measure
from aeslib.studies.effects import effects


def test_worked_numbers():
    assert m.srcc([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(0.8)  # taskvec Eq 5
    assert m.srcc([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.948683, abs=1e-6)
    assert m.accuracy([5.2, 4.8, 4.9, 5.5], [5.0, 5.1, 4.9, 6.0], 5) == 0.5


def test_constant_sides_give_zero_and_say_so():
    for statistic in (m.plcc, m.srcc):
        answer = statistic(np.full(4, 3.3), np.arange(4))
        assert answer == 0.0
        assert answer.constant
        assert not statistic(np.arange(4), np.arange(4)).constant


def test_segments_of_elta():
    truth = np.arange(1, 11)
    pred = truth + np.array([0.5, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.7])
    found = m.tail_error(pred, truth)
    assert (found.low, found.middle, found.high) == pytest.approx((0.45, 0.1, 0.5))
    strict = m.tail_error(pred, truth, strict=True)
    assert (strict.low, strict.middle, strict.high) == pytest.approx((0.4, 0.1, 0.3))


def test_no_spread_is_all_middle():
    found = m.tail_error(np.ones(5), np.full(5, 2.0))
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.middle == 1


def test_emd_distance_matches_the_worked_pair():
    p = np.array([[0, 0, 0, 0.1, 0.4, 0.3, 0.2, 0, 0, 0]])
    q = np.array([[0, 0, 0, 0, 0.2, 0.4, 0.3, 0.1, 0, 0]])
    assert m.emd_distance(p, q) == pytest.approx(0.07)
    assert m.emd_distance(p, q, r=2) == pytest.approx(0.122474, abs=1e-6)


numbers = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=40)


@given(numbers)
def test_srcc_is_scipys_with_ties(pairs):
    x, y = np.array(pairs, float).T
    if np.ptp(x) and np.ptp(y):
        assert m.srcc(x, y) == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-9)
        assert m.plcc(x, y) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-9)


def test_resampled_ranks_are_those_of_the_resample():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, 50).astype(float), rng.normal(size=50)
    weights = m.resample_weights(50, 20, seed=1)
    for got, row in zip(m.weighted_srcc(x, y, weights), weights, strict=True):
        drawn = np.repeat(np.arange(50), row.astype(int))
        assert got == pytest.approx(stats.spearmanr(x[drawn], y[drawn])[0], abs=1e-9)


def test_bootstrap_agrees_with_scipy():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=300)
    pred = truth + rng.normal(size=300)
    ours = m.bootstrap(m.STATISTICS["PLCC"], pred, truth, resamples=2000)
    theirs = stats.bootstrap(
        (pred, truth),
        lambda a, b: stats.pearsonr(a, b)[0],
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=0,
    ).confidence_interval
    assert ours.value == pytest.approx(stats.pearsonr(pred, truth)[0])
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.01)


def test_pairing_finds_what_separate_intervals_hide():
    rng = np.random.default_rng(5)
    truth, noise = rng.normal(size=400), rng.normal(size=400)
    better, worse = truth + 0.9 * noise, truth + noise
    gain = m.bootstrap(m.STATISTICS["SRCC"], better, truth, minus=worse)
    assert gain.excludes_zero
    assert gain.value == pytest.approx(m.srcc(better, truth) - m.srcc(worse, truth))
    a, b = (m.bootstrap(m.STATISTICS["SRCC"], p, truth) for p in (better, worse))
    assert a.low < b.high  # unpaired, they overlap
    nothing = m.bootstrap(m.STATISTICS["SRCC"], better, truth, minus=better)
    assert (nothing.low, nothing.value, nothing.high) == (0, 0, 0)


def test_seed_spread_widens_the_interval_to_students_t():
    truth = np.arange(2000.0)
    offsets = np.array([0.0, 1, 2, 3, 4])
    pred = truth + offsets[:, None]  # the same error on every image: only seeds vary
    got = m.bootstrap(lambda p, t, w: m.weighted_mean(p - t, w), pred, truth, resamples=4000)
    want = m.over_seeds(offsets)
    assert got.value == want.value == 2
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=0.25)
    assert m.over_seeds([0.7]).high == np.inf


def test_coverage_is_about_what_it_says():
    rng = np.random.default_rng(11)
    hits = 0
    for trial in range(150):
        x = rng.normal(size=(80, 2)) @ np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
        got = m.bootstrap(m.STATISTICS["PLCC"], x[:, 0], x[:, 1], resamples=300, seed=trial)
        hits += got.low <= 0.6 <= got.high
    assert 0.88 <= hits / 150 <= 0.99


@pytest.mark.parametrize(
    ("pred", "truth", "message"),
    [
        ([1.0, 2], [1.0], "predictions have shape (2,), truth (1,); expected two equal (N,)."),
        ([], [], "no images: a metric of nothing is not defined."),
        ([1, np.nan], [1, 2], "predictions[1] is nan; 1 of 2 are not finite."),
        ([1, 2], [np.inf, 2], "truth[0] is inf; 1 of 2 are not finite."),
    ],
)
def test_bad_input_is_refused(pred, truth, message):
    for statistic in (m.plcc, m.srcc, m.tail_error):
        with pytest.raises(ParameterError) as caught:
            statistic(pred, truth)
        assert str(caught.value) == message


# --- edges -----------------------------------------------------------------------------------------------------------

X, Y = np.array([1.0, 2, 3, 4, 7]), np.array([2.0, 1, 4, 3, 4])


@pytest.mark.parametrize("scale", [1e-310, 1e-160, 1e-9, 1e9, 1e200, 1e307])
def test_correlations_do_not_depend_on_the_scale(scale):
    expected = stats.pearsonr(X, Y).statistic
    assert m.plcc(X * scale, Y) == pytest.approx(expected, abs=1e-9)
    assert m.plcc(Y, X * scale) == pytest.approx(expected, abs=1e-9)
    assert m.plcc(-X * scale, Y * scale) == pytest.approx(-expected, abs=1e-9)
    assert m.srcc(X * scale, Y) == m.srcc(X, Y)
    assert not m.plcc(X * scale, Y).constant


def test_scaling_by_a_power_of_two_changes_no_digit():
    weights = m.resample_weights(5, 30, seed=0)
    plain, scaled = (m.weighted_plcc(X * scale, Y, weights) for scale in (1, 2.0**500))
    assert plain.tolist() == scaled.tolist()


def test_users_correlations_do_not_depend_on_the_scale():
    linear, ranks = correlations(np.stack([X, X * 1e-160, X * 1e200]), np.stack([Y, Y, Y]))
    assert linear == pytest.approx(np.full(3, stats.pearsonr(X, Y).statistic))
    assert ranks == pytest.approx(np.full(3, stats.spearmanr(X, Y).statistic))


@pytest.mark.parametrize("name", m.STATISTICS)
@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_values_have_no_interval(name, count):
    result = m.bootstrap(m.STATISTICS[name], X[:count], Y[:count], resamples=50)
    assert np.isnan([result.low, result.high]).all()
    assert not result.excludes_zero
    paired = m.bootstrap(m.STATISTICS[name], X[:count], Y[:count], minus=Y[:count], resamples=50)
    assert np.isnan([paired.low, paired.high]).all()


def test_three_values_have_an_interval():
    result = m.bootstrap(m.STATISTICS["PLCC"], X[:3], Y[:3], resamples=200)
    assert -1 <= result.low <= result.value <= result.high <= 1
    assert result.low < result.high


def test_a_segment_of_two_images_has_no_interval():
    truth = np.arange(10.0)  # fifths: two low, six in the middle, two high
    pred = truth + np.linspace(0.1, 1, 10)
    low, middle = (m.bootstrap(m.STATISTICS[name], pred, truth, resamples=100) for name in "LM")
    assert low.value == pytest.approx(0.15)
    assert np.isnan([low.low, low.high]).all()
    assert middle.low < middle.value < middle.high


def test_no_interval_is_said_in_words():
    assert str(m.bootstrap(m.STATISTICS["SRCC"], X[:2], X[:2])) == "1.000 [no interval]"
    assert f"{m.Interval(0.25, 0.1, 0.4):+.2f}" == "+0.25 [+0.10, +0.40]"


def test_masked_values_are_refused():
    hidden = np.ma.masked_values(X, 3)
    expected = "predictions: 1 of 5 values are masked; leave them out first, on both sides: pred[~mask], truth[~mask]."
    calls = {
        "plcc": lambda: m.plcc(hidden, Y),
        "srcc": lambda: m.srcc(hidden, Y),
        "accuracy": lambda: m.accuracy(hidden, Y, 3),
        "tail_error": lambda: m.tail_error(hidden, Y),
        "emd_distance": lambda: m.emd_distance(hidden[None], Y[None]),
        "bootstrap": lambda: m.bootstrap(m.STATISTICS["PLCC"], hidden, Y),
        "bootstrap over seeds": lambda: m.bootstrap(m.STATISTICS["PLCC"], np.ma.stack([hidden]), Y),
    }
    for name, call in calls.items():
        with pytest.raises(ParameterError) as error:
            call()
        assert str(error.value) == expected, name
    with pytest.raises(ParameterError, match="truth: 1 of 5 values are masked"):
        m.plcc(Y, hidden)
    assert m.plcc(np.ma.masked_array(X), Y) == m.plcc(X, Y)  # nothing hidden


def _never(*_):
    raise AssertionError("a statistic was worked out before its parameters were looked at")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 95}, "level is 95; expected a share between 0 and 1, such as 0.95; for 95 % pass level=0.95."),
        ({"level": 0}, "level is 0; expected a share between 0 and 1, such as 0.95."),
        ({"level": 1.0}, "level is 1.0; expected a share between 0 and 1, such as 0.95."),
        ({"level": np.nan}, "level is nan; expected a share between 0 and 1, such as 0.95."),
        ({"resamples": 0}, "resamples is 0; expected a whole number, 1 or more (1000 is usual)."),
        ({"resamples": -5}, "resamples is -5; expected a whole number, 1 or more (1000 is usual)."),
        ({"resamples": 10.5}, "resamples is 10.5; expected a whole number, 1 or more (1000 is usual)."),
    ],
)
def test_parameters_of_the_bootstrap_are_checked_first(options, message):
    calls = [lambda: m.bootstrap(_never, X, Y, **options), lambda: measure(np.array([1, 4, 2, 3, 1]), **options)]
    if "level" in options:
        calls += [lambda: m.over_seeds(X, **options), lambda: m.interval(np.zeros((2, 10)), **options)]
    else:
        calls += [lambda: m.resampled(_never, X, Y, **options), lambda: effects({"a": X}, Y, base="a", **options)]
    for call in calls:
        with pytest.raises(ParameterError) as error:
            call()
        assert str(error.value) == message


def test_thresholds_orders_and_histograms_that_are_no_numbers_are_refused():
    for call, message in (
        (lambda: m.accuracy(X, Y, np.nan), "threshold is nan; expected a finite score in the units of the truth."),
        (lambda: m.emd_distance(X[None], Y[None], r=0), "r is 0; expected a positive order, 1 or 2."),
        (
            lambda: m.emd_distance(np.array([[0.5, np.nan]]), np.ones((1, 2))),
            "predictions[0, 1] is nan; 1 of 2 are not finite.",
        ),
        (lambda: m.over_seeds([]), "no seeds: a mean of nothing is not defined."),
    ):
        with pytest.raises(ParameterError) as error:
            call()
        assert str(error.value) == message


def test_masks_in_a_list_of_predictions_are_seen():
    masked, truth = np.ma.array([1.0, 2, 3, 4], mask=[0, 1, 0, 0]), np.arange(4.0)
    for options in ({"pred": [masked, masked]}, {"pred": [truth, truth], "minus": [masked, masked]}):
        with pytest.raises(ParameterError, match="2 of 8 values are masked"):
            m.bootstrap(m.STATISTICS["PLCC"], truth=truth, **options)


def test_one_huge_value_leaves_the_resamples_without_it_their_correlation():
    rng = np.random.default_rng(0)
    pred, truth = rng.normal(size=(2, 20))
    pred = pred + truth
    pred[0] = 1e9
    weights = rng.multinomial(20, np.full(20, 1 / 20), size=50)
    without = weights[:, 0] == 0
    want = [np.corrcoef(np.repeat(pred, w), np.repeat(truth, w))[0, 1] for w in weights]
    assert without.sum() > 10
    np.testing.assert_allclose(m.STATISTICS["PLCC"](pred, truth, weights.astype(float)), want, atol=1e-6)


def test_an_effect_of_the_minimum_detectable_size_is_found_four_times_in_five():
    rng = np.random.default_rng(5)
    estimates = m.Interval(0.0, -1.96, 1.96).mde + rng.normal(0, 1, 20_000)
    found = np.mean([m.Interval(e, e - 1.96, e + 1.96).excludes_zero for e in estimates])
    assert found == pytest.approx(0.8, abs=0.01)
    assert np.isnan(m.Interval(0.1, np.nan, np.nan).mde)


def test_error_within_a_mask():
    """Errors 1, 2 and 3; the mask takes the first and the last, a resample may take none of them."""
    truth, pred = np.zeros(3), np.array([1.0, -2.0, 3.0])
    inside = np.array([True, False, True])
    weights = np.array([[1.0, 1, 1], [3, 0, 0], [0, 3, 0]])
    found = m.weighted_masked_mae(pred, truth, weights, inside=inside)
    np.testing.assert_array_equal(found, [2, 1, np.nan])


def test_an_error_of_two_images_has_no_interval():
    rng = np.random.default_rng(0)
    truth, pred = rng.normal(size=(2, 40))
    for count, known in ((2, False), (20, True)):
        statistic = m.partial(m.weighted_masked_mae, inside=np.arange(40) < count)
        assert np.isfinite(m.bootstrap(statistic, pred, truth, resamples=50).low) == known
