"""AesMamba: encoders, fusion and balanced adapters put together, and what they are trained by (aesmamba 3.1, 3.6).

    variant   text        fusion   outputs
    V         none        mean     one score or histogram
    M         comments    CMF      one score or histogram
    F         none        mean     nine attributes
    P         a prompt    CMF      nine attributes, for one person

Letters: B batch · d width · K attributes · C bins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aeslib.aesmamba.fusion import CMF
from aeslib.aesmamba.mba import MBA, ClassLoss, Predicted, balanced_cross_entropy
from aeslib.losses import emd
from aeslib.training.batches import Batch

PARA = ("aesthetic", "quality", "composition", "color", "dof", "light", "content", "contentPreference",
        "willingnessToShare")  # fmt: skip
"""The nine attributes of variants F and P."""
GAMMA, LAMBDA = 10.0, 1e-3
"""Weights of MSE on histograms and of the class loss (4.1.3)."""


class AesMamba(nn.Module):
    """Image encoder, optional text encoder with CMF, and MBA.

    Args:
        image: pictures (or what stands for them) → (B, d); has `num_features`.
        names: of the attributes.
        text: ids → (B, n, t) and mask; has `width`. None: pictures alone (V, F).
        outputs: 1 for scores, C for a histogram.
        classes: score classes of the class heads; 0: none (model A, variant P).
        heads: of CMF's attention.
        hidden: width of the score and class heads.
    """

    def __init__(
        self, image: nn.Module, names: Sequence[str], *, text: nn.Module | None = None, outputs: int = 1,
        classes: int = 0, heads: int = 12, hidden: int = 256,
    ) -> None:  # fmt: skip
        super().__init__()
        width = int(image.num_features)  # type: ignore[arg-type]
        self.image, self.text, self.names = image, text, tuple(names)
        self.fusion = None if text is None else CMF(width, int(text.width), heads=heads)  # type: ignore[arg-type]
        self.mba = MBA(width, names, outputs=outputs, classes=classes, hidden=hidden)

    def feature(self, image: Tensor, ids: Tensor | None = None) -> Tensor:
        """(B, d) after fusion: the pooled picture alone where there is no text encoder."""
        f = self.image(image)
        return f if self.fusion is None or self.text is None else self.fusion(f, *self.text(ids))

    def forward(self, image: Tensor, ids: Tensor | None = None) -> Predicted:
        """Scores and classes of all attributes."""
        return self.mba(self.feature(image, ids))


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The loss of a batch with `target` ((B, K) scores or (B, C) histograms) and `label` (B, K) classes.

    Histograms: EMD (r = 2) + γ MSE of the histograms + λ class loss. Scores: MSE + λ class loss, attributes summed.
    """

    classes: ClassLoss = "balanced"
    counts: Tensor | None = None
    """(K, classes) of the training set, for the balanced loss."""
    gamma: float = GAMMA
    lam: float = LAMBDA
    x: str = "image"
    """What the image encoder is given."""

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        """Loss and what to log."""
        made: Predicted = model(batch[self.x], batch.get("ids"))
        loss = supervised(made.scores, batch["target"], self.gamma)
        logs = {"supervised": loss.detach()}
        if self.classes and made.classes is not None:
            extra = self.class_loss(made.classes, batch["label"])
            logs["classes"] = extra.detach()
            loss = loss + self.lam * extra
        return loss, logs

    def class_loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """Sum over attributes."""
        pairs = enumerate(zip(logits.unbind(1), label.unbind(1), strict=True))
        if self.classes == "balanced":
            assert self.counts is not None
            return torch.stack([balanced_cross_entropy(z, y, self.counts[k].to(z)) for k, (z, y) in pairs]).sum()
        return torch.stack([cross_entropy(z, y) for _, (z, y) in pairs]).sum()


def supervised(scores: Tensor, target: Tensor, gamma: float = GAMMA) -> Tensor:
    """Loss without classes: (B, K, 1) scores against (B, K), or (B, 1, C) logits against (B, C) histograms."""
    if scores.shape[-1] == 1:
        return (scores[..., 0] - target).square().mean(0).sum()
    shares = scores[:, 0].softmax(-1)
    return emd(shares, target).mean() + gamma * (shares - target).square().mean()


def expected_scores(made: Predicted, bins: Tensor | None = None) -> Tensor:
    """(B, K) scores: as they are, or the mean of the predicted histogram."""
    return made.scores[..., 0] if bins is None else made.scores.softmax(-1) @ bins.to(made.scores)
