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


def shown(scenes: np.ndarray, size: int | tuple[int, int] = 64) -> np.ndarray:
    """(N, 3, H, W) as floats 0-1."""
    return render(scenes, size).numpy() / 255


def with_(scenes: np.ndarray, **columns: object) -> np.ndarray:
    changed = scenes.copy()
    for name, value in columns.items():
        changed[name] = value
    return changed


FRAMES = ((64, 64), (55, 74), (52, 78), (78, 52), (48, 96))
ROUND = ("flower", "food", "night", "abstract")
"""Themes whose subject is seen whole, without a ground that it stands on."""


def clear(scenes: np.ndarray, **columns: object) -> np.ndarray:
    """Scenes with a round subject and nothing that hides or blurs it."""
    scenes = scenes[np.isin(scenes["theme"], [THEMES.index(theme) for theme in ROUND])]
    nothing = ("noise", "miss", "motion", "defocus", "symmetry", "clutter", "counter", "exposure", "haze", "vignette")
    return with_(scenes, **dict.fromkeys(nothing, 0), repetition=1, **columns)


def subjects(scenes: np.ndarray, frame: tuple[int, int]) -> np.ndarray:
    """(N, H, W) how much each pixel changes when the subject shrinks to nothing."""
    return np.abs(shown(scenes, frame) - shown(with_(scenes, size=0.005), frame)).mean(1)


def extents(mask: np.ndarray) -> tuple[int, int]:
    """Pixels from top to bottom and from left to right of what a mask (H, W) marks."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


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
    with pytest.raises(ParameterError):
        render(scenes, (64, 16))
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


@pytest.mark.parametrize("frame", FRAMES)
def test_the_subject_is_where_the_scene_says(scenes: np.ndarray, frame: tuple[int, int]) -> None:
    """x and y are shares of the frame, whatever its shape."""
    some = clear(scenes)
    change = subjects(some, frame)
    for axis, side in zip("yx", frame, strict=True):
        grid = (np.arange(side) + 0.5) / side
        centre = (change * (grid[:, None] if axis == "y" else grid)).sum((1, 2)) / change.sum((1, 2))
        assert spearmanr(centre, some[axis]).statistic > (0.9 if axis == "x" else 0.8)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_disc_is_round_in_every_frame_and_fills_the_same_share(scenes: np.ndarray, frame: tuple[int, int]) -> None:
    rings = clear(scenes, x=0.5, y=0.5, size=0.25)
    rings = rings[rings["theme"] == THEMES.index("abstract")][:12]
    for change in subjects(rings, frame):
        height, width = extents(change > 0.001)
        assert abs(height - width) <= 2
        assert height * width / change.size == pytest.approx(0.25, abs=0.035)


def test_a_stretched_disc_would_be_seen(scenes: np.ndarray) -> None:
    rings = clear(scenes, x=0.5, y=0.5, size=0.25)
    change = subjects(rings[rings["theme"] == THEMES.index("abstract")][:1], (64, 64))
    stretched = torch.nn.functional.interpolate(torch.from_numpy(change)[None], (52, 78), mode="bilinear")[0, 0]
    height, width = extents(stretched.numpy() > 0.001)
    assert width - height > 8


def test_the_horizon_is_a_share_of_the_height(scenes: np.ndarray) -> None:
    sea = with_(scenes[scenes["theme"] == THEMES.index("seascape")][:20], horizon=0.4, size=0.01, noise=0, texture=0)
    sea = with_(sea, clutter=0, counter=0, defocus=0, miss=0, motion=0, haze=0, vignette=0, exposure=0, angle=0.25)
    for height, width in FRAMES:
        rows = shown(sea, (height, width)).mean(3)
        step = np.abs(np.diff(rows, axis=2)).sum(1)[:, : int(0.6 * height)].argmax(1)
        assert np.abs((step + 1) / height - 0.4).max() < 0.04


MEANS = [0.5395, 0.6041, 0.5653, 0.5837, 0.5396, 0.5345, 0.5431, 0.515, 0.5582, 0.5606, 0.4061, 0.5566]
PLACES = [
    [0.5656, 0.5914, 0.5955, 0.5696],
    [0.5559, 0.5807, 0.5833, 0.5591],
    [0.5291, 0.5423, 0.5501, 0.53],
    [0.4747, 0.4866, 0.4867, 0.4724],
]


def test_squares_are_what_they_were(scenes: np.ndarray, pictures: np.ndarray) -> None:
    """Mean values per theme, and the brightness of sixteen places, of the squares before there were other frames."""
    assert torch.equal(render(scenes[:50], 64), render(scenes[:50], (64, 64)))
    means = [pictures[scenes["theme"] == theme].mean() for theme in range(12)]
    np.testing.assert_allclose(means, MEANS, atol=5e-4)
    places = pictures.mean((0, 1)).reshape(4, 16, 4, 16).mean((1, 3))
    np.testing.assert_allclose(places, PLACES, atol=5e-4)


def test_symmetric_scenes_mirror_in_every_frame(scenes: np.ndarray) -> None:
    mirrored = with_(scenes[:60], noise=0, symmetry=1, x=0.5)
    for frame in FRAMES:
        clean = shown(mirrored, frame)
        assert np.abs(clean - clean[..., ::-1]).mean((1, 2, 3)).max() < 0.03


def test_all_frames_look_alike(scenes: np.ndarray, pictures: np.ndarray) -> None:
    """What global measures see, and so what labels are about, is the same in every frame."""
    for frame in FRAMES[1:]:
        made = shown(scenes, frame)
        assert made.shape == (len(scenes), 3, *frame)
        for measure in (lambda p: p.mean((1, 2, 3)), lambda p: (p.max(1) - p.min(1)).mean((1, 2)), detail):
            assert spearmanr(measure(made), measure(pictures)).statistic > 0.9


def test_each_theme_has_a_look_of_its_own(scenes: np.ndarray, pictures: np.ndarray) -> None:
    """The nearest mean picture names the theme far more often than chance (1/12)."""
    coarse = pictures.reshape(len(pictures), 3, 8, 8, 8, 8).mean((3, 5)).reshape(len(pictures), -1)
    means = np.stack([coarse[:400][scenes["theme"][:400] == t].mean(0) for t in range(12)])
    nearest = ((coarse[400:, None] - means) ** 2).sum(2).argmin(1)
    assert (nearest == scenes["theme"][400:]).mean() > 0.3
