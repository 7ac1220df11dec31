"""Batches of pictures and targets whose order depends on seed and epoch alone, so that a run can be resumed exactly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from aeslib.errors import ParameterError
from aeslib.seeding import numpy_generator

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
    """What training does to (B, 3, H, W) floats; draws from torch's default generator, which `fit` seeds per epoch."""
    evaluate: Callable[[Tensor], Tensor] | None = None
    """What evaluation does to them (and training too, where `augment` is None)."""
    rows: np.ndarray | None = None
    """(N,) row of `images` behind each target, so that parts of one large array share it; None: the same order."""
    device: torch.device | str = "cpu"
    """Where pictures are changed; they go there as bytes. Targets stay on the CPU."""

    def __post_init__(self) -> None:
        where = np.arange(len(self.images)) if self.rows is None else self.rows
        for name, values in self.targets.items():
            if len(values) != len(where):
                raise ParameterError(f"target {name!r} has {len(values)} rows for {len(where)} images.")
        if len(self.ids) != len(where):
            raise ParameterError(f"{len(self.ids)} ids for {len(where)} images.")
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[1] != 3:
            raise ParameterError(f"images are {self.images.dtype} {self.images.shape}; expected uint8 (N, 3, H, W).")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def steps(self) -> int:
        """Batches in one epoch; the last may be short."""
        return -(-len(self) // self.batch_size)

    def take(self, chosen: np.ndarray) -> "Batches":
        """Only these rows, in this order; no picture is copied."""
        return replace(
            self,
            rows=chosen if self.rows is None else self.rows[chosen],
            targets={name: values[chosen] for name, values in self.targets.items()},
            ids=[self.ids[row] for row in chosen],
        )

    def batch(self, chosen: np.ndarray, *, augment: bool = False) -> Batch:
        """These rows as tensors."""
        shown = self.images[chosen if self.rows is None else self.rows[chosen]]
        image = torch.from_numpy(np.ascontiguousarray(shown)).to(self.device).float().div_(255)
        change = (self.augment or self.evaluate) if augment else self.evaluate
        if change is not None:
            image = change(image)
        made = {name: torch.from_numpy(np.asarray(values[chosen])) for name, values in self.targets.items()}
        made = {name: value.float() if value.is_floating_point() else value for name, value in made.items()}
        return {"image": image, "index": torch.from_numpy(chosen.copy()), **made}

    def epoch(self, seed: int, epoch: int, *, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Yield shuffled training batches of one epoch; of each, process `rank` of `world` gets its share.

        What `augment` draws follows `fit`, or the block `with seeded(SEED):` around a call of your own.
        """
        order = numpy_generator([seed, epoch]).permutation(len(self))
        for start in range(0, len(self), self.batch_size):
            rows = order[start : start + self.batch_size]
            if len(rows) >= world:
                yield self.batch(rows[rank::world], augment=True)

    def in_order(self) -> Iterator[Batch]:
        """Batches for evaluation: in order, not augmented."""
        for start in range(0, len(self), self.batch_size):
            yield self.batch(np.arange(start, min(start + self.batch_size, len(self))))
