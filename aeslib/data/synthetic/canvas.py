"""The painter's tools: shapes as rows and columns that are joined once.

Everything is measured in shares of the picture, never in pixels, so that a picture is the same at any size. An ellipse,
a ridge or a triangle is one outer sum of (B, S) rows and columns; rectangles and smooth noise are one batched product.
Masks end at exactly 0 by construction, so that no denormal number slows the processor.
Letters: B scenes of one theme in a batch · S side in pixels · F shapes of one kind.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

EDGE = 1 / 72
"""Width of a sharp edge, share of the picture."""


@dataclass
class Canvas:
    """One batch on its way to being pictures."""

    scenes: np.ndarray
    size: int
    x: Tensor
    y: Tensor
    """(B, S) columns and rows of the picture, 0-1; x is folded where the scene is symmetric."""
    u: Tensor
    v: Tensor
    """(B, S) columns and rows seen from the subject, in its radii; u repeats where the subject does."""
    image: Tensor
    """(3, B, S, S)"""

    def col(self, name: str) -> Tensor:
        """(B, 1) a column of the scenes."""
        return torch.from_numpy(self.scenes[name].astype(np.float32))[:, None]

    def phase(self, k: int) -> Tensor:
        """(B, 1) the k-th layout number, 0-1."""
        return torch.from_numpy(self.scenes["layout"][:, k].copy())[:, None]

    def paint(self, colour: Tensor, mask: Tensor) -> None:
        """Lay colour (3, B, 1 or S, 1 or S) over the picture where mask (B, S, S) is 1."""
        self.image.lerp_(colour, mask)

    def light(self, amount: Tensor) -> None:
        """Add (B, S, S) brightness."""
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
    """(B, S, S) field rows(y) + columns(x)."""
    return rows[:, :, None] + columns[:, None, :]


def below(c: Canvas, height: Tensor, edge: float = EDGE) -> Tensor:
    """(B, S, S) mask of what lies under a line height(x) of shape (B, S) or (B, 1)."""
    return outer((-height / edge).expand_as(c.x), c.y / edge + 0.5).clamp_(0, 1)


def band(z: Tensor, low: Tensor | float, high: Tensor | float, edge: Tensor | float = EDGE) -> Tensor:
    """(B, S) soft box between low and high."""
    return soft(z - low, edge).mul_(soft(high - z, edge))


def boxes(columns: Tensor, rows: Tensor) -> Tensor:
    """(B, S, S) union of F rectangles from their (B, F, S) columns and rows."""
    return torch.bmm(rows.transpose(1, 2), columns).clamp_(0, 1)


def disc(u: Tensor, v: Tensor, edge: Tensor | float) -> Tensor:
    """(B, S, S) unit disc of coordinates u, v; edge in radii."""
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


def steps(z: Tensor, cells: int) -> Tensor:
    """(..., S, cells + 1) how much each knot of a lattice counts at places z (..., S) in 0-1: quadratic splines."""
    far = (z[..., None] * cells - torch.arange(cells + 1.0)).abs()
    return 0.5 * (1.5 - far).clamp_(min=0).square_() - 1.5 * (0.5 - far).clamp_(min=0).square_()


def drift(c: Canvas, kx: int, ky: int, first: int) -> Tensor:
    """(B, S, S) smooth noise of about unit variance on a lattice of kx x ky cells: clouds, leaves, ripples."""
    lattice = cut(c, first, (kx + 1) * (ky + 1)).view(-1, ky + 1, kx + 1) * 1.8
    return torch.matmul(steps(c.y[:1], ky), torch.bmm(lattice, steps(c.x, kx).transpose(1, 2)))


def skyline(c: Canvas, count: int, first: int) -> Tensor:
    """(B, S) heights 0-1 of `count` blocks side by side."""
    place = (c.x * count + c.phase(first)).floor()
    hashed = torch.sin(place * 12.9898 + c.phase(first + 1) * 78.233) * 43.7585
    return hashed - hashed.floor()


def second_hue(c: Canvas) -> np.ndarray:
    """(B,) hue of the subject and of accents."""
    sign = np.where(c.scenes["layout"][:, 11] < 0.5, -1, 1)
    return (c.scenes["hue"] + sign * c.scenes["accent"]) % 1
