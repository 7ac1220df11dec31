"""The world's pictures against a naive renderer, and what it takes small networks to learn their scores.

The naive renderer paints one landscape after another with numpy on whole pictures and blurs with `gaussian_filter`; it
shows the same scenes.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import convolve1d, gaussian_filter, zoom
from scipy.stats import spearmanr
from timing import Comparison
from torch import nn

import aeslib.aesmamba.vmamba  # noqa: F401  (lists the encoder)
from aeslib.backbones import ScoreModel, build
from aeslib.data.synthetic.canvas import EDGE, tape
from aeslib.data.synthetic.render import GRAIN, render
from aeslib.data.synthetic.scenes import THEMES, Camera, draw_scenes
from aeslib.losses import emd
from aeslib.metrics import bootstrap, srcc, weighted_srcc
from aeslib.profiles import get_profile
from aeslib.studies.parts import parts
from aeslib.studies.training import RECIPE, predicted_scores, score_objective
from aeslib.training import FitConfig, fit


def rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    """(3, 1, 1) colour."""
    k = (np.array([5, 3, 1]) + hue % 1 * 6) % 6
    return (value * (1 - saturation * np.clip(np.minimum(k, 4 - k), 0, 1)))[:, None, None]


def step(z: np.ndarray, edge: float = EDGE) -> np.ndarray:
    """Soft step."""
    return np.clip(z / edge + 0.5, 0, 1)


def over(image: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Colour laid over the picture."""
    return image * (1 - mask) + colour * mask


def smooth_noise(s: np.void, x: np.ndarray, y: np.ndarray, kx: int, ky: int, phase: int) -> np.ndarray:
    """(S, S) splines on a lattice, knot by knot."""
    start = int(s["layout"][phase] * (1 << 16)) * 7
    lattice = tape()[start : start + (kx + 1) * (ky + 1)].numpy().reshape(ky + 1, kx + 1) * 1.8

    def spline(z: np.ndarray, cells: int) -> np.ndarray:
        far = np.abs(z * cells - np.arange(cells + 1)[:, None])
        return 0.5 * np.maximum(1.5 - far, 0) ** 2 - 1.5 * np.maximum(0.5 - far, 0) ** 2

    return spline(y[:, 0], ky).T @ lattice @ spline(x[0], kx)


def ridge(s: np.void, x: np.ndarray, first: int, rough: float) -> np.ndarray:
    """(S, S) a mountain line."""
    total = np.zeros_like(x)
    for k, amplitude in ((1.3, 0.5), (2.9, 0.3), (6.1, 0.14), (11.0, 0.06)):
        total += amplitude * np.abs((x * k + s["layout"][(first + int(k)) % 12]) % 1 - 0.5) * 2
    return (total - 0.5) * 2 * rough


def ellipse(u: np.ndarray, v: np.ndarray, edge: float) -> np.ndarray:
    """Unit disc."""
    return np.clip(0.5 / edge * (1 - u * u - v * v) + 0.5, 0, 1)


def landscape(s: np.void, size: int) -> np.ndarray:
    """(3, S, S) uint8 picture of one landscape."""
    line = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(line, line)
    if s["symmetry"] > 0.5:
        x = 0.5 + np.abs(x - 0.5)
    hue, horizon = float(s["hue"]), float(s["horizon"])
    other = hue + (-1 if s["layout"][11] < 0.5 else 1) * float(s["accent"])
    image = over(np.zeros((3, size, size)) + rgb(0.58, 0.6, 0.8), rgb(other, 0.22, 0.98), np.clip(y / horizon, 0, 1))
    cloud = smooth_noise(s, x, y, 3, 6, 0) + 0.5 * smooth_noise(s, x, y, 8, 14, 1)
    image = over(image, rgb(0.1, 0.03, 1), np.clip(cloud * 0.8 - 0.2, 0, 1) * np.clip((horizon - y) * 4, 0, 0.85))
    image = over(image, rgb(0.62, 0.35, 0.6), step(y - (horizon - 0.08 + ridge(s, x, 0, 0.16))))
    image = over(image, rgb(hue + 0.06, 0.4, 0.42), step(y - (horizon - 0.01 + ridge(s, x, 4, 0.06))))
    meadow, near = step(y - horizon - 0.03), np.clip((y - horizon) / (1 - horizon), 0, 1)
    image = over(image, over(rgb(hue - 0.06, 0.6, 0.68), rgb(hue, 0.75, 0.3), near), meadow)
    image = image + smooth_noise(s, x, y, 24, 22, 3) * meadow * 0.1 * (0.15 + s["texture"])
    image = litter(s, x, y, over(image, rgb(other, 0.55, 0.42), counterweight(s, x, y)))
    image, kept = tree(s, x, y, image, other)
    return develop(s, x, y, focus(s, image, kept))


def counterweight(s: np.void, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Its mask."""
    radius = s["size"] * 0.75
    u, v = (x - 1 + s["x"]) / radius, (y - s["y"] - 0.3 * radius) / (0.8 * radius)
    return ellipse(u, v, 2 * EDGE / radius) * (s["counter"] > 0) * (0.4 + 0.6 * s["counter"])


def litter(s: np.void, x: np.ndarray, y: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Up to eight bits and pieces."""
    paint, free = np.zeros_like(image), np.zeros_like(x)
    for k in range(8):
        p = s["layout"][k]
        half = 0.02 + 0.05 * (p * 3.77 % 1) * (0.5 + s["clutter"])
        one = step(half - np.abs(x - p)) * step(1.4 * half - np.abs(y - 0.35 - 0.62 * (p * 7.31 % 1)))
        one = one * np.clip(s["clutter"] * 9 - k, 0, 1)
        free, paint = free + one, paint + one * rgb(p * 5.17 % 1, 0.6, 0.75)
    return image * (1 - np.clip(free, 0, 1)) + paint


def tree(s: np.void, x: np.ndarray, y: np.ndarray, image: np.ndarray, other: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture with its trees, and their mask."""
    copies = float(s["repetition"])
    radius, period = min(float(s["size"]), 0.44 / copies), 1 / copies if copies > 1 else 4.0
    u, v = ((x - s["x"] + period / 2) % period - period / 2) / radius, (y - s["y"]) / radius
    edge = EDGE / radius
    trunk = step(u + 0.13, edge) * step(0.13 - u, edge) * step(v - 0.2, edge) * step(1.1 - v, edge)
    crown = ellipse(u / 0.62, (v + 0.45) / 0.55, edge * 1.6)
    for side in (-0.42, 0.42):
        crown = np.maximum(crown, ellipse((u + side) / 0.5, (v + 0.05) / 0.42, edge * 2))
    image = over(over(image, rgb(0.07, 0.6, 0.3), trunk), rgb(other, 0.7, 0.5), crown)
    image = over(image, rgb(other + 0.02, 0.55, 0.8), ellipse((u + 0.25) / 0.5, (v + 0.45) / 0.4, 1.0) * crown)
    return image, np.maximum(trunk, crown)


def focus(s: np.void, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Defocus, missed focus and motion."""
    sigma = 0.055 * (s["miss"] if s["miss"] > 0 else s["defocus"]) * image.shape[2]
    if sigma == 0 and s["motion"] == 0:
        return image
    blurred = np.stack([gaussian_filter(channel, sigma, mode="nearest") for channel in image])
    if s["motion"] > 0:
        width = max(1, round(0.2 * s["motion"] * image.shape[2]))
        blurred = convolve1d(blurred, np.full(width, 1 / width), axis=2, mode="nearest")
    kept = s["miss"] == 0 and (s["motion"] == 0 or s["pan"] > 0.5)
    return over(blurred, image, mask * kept)


def develop(s: np.void, x: np.ndarray, y: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Light, haze, tones, saturation, noise."""
    gain, haze, tone = 1.7 * 2 ** s["exposure"], 0.75 * s["haze"], 0.45 + 0.9 * s["contrast"]
    fall = 1 + 0.35 * np.cos(2 * np.pi * s["angle"]) * (x - 0.5)
    fall = fall - 0.9 * s["vignette"] * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    grey = np.tensordot([0.3, 0.59, 0.11], image, 1)
    image = grey + (0.08 + 1.55 * s["saturation"]) * (image - grey)
    light = image * gain * tone * (1 - haze) * fall + gain * ((1 - haze) * 0.42 * (1 - tone) + haze * 0.72)
    image = 1 - np.exp(-np.maximum(light, 0))
    for phase, channels, strength in ((10, 1, 0.09), (9, 3, 0.063)):
        start = int(s["layout"][phase] * (1 << 16)) * 7
        grain = tape()[start : start + channels * GRAIN * GRAIN].numpy().reshape(channels, GRAIN, GRAIN)
        scale = image.shape[2] / GRAIN
        image = image + strength * s["noise"] * (grain if scale == 1 else zoom(grain, (1, scale, scale), order=1))
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


def renderer(size: int) -> Callable[[bool], Comparison]:
    """Landscapes of this side."""

    def made(quick: bool) -> Comparison:
        scenes = draw_scenes(np.random.default_rng(0), 200 if quick else 2000, Camera())
        land = scenes[scenes["theme"] == THEMES.index("landscape")][: 2 if quick else 96]
        return Comparison(
            path=f"scene renderer, {size} px, {len(land)} landscapes", against="numpy and gaussian_filter, one by one",
            unit="x", target=3.3, ours=lambda: render(land, size), peer=lambda: [landscape(s, size) for s in land],
        )  # fmt: skip

    return made


class EnoughError(Exception):
    """Raised to end training at the level that was asked for."""


def learning(name: str, level: float, quick: bool) -> float:
    """CPU seconds of training alone until a pass over the pictures ends at this SRCC or above on validation pictures.

    Infinite when none of eight passes does.
    """
    data = parts("ava", get_profile("smoke" if quick else "default"))
    torch.manual_seed(0)
    model, lr = ScoreModel(build(name), data.bins), RECIPE.get(name, (1e-3, 0))[0]
    total, since = 0.0, time.process_time()

    def validate(trained: nn.Module) -> float:
        nonlocal total, since
        total += time.process_time() - since
        found = float(srcc(predicted_scores(trained, data.val), data.val.targets["score"]))
        if found >= level:
            raise EnoughError
        since = time.process_time()
        return found

    config = FitConfig(epochs=1 if quick else 8, lr=lr, schedule="cosine", warmup=30)
    try:
        fit(model, score_objective, data.train, config, validate=validate, progress="")
    except EnoughError:
        return total
    return float("inf")


def reached(name: str, label: str, level: float, target: float) -> Callable[[bool], Comparison]:
    """CPU seconds until the first pass that reaches this SRCC; infinite when none does."""

    return lambda quick: Comparison(
        path=f"{label}, from scratch on 4,000 pictures of 64 px, until SRCC {level:.2f}", against="-", unit="s",
        target=target, value=lambda: learning(name, level, quick),
    )  # fmt: skip


def correlations(quick: bool) -> Comparison:
    """Bootstrap of SRCC."""
    n, resamples = (50, 5) if quick else (1000, 1000)
    rng = np.random.default_rng(0)
    truth = rng.integers(10, 60, n) / 10  # with ties
    pred = truth + rng.normal(size=n)

    def loop() -> list[float]:
        drawn = np.random.default_rng(0).integers(n, size=(resamples, n))
        return [spearmanr(pred[rows], truth[rows]).statistic for rows in drawn]

    return Comparison(
        path=f"bootstrap of SRCC, {resamples} resamples of {n}", against="scipy's spearmanr in a loop", unit="x",
        target=15, ours=lambda: bootstrap(weighted_srcc, pred, truth, resamples=resamples), peer=loop,
        limit=("memory bandwidth", lambda machine: 8.0 * n * resamples / machine.bandwidth),
    )  # fmt: skip


def distance(quick: bool) -> Comparison:
    """EMD."""
    a, b = torch.rand(2, 64 if quick else 100_000, 10).softmax(-1)

    def plain() -> torch.Tensor:
        return (a.cumsum(1) - b.cumsum(1)).square().mean(1).sqrt()

    return Comparison(
        path=f"EMD, {len(a)} histograms of 10 bins", against="the cumulative sums by themselves", unit="x", target=0.9,
        ours=lambda: emd(a, b), peer=plain,
        limit=("memory bandwidth", lambda machine: 4.0 * (2 * a.numel() + len(a)) / machine.bandwidth),
    )  # fmt: skip


COMPARISONS = {
    "renderer-64": renderer(64),
    "renderer-96": renderer(96),
    "score-cnn-070": reached("cnn", "small CNN", 0.70, 4),
    "score-cnn-075": reached("cnn", "small CNN", 0.75, 8),
    "score-vit-070": reached("vit", "small ViT", 0.70, 12),
    "score-vmamba-070": reached("vmamba", "small VMamba", 0.70, 40),
    "bootstrap-srcc": correlations,
    "emd": distance,
}
