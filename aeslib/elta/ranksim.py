"""RankSim, the other rival: neighbours in score shall be neighbours in feature space, by rank (methods 1.5).

Letters: B batch · each row of a B × B similarity is one anchor's view of the others.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from aeslib.seeding import seeded_generator

STEP = 2.0
"""λ: how far the similarities are moved to see how their ranks change."""


def rank(rows: Float[Tensor, "A B"]) -> Float[Tensor, "A B"]:
    """Descending ranks of each row divided by B: the largest gets 1/B; at ties the last comes first."""
    order = rows.argsort(dim=-1, stable=True).flip(-1)
    places = torch.arange(1, rows.shape[-1] + 1, dtype=rows.dtype, device=rows.device).expand_as(rows)
    return torch.empty_like(rows).scatter_(-1, order, places) / rows.shape[-1]


class SoftRank(torch.autograd.Function):
    """`rank` with the gradient of its piecewise linear stand-in ([vlastelica2020differentiation])."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        """Ranks."""
        ranks = rank(rows)
        ctx.save_for_backward(rows, ranks)
        return ranks

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Tensor:
        """-(rank(a) - rank(a + λ g)) / λ."""
        rows, ranks = ctx.saved_tensors
        return -(ranks - rank(rows + STEP * grad[0])) / STEP


def rank_similarity(z: Float[Tensor, "B d"], s: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """Sum over anchors of the mean squared difference between ranks by score and by cosine ([gong2022ranksim] Eq 2).

    One sample is used per distinct score, drawn with torch's default generator, which `fit` seeds: ties have no rank.
    """
    order = torch.randperm(len(s), generator=seeded_generator(s.device), device=s.device)
    _, group = s[order].unique(return_inverse=True)
    first = torch.full((int(group.max()) + 1,), len(s), device=s.device).scatter_reduce(
        0, group, torch.arange(len(s), device=s.device), "amin"
    )
    one = order[first].sort().values
    unit, scores = normalize(z[one]), s[one].to(z.dtype)
    by_score = rank(-(scores[:, None] - scores).abs())
    by_feature: Tensor = SoftRank.apply(unit @ unit.T)
    return (by_score - by_feature).square().mean(1).sum()
