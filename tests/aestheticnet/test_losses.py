import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aeslib.aestheticnet.losses import floor_accuracy, histogram_of, moments, self_weighted_emd
from aeslib.errors import ParameterError
from aeslib.losses import emd

P = torch.tensor([[0, 0, 0, 0.1, 0.4, 0.3, 0.2, 0, 0, 0]])
Q = torch.tensor([[0, 0, 0, 0, 0.2, 0.4, 0.3, 0.1, 0, 0]])
rows = arrays(np.float64, (1, 10), elements=st.floats(0.01, 1)).map(lambda h: torch.tensor(h / h.sum()))


@pytest.mark.parametrize(
    ("variant", "r", "expected"),
    [("A", 2, 0.071414), ("B", 2, 0.225832), ("C", 2, 0.141774), ("A", 1, 0.021), ("B", 1, 0.21)],
)
def test_ten_bins_by_hand(variant, r, expected):
    torch.testing.assert_close(
        self_weighted_emd(Q, P, variant=variant, r=r), torch.tensor([expected]), atol=2e-6, rtol=0
    )


def test_four_bins_by_hand():
    p, q = torch.tensor([[0.1, 0.4, 0.3, 0.2]]), torch.tensor([[0.2, 0.2, 0.4, 0.2]])
    found = [emd(q, p), *(self_weighted_emd(q, p, variant=v) for v in ("A", "B", "C"))]
    torch.testing.assert_close(
        torch.cat(found), torch.tensor([0.070711, 0.035355, 0.070711, 0.079057]), atol=2e-6, rtol=0
    )


def test_a_and_b_are_blind_where_nobody_votes():
    p, q = torch.tensor([[0.0, 1, 0]]), torch.tensor([[0.5, 0.5, 0]])
    found = [self_weighted_emd(q, p, variant=v).item() for v in ("A", "B", "C")]
    assert found == pytest.approx([0, 0, 0.288675], abs=2e-6)


@given(rows, rows)
def test_b_is_a_times_the_root_of_the_bins_and_c_is_no_less_than_emd(p, q):
    a, b, c = (self_weighted_emd(q, p, variant=v) for v in ("A", "B", "C"))
    torch.testing.assert_close(b, a * 10**0.5, atol=1e-5, rtol=1e-4)
    assert (c >= emd(q, p) - 1e-9).all()
    assert (a <= emd(q, p) + 1e-9).all()


def test_the_slope_is_finite_where_both_are_equal():
    p = torch.full((2, 10), 0.1)
    logits = torch.zeros(2, 10, requires_grad=True)
    self_weighted_emd(logits.softmax(-1), p).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_an_unknown_variant_and_votes_are_refused():
    with pytest.raises(ParameterError, match=r"^no variant named 'D'\. Known: A, B, C\."):
        self_weighted_emd(Q, P, variant="D")
    with pytest.raises(ParameterError, match=r"^target\[0\] sums to 10\.000; expected 1"):
        self_weighted_emd(Q, 10 * P)


def test_greatest_entropy_by_hand():
    bins = np.arange(1.0, 11)
    found = histogram_of(np.array([5.0]), np.array([1.5]), bins)[0]
    expected = [0.00803, 0.03710, 0.11063, 0.21291, 0.26440, 0.21187, 0.10955, 0.03655, 0.00787, 0.00109]
    np.testing.assert_allclose(found, expected, atol=5e-6)


def test_greatest_entropy_gives_mean_and_spread_back_and_is_exponential():
    rng, bins = np.random.default_rng(0), np.arange(10.0)
    mean, std = rng.uniform(0.8, 8.2, 300), rng.uniform(0.8, 1.3, 300)
    made = histogram_of(mean, std, bins)
    np.testing.assert_allclose(made @ bins, mean, atol=1e-8)
    np.testing.assert_allclose(made @ bins**2 - mean**2, std**2, atol=1e-7)
    third = np.diff(np.log(made), n=3, axis=1)  # log p is a parabola
    np.testing.assert_allclose(third, 0, atol=1e-5)


def test_means_at_the_ends_and_impossible_spreads_give_histograms():
    made = histogram_of(np.array([0.0, 9.0, 4.5, 4.5]), np.array([0.3, 3.0, 0.01, 9.0]), np.arange(10.0))
    np.testing.assert_allclose(made.sum(1), 1)
    assert (made >= 0).all()
    np.testing.assert_allclose(made[:2] @ np.arange(10), [0.05, 8.95], atol=1e-6)


def test_histograms_need_spreads():
    with pytest.raises(ParameterError) as error:
        histogram_of(np.array([5.0]), np.array([0.0]), np.arange(10.0))
    assert str(error.value) == "the smallest standard deviation is 0; expected all above 0."
    with pytest.raises(ParameterError) as error:
        histogram_of(np.zeros(2), np.ones(3), np.arange(10.0))
    assert str(error.value) == "means have shape (2,), deviations (3,); expected two equal (N,)."


def test_moments_and_floor():
    mean, variance = moments(torch.tensor([[0.5, 0, 0.5]]), torch.tensor([1.0, 2, 3]))
    assert (mean.item(), variance.item()) == (2, 1)
    assert floor_accuracy(np.array([5, 5.1, 4.9, 6]), 5) == 0.5
