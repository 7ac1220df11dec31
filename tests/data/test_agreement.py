"""Agreement of raters: numbers from pencil and paper, and the facts of OASIS beauty."""

import numpy as np
import pandas as pd
import pytest

from aeslib.data import load
from aeslib.data.agreement import blocks, leave_one_out, pairwise, retest, split_half, variance_components
from aeslib.errors import ParameterError


def ratings(**scores: list[float]) -> pd.DataFrame:
    """One block: each user's scores of the images a, b, c, …"""
    rows = [(chr(97 + k), user, float(score)) for user, row in scores.items() for k, score in enumerate(row)]
    return pd.DataFrame(rows, columns=["image_id", "user_id", "score"])


THREE = ratings(u=[1, 2, 3], v=[1, 3, 2], w=[3, 2, 1])


def test_one_rater_against_the_mean_of_the_others():
    # u: the others' means are 2, 2.5, 1.5, ranks 2, 3, 1 against 1, 2, 3: 1 − 6 · (1 + 1 + 4) / 24 = −.5
    # v: the others' means are all 2: no correlation
    # w: the others' means are 1, 2.5, 2.5, ranks 1, 2.5, 2.5 against 3, 2, 1: −1.5 / √(2 · 1.5)
    values = leave_one_out(THREE)
    assert values["u"] == pytest.approx(-0.5)
    assert np.isnan(values["v"])
    assert values["w"] == pytest.approx(-1.5 / np.sqrt(3))


def test_two_raters():
    # u and v swap one neighbouring pair: .5; u and w are opposite: −1; v and w: 1 − 6 · (4 + 1 + 1) / 24 = −.5
    assert sorted(pairwise(THREE)) == pytest.approx([-1, -0.5, 0.5])


def test_a_constant_rater_has_no_correlation_but_counts_in_means():
    table = pd.concat([THREE, ratings(x=[4, 4, 4])])
    assert len(pairwise(table)) == 3
    assert np.isnan(leave_one_out(table)["x"])
    assert len(blocks(table)[0].users) == 4


def test_raters_are_compared_on_equal_sets_of_images_only():
    other = ratings(p=[1, 2, 3], q=[1, 2, 3], r=[1, 2, 3], s=[1, 2, 3]).assign(image_id=lambda t: "z" + t["image_id"])
    found = blocks(pd.concat([THREE, other]))
    assert [(block.users, block.images) for block in found] == [
        (("p", "q", "r", "s"), ("za", "zb", "zc")),
        (("u", "v", "w"), ("a", "b", "c")),
    ]
    assert len(pairwise(pd.concat([THREE, other]))) == 6 + 3


def test_halves_that_agree_perfectly_and_halves_that_are_opposite():
    same = ratings(u=[1, 2, 3], v=[2, 4, 6], w=[1, 2, 3], x=[0, 5, 7])
    assert split_half(same, halves=5) == pytest.approx(np.ones(5))
    opposite = ratings(u=[1, 2, 3], v=[3, 2, 1])
    assert split_half(opposite, halves=5) == pytest.approx(-np.ones(5))


def test_halvings_repeat_with_their_seed():
    table = ratings(**{f"u{k}": np.random.default_rng(k).integers(1, 8, 20).tolist() for k in range(9)})
    np.testing.assert_array_equal(split_half(table, halves=6, seed=2), split_half(table, halves=6, seed=2))
    assert not np.array_equal(split_half(table, halves=6, seed=2), split_half(table, halves=6, seed=3))


def test_the_same_rater_again():
    pairs = pd.DataFrame({"rater": [1, 1, 1, 2, 2, 2], "first": [1, 2, 3, 4, 4, 4], "second": [1, 3, 2, 1, 2, 3]})
    values = retest(pairs)
    assert values[1] == pytest.approx(0.5)
    assert np.isnan(values[2])


def test_variances_of_two_raters_and_two_images():
    # scores 1, 3 and 3, 9; grand mean 4, raters' means 2 and 6, images' means 2 and 6, residuals ±1: MS_rest = 4.
    # MS_image = 2 · (4 + 4) = 16, image = (16 − 4) / 2 = 6, and rater the same.
    found = variance_components(ratings(u=[1, 3], v=[3, 9]))
    assert (found.image, found.rater, found.rest) == pytest.approx((6, 6, 4))


def test_variances_that_were_put_in_come_out():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, 400) + rng.normal(0, 0.5, (300, 1)) + rng.normal(0, 2, (300, 400))
    found = variance_components(ratings(**{f"u{k}": row for k, row in enumerate(scores.tolist())}))
    assert (found.image, found.rater, found.rest) == pytest.approx((1, 0.25, 4), rel=0.15)


@pytest.mark.parametrize("measure", [leave_one_out, pairwise, split_half, variance_components])
def test_a_rater_alone_cannot_be_compared(measure):
    with pytest.raises(ParameterError, match=r"^1 rater\(s\) rated the same 2 images; agreement needs 2 or more"):
        measure(pd.concat([THREE, ratings(alone=[1, 2])]))


def test_two_ratings_of_one_image_by_one_user_are_refused():
    with pytest.raises(ParameterError, match="a user rated an image twice"):
        blocks(pd.concat([THREE, THREE]))


@pytest.mark.real
def test_how_well_people_agree_on_the_beauty_of_photographs(real_data):
    """An analysis made elsewhere gives .633, .664, .401, .976 and .875: equal to these, cut off after three digits."""
    folder = real_data("oasis_beauty")
    table = load("oasis_beauty", family="all", level="rating").table.frame
    assert len(table) == 170_325
    found = blocks(table)
    assert [(len(block.users), len(block.images)) for block in found] == [
        (368, 225),
        (145, 225),
        (140, 225),
        (104, 225),
    ]
    assert len({image for block in found for image in block.images}) == 900
    crowd = leave_one_out(table)
    assert int(crowd.isna().sum()) == 2  # raters who gave every photograph the same score
    assert (round(crowd.mean(), 3), round(crowd.median(), 3)) == (0.633, 0.664)
    assert round(float(pairwise(table).mean()), 4) == 0.4017
    assert split_half(table).mean() == pytest.approx(0.9768, abs=0.001)
    again = retest(pd.read_csv(folder / "retest.csv"))
    assert (len(again), round(again.mean(), 3), round(again.median(), 3)) == (59, 0.875, 0.918)
    shares = variance_components(table)
    assert (round(shares.image, 2), round(shares.rater, 2), round(shares.rest, 2)) == (1.25, 0.47, 1.78)
