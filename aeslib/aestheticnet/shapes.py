"""Pictures of several sizes and shapes for one network: what adaptive pooling allows (aestheticnet 4.3; methods 5.4).

Letters: N pictures · B batch · S side of the square a picture is stored in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from aeslib.seeding import numpy_generator, seeded_generator
from aeslib.training import Batches
from aeslib.training.batches import Batch

View = Literal["own", "squash", "crop"]
"""An image in its own shape, resized to a square and so distorted, or the square in its middle."""


def resized(image: Float[Tensor, "B 3 H W"], height: int, width: int) -> Float[Tensor, "B 3 h w"]:
    """Bilinear, antialiased."""
    if image.shape[2:] == (height, width):
        return image
    return interpolate(image, (height, width), mode="bilinear", antialias=True, align_corners=False)


def seen(image: Float[Tensor, "B 3 H W"], view: View, height: int, width: int) -> Float[Tensor, "B 3 h w"]:
    """Return the images at this size: the whole of them, or with the view "crop" the square in their middle."""
    if view == "crop":
        short = min(image.shape[2:])
        top, left = ((side - short) // 2 for side in image.shape[2:])
        image = image[:, :, top : top + short, left : left + short]
    return resized(image, height, width)


@dataclass(frozen=True)
class RandomSize:
    """Training on one size a batch, drawn from torch's default generator (which `fit` seeds)."""

    sizes: tuple[int, ...]

    def __call__(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 S S"]:
        """The batch at one of the sizes."""
        side = self.sizes[int(torch.randint(len(self.sizes), (1,), generator=seeded_generator()))]
        return resized(image, side, side)


def equal_area(shape: tuple[float, float], side: int, step: int = 1) -> tuple[int, int]:
    """Return the (height, width) of this aspect with the area of a square.

    Args:
        shape: height and width in any unit.
        side: of the square, in pixels.
        step: both sides are rounded to multiples of it; batches of photographs are of one shape only where shapes are
            few.
    """
    height, width = (side * (one / other) ** 0.5 for one, other in (shape, shape[::-1]))
    return max(step, step * round(height / step)), max(step, step * round(width / step))


@dataclass(frozen=True)
class ShapedBatches(Batches):
    """Images with shapes of their own, stored in the top left corner of a square; a batch holds images of one shape.

    Batches come in a random order in training; a shape's last batch may be short. They hold the same rows in every
    view, so that networks trained on two views differ in nothing else.
    """

    shapes: np.ndarray | None = None
    """(N, 2) height and width of each image in its own shape, as a network sees it."""
    filled: np.ndarray | None = None
    """(N, 2) height and width of what it fills of the stored square; None: as `shapes`."""
    view: View = "own"
    side: int = 0
    """Of the square that other views than "own" are resized to, in pixels."""

    @property
    def _all(self) -> np.ndarray:
        assert self.shapes is not None
        return self.shapes

    @property
    def _filled(self) -> np.ndarray:
        return self._all if self.filled is None else self.filled

    def at(self, view: View, side: int, step: int = 1) -> "ShapedBatches":
        """Return these images in a view, their shapes of the area of that square; `step` as in `equal_area`."""
        shapes = np.array([equal_area((height, width), side, step) for height, width in self._filled])
        return replace(self, shapes=shapes, filled=self._filled, view=view, side=side)

    @property
    def steps(self) -> int:
        """Batches in one epoch."""
        counts = np.unique(self._all, axis=0, return_counts=True)[1]
        return int(sum(-(-count // self.batch_size) for count in counts))

    def take(self, chosen: np.ndarray) -> "ShapedBatches":
        """Only these rows, in this order."""
        part = super().take(chosen)
        assert isinstance(part, ShapedBatches)
        filled = None if self.filled is None else self.filled[chosen]
        return replace(part, shapes=self._all[chosen], filled=filled)

    def batch(self, chosen: np.ndarray, *, augment: bool = False) -> Batch:
        """These rows, all of one shape, in the view of these batches."""
        whole = super().batch(chosen)
        target = self._all[chosen[0]] if self.view == "own" else (self.side, self.side)
        image = torch.cat([
            seen(one[None, :, :height, :width], self.view, int(target[0]), int(target[1]))
            for one, (height, width) in zip(whole["image"], self._filled[chosen], strict=True)
        ])  # fmt: skip
        return {**whole, "image": self.augment(image) if augment and self.augment else image}

    def _groups(self, order: np.ndarray) -> list[np.ndarray]:
        """Rows of one shape each, at most a batch of them, in the order of `order`."""
        _, shape = np.unique(self._all, axis=0, return_inverse=True)
        of_order = shape.reshape(-1)[order]
        made = []
        for one in np.unique(of_order):
            rows = order[of_order == one]
            made += [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        return made

    def epoch(self, seed: int, epoch: int, *, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Shuffled training batches of one epoch."""
        rng = numpy_generator([seed, epoch])
        groups = self._groups(rng.permutation(len(self)))
        for k in rng.permutation(len(groups)):
            if len(groups[k]) >= world:
                yield self.batch(groups[k][rank::world], augment=True)

    def in_order(self) -> Iterator[Batch]:
        """Batches for evaluation, shape by shape: `index` says which rows they are."""
        for rows in self._groups(np.arange(len(self))):
            yield self.batch(rows)


def put_back(made: np.ndarray, data: ShapedBatches) -> np.ndarray:
    """Outputs in the order of `in_order` → in the order of the rows."""
    order = np.concatenate([rows for rows in data._groups(np.arange(len(data)))])
    out = np.empty_like(made)
    out[order] = made
    return out
