"""Distortions do what they are called, and more in later steps."""

from itertools import pairwise

import numpy as np
import pytest

from aeslib.data.synthetic.distortions import KINDS, MEAN_SCORES, distort, mean_scores
from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import Camera, draw_scenes
from aeslib.errors import ParameterError

ODD = {KINDS.index(name) for name in ("blocks of one colour", "contrast change")}


@pytest.fixture(scope="module")
def references() -> np.ndarray:
    camera = Camera(exposure_spread=0.2, noise=0.01, miss=0, saturation=0.6)
    return render(draw_scenes(np.random.default_rng(3), 24, camera), 64).numpy()


def damage(references: np.ndarray, kind: int, step: int) -> float:
    many = distort(references, np.full(len(references), kind), np.full(len(references), step))
    return float(np.abs(many.astype(float) - references).mean())


@pytest.mark.parametrize("kind", sorted(set(range(24)) - ODD), ids=lambda kind: KINDS[kind])
def test_every_step_changes_more_than_the_one_before(references: np.ndarray, kind: int) -> None:
    steps = [damage(references, kind, step) for step in range(5)]
    assert steps[0] > 0.2
    assert all(after > before for before, after in pairwise(steps))


def test_colour_noise_is_in_the_colours(references: np.ndarray) -> None:
    kind = np.full(len(references), KINDS.index("noise mostly in colour"))
    change = distort(references, kind, np.full(len(references), 2)).astype(float) - references
    assert np.abs(change.mean(1)).mean() < 0.3 * np.abs(change).mean()


def test_saturation_change_leaves_the_grey(references: np.ndarray) -> None:
    kind = np.full(len(references), KINDS.index("saturation change"))
    grey = distort(references, kind, np.full(len(references), 4))
    assert np.ptp(grey, axis=1).max() <= 1
    np.testing.assert_allclose(grey.mean(1), references.mean(1), atol=1)


def test_published_mean_scores() -> None:
    """Additive noise, step 1: 5.67; sparse sampling, step 5: 0.96."""
    assert mean_scores(np.array([0, 23]), np.array([0, 4]), np.zeros(2)).tolist() == [5.67, 0.96]
    assert np.shape(MEAN_SCORES) == (len(KINDS), 5)


def test_busy_pictures_hide_noise_and_suffer_from_blur() -> None:
    noise, blur = KINDS.index("additive noise"), KINDS.index("Gaussian blur")
    calm, busy = (mean_scores(np.array([noise, blur]), np.array([3, 3]), np.full(2, b)) for b in (-1.0, 1.0))
    assert busy[0] > calm[0]
    assert busy[1] < calm[1]


def test_sides_must_be_whole_blocks() -> None:
    with pytest.raises(ParameterError) as error:
        distort(np.zeros((1, 3, 50, 50), np.uint8), np.zeros(1, int), np.zeros(1, int))
    assert str(error.value) == "pictures of 50 px cannot be distorted; take a multiple of 8."
