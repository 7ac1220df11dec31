"""Pictures of several sizes and shapes for one network: what adaptive pooling allows (aestheticnet 4.3; methods 5.4).

Letters: N pictures · B batch · S side of the square a picture is stored in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from aeslib.seeding import numpy_generator, seeded_generator
from aeslib.training import Batches
from aeslib.training.batches import Batch


def resized(image: Float[Tensor, "B 3 H W"], height: int, width: int) -> Float[Tensor, "B 3 h w"]:
    """Bilinear, antialiased."""
    if image.shape[2:] == (height, width):
        return image
    return interpolate(image, (height, width), mode="bilinear", antialias=True, align_corners=False)


@dataclass(frozen=True)
class RandomSize:
    """Training on one size a batch, drawn from torch's default generator (which `fit` seeds)."""

    sizes: tuple[int, ...]

    def __call__(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 S S"]:
        """The batch at one of the sizes."""
        side = self.sizes[int(torch.randint(len(self.sizes), (1,), generator=seeded_generator()))]
        return resized(image, side, side)


@dataclass(frozen=True)
class ShapedBatches(Batches):
    """Pictures that fill only a part of their stored square; a batch holds pictures of one shape.

    `shapes` is (N, 2), height and width of each row. Batches come in a random order in training; a shape's last batch
    may be short.
    """

    shapes: np.ndarray | None = None

    @property
    def _all(self) -> np.ndarray:
        assert self.shapes is not None
        return self.shapes

    @property
    def steps(self) -> int:
        """Batches in one epoch."""
        counts = np.unique(self._all, axis=0, return_counts=True)[1]
        return int(sum(-(-count // self.batch_size) for count in counts))

    def take(self, chosen: np.ndarray) -> "ShapedBatches":
        """Only these rows, in this order."""
        made = super().take(chosen)
        assert isinstance(made, ShapedBatches)
        return replace(made, shapes=self._all[chosen])

    def batch(self, chosen: np.ndarray, *, augment: bool = False) -> Batch:
        """These rows, all of one shape, without what pads them."""
        height, width = self._all[chosen[0]]
        made = super().batch(chosen)
        image = made["image"][:, :, :height, :width].contiguous()
        return {**made, "image": self.augment(image) if augment and self.augment else image}

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
