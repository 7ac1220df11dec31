import numpy as np
import pytest

from aeslib.data import load
from aeslib.imbalance import Bins
from aeslib.mtcnn.coverage import coverage, touched

AADB = Bins((0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), precision="float32")
EVA = Bins((1.7, 2, 3, 4, 5, 6, 7, 8, 9, 9.5))


def test_the_papers_count_of_aadb():
    counts = np.array([4, 35, 79, 147, 152, 165, 224, 76, 103, 15])
    reached = touched(0.26, 0.90, AADB)
    assert reached == (False, False, True, True, True, True, True, True, True, False)
    assert counts[list(reached)].sum() / 1000 == 1 - (39 + 15) / 1000 == 0.946


def test_the_papers_count_of_eva_forgets_the_top():
    counts = np.array([0, 3, 16, 64, 144, 231, 100, 11, 1])
    reached = touched(5.09, 8.13, EVA)
    assert 1 - counts[:4].sum() / 570 == pytest.approx(0.854, abs=5e-4)  # its "85 %"
    assert counts[list(reached)].sum() / 570 == pytest.approx((570 - 84) / 570)  # with the image above 9


def test_bins_count_images_that_the_range_does_not_reach():
    truth = np.array([0.21, 0.25, 0.5, 0.9])
    found = coverage(truth, np.array([0.28, 0.6]), Bins((0, 0.2, 0.4, 0.6, 0.8, 1)))
    assert (found.low, found.high) == (0.28, 0.6)
    assert found.bins == 0.75  # three stand in intervals that [0.28, 0.6] touches
    assert found.images == 0.25  # one stands inside it


def test_shuffled_predictions_cover_as_much():
    rng = np.random.default_rng(0)
    truth = rng.random(200)
    pred = 0.3 + 0.4 * truth
    bins = Bins(tuple(np.linspace(0, 1, 11)))
    assert coverage(truth, rng.permutation(pred), bins) == coverage(truth, pred, bins)


@pytest.mark.real
def test_the_papers_range_on_the_owners_labels(real_data):
    real_data("aadb")
    truth = load("aadb").table.split("test").mos
    assert len(truth) == 1000
    found = coverage(truth, np.array([0.26, 0.90]), AADB)
    assert found.bins == 0.946
    assert 0.867 <= found.images < 0.946
