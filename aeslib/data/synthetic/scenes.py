"""Scenes: what a picture of the generated world shows, as one row of named numbers.

A scene is a row of a numpy structured array of type `SCENE`. Every column changes pixels; none is only a label.
Drawn here with numpy alone, so that labels are cheap; `render` turns scenes into pictures.
"""

from dataclasses import dataclass, field

import numpy as np

THEMES = (
    "landscape", "seascape", "sunset", "city", "street", "portrait",
    "animal", "flower", "food", "architecture", "night", "abstract",
)  # fmt: skip
SHALLOW = {"portrait", "animal", "flower", "food"}
"""Themes usually taken with an open aperture."""
PALETTE = (0.30, 0.55, 0.05, 0.60, 0.10, 0.07, 0.09, 0.92, 0.06, 0.58, 0.65, 0.75)
"""Natural hue of each theme's subject matter, 0-1 round the colour circle."""

FILL = (1.3, 1.1, 0.9, 1.1, 1.1, 1.5, 1.5, 1.6, 1.6, 1.2, 0.9, 1.2)
"""Usual size of each theme's subject."""
STANDS = {"landscape", "seascape", "city", "street", "animal"}
"""Themes whose subject stands on the ground: the horizon is never below its feet."""

SCENE = np.dtype(
    [
        ("theme", "u1"),  # index into THEMES
        ("x", "f4"), ("y", "f4"),  # centre of the subject, shares of the picture, y downwards
        ("size", "f4"),  # radius of the subject, share of the picture
        ("horizon", "f4"),  # height of the horizon, share of the picture from the top
        ("counter", "f4"),  # 0-1: strength of the counterweight opposite the subject
        ("clutter", "f4"),  # 0-1: distracting objects
        ("symmetry", "f4"),  # 0 or 1: the left half is the mirrored right half
        ("repetition", "f4"),  # copies of the subject in a row; 1: none
        ("hue", "f4"),  # 0-1: base hue
        ("accent", "f4"),  # 0-0.5: distance of the second hue from the first
        ("saturation", "f4"),  # 0-1
        ("exposure", "f4"),  # stops off the right exposure
        ("contrast", "f4"),  # 0-1: spread of the tones
        ("angle", "f4"),  # 0-1: where the light comes from
        ("haze", "f4"),  # 0-1
        ("defocus", "f4"),  # 0-1: blur of what is not the subject
        ("miss", "f4"),  # 0-1: blur of the subject too (missed focus)
        ("motion", "f4"),  # 0-1: length of the motion blur
        ("pan", "f4"),  # 1: the subject was followed and stays sharp; 0: the camera shook
        ("noise", "f4"),  # 0-1: sensor noise
        ("vignette", "f4"),  # 0-1
        ("texture", "f4"),  # 0-1: fine detail
        ("layout", "f4", (12,)),  # phases of clouds, ridges, blocks; carry no taste
    ]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Camera:
    """What a data set's pictures have in common: who takes them, with what, of what."""

    themes: dict[str, float] = field(default_factory=dict)
    """Relative share of themes; 1 where not named."""
    exposure_bias: float = 0.0
    exposure_spread: float = 0.6
    noise: float = 0.2
    miss: float = 0.25
    """Mean sensor noise and mean softness, 0-1."""
    saturation: float = 0.5
    craft: float = 0.5
    """Share of pictures composed on purpose (thirds, counterweight, harmony)."""


def draw_scenes(rng: np.random.Generator, n: int, camera: Camera) -> np.ndarray:
    """(n,) scenes of type `SCENE`, as that camera takes them."""
    s = np.zeros(n, SCENE)
    share = np.array([camera.themes.get(theme, 1.0) for theme in THEMES])
    s["theme"] = rng.choice(len(THEMES), n, p=share / share.sum())
    _compose(rng, s, camera)
    _colour(rng, s, camera)
    _expose(rng, s, camera)
    s["layout"] = rng.random((n, 12))
    return s


def _compose(rng: np.random.Generator, s: np.ndarray, camera: Camera) -> None:
    n = len(s)
    way = rng.random(n)
    thirds, centred = way < 0.8 * camera.craft, way > 0.8
    third = lambda: rng.choice([1 / 3, 2 / 3], n)  # noqa: E731
    anywhere = rng.uniform(0.18, 0.82, (2, n))
    s["x"] = np.where(thirds, third(), np.where(centred, 0.5, anywhere[0])) + rng.normal(0, 0.02, n)
    s["y"] = np.where(thirds, third(), np.where(centred, 0.5, anywhere[1])) + rng.normal(0, 0.02, n)
    s["size"] = (rng.beta(2, 2.5, n) * 0.16 + 0.08) * np.array(FILL)[s["theme"]]
    s["horizon"] = np.where(thirds, third(), rng.uniform(0.3, 0.7, n)) + rng.normal(0, 0.02, n)
    stands = np.isin(s["theme"], [THEMES.index(theme) for theme in STANDS])
    s["horizon"] = np.where(stands, np.minimum(s["horizon"], s["y"] + 0.6 * s["size"]), s["horizon"])
    sinks = s["theme"] == THEMES.index("sunset")  # the sun is still to be seen
    s["horizon"] = np.where(sinks, np.maximum(s["horizon"], s["y"] + 0.3 * s["size"]), s["horizon"])
    s["counter"] = np.where(rng.random(n) < 0.4, rng.uniform(0.3, 1, n), 0)
    s["clutter"] = rng.beta(1.2, 2.2, n)
    s["symmetry"] = rng.random(n) < 0.09
    s["x"] = np.where(s["symmetry"] > 0, 0.5, s["x"])
    s["repetition"] = np.where(rng.random(n) < 0.2, rng.integers(3, 7, n), 1)


def _colour(rng: np.random.Generator, s: np.ndarray, camera: Camera) -> None:
    n = len(s)
    s["hue"] = (np.array(PALETTE)[s["theme"]] + rng.normal(0, 0.06, n)) % 1
    planned = rng.choice([0.0, 1 / 3, 0.5], n, p=[0.5, 0.2, 0.3]) + rng.normal(0, 0.02, n)
    s["accent"] = np.clip(np.where(rng.random(n) < camera.craft, planned, rng.uniform(0, 0.5, n)), 0, 0.5)
    mean = camera.saturation
    s["saturation"] = rng.beta(4 * mean, 4 * (1 - mean), n)


def _expose(rng: np.random.Generator, s: np.ndarray, camera: Camera) -> None:
    n = len(s)
    s["exposure"] = np.clip(rng.normal(camera.exposure_bias, camera.exposure_spread, n), -2, 2)
    s["contrast"] = rng.beta(2.5, 2, n)
    s["angle"] = rng.random(n)
    s["haze"] = np.where(rng.random(n) < 0.5, rng.beta(1.2, 2.5, n), 0)
    shallow = np.isin(s["theme"], [THEMES.index(theme) for theme in SHALLOW])
    s["defocus"] = np.where(rng.random(n) < np.where(shallow, 0.8, 0.12), rng.uniform(0.25, 1, n), 0)
    s["miss"] = np.where(rng.random(n) < 2 * camera.miss, rng.uniform(0.2, 1, n), 0)
    moving = rng.random(n)
    s["motion"] = np.where(moving < 0.13, rng.uniform(0.35, 1, n), 0)
    s["pan"] = moving < 0.047
    s["miss"][moving < 0.047] = 0
    s["defocus"] = np.where((s["miss"] > 0) | ((moving > 0.047) & (moving < 0.13)), 0, s["defocus"])
    s["noise"] = rng.beta(0.7, 0.7 * (1 / camera.noise - 1), n)
    s["vignette"] = np.where(rng.random(n) < 0.3, rng.random(n), 0)
    s["texture"] = rng.random(n)
