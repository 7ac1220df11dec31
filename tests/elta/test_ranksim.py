import pytest
import torch

from aeslib.elta.ranksim import SoftRank, rank, rank_similarity


def test_the_largest_comes_first():
    torch.testing.assert_close(rank(torch.tensor([[0.3, 0.1, 0.2]])), torch.tensor([[1 / 3, 1, 2 / 3]]))


def test_at_ties_the_last_comes_first():
    torch.testing.assert_close(rank(torch.tensor([[0.5, 0.5, 0.9]])), torch.tensor([[1, 2 / 3, 1 / 3]]))


def test_the_worked_example():
    z, s = torch.tensor([[1.0, 0], [0, 1], [1, 1]]), torch.tensor([1.0, 3, 5])
    torch.testing.assert_close(rank_similarity(z, s), torch.tensor(0.074074), atol=1e-6, rtol=0)


def test_the_gradient_is_the_piecewise_linear_one():
    a = torch.tensor([[0.3, 0.1, 0.2]], requires_grad=True)
    SoftRank.apply(a).backward(torch.tensor([[0.5, 0.0, 0.0]]))
    # a + 2 g = (1.3, 0.1, 0.2): the same order, so no gradient
    assert a.grad.tolist() == [[0, 0, 0]]
    a = torch.tensor([[0.3, 0.1, 0.2]], requires_grad=True)
    SoftRank.apply(a).backward(torch.tensor([[-0.5, 0.0, 0.0]]))
    # (-0.7, 0.1, 0.2): ranks 1, 2/3, 1/3; minus (1/3, 1, 2/3), over 2
    torch.testing.assert_close(a.grad, torch.tensor([[1 / 3, -1 / 6, -1 / 6]]))


def test_equal_scores_count_once():
    g = torch.Generator().manual_seed(0)
    z = torch.randn(5, 3, generator=g)
    doubled, s = torch.cat([z, z[:2]]), torch.tensor([1.0, 2, 4.5, 6.2, 9, 1, 2])
    torch.testing.assert_close(rank_similarity(doubled, s), rank_similarity(z, s[:5]))


def test_features_in_order_of_scores_cost_nothing():
    s = torch.linspace(1, 9, 8) ** 1.3
    angle = s / 10
    z = torch.stack([angle.cos(), angle.sin()], 1)
    assert float(rank_similarity(z, s)) == pytest.approx(0, abs=1e-6)
