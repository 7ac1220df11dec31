"""Pictures lie in the cache once, row by row beside their labels."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from scipy.stats import spearmanr

from aeslib.data.synthetic import ceiling, pictures, standin, world
from aeslib.data.synthetic.render import render
from aeslib.paths import cache_home


def test_rows_are_those_of_the_labels() -> None:
    images = pictures("para", size=40, seed=1, px=32)
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    np.testing.assert_array_equal(images, render(world("para", 40, 1).scenes, 32).numpy())
    assert len(images) == len(standin("para", size=40, seed=1))


def test_each_frame_has_a_file_of_its_own() -> None:
    wide, tall, square = (pictures("para", size=40, seed=1, px=px) for px in ((32, 48), (48, 32), (32, 32)))
    assert wide.shape[2:] == (32, 48)
    assert tall.shape[2:] == (48, 32)
    np.testing.assert_array_equal(wide, render(world("para", 40, 1).scenes, (32, 48)).numpy())
    np.testing.assert_array_equal(square, pictures("para", size=40, seed=1, px=32))
    assert len(list((cache_home() / "world").glob("para-40-1-*.npy"))) == 3


def test_two_processes_at_once_make_one_file() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        sums = list(pool.map(_total, [0, 1]))
    assert sums[0] == sums[1]
    assert len(list((cache_home() / "world").glob("*.npy"))) == 1


def _total(_: int) -> int:
    return int(pictures("ava", size=50, seed=0, px=32).astype(int).sum())


def test_tid_pictures_are_distorted_references() -> None:
    images, frame = pictures("tid2013", size=600, seed=0, px=32), standin("tid2013", size=600, seed=0).frame
    assert images.shape == (600, 3, 32, 32)
    assert frame["image_id"].str.fullmatch(r"I\d\d_\d\d_\d").all()
    grey = frame["distortion"].eq(18) & frame["step"].eq(5)
    assert np.ptp(images[grey.to_numpy()], axis=1).max() <= 1


def test_colour_statistics_know_something_but_far_from_all() -> None:
    """Ridge regression on 14 statistics of the pixels: more than 0.2, and well below the ceiling."""
    images, mos = pictures("ava", size=1500, seed=0, px=32) / 255.0, standin("ava", size=1500, seed=0).mos
    grey = images.mean(1).reshape(len(images), -1)
    vivid = np.ptp(images, axis=1).mean((1, 2))
    features = np.column_stack(
        [images.mean((2, 3)), images.std((2, 3)), vivid, np.quantile(grey, np.linspace(0, 1, 7), 1).T]
    )
    features = np.column_stack([(features - features.mean(0)) / features.std(0), np.ones(len(mos))])
    fit, held = slice(0, 1000), slice(1000, None)
    weights = np.linalg.solve(features[fit].T @ features[fit] + np.eye(15), features[fit].T @ mos[fit])
    found = spearmanr(features[held] @ weights, mos[held]).statistic
    assert 0.2 < found < ceiling("ava", size=1500, seed=0).srcc - 0.2
