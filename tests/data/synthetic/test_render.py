"""Pictures: the same bytes, the same picture at any size, and pixels that show what the scenes say."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.stats import spearmanr

from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import THEMES, Camera, draw_scenes
from aeslib.data.synthetic.truth import QUALITIES, qualities
from aeslib.errors import ParameterError


@pytest.fixture(scope="module")
def scenes() -> np.ndarray:
    return draw_scenes(np.random.default_rng(11), 600, Camera())


@pytest.fixture(scope="module")
def pictures(scenes: np.ndarray) -> np.ndarray:
    return shown(scenes)


def shown(scenes: np.ndarray, size: int = 64) -> np.ndarray:
    """(N, 3, S, S) as floats 0-1."""
    return render(scenes, size).numpy() / 255


def with_(scenes: np.ndarray, **columns: object) -> np.ndarray:
    changed = scenes.copy()
    for name, value in columns.items():
        changed[name] = value
    return changed


def detail(pictures: np.ndarray) -> np.ndarray:
    """(N,) mean absolute Laplacian of the brightness."""
    laplace = np.array([[[0, 1, 0], [1, -4, 1], [0, 1, 0]]])
    return np.abs(convolve(pictures.mean(1), laplace)).mean((1, 2))


def spearman(name: str, scenes: np.ndarray, measured: np.ndarray) -> float:
    return float(spearmanr(qualities(scenes)[:, QUALITIES.index(name)], measured).statistic)


def test_same_scenes_same_bytes_in_any_order(scenes: np.ndarray) -> None:
    order = np.random.default_rng(0).permutation(120)
    assert torch.equal(render(scenes[:120], 64)[order], render(scenes[:120][order], 64))


@pytest.mark.parametrize("size", [32, 48, 128])
def test_the_same_picture_at_any_size(scenes: np.ndarray, size: int) -> None:
    small, large = sorted((64, size))
    clean = with_(scenes[:96], noise=0)
    wide = torch.nn.functional.interpolate(torch.from_numpy(shown(clean, large)), (small, small), mode="area").numpy()
    assert np.abs(wide - shown(clean, small)).mean() < 0.015


def test_no_denormal_number_is_left_in_a_mask() -> None:
    from aeslib.data.synthetic.render import _kernel

    taps = _kernel(64, torch.tensor([[0.0015], [0.02], [0.055]]), torch.tensor([[0.0], [0.1], [0.2]]))
    assert taps[taps > 0].min() > 1e-6
    torch.testing.assert_close(taps.sum(2), torch.ones(3, 64))


def test_sizes_outside_are_refused(scenes: np.ndarray) -> None:
    with pytest.raises(ParameterError) as error:
        render(scenes, 16)
    assert str(error.value) == "pictures of 16 px cannot be rendered; size must be between 32 and 512."


def test_vivid_is_the_saturation_of_the_pixels(scenes: np.ndarray, pictures: np.ndarray) -> None:
    coloured = (pictures.max(1) - pictures.min(1)).mean((1, 2))
    calm = scenes["noise"] < 0.1
    assert spearman("vivid", scenes[calm], coloured[calm]) > 0.8


def test_contrast_is_the_spread_of_the_tones(scenes: np.ndarray, pictures: np.ndarray) -> None:
    calm = scenes["noise"] < 0.1
    assert spearman("contrast", scenes[calm], pictures.mean(1).std((1, 2))[calm]) > 0.6


def test_light_falls_with_the_distance_from_the_right_brightness(scenes: np.ndarray, pictures: np.ndarray) -> None:
    brightness = pictures.mean((1, 2, 3))
    right = shown(with_(scenes, exposure=0)).mean((1, 2, 3))
    assert spearman("light", scenes, -np.abs(brightness - right)) > 0.8


def test_clean_is_what_smoothing_leaves_alone(scenes: np.ndarray, pictures: np.ndarray) -> None:
    grain = np.abs(pictures - shown(with_(scenes, noise=0))).mean((1, 2, 3))
    assert spearman("clean", scenes, -grain) > 0.9


@pytest.mark.parametrize("column", ["miss", "motion", "defocus", "haze"])
def test_blur_and_haze_take_detail_away(scenes: np.ndarray, column: str) -> None:
    sharp = with_(scenes[:200], miss=0, motion=0, defocus=0, pan=0, noise=0, haze=0)
    amounts = [detail(shown(with_(sharp, **{column: amount}))) for amount in (0, 0.4, 1)]
    assert (amounts[0] > amounts[1]).mean() > 0.97
    assert (amounts[1] > amounts[2]).mean() > 0.97


def test_open_aperture_keeps_the_subject_sharp(scenes: np.ndarray) -> None:
    portraits = with_(scenes[scenes["theme"] == THEMES.index("portrait")][:30], x=0.5, y=0.5, size=0.3, repetition=1)
    portraits = with_(portraits, miss=0, motion=0, noise=0, defocus=0, clutter=0, counter=0, haze=0, exposure=0)
    before, after = shown(portraits), shown(with_(portraits, defocus=1))
    middle, corner = np.s_[:, :, 28:36, 28:36], np.s_[:, :, :10, :10]
    assert np.abs(before[middle] - after[middle]).mean() < 0.005
    assert np.abs(before[corner] - after[corner]).mean() > 0.02


def test_panning_keeps_the_subject_and_shaking_does_not(scenes: np.ndarray) -> None:
    still = with_(scenes[:100], miss=0, motion=0, defocus=0, noise=0)
    followed, shaken = (detail(shown(with_(still, motion=1, pan=pan))) for pan in (1, 0))
    assert (followed >= shaken).mean() > 0.95


def test_symmetric_scenes_mirror(scenes: np.ndarray) -> None:
    clean = shown(with_(scenes[:200], noise=0))
    difference = np.abs(clean - clean[..., ::-1]).mean((1, 2, 3))
    mirrored = scenes["symmetry"][:200] == 1
    assert difference[mirrored].max() < 0.03
    assert np.median(difference[~mirrored]) > 0.03


def test_repetition_repeats_the_subject(scenes: np.ndarray) -> None:
    rings = scenes[scenes["theme"] == THEMES.index("food")][:20]
    rings = with_(rings, repetition=4, symmetry=0, noise=0, clutter=0, counter=0, miss=0, motion=0, vignette=0, x=0.375)
    rows = shown(with_(rings, angle=0.25, y=0.5, texture=0))[:, :, 26:38]
    assert np.abs(rows - np.roll(rows, 16, axis=-1)).mean() < 0.03
    assert np.abs(rows - np.roll(rows, 8, axis=-1)).mean() > 0.1


def test_the_subject_is_where_the_scene_says(scenes: np.ndarray) -> None:
    clear = with_(scenes[:200], noise=0, miss=0, motion=0, symmetry=0, repetition=1, clutter=0, counter=0, exposure=0)
    clear = clear[np.isin(clear["theme"], [THEMES.index(t) for t in ("flower", "food", "abstract", "night")])]
    change = np.abs(shown(clear) - shown(with_(clear, size=0.02))).mean(1)
    grid = (np.arange(64) + 0.5) / 64
    centre = (change * grid).sum((1, 2)) / change.sum((1, 2))
    assert spearmanr(centre, clear["x"]).statistic > 0.9


def test_each_theme_has_a_look_of_its_own(scenes: np.ndarray, pictures: np.ndarray) -> None:
    """The nearest mean picture names the theme far more often than chance (1/12)."""
    coarse = pictures.reshape(len(pictures), 3, 8, 8, 8, 8).mean((3, 5)).reshape(len(pictures), -1)
    means = np.stack([coarse[:400][scenes["theme"][:400] == t].mean(0) for t in range(12)])
    nearest = ((coarse[400:, None] - means) ** 2).sum(2).argmin(1)
    assert (nearest == scenes["theme"][400:]).mean() > 0.3
