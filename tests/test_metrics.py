"""Metrics: worked numbers of methods 0.3, ties, constants, bad input, and intervals against slow oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aeslib import metrics as m
from aeslib.errors import ParameterError


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
