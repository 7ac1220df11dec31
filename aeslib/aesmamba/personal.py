"""One model per person from a few pictures, all persons at once (aesmamba 4.4).

Each person has weights of their own; they are stacked and every step is one batched computation, so that forty persons
cost little more than one. The text encoder is not trained here: one person's prompt never changes.
Letters: U persons · K pictures of each · d features of a picture · n tokens, t wide · A attributes.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from aeslib.aesmamba.model import AesMamba
from aeslib.metrics import plcc, srcc
from aeslib.seeding import torch_generator

Weights = Mapping[str, Tensor]


class Reader(nn.Module):
    """AesMamba-P after its text encoder: pictures and the features of one prompt → (K, A) scores."""

    def __init__(self, model: AesMamba) -> None:
        super().__init__()
        self.image, self.fusion, self.mba = model.image, model.fusion, model.mba

    def forward(
        self, x: Float[Tensor, "K d"], words: Float[Tensor, "n t"], mask: Bool[Tensor, " n"]
    ) -> Float[Tensor, "K A"]:
        """Scores of K pictures by one person."""
        assert self.fusion is not None
        f = self.fusion(self.image(x), words[None], mask[None])  # one text for all pictures: its keys are made once
        return self.mba(f).scores[..., 0]


def personalise(
    reader: Reader,
    x: Float[Tensor, "U K d"],
    words: Float[Tensor, "U n t"],
    mask: Bool[Tensor, "U n"],
    target: Float[Tensor, "U K A"],
    *,
    epochs: int,
    lr: float,
    batch: int,
    seed: int,
) -> dict[str, Tensor]:
    """Fine-tune a copy of the reader for each person: MSE summed over attributes, AdamW, cosine to zero.

    Args:
        reader: what everybody starts from; it is left as it is.
        x: their pictures.
        words: token features of their prompts.
        mask: which tokens are words.
        target: their scores.
        epochs: passes over the pictures.
        lr: at the start.
        batch: pictures a step (10 of 10, 50 of 100 in the paper).
        seed: of the order of pictures.

    Returns:
        Weights with a leading axis of persons.
    """
    weights = {name: p.detach().clone() for name, p in stack_module_state([reader] * len(x))[0].items()}
    weights = {name: p.requires_grad_() for name, p in weights.items()}
    optimizer = torch.optim.AdamW(
        list(weights.values()), lr=lr, betas=(0.9, 0.99), eps=1e-6, weight_decay=1e-3, fused=True
    )
    order = torch_generator(seed)
    rounds = [part for _ in range(epochs) for part in torch.randperm(x.shape[1], generator=order).split(batch)]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(rounds))
    for rows in rounds:
        made = scores(reader, x[:, rows], words, mask, weights)
        loss = (made - target[:, rows]).square().mean(1).sum()  # persons do not touch each other's weights
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return {name: p.detach() for name, p in weights.items()}


def scores(
    reader: Reader, x: Float[Tensor, "U K d"], words: Tensor, mask: Tensor, weights: Weights | None = None
) -> Float[Tensor, "U K A"]:
    """Scores by each person's own weights; None: by the reader as it is."""
    if weights is None:
        return vmap(reader)(x, words, mask)

    def one(own: Weights, *inputs: Tensor) -> Tensor:
        return functional_call(reader, dict(own), inputs)

    return vmap(one)(dict(weights), x, words, mask)


def correlations(pred: Float[np.ndarray, "U K"], truth: Float[np.ndarray, "U K"]) -> tuple[np.ndarray, np.ndarray]:
    """Return (U,) PLCC and (U,) SRCC, one per user; 0 where one side does not vary."""
    pairs = list(zip(pred, truth, strict=True))
    return np.array([plcc(*pair) for pair in pairs], float), np.array([srcc(*pair) for pair in pairs], float)
