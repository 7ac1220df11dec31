"""TFA, tail feature augmentation: mix features of rare scores with features of similar scores (elta Eq 1-4).

Letters: B batch · n anchors · i anchor, j its partner · s scores on a ten-point axis, the unit of τ1 and τ2.
Probabilities are handled as logits and drawn by Gumbel noise, so that no exponential can overflow or vanish whatever τ.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from aeslib.errors import ParameterError, unknown

Strategy = Literal["tfa", "random", "threshold"]
Level = Literal["feature", "pixel"]
EPS = 0.01
"""Added to score distances: Eq 3 divides by zero at ties (the released code has the same)."""


def anchor_logits(s: Float[Tensor, " B"], tau1: float) -> Float[Tensor, " B"]:
    """|s̄ - s| / τ1: softmax of it is P(i), high far from the batch's mean (elta Eq 2)."""
    return (s - s.mean()).abs() / tau1


def partner_logits(s: Float[Tensor, " B"], i: Int[Tensor, " n"], tau2: float) -> Float[Tensor, "n B"]:
    """τ2 / (|s_i - s_j| + EPS), -inf at j = i: softmax over j is P(j|i), high for similar scores (elta Eq 3)."""
    logits = tau2 / ((s[i, None] - s).abs() + EPS)
    return logits.scatter(1, i[:, None], -torch.inf)


def mixing_factor(
    s: Float[Tensor, " B"], i: Int[Tensor, " n"], j: Int[Tensor, " n"], tau1: float
) -> Float[Tensor, " n"]:
    """λ = P(i) / (P(i) + P(j)): the rarer of the two weighs more (elta Eq 4)."""
    logits = anchor_logits(s, tau1)
    return torch.sigmoid(logits[i] - logits[j])


@dataclass(frozen=True)
class Pairs:
    """Who is mixed with whom, and how; constants to autograd."""

    i: Int[Tensor, " n"]
    j: Int[Tensor, " n"]
    lam: Float[Tensor, " n"]
    """Weight of i; j has 1 - λ."""

    def mix(self, rows: Float[Tensor, " B *d"]) -> Float[Tensor, " n *d"]:
        """λ row_i + (1 - λ) row_j of features, labels, scores or pictures (elta Eq 1)."""
        lam = self.lam.view(-1, *[1] * (rows.dim() - 1))
        return lam * rows[self.i] + (1 - lam) * rows[self.j]

    def append(self, rows: Float[Tensor, " B *d"]) -> Float[Tensor, " B+n *d"]:
        """The rows and, after them, the mixed ones."""
        return torch.cat([rows, self.mix(rows)])


@dataclass(frozen=True, kw_only=True)
class TFA:
    """How pairs are drawn: `TFA().draw(scores, generator)` as in the paper; the others are ablations (elta 4.4)."""

    n: int = 1
    """Mixed samples per batch (the paper does not say; released code: 1 in a batch of 48)."""
    tau1: float = 0.2
    tau2: float = 4.0
    """Peak of elta Figure 5."""
    strategy: Strategy = "tfa"
    """tfa; random: i and j uniform; threshold: i and j uniform over scores at least `threshold` from the mean."""
    threshold: float = 1.0
    level: Level = "feature"
    """What an objective mixes: features before the head, or the pictures themselves (elta A.4)."""

    def __post_init__(self) -> None:
        for kind, value, known in (("strategy", self.strategy, Strategy), ("level", self.level, Level)):
            if value not in get_args(known):
                raise unknown(f"TFA {kind}", value, get_args(known))
        if self.n < 1 or self.tau1 <= 0 or self.tau2 <= 0:
            raise ParameterError(
                f"TFA has n={self.n}, tau1={self.tau1:g}, tau2={self.tau2:g}; "
                "expected n of 1 or more, temperatures > 0."
            )

    def logits(self, s: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """Softmax of it is the chance of each sample to be the anchor; -inf where it cannot be."""
        if self.strategy == "tfa":
            return anchor_logits(s, self.tau1)
        if self.strategy == "random":
            return torch.zeros_like(s)
        return torch.where((s - s.mean()).abs() >= self.threshold, 0.0, -torch.inf)

    def draw(self, scores: Float[Tensor, " B"], generator: torch.Generator | None) -> Pairs:
        """Draw anchors without replacement, and a partner for each.

        Args:
            scores: s on a ten-point axis; other scales make τ weaker or stronger without a word.
            generator: made from a seed, on the device of `scores`; None is torch's default one.

        Returns:
            n pairs; fewer when fewer samples can be anchors, none when fewer than two can.
        """
        s = scores.detach().float()
        logits = self.logits(s)
        able = int(logits.isfinite().sum())
        n = min(self.n, able) if able > 1 else 0
        i = (logits + gumbel(logits, generator)).topk(n).indices
        if self.strategy == "tfa":
            near = partner_logits(s, i, self.tau2)
        else:
            near = logits.expand(n, -1).scatter(1, i[:, None], -torch.inf)
        j = (near + gumbel(near, generator)).argmax(1) if n else i
        return Pairs(i, j, mixing_factor(s, i, j, self.tau1))


def gumbel(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Gumbel noise of that shape: adding it to logits and taking the largest draws from their softmax."""
    return torch.empty_like(like).exponential_(generator=generator).log_().neg_()
