"""The 24 kinds of distortion of TID2013 in 5 steps [ponomarenko2015tid], on batches of pictures.

The mean scores per kind and step are the published ones. Two kinds are odd there and here: contrast changes (17) go
down in steps 1, 3, 5 and up in 2 and 4, and block-wise distortions (15) have fewer and fewer, but stronger blocks.
"""

from collections.abc import Callable

import numpy as np

from aeslib.errors import ParameterError
from aeslib.seeding import torch_generator

STEPS = 5
KINDS = (
    "additive noise", "noise mostly in colour", "spatially correlated noise", "masked noise", "high-frequency noise",
    "impulse noise", "quantisation noise", "Gaussian blur", "denoising", "JPEG", "JPEG2000", "JPEG transmission errors",
    "JPEG2000 transmission errors", "pattern shifted about", "blocks of one colour", "mean shift", "contrast change",
    "saturation change", "multiplicative noise", "comfort noise", "compression of a noisy picture",
    "colour quantisation with dither", "chromatic aberration", "sparse sampling",
)  # fmt: skip
MEAN_SCORES = (
    (5.67, 5.23, 4.85, 4.25, 3.77), (5.93, 5.85, 5.53, 5.07, 4.48), (4.76, 4.24, 3.71, 3.20, 2.70),
    (5.92, 5.79, 5.51, 5.09, 4.48), (5.89, 5.64, 5.12, 4.16, 3.23), (4.72, 4.36, 3.99, 3.64, 3.21),
    (5.25, 4.69, 4.11, 3.47, 2.83), (5.66, 5.03, 4.16, 3.32, 2.46), (6.07, 5.75, 4.82, 3.44, 2.03),
    (5.94, 5.70, 4.92, 3.31, 2.08), (5.65, 5.03, 3.92, 2.80, 1.28), (5.74, 5.41, 4.61, 3.88, 2.97),
    (4.89, 4.19, 3.62, 2.97, 2.60), (5.72, 5.90, 5.33, 4.72, 3.86), (3.28, 3.34, 3.48, 3.74, 4.07),
    (6.08, 6.07, 5.64, 5.34, 4.66), (5.63, 6.48, 4.48, 6.29, 3.45), (5.06, 4.66, 4.23, 3.93, 3.69),
    (5.53, 5.14, 4.70, 4.13, 3.68), (5.88, 5.55, 5.01, 4.17, 3.31), (5.52, 5.00, 4.33, 3.53, 2.50),
    (5.69, 5.27, 4.59, 3.79, 2.92), (6.11, 5.88, 5.19, 4.41, 3.01), (5.77, 5.10, 3.99, 2.62, 0.96),
)  # fmt: skip
"""Published mean score of each kind (row) at each step, 0-9, over 25 references."""
SMOOTHING = {7, 8, 10, 23}
"""Kinds that take detail away (from 0): they hurt textured pictures more; noise hurts smooth ones more."""
CONTENT = 0.14
"""Standard deviation of what the reference adds, as a share of what the distortion has taken (from 6.8)."""


def mean_scores(kind: np.ndarray, step: np.ndarray, busy: np.ndarray) -> np.ndarray:
    """(N,) what a crowd thinks of kinds and steps (from 0) on references that busy (in standard deviations)."""
    hides = np.where(np.isin(kind, list(SMOOTHING)), -1, 1)
    mean = np.array(MEAN_SCORES)[kind, step]
    return mean + CONTENT * hides * busy * (6.8 - mean)


def distort(pictures: np.ndarray, kind: np.ndarray, step: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, 3, H, W) uint8 pictures distorted by kinds (0 to 23) in steps (0 to 4), all of one kind at once.

    Raises:
        ParameterError: when a side is no multiple of 8, the side of a block.
    """
    import torch

    for side in pictures.shape[2:]:
        if side % 8:
            raise ParameterError(f"pictures of {side} px cannot be distorted; take a multiple of 8.")
    out = np.empty_like(pictures)
    for one in np.unique(kind):
        rows = np.flatnonzero(kind == one)
        chance = torch_generator(seed * 100 + int(one))
        image = torch.from_numpy(pictures[rows]).float() / 255
        level = torch.from_numpy(step[rows].astype(np.float32)).view(-1, 1, 1, 1)
        out[rows] = _methods()[one](image, level, chance).clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    return out


def _methods() -> list[Callable]:
    from aeslib.data.synthetic import corruptions as c

    return [
        c.noise, c.colour_noise, c.correlated_noise, c.masked_noise, c.high_frequency_noise, c.impulses, c.quantise,
        c.blur, c.denoise, c.jpeg, c.wavelet, c.lost_blocks, c.lost_bands, c.shifted_pattern, c.flat_blocks,
        c.mean_shift, c.contrast, c.saturation, c.multiplicative_noise, c.comfort_noise, c.noisy_compression, c.dither,
        c.aberration, c.sparse_sampling,
    ]  # fmt: skip
