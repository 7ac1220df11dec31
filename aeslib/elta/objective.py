"""ELTA and its rivals as objectives for `fit`: thin wrappers over the functions of this room.

A batch holds `target` (B, C) histograms or (B,) scores, and `score` (B,) on the same axis as the model's bins. `x`
names the entry that the model encodes: pictures, or features of a frozen trunk that were computed once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from aeslib.elta.apds import pseudo_loss
from aeslib.elta.balance import FDS, bin_of
from aeslib.elta.flsa import alignment
from aeslib.elta.ranksim import rank_similarity
from aeslib.elta.tfa import TFA
from aeslib.losses import emd, squared_error
from aeslib.seeding import seeded_generator
from aeslib.training.batches import Batch, Batches

Logs = dict[str, float | Tensor]
Model = Any
"""Has `encode(x) -> z` (B, d), `head(z) -> logits` (B, C) and `bins` (C,)."""


def distance(logits: Tensor, target: Tensor, bins: Tensor) -> Tensor:
    """(B,) H of elta 3.1: EMD to a histogram, squared error of the expected score to a scalar."""
    shares = logits.softmax(-1)
    return emd(shares, target) if target.dim() == 2 else squared_error(shares @ bins, target)


@dataclass(frozen=True, kw_only=True)
class Elta:
    """Supervised loss with TFA and FLSA, each optional."""

    tfa: TFA | None = None
    flsa: float = 0.0
    """Weight of the alignment; 0: off."""
    x: str = "image"
    trunk: Callable[[Tensor], Tensor] | None = None
    """Pictures to `x`, for mixing at pixel level on a frozen trunk; None: `x` are pictures."""

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Loss of one batch; mixed samples are appended to it."""
        x, target, score = batch[self.x], batch["target"], batch["score"]
        if self.tfa is None:
            z = model.encode(x)
        else:
            pairs = self.tfa.draw(score, seeded_generator(score.device))
            if self.tfa.level == "pixel":
                mixed = pairs.mix(batch["image"])
                z = model.encode(torch.cat([x, self.trunk(mixed) if self.trunk else mixed]))
            else:
                z = pairs.append(model.encode(x))
            target, score = pairs.append(target), pairs.append(score)
        loss = distance(model.head(z), target, model.bins).mean()
        logs: Logs = {"supervised": loss.detach()}
        if self.flsa:
            apart = alignment(z, score)
            logs["alignment"] = apart.detach()
            loss = loss + self.flsa * apart
        return loss, logs


class Labelled(Protocol):
    """A loss of labelled images that the model reads under the name `x`."""

    @property
    def x(self) -> str:
        """The entry of a batch that the model encodes."""

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Loss of one batch."""


@dataclass(frozen=True, kw_only=True)
class SelfTraining:
    """The extra round: the labelled loss of `base` plus that of pseudo-labelled pictures (elta Eq 10)."""

    base: Labelled
    pool: Batches
    """Unlabelled pictures; its `target` is what the model itself predicted after the first round, unsharpened, and
    `keep` says which of them pass."""

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Return the labelled loss plus that of as many unlabelled pictures, drawn as `fit` has seeded."""
        loss, logs = self.base(model, batch)
        rows = torch.randint(len(self.pool), (len(batch["score"]),), generator=seeded_generator()).numpy()
        keep = torch.from_numpy(self.pool.targets["keep"][rows]).to(loss.device)
        losses = torch.zeros(len(rows), device=loss.device)
        if keep.any():  # only those that pass are encoded, the others would count 0
            chosen = {name: value.to(loss.device) for name, value in self.pool.batch(rows[keep.cpu()]).items()}
            passed = distance(model.head(model.encode(chosen[self.base.x])), chosen["target"], model.bins)
            losses = losses.masked_scatter(keep, passed)
        unlabelled = pseudo_loss(losses, keep)
        return loss + unlabelled, {**logs, "unlabelled": unlabelled.detach()}


@dataclass(frozen=True, kw_only=True)
class LFDS:
    """LDS weights on the loss and FDS on the features; `fds` is updated by the caller after each epoch."""

    fds: FDS
    weights: Tensor
    """(K,) from `lds_weights`, by the bins of `fds`."""
    x: str = "image"

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Weighted loss of recalibrated features."""
        z = self.fds(model.encode(batch[self.x]), batch["score"])
        k = bin_of(batch["score"], self.fds.low, self.fds.width, self.fds.bins)
        return (distance(model.head(z), batch["target"], model.bins) * self.weights.to(z)[k]).mean(), {}


@dataclass(frozen=True, kw_only=True)
class RankSim:
    """Supervised loss plus γ times `rank_similarity`."""

    gamma: float = 100.0
    """Value of the original for ages; its loss is small because ranks are divided by B."""
    x: str = "image"

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Loss of one batch."""
        z = model.encode(batch[self.x])
        apart = rank_similarity(z, batch["score"])
        loss = distance(model.head(z), batch["target"], model.bins).mean()
        return loss + self.gamma * apart, {"ranks": apart.detach()}
