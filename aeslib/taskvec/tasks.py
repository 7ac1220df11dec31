"""Fine-tuning the shared start on one data set, in two phases: the head alone, then all (taskvec App F)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from aeslib.losses import emd, squared_error
from aeslib.profiles import Profile
from aeslib.seeding import torch_generator
from aeslib.taskvec.network import TEMPLATE
from aeslib.training.batches import Batch
from aeslib.training.fit import FitConfig

TASKS = ("ava", "flickr_aes", "tad66k", "para", "koniq10k", "spaq")
"""In the order in which the paper adds them (5.3)."""


def on_template(score: np.ndarray, score_range: tuple[float, float]) -> np.ndarray:
    """Native scores on the template's 1 to 10, so that one template serves all data sets (ranks do not change)."""
    low, high = score_range
    return (TEMPLATE[0] + (score - low) * ((TEMPLATE[-1] - TEMPLATE[0]) / (high - low))).astype(np.float32)


def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """EMD where votes on ten steps are published, else squared error of the score (the paper does not say).

    Reads `features` in place of pictures where they are given (phase 1: the tower does not change).
    """
    z = batch["features"] if "features" in batch else model.encoder(batch["image"])  # type: ignore[operator]
    if "hist" in batch:
        return emd(model.shares(z), batch["hist"], reduction="mean"), {}  # type: ignore[operator]
    return squared_error(model.score(z), batch["target"]).mean(), {}  # type: ignore[operator]


@dataclass(frozen=True)
class Phases:
    """Both phases."""

    head: FitConfig
    all: FitConfig
    batch: tuple[int, int] = (128, 32)


def phases(profile: Profile, seed: int) -> Phases:
    """As printed in the paper size; in the small size fewer steps ask for larger ones."""
    kind = {"optimizer": "adamw", "weight_decay": 0.01, "schedule": "cosine", "seed": seed}
    if profile.size == "paper":
        head = FitConfig(epochs=30, lr=1.5e-5, final_lr=1.5e-6, train_only=("head.",), **kind)  # type: ignore[arg-type]
        return Phases(head, FitConfig(epochs=5, lr=1.5e-6, final_lr=1.5e-7, **kind))  # type: ignore[arg-type]
    head = FitConfig(epochs=3 * profile.epochs, lr=3e-3, final_lr=3e-4, train_only=("head.",), **kind)  # type: ignore[arg-type]
    tuned = FitConfig(epochs=max(1, profile.epochs // 2), lr=1e-3, final_lr=1e-4, **kind)  # type: ignore[arg-type]
    return Phases(head, tuned)


def shared_head(seed: int, model: nn.Module) -> None:
    """Give the head the random weights that all tasks start from: CLIP has none, and θ_pre must be one for all."""
    generator = torch_generator(seed)
    for name, value in model.named_parameters():
        if name.startswith("head."):
            bound = value.shape[-1] ** -0.5 if value.ndim > 1 else 0.0
            with torch.no_grad():
                value.copy_((2 * torch.rand(value.shape, generator=generator) - 1) * bound)
