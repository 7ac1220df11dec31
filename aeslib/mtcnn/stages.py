"""Training in two stages (mtcnn 4.2): the head on frozen convolutions, then with two layers of block 4."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from aeslib.mtcnn.network import FINE_TUNED, HEAD, MultiTaskNet
from aeslib.seeding import seeded_generator
from aeslib.training import FitConfig
from aeslib.training.batches import Batch

BATCH = 64


def first_stage(seed: int, *, epochs: int = 5, lr: float = 1e-3) -> FitConfig:
    """Adam at 1e-3 for 5 epochs; every convolution frozen."""
    return FitConfig(epochs=epochs, lr=lr, seed=seed, train_only=HEAD)


def second_stage(seed: int, *, epochs: int = 3, lr: float = 1e-4, half_life: int = 125) -> FitConfig:
    """A new Adam for 3 epochs at 1e-4 · 0.5^(t / 125), without steps; block 5 stays frozen above the two layers."""
    return FitConfig(epochs=epochs, lr=lr, seed=seed, schedule="halving", half_life=half_life, train_only=FINE_TUNED)


def squared_errors(model: nn.Module, batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Mean over images and outputs of the squared error (mtcnn Eq 2), all outputs alike.

    The batch holds `target` (B, K) in 0–1, and `image` (B, 3, H, W) or one of what `MultiTaskNet` makes of pictures and
    of their mirror images: `maps` (B, 2, c, h, w) or `features` (B, 2, d). Of the two one is drawn for each picture.
    """
    return mse_loss(predicted(model, batch, mirrored=True), batch["target"]), {}


def predicted(model: nn.Module, batch: Batch, *, mirrored: bool = False) -> Tensor:
    """(B, K) in 0–1 from what the batch holds; `mirrored` draws a side for each picture kept in two."""
    assert isinstance(model, MultiTaskNet)
    for name in ("features", "maps"):
        if name in batch:
            two = batch[name]
            side = torch.zeros(len(two), dtype=torch.long)
            if mirrored:
                side = torch.randint(2, (len(two),), generator=seeded_generator())
            chosen = two[torch.arange(len(two)), side].float()
            return model.head(chosen if name == "features" else model.upper(chosen))
    return model(batch["image"])
