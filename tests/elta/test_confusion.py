import numpy as np
import pytest

from aeslib.elta.confusion import map_of, matched, neighbour_agreement
from aeslib.errors import ParameterError


def test_classes_and_intervals_come_out_alike():
    rng = np.random.default_rng(0)
    theme = rng.choice(list("abcde"), 600, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    interval = rng.choice(4, 600, p=[0.1, 0.5, 0.3, 0.1])
    rows = matched(theme, interval, 4, 300, rng)
    themes = np.sort(np.unique(theme[rows], return_counts=True)[1])
    assert themes.tolist() == np.sort(np.bincount(interval[rows])).tolist()
    assert 200 < len(rows) <= 300
    assert len(set(rows)) == len(rows)
    assert "e" not in theme[rows]


def test_a_small_case_by_hand():
    # x 3 and y 2, interval 0 three times and 1 twice: all five can be taken
    theme, interval = np.array(list("xxyyx")), np.array([0, 0, 1, 0, 1])
    assert matched(theme, interval, 2, 10, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]


def test_too_few_themes():
    with pytest.raises(ParameterError) as found:
        matched(np.array(["a", "b"]), np.array([0, 1]), 10, 5, np.random.default_rng(0))
    assert str(found.value) == "2 themes for 10 score intervals; pass pictures of 10 themes at least."


def test_neighbours_agree_where_classes_are_apart():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 30)
    apart = rng.normal(0, 0.1, (60, 3)) + 9 * label[:, None]
    assert neighbour_agreement(apart, label) == 1
    assert neighbour_agreement(rng.normal(size=(60, 3)), label) == pytest.approx(0.5, abs=0.12)


def test_maps_are_in_the_unit_square_and_repeat():
    z = np.random.default_rng(0).normal(size=(40, 5))
    first = map_of(z)
    assert (first.min(), first.max()) == (0, 1)
    np.testing.assert_array_equal(first, map_of(z))
