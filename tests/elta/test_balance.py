import pytest
import torch

from aeslib.elta.balance import FDS, bin_of, kernel, lds_weights, recalibrate, smooth
from aeslib.errors import ParameterError


def test_the_kernel():
    assert kernel() == pytest.approx([0.858285, 0.945828, 1, 0.945828, 0.858285], abs=1e-6)
    shares = torch.tensor(kernel()) / sum(kernel())
    wanted = torch.tensor([0.186251, 0.205248, 0.217003, 0.205248, 0.186251])
    torch.testing.assert_close(shares, wanted, atol=1e-6, rtol=0)


def test_lds_weights_of_the_worked_example():
    weights = lds_weights(torch.tensor([1.0, 4, 16, 4, 0]))
    wanted = torch.tensor([1.310327, 0.981274, 0.959030, 1.105024])
    torch.testing.assert_close(weights[:4], wanted, atol=1e-6, rtol=0)
    assert float((weights * torch.tensor([1.0, 4, 16, 4, 0])).sum()) == pytest.approx(25)


def test_without_smoothing_a_weight_is_one_over_the_root_of_its_count():
    """Counts 1 and 4: 1/√ is 1 and 1/2, and their mean over the five images is 3/5, which becomes 1."""
    torch.testing.assert_close(lds_weights(torch.tensor([1.0, 4.0]), sigma=0.1), torch.tensor([5 / 3, 5 / 6]))


def test_fds_smooths_as_widely_as_it_is_told():
    rows, seen = torch.tensor([0.0, 0, 0, 1, 0, 0, 0])[:, None], torch.ones(7)
    narrow, wide = (FDS(1, 0.0, 1.0, 7, sigma) for sigma in (0.1, 2.0))
    for fds in (narrow, wide):
        fds.update([(rows, torch.arange(7.0))])
    torch.testing.assert_close(narrow.smooth_mean, rows)
    torch.testing.assert_close(wide.smooth_mean, smooth(rows, seen))
    assert float(wide.smooth_mean[3]) == pytest.approx(0.217003, abs=1e-6)


def test_lds_gives_weight_zero_where_nothing_is_near():
    assert lds_weights(torch.tensor([4.0, 0, 0, 0, 0, 0, 0]))[-1] == 0


def test_recalibration_of_the_worked_example():
    one = [torch.tensor([v]) for v in (3.0, 1.0, 4.0, 1.5, 1.0)]
    assert float(recalibrate(*one)) == pytest.approx(2.5)
    wide = [torch.tensor([v]) for v in (2.0, 1.0, 1.0, 0.0, 1000.0)]
    assert float(recalibrate(*wide)) == pytest.approx(10**0.5)  # the ratio stops at 10


def test_bins_of_scores_on_edges():
    s = torch.tensor([0.9, 1.0, 1.1, 1.3, 9.99, 10, 12])
    assert bin_of(s, low=1.0, width=0.1, bins=90).tolist() == [0, 0, 1, 3, 89, 89, 89]


def test_smoothing_leaves_out_bins_without_pictures():
    rows = torch.arange(7.0)[:, None]
    everywhere = smooth(rows, torch.ones(7))
    torch.testing.assert_close(everywhere[3], torch.tensor([3.0]))  # symmetric around the middle
    gap = smooth(torch.tensor([[1.0]] * 3 + [[99.0]] + [[1.0]] * 3), torch.tensor([1.0, 1, 1, 0, 1, 1, 1]))
    torch.testing.assert_close(gap, torch.ones(7, 1))


def test_fds_changes_nothing_before_its_first_update():
    z = torch.randn(6, 3)
    assert torch.equal(FDS(3, low=1, width=1, bins=10)(z, torch.linspace(1, 9, 6)), z)


def test_fds_statistics_replace_then_move():
    fds = FDS(1, low=0.0, width=1.0, bins=5)
    s = torch.tensor([2.5, 2.5, 2.5])
    fds.update([(torch.tensor([[1.0], [2.0], [3.0]]), s)])
    assert (float(fds.mean[2]), float(fds.var[2])) == (2.0, 1.0)
    fds.update([(torch.tensor([[11.0], [12.0], [13.0]]), s)])
    assert float(fds.mean[2]) == pytest.approx(0.9 * 2 + 0.1 * 12)
    assert fds.seen.tolist() == [0, 0, 6, 0, 0]
    z = torch.tensor([[7.0]])
    torch.testing.assert_close(fds(z, s[:1]), z)  # no neighbour to borrow from: μ̃ = μ, σ̃ = σ
    assert torch.equal(fds(z, torch.tensor([4.5])), z)  # never seen


def test_fds_is_the_same_in_one_pass_or_in_batches():
    g = torch.Generator().manual_seed(0)
    z, s = torch.randn(200, 4, generator=g), torch.rand(200, generator=g) * 9 + 1
    whole, split = FDS(4, 1, 0.5, 18), FDS(4, 1, 0.5, 18)
    whole.update([(z, s)])
    split.update([(z[:70], s[:70]), (z[70:], s[70:])])
    torch.testing.assert_close(whole(z, s), split(z, s), atol=1e-4, rtol=1e-4)


def test_too_few_bins():
    with pytest.raises(ParameterError) as found:
        FDS(4, 1, 5, 2)
    assert str(found.value) == "FDS has 2 score bins; its window needs 5 or more: take a smaller width."
