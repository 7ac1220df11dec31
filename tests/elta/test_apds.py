"""Numbers are worked out in the specification: three pictures, bins 1, 2, 3."""

import pytest
import torch

from aeslib.elta.apds import confidence, curve, pseudo_loss, search, sharpen

LOGITS = torch.tensor([[0.0, 1, 2], [1, 1.5, 1], [3, 0, 0]])
BINS, TRUTH = torch.tensor([1.0, 2, 3]), torch.tensor([3, 2, 1.2])


@pytest.mark.parametrize(
    ("beta", "wanted"),
    [
        (0.0, [0.665241, 0.451863, 0.909443]),
        (1.0, [0.861177, 0.464412, 0.996897]),
        (1.25, [0.902103, 0.467751, 0.999208]),
        (2.0, [0.978316, 0.478282, 0.999998]),
    ],
)
def test_the_further_from_the_mean_the_sharper(beta, wanted):
    torch.testing.assert_close(confidence(LOGITS, BINS, beta), torch.tensor(wanted), atol=1e-6, rtol=0)
    torch.testing.assert_close(sharpen(LOGITS, BINS, beta).sum(1), torch.ones(3))


def test_a_given_centre_replaces_the_mean():
    own = (LOGITS.softmax(1) @ BINS).mean()
    torch.testing.assert_close(sharpen(LOGITS, BINS, 1.0, float(own)), sharpen(LOGITS, BINS, 1.0))
    moved = confidence(LOGITS, BINS, 1.0, centre=2.57521)
    torch.testing.assert_close(moved[0], torch.tensor(0.665241), atol=1e-5, rtol=0)


def test_errors_and_counts_of_what_passes():
    error, count = curve(LOGITS, TRUTH, BINS, betas=(1.0,), thresholds=(0.7, 0.95, 0.999))
    assert count.tolist() == [[2, 1, 0]]
    torch.testing.assert_close(error[0, :2], torch.tensor([0.244477, 0.064164]), atol=1e-6, rtol=0)
    assert error[0, 2].isnan()


def test_the_search_refuses_to_keep_too_little():
    found = search(LOGITS, TRUTH, BINS, betas=(1.0,), thresholds=(0.7, 0.95), least=2)
    assert found is not None
    assert (found.beta, found.threshold, found.kept) == (1.0, 0.7, 2)
    assert found.error == pytest.approx(0.244477, abs=1e-6)
    assert found.keeps(LOGITS, BINS).tolist() == [True, False, True]
    alone = search(LOGITS, TRUTH, BINS, betas=(1.0,), thresholds=(0.7, 0.95), least=1)
    assert alone is not None
    assert alone.threshold == 0.95


def test_nothing_passes_is_an_answer():
    assert search(LOGITS, TRUTH, BINS) is None  # twenty are asked for, there are three
    assert search(torch.zeros(100, 10), torch.full((100,), 5.0), torch.arange(1.0, 11)) is None


def test_twenty_have_to_pass():
    logits = torch.eye(10)[torch.arange(30) % 10] * 12.0  # sure of its bin, and right
    truth, bins = torch.arange(30) % 10 + 1.0, torch.arange(1.0, 11)
    assert search(logits[:19], truth[:19], bins) is None
    enough = search(logits[:20], truth[:20], bins)
    assert enough is not None
    assert enough.kept == 20


def test_at_equal_error_the_first_wins():
    found = search(LOGITS, TRUTH, BINS, betas=(1.0, 1.25), thresholds=(0.7, 0.75, 0.8), least=2)
    assert found is not None
    assert (found.beta, found.threshold) == (1.0, 0.7)


def test_what_does_not_pass_counts_zero():
    losses, keep = torch.tensor([0.2, 0.4, 0.6]), torch.tensor([True, False, True])
    torch.testing.assert_close(pseudo_loss(losses, keep), torch.tensor(0.266667), atol=1e-6, rtol=0)
