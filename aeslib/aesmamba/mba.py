"""Multitask balanced adaptation: an adapter, a score head and a class head per attribute (aesmamba 3.4, Eq 4–5).

Letters: B batch · d width of the fused feature · C score bins (1: a score) · K attributes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aeslib.errors import unknown
from aeslib.imbalance import Bins

ClassLoss = Literal["", "ce", "balanced"]
"""None, plain cross-entropy (model B of Figure 6), balanced cross-entropy (model C, the paper's)."""

CLASSES: dict[str, Bins] = {
    "para": Bins((1, 2, 3, 4, 5)),
    "aadb": Bins((0, 0.2, 0.4, 0.6, 0.8, 1)),
    "tad66k": Bins((0, 2, 4, 6, 8, 10)),
    "photonet": Bins((3, 4, 5, 6, 7)),
    "ava": Bins((1, 2, 3, 4, 5, 6, 7, 8, 9)),
}
"""Data set → score classes of its released labels, the same for all attributes."""


def score_classes(key: str, scores: np.ndarray) -> np.ndarray:
    """Class (0 is the lowest) of each score, any shape; scores beyond the outer edges fall into the outer classes."""
    if key not in CLASSES:
        raise unknown("data set with score classes", key, CLASSES)
    edges = np.array(CLASSES[key].edges)
    clipped = np.clip(np.asarray(scores, float), edges[0], edges[-1])
    return CLASSES[key].place(clipped.ravel()).reshape(clipped.shape).astype(np.int64)


def class_counts(key: str, scores: np.ndarray) -> np.ndarray:
    """(K, classes) how many of the (N, K) training scores fall into each class."""
    found, size = score_classes(key, scores), len(CLASSES[key].edges) - 1
    return np.stack([np.bincount(column, minlength=size) for column in found.T])


def balanced_cross_entropy(
    logits: Float[Tensor, "B classes"], label: Int[Tensor, " B"], counts: Tensor
) -> Float[Tensor, ""]:
    """Cross-entropy of logits + ln n, averaged over the batch (Eq 5; called Eq 6 in its own text).

    Args:
        logits: before any softmax.
        label: true classes.
        counts: (classes,) training images of each class; an empty class counts as one.
    """
    return cross_entropy(logits + counts.clamp(min=1).log(), label)


class Task(nn.Module):
    """One attribute: residual adapter (Eq 4), score or histogram, and a score class that only training uses."""

    def __init__(self, width: int, outputs: int, classes: int, hidden: int) -> None:
        super().__init__()
        self.adapter = nn.Sequential(nn.Linear(width, width // 4), nn.GELU(), nn.Linear(width // 4, width))
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
        self.classes: nn.Module | None = None
        if classes:
            self.classes = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, f: Float[Tensor, "B d"]) -> tuple[Float[Tensor, "B C"], Tensor | None]:
        """Score (or logits of the histogram), and logits of the classes where there are any."""
        adapted = f + self.adapter(f)
        return self.score(adapted), None if self.classes is None else self.classes(adapted)


@dataclass(frozen=True)
class Predicted:
    """What MBA says of a batch."""

    scores: Float[Tensor, "B K C"]
    classes: Float[Tensor, "B K classes"] | None


class MBA(nn.ModuleDict):
    """A `Task` for each attribute.

    Args:
        width: d.
        names: of the attributes.
        outputs: 1 for scores, C for a histogram.
        classes: of the class heads; 0: none.
        hidden: width of the heads.
    """

    def __init__(
        self, width: int, names: Sequence[str], *, outputs: int = 1, classes: int = 0, hidden: int = 256
    ) -> None:
        super().__init__({name: Task(width, outputs, classes, hidden) for name in names})

    def forward(self, f: Float[Tensor, "B d"]) -> Predicted:
        """All attributes in order."""
        scores, classes = zip(*(task(f) for task in self.values()), strict=True)
        return Predicted(torch.stack(scores, 1), None if classes[0] is None else torch.stack(classes, 1))

    @torch.no_grad()
    def start_at(self, means: Mapping[str, float]) -> None:
        """Set last biases to the training means: scores are regressed in native units (short runs need it)."""
        for name, mean in means.items():
            self[name].score[-1].bias.fill_(mean)  # type: ignore[index, union-attr]
