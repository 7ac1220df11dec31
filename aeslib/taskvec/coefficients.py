"""How coefficients begin, what they are trained on, and by which loss (taskvec Eq 3, 4 and 6).

Letters: n tasks · L layers · K images of one user · R runs (users × trials) side by side.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from aeslib.errors import ParameterError

Tie = Literal["drop", "zero", "half"]
Pairs = Literal["all", "half"]


@dataclass(frozen=True, kw_only=True)
class Personal:
    """How one user's coefficients are learnt (taskvec App F; what the paper leaves open is said at each field)."""

    steps: int = 500
    lr: float = 1e-2
    final_lr: float = 1e-3
    batch: int = 32
    loss: Literal["rank", "squared"] = "rank"
    pairs: Pairs = "all"
    """All pairs of a batch, or its first half against the second, as released."""
    tie: Tie = "drop"
    """Eq 3 with ≥ would prefer whichever comes first; released code counts ties as zero loss."""
    temperature: float = 1.0
    """Of the start; the released script has 0.1. inf: uniform, 0: best fit."""
    layer_wise: bool = True
    """False: one coefficient per task (App B)."""
    dropout: bool = False
    """Keep the head's dropout on, as released; off, a fit from ten images is less noisy."""
    anchor: float = 0.0
    """Weight of the squared distance from the start, beside the loss; 0 as in the paper."""


def initial(agreement: Float[Tensor, "*R n"], layers: int, temperature: float = 1.0) -> Float[Tensor, "*R n L"]:
    """α of the start: softmax over tasks of SRCC / T, the same for all layers (Eq 4, Eq 6).

    Args:
        agreement: each model's SRCC with the user's scores; NaN (a constant side) counts as 0.
        layers: L.
        temperature: inf gives 1/n each; 0 the best model alone (the first on ties).
    """
    if not temperature >= 0:
        raise ParameterError(f"temperature is {temperature}; expected 0 (best fit) to inf (uniform).")
    known = agreement.nan_to_num(0.0)
    if temperature == 0:
        weights = torch.nn.functional.one_hot(known.argmax(-1), known.shape[-1]).to(known.dtype)
    else:
        weights = (known / temperature).softmax(-1)
    return weights[..., None].expand(*weights.shape, layers).clone()


def bradley_terry(
    pred: Float[Tensor, "*R K"], truth: Float[Tensor, "*R K"], *, pairs: Pairs = "all", tie: Tie = "drop"
) -> Float[Tensor, "*R"]:
    """Mean over pairs of softplus(−(ŷ_a − ŷ_b)) with a the one that the user prefers (Eq 3).

    Args:
        pred: predicted scores.
        truth: the user's scores.
        pairs: every two images, or image k of the first half with image k of the second (an odd one is dropped).
        tie: equal scores count not at all ("drop"), as zero ("zero", as released) or as undecided ("half").

    Returns:
        One loss per row; 0 where no pair is left.
    """
    if pred.shape != truth.shape:
        raise ParameterError(
            f"predictions are {tuple(pred.shape)}, scores {tuple(truth.shape)}; expected equal shapes."
        )
    count = pred.shape[-1]
    if pairs == "half":
        a = torch.arange(count // 2, device=pred.device)
        b = a + count // 2
    else:
        a, b = torch.triu_indices(count, count, 1, device=pred.device)
    a, b = (one.expand(*pred.shape[:-1], -1) for one in (a, b))  # for `gather`: indexing has a slow gradient
    gap = pred.gather(-1, a) - pred.gather(-1, b)
    side = (truth.gather(-1, a) - truth.gather(-1, b)).sign().to(gap)
    loss = softplus(-side * gap)
    if tie == "drop":
        kept = side.abs()
        return (loss * kept).sum(-1) / kept.sum(-1).clamp(min=1)
    ties = (softplus(gap) + softplus(-gap)) / 2 if tie == "half" else 0.0
    return torch.where(side != 0, loss, ties).sum(-1) / max(1, a.shape[-1])


def personal_loss(pred: Float[Tensor, "*R K"], truth: Float[Tensor, "*R K"], config: Personal) -> Float[Tensor, "*R"]:
    """The loss of each run that `config` names."""
    if config.loss == "squared":
        return (pred - truth).square().mean(-1)
    return bradley_terry(pred, truth, pairs=config.pairs, tie=config.tie)
