"""Losses: pencil-and-paper numbers of methods 0.2, gradients at the corners, laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aeslib.errors import ParameterError
from aeslib.losses import check_histograms, emd, mean_score, squared_error

P = torch.tensor([[0, 0, 0, 0.1, 0.4, 0.3, 0.2, 0, 0, 0]])
Q = torch.tensor([[0, 0, 0, 0, 0.2, 0.4, 0.3, 0.1, 0, 0]])
BINS = torch.arange(1.0, 11)


def test_emd_of_the_worked_pair():
    # CDF gap 0,0,0,.1,.3,.2,.1,0,0,0: squares sum .15, /10, root; absolute values sum .7, /10
    assert emd(P, Q).item() == pytest.approx(0.122474, abs=1e-6)
    assert emd(P, Q, r=1).item() == pytest.approx(0.07, abs=1e-6)
    assert squared_error(P, Q).mean().item() == pytest.approx(0.008)
    assert mean_score(torch.cat([P, Q]), BINS).tolist() == pytest.approx([5.6, 6.3])


def test_reductions_differ_as_released_code_does():
    both, target = torch.cat([P, P]), torch.cat([Q, P])
    assert emd(both, target, reduction="mean").item() == pytest.approx(0.061237, abs=1e-5)
    assert emd(both, target, reduction="batch_root").item() == pytest.approx(0.086603, abs=1e-6)
    with pytest.raises(ParameterError, match=r"^reduction is 'sum'; expected 'none', 'mean' or 'batch_root'\.$"):
        emd(P, Q, reduction="sum")


def test_gradient_is_finite_where_both_are_equal():
    pred = P.clone().requires_grad_()
    emd(pred, P).sum().backward()
    assert torch.isfinite(pred.grad).all()
    bare = P.clone().requires_grad_()
    emd(bare, P, eps=0).sum().backward()
    assert torch.isnan(bare.grad).any()  # why eps is there


histograms = st.lists(st.floats(0.01, 1), min_size=10, max_size=10).map(
    lambda w: torch.tensor([w], dtype=torch.float64) / sum(w)
)


@given(histograms, histograms, st.sampled_from([1, 2]))
def test_emd_is_symmetric_and_bounded(p, q, r):
    torch.testing.assert_close(emd(p, q, r=r), emd(q, p, r=r))
    assert 0 <= emd(p, q, r=r).item() <= 0.9 ** (1 / r)


def test_histograms_must_sum_to_one():
    with pytest.raises(ParameterError) as caught:
        emd(P, 2 * Q)
    assert str(caught.value) == (
        "target[0] sums to 2.000; expected 1 (within 0.001). "
        "For logits pass target.softmax(-1); for votes divide by target.sum(-1, keepdim=True)."
    )
    with pytest.raises(ParameterError, match="sums to nan"):
        emd(P, Q * float("nan"))
    check_histograms(empty=torch.zeros(0, 10))


def test_squared_error_refuses_to_broadcast():
    with pytest.raises(ParameterError) as caught:
        squared_error(torch.zeros(3, 1), torch.zeros(3))
    assert str(caught.value) == (
        "pred has shape (3, 1), target (3,); expected equal shapes (squeeze the last axis of a (B, 1) output)."
    )
