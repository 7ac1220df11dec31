"""The painter's tools: shapes as rows and columns that are joined once.

Everything is measured in heights of the picture, never in pixels, so that a picture is the same at any size. Columns
are measured in heights too: a wider frame shows more to the left and right, and a disc is round in every frame. An
ellipse, a ridge or a triangle is one outer sum of rows and columns; rectangles and smooth noise are one batched
product. Masks end at exactly 0 by construction, so that no denormal number slows the processor.
Letters: B scenes of one theme in a batch · H, W height and width in pixels, S either · F shapes of one kind.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

EDGE = 1 / 72
"""Width of a sharp edge, share of the height."""


@dataclass
class Canvas:
    """One batch on its way to being pictures."""

    scenes: np.ndarray
    height: int
    width: int
    """Pixels."""
    x: Tensor
    y: Tensor
    """(B, W) columns and (B, H) rows in heights: y from 0 to 1, x with 0.5 in the middle; x is folded where the scene
    is symmetric."""
    u: Tensor
    v: Tensor
    """(B, W) and (B, H), seen from the subject, in its radii; u repeats where the subject does."""
    image: Tensor
    """(3, B, H, W)"""

    @property
    def aspect(self) -> float:
        """Width of the frame, in heights."""
        return self.width / self.height

    @property
    def unit(self) -> float:
        """Side of the square that has the frame's area, in heights: what lengths in scenes are shares of."""
        return math.sqrt(self.aspect)

    def across(self, share: Tensor) -> Tensor:
        """Return the x of what lies at this share of the width, 0 at the left edge and 1 at the right."""
        return share * self.aspect + (1 - self.aspect) / 2

    def col(self, name: str) -> Tensor:
        """(B, 1) a column of the scenes."""
        return torch.from_numpy(self.scenes[name].astype(np.float32))[:, None]

    def phase(self, k: int) -> Tensor:
        """(B, 1) the k-th layout number, 0-1."""
        return torch.from_numpy(self.scenes["layout"][:, k].copy())[:, None]

    def paint(self, colour: Tensor, mask: Tensor) -> None:
        """Lay colour (3, B, 1 or H, 1 or W) over the picture where mask (B, H, W) is 1."""
        self.image.lerp_(colour, mask)

    def light(self, amount: Tensor) -> None:
        """Add (B, H, W) brightness."""
        self.image.add_(amount)


def hsv(hue: np.ndarray | float, saturation: np.ndarray | float, value: np.ndarray | float) -> Tensor:
    """(3, B or 1, 1, 1) colours; any argument may be one number for all."""
    hue, saturation, value = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(a, np.float32)) for a in (hue, saturation, value))
    )
    k = (np.array([[5.0], [3.0], [1.0]], np.float32) + hue * 6) % 6
    rgb = value * (1 - saturation * np.clip(np.minimum(k, 4 - k), 0, 1))
    return torch.from_numpy(rgb.astype(np.float32))[:, :, None, None]


def soft(z: Tensor, edge: Tensor | float = EDGE) -> Tensor:
    """0-1 step of that width, exactly 0 and 1 beyond it."""
    return (z / edge + 0.5).clamp_(0, 1)


def outer(columns: Tensor, rows: Tensor) -> Tensor:
    """(B, H, W) field rows(y) + columns(x)."""
    return rows[:, :, None] + columns[:, None, :]


def below(c: Canvas, height: Tensor, edge: float = EDGE) -> Tensor:
    """(B, H, W) mask of what lies under a line height(x) of shape (B, W) or (B, 1)."""
    return outer((-height / edge).expand_as(c.x), c.y / edge + 0.5).clamp_(0, 1)


def band(z: Tensor, low: Tensor | float, high: Tensor | float, edge: Tensor | float = EDGE) -> Tensor:
    """(B, S) soft box between low and high."""
    return soft(z - low, edge).mul_(soft(high - z, edge))


def boxes(columns: Tensor, rows: Tensor) -> Tensor:
    """(B, H, W) union of F rectangles from their columns (B, F, W) and rows (B, F, H)."""
    return torch.bmm(rows.transpose(1, 2), columns).clamp_(0, 1)


def disc(u: Tensor, v: Tensor, edge: Tensor | float) -> Tensor:
    """(B, H, W) unit disc of coordinates u, v; edge in radii."""
    k = 0.5 / edge
    return outer(k + 0.5 - k * u * u, -k * v * v).clamp_(0, 1)


@cache
def tape() -> Tensor:
    """Half a million normal numbers, cut at three standard deviations: all randomness a picture needs."""
    return torch.from_numpy(np.random.default_rng(7).normal(size=1 << 19).clip(-3, 3).astype(np.float32))


def cut(c: Canvas, first: int, length: int) -> Tensor:
    """(B, length) normal numbers from the place on the tape that a layout number picks."""
    start = torch.from_numpy((c.scenes["layout"][:, first] * (1 << 16)).astype(np.int64))
    return tape().as_strided((1 << 16, length), (7, 1))[start]


def steps(z: Tensor, cells: int, more: int = 0) -> Tensor:
    """(..., S, cells + 1 + 2 more) how much each knot of a lattice counts at places z (..., S): quadratic splines.

    The lattice has `cells` from 0 to 1 and `more` on either side.
    """
    far = (z[..., None] * cells - torch.arange(-more, cells + 1.0 + more)).abs()
    return 0.5 * (1.5 - far).clamp_(min=0).square_() - 1.5 * (0.5 - far).clamp_(min=0).square_()


def drift(c: Canvas, kx: int, ky: int, first: int) -> Tensor:
    """(B, H, W) smooth noise of about unit variance on a lattice of kx x ky cells: clouds, leaves, ripples.

    It begins anew left and right of the square in the middle of the frame.
    """
    lattice = cut(c, first, (kx + 1) * (ky + 1)).view(-1, ky + 1, kx + 1) * 1.8
    more = max(0, math.ceil(kx * (c.aspect - 1) / 2))
    if more:
        lattice = lattice[:, :, torch.arange(-more, kx + 1 + more) % (kx + 1)]
    return torch.matmul(steps(c.y[:1], ky), torch.bmm(lattice, steps(c.x, kx, more).transpose(1, 2)))


def skyline(c: Canvas, count: int, first: int) -> Tensor:
    """(B, W) heights 0-1 of blocks side by side, `count` of them as wide as the picture is high."""
    place = (c.x * count + c.phase(first)).floor()
    hashed = torch.sin(place * 12.9898 + c.phase(first + 1) * 78.233) * 43.7585
    return hashed - hashed.floor()


def second_hue(c: Canvas) -> np.ndarray:
    """(B,) hue of the subject and of accents."""
    sign = np.where(c.scenes["layout"][:, 11] < 0.5, -1, 1)
    return (c.scenes["hue"] + sign * c.scenes["accent"]) % 1
