"""Pictures of scenes: `render(scenes, size)` paints them in batches, the same picture at any size and in any frame.

Backdrop, counterweight, clutter and subject are painted in that order, then focused (defocus, missed focus and motion
are two products with a banded matrix per image) and developed (exposure, haze, tones, saturation, noise).
Letters: B scenes of one theme in a batch · H, W height and width in pixels, S either.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from aeslib.data.synthetic.canvas import EDGE, Canvas, boxes, cut, disc, hsv, outer, second_hue, soft
from aeslib.data.synthetic.painters import PAINTERS
from aeslib.data.synthetic.scenes import THEMES
from aeslib.errors import ParameterError

BATCH = 96
"""Scenes at once at 64 px: what stays in a core's cache."""
GRAIN = 64
"""Sensor noise has this many cells a side at every size; in other frames about as many in all, square ones."""

Size = int | tuple[int, int]
"""Side of a square, or height and width, in pixels."""


def render(scenes: np.ndarray, size: Size) -> Tensor:
    """Return the (N, 3, H, W) uint8 pictures of N scenes.

    A frame that is no square is composed anew; nothing is stretched. Held equal in every frame is what `qualities`
    measures: places (of subject, counterweight, clutter, horizon) are shares of the frame's width and height, copies of
    the subject and symmetry are those of the frame, and lengths (size of the subject, blur) are shares of the side of
    the square of equal area, so that a subject without copies fills the same share of the frame. A scene's labels are
    therefore those of its pictures in all frames. What differs is how much of the backdrop is seen left and right, and
    copies of the subject, which are as large as the width has room for.

    Args:
        scenes: structured array of type `SCENE`.
        size: side in pixels, or (height, width); each between 32 and 512.

    Raises:
        ParameterError: when a side is outside.
    """
    height, width = (size, size) if isinstance(size, int) else size
    for side in (height, width):
        if not 32 <= side <= 512:
            raise ParameterError(f"pictures of {side} px cannot be rendered; size must be between 32 and 512.")
    out = torch.empty(len(scenes), 3, height, width, dtype=torch.uint8)
    order = np.lexsort((_blurred(scenes), scenes["theme"]))  # the sharp ones first: they skip the blur
    step = max(1, BATCH * 64 * 64 // (height * width))
    with torch.inference_mode(), no_denormals():
        for theme in np.unique(scenes["theme"]):
            rows = order[scenes["theme"][order] == theme]
            for start in range(0, len(rows), step):
                batch = rows[start : start + step]
                out[torch.from_numpy(batch)] = _develop(_compose(scenes[batch], height, width))
    return out


@contextmanager
def no_denormals() -> Iterator[None]:
    """Flush tiny numbers to zero (blur tails cost three times as much with them), for this block only."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _blurred(scenes: np.ndarray) -> np.ndarray:
    return (scenes["miss"] > 0) | (scenes["motion"] > 0) | (scenes["defocus"] > 0)


def _compose(scenes: np.ndarray, height: int, width: int) -> Canvas:
    """The canvas with backdrop, counterweight, clutter and subject, focused but not yet exposed."""
    x, y = ((torch.arange(side) + 0.5) / side for side in (width, height))
    c = Canvas(scenes, height, width, x, y.expand(len(scenes), -1), x, y, y)
    x = c.across(x).expand(len(scenes), -1)
    c.x = torch.where(c.col("symmetry") > 0.5, 0.5 + (x - 0.5).abs(), x)
    copies, x0 = c.col("repetition"), c.across(c.col("x"))
    radius = torch.minimum(c.col("size") * c.unit, 0.44 * c.aspect / copies)
    period = torch.where(copies > 1, 1 / copies, 4.0) * c.aspect
    near = (c.x - x0 + period / 2).remainder(period) - period / 2
    c.u, c.v = near / radius, (c.y - c.col("y")) / radius
    backdrop, subject = PAINTERS[THEMES[int(scenes["theme"][0])]]
    backdrop(c)
    _counterweight(c)
    _clutter(c)
    mask = subject(c, EDGE / radius)
    _focus(c, mask)
    return c


def _counterweight(c: Canvas) -> None:
    weight, radius = c.col("counter"), c.col("size") * 0.75 * c.unit
    u, v = (c.x - c.across(1 - c.col("x"))) / radius, (c.y - c.col("y") - 0.3 * radius) / (0.8 * radius)
    c.paint(
        hsv(second_hue(c), 0.55, 0.42),
        disc(u, v, 2 * EDGE / radius).mul_((weight > 0).float()[:, :, None] * (0.4 + 0.6 * weight)[:, :, None]),
    )


def _clutter(c: Canvas) -> None:
    """Up to eight bits and pieces in jarring colours: leaning more towards the bottom and the edges."""
    phases = torch.from_numpy(c.scenes["layout"].copy())  # (B, 12)
    amount = c.col("clutter")
    places, shown = c.across(phases[:, :8]), (amount * 9 - torch.arange(8)).clamp(0, 1)  # (B, 8)
    heights = 0.35 + 0.62 * (phases[:, :8] * 7.31).remainder(1)
    half = (0.02 + 0.05 * (phases[:, :8] * 3.77).remainder(1) * (0.5 + amount)) * c.unit
    columns = soft(half[:, :, None] - (c.x[:, None] - places[:, :, None]).abs()) * shown[:, :, None]
    rows = soft(1.4 * half[:, :, None] - (c.y[:, None] - heights[:, :, None]).abs())
    colours = hsv((phases[:, :8] * 5.17).remainder(1).reshape(-1).numpy(), 0.6, 0.75).view(3, -1, 8, 1)
    c.image.mul_(1 - boxes(columns, rows))
    for channel, strength in zip(c.image, colours, strict=True):
        channel.baddbmm_((rows * strength).transpose(1, 2), columns)


def _focus(c: Canvas, subject: Tensor) -> None:
    """Defocus of what is not the subject, missed focus, camera shake and panning: one pass of two banded products.

    Where the focus is missed or the camera shook nothing stays sharp; otherwise the subject does.
    """
    first = len(c.scenes) - int(_blurred(c.scenes).sum())
    miss, motion, pan = (c.col(name)[first:] for name in ("miss", "motion", "pan"))
    if not len(miss):
        return
    sigma = torch.where(miss > 0, 0.055 * miss, 0.055 * c.col("defocus")[first:]).clamp(min=0.0015)
    kept = (miss == 0) & ((motion == 0) | (pan > 0.5))
    mask = subject[first:].mul_(kept.float()[:, :, None])
    rows = _kernel(c.height, sigma * c.unit, torch.zeros_like(sigma))
    columns = _kernel(c.width, sigma / c.unit, 0.2 * motion / c.unit)
    for channel in c.image[:, first:]:
        channel.copy_(torch.bmm(torch.bmm(rows, channel), columns.transpose(1, 2)).lerp_(channel, mask))


def _kernel(size: int, sigma: Tensor, width: Tensor) -> Tensor:
    """(B, S, S) matrices, rows summing to 1, that blur by a Gaussian of `sigma` and a box of `width` (side = 1)."""
    d = (torch.arange(2 * size - 1) - (size - 1)) / size
    half = (width + 1 / size) / 2
    scale = 1 / (2**0.5 * sigma)
    tap = torch.erf((d + half) * scale) - torch.erf((d - half) * scale)
    tap = (tap / tap.amax(1, keepdim=True) - 1e-3).clamp_(min=0)
    matrix = tap.unfold(1, size, 1).flip(2)
    return matrix / matrix.sum(2, keepdim=True)


def _develop(c: Canvas) -> Tensor:
    """Light, haze, tones, saturation, noise: the uint8 pictures of a composed canvas."""
    gain, haze = 1.7 * 2 ** c.col("exposure"), 0.75 * c.col("haze")
    tone = 0.45 + 0.9 * c.col("contrast")
    across, x = torch.cos(2 * torch.pi * c.col("angle")) * 0.35, (c.x - 0.5) / c.aspect
    fall = outer(
        across * x - 0.9 * c.col("vignette") * x**2,
        1 - 0.9 * c.col("vignette") * (c.y - 0.5) ** 2,
    )
    fall.mul_((-gain * tone * (1 - haze))[:, :, None])
    lift = gain * ((1 - haze) * 0.42 * (1 - tone) + haze * 0.72)
    red, green, blue = c.image
    grey = (0.3 * red).add_(green, alpha=0.59).add_(blue, alpha=0.11)
    image = torch.lerp(grey, c.image, (0.08 + 1.55 * c.col("saturation"))[:, :, None])
    image = torch.addcmul(-lift[:, :, None], image, fall).clamp_(max=0).exp_()  # film: 1 - exp(-light)
    noise = (255 * 0.09 * c.col("noise"))[:, :, None]
    image.mul_(-255).add_(255.5).addcmul_(_grain(c, 10, 1), noise).addcmul_(_grain(c, 9, 3), 0.7 * noise)
    return image.clamp_(0, 255).to(torch.uint8).transpose(0, 1)


def _grain(c: Canvas, first: int, channels: int) -> Tensor:
    """(channels, B, H, W) sensor noise from a place on the tape that a layout number picks."""
    height, width = round(GRAIN / c.unit), round(GRAIN * c.unit)
    grain = cut(c, first, channels * height * width).view(-1, channels, height, width)
    if (c.height, c.width) != (height, width):
        mode = "area" if c.height < height else "bilinear"
        grain = torch.nn.functional.interpolate(grain, (c.height, c.width), mode=mode)
    return grain.transpose(0, 1)
