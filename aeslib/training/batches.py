"""Batches of pictures and targets whose order depends on seed and epoch alone, so that a run can be resumed exactly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from aeslib.errors import ParameterError

Batch = dict[str, Tensor]
"""`image` (B, 3, H, W) float in 0–1, `index` (B,) rows in the source, and one entry per target."""


@dataclass(frozen=True)
class Batches:
    """Pictures with their targets, handed out in batches.

    `images` is (N, 3, H, W) uint8, in memory or memory-mapped: only the rows of a batch are read.
    """

    images: np.ndarray
    targets: Mapping[str, np.ndarray]
    ids: Sequence[str]
    batch_size: int = 32
    augment: Callable[[Tensor], Tensor] | None = None
    """(B, 3, H, W) float → the same kind; draws from torch's default generator, which `fit` seeds per epoch."""

    def __post_init__(self) -> None:
        for name, values in self.targets.items():
            if len(values) != len(self.images):
                raise ParameterError(f"target {name!r} has {len(values)} rows for {len(self.images)} images.")
        if len(self.ids) != len(self.images):
            raise ParameterError(f"{len(self.ids)} ids for {len(self.images)} images.")
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[1] != 3:
            raise ParameterError(f"images are {self.images.dtype} {self.images.shape}; expected uint8 (N, 3, H, W).")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def steps(self) -> int:
        """Batches in one epoch; the last may be short."""
        return -(-len(self) // self.batch_size)

    def take(self, rows: np.ndarray) -> "Batches":
        """Only these rows, in this order."""
        return replace(
            self,
            images=self.images[rows],
            targets={name: values[rows] for name, values in self.targets.items()},
            ids=[self.ids[row] for row in rows],
        )

    def batch(self, rows: np.ndarray, *, augment: bool = False) -> Batch:
        """These rows as tensors."""
        image = torch.from_numpy(np.ascontiguousarray(self.images[rows])).float().div_(255)
        if augment and self.augment is not None:
            image = self.augment(image)
        made = {name: torch.from_numpy(np.asarray(values[rows])) for name, values in self.targets.items()}
        made = {name: value.float() if value.is_floating_point() else value for name, value in made.items()}
        return {"image": image, "index": torch.from_numpy(rows.copy()), **made}

    def epoch(self, seed: int, epoch: int, *, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Shuffled training batches of one epoch; of each, process `rank` of `world` gets its share."""
        order = np.random.default_rng([seed, epoch]).permutation(len(self))
        for start in range(0, len(self), self.batch_size):
            rows = order[start : start + self.batch_size]
            if len(rows) >= world:
                yield self.batch(rows[rank::world], augment=True)

    def in_order(self) -> Iterator[Batch]:
        """Batches for evaluation: in order, not augmented."""
        for start in range(0, len(self), self.batch_size):
            yield self.batch(np.arange(start, min(start + self.batch_size, len(self))))
