"""The stand-ins keep the published facts: columns, scales, histograms; and their noise is known."""

import numpy as np
import pytest

from aeslib.data.cards import KEYS
from aeslib.data.synthetic import ceiling, standin
from aeslib.data.synthetic.standins import spec_of


@pytest.mark.parametrize("key", KEYS)
def test_same_seed_same_labels(key: str) -> None:
    first, second = (standin(key, size=150, seed=3).frame for _ in range(2))
    assert first.equals(second)
    assert not first["mos"].equals(standin(key, size=150, seed=4).frame["mos"])


def test_means_come_from_the_votes() -> None:
    table = standin("ava", size=200, seed=0)
    votes = table.votes()
    np.testing.assert_allclose(votes @ np.arange(1, 11) / votes.sum(1), table.mos)
    assert (votes.sum(1) == table.frame["n_votes"]).all()


def test_image_means_come_from_the_ratings() -> None:
    table, ratings = standin("para", size=200, seed=0), standin("para", size=200, seed=0, level="rating")
    means = ratings.frame.groupby("image_id")["score"].mean().reindex(table.frame["image_id"])
    np.testing.assert_allclose(means, table.mos)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in {"real_cur", "oasis_beauty"}])
def test_ceiling_leaves_room_below_one(key: str) -> None:
    best = ceiling(key, size=1000, seed=0)
    assert 0.78 < best.srcc < 0.999
    assert 0.78 < best.plcc < 0.999


def test_elta_figure_1_row_of_aadb() -> None:
    """Share of images below each printed edge within 0.03 of 506, 826, 1338, 1768, 880, 1533, 967, 640."""
    counts = np.array([506, 826, 1338, 1768, 880, 1533, 967, 640])
    score = (10 * standin("aadb", size=4000, seed=0).mos).round(6)
    ours = [(score <= 2).mean(), (score <= 3).mean(), (score <= 4).mean(), (score <= 5).mean()]
    ours += [(score < 6).mean(), (score < 7).mean(), (score < 8).mean()]
    assert np.abs(np.array(ours) - counts.cumsum()[:-1] / counts.sum()).max() <= 0.03
    assert spec_of("aadb").range == (0, 1)
