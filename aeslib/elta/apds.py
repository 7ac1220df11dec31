"""APDS, adaptive probability distribution sharpening: which predictions to trust as labels (elta Eq 7-10).

Letters: N pictures · C score bins · ŝ predicted score · β steepness · t threshold. Eq 7 and 8 print a sum over the
batch; a distribution has to sum to 1 over the bins, so it is taken over those (as released code does).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

BETAS = (0.25, 0.5, 0.75, 1.0, 1.1, 1.2, 1.25, 1.5, 2.0, 3.0)
"""Released code has 1 to 1.25; small models, whose scores lie closer together, may ask for other ones."""
THRESHOLDS = (0.70, 0.75, 0.80, 0.85, 0.90)
LEAST = 20
"""Pictures that have to pass: a mean error of fewer says little (released code asks for more than 10)."""


def sharpen(
    logits: Float[Tensor, "N C"], bins: Float[Tensor, " C"], beta: float, centre: float | None = None
) -> Float[Tensor, "N C"]:
    """Distributions at temperature exp(-β |ŝ - s̄|): the further from the mean, the sharper (elta Eq 8).

    Args:
        logits: of N pictures.
        bins: scores of the C bins.
        beta: 0 leaves everything as it is.
        centre: s̄; None: mean of the predicted scores of these N.
    """
    scores = logits.softmax(-1) @ bins
    away = (scores - (scores.mean() if centre is None else centre)).abs()
    return (logits * torch.exp(beta * away)[:, None]).softmax(-1)


def confidence(
    logits: Float[Tensor, "N C"], bins: Float[Tensor, " C"], beta: float, centre: float | None = None
) -> Float[Tensor, " N"]:
    """Largest sharpened probability of each picture."""
    return sharpen(logits, bins, beta, centre).amax(-1)


@dataclass(frozen=True)
class Setting:
    """What the search found: β*, t*, and on the labelled set the mean error and number of the pictures that pass."""

    beta: float
    threshold: float
    error: float
    kept: int

    def keeps(self, logits: Float[Tensor, "N C"], bins: Float[Tensor, " C"]) -> Bool[Tensor, " N"]:
        """Which of these pictures pass."""
        return confidence(logits, bins, self.beta) >= self.threshold


def curve(
    logits: Float[Tensor, "N C"],
    truth: Float[Tensor, " N"],
    bins: Float[Tensor, " C"],
    betas: Sequence[float] = BETAS,
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[Float[Tensor, "b t"], Float[Tensor, "b t"]]:
    """Mean |ŝ - s| of what passes (NaN where nothing does) and how many pass, for every β and t."""
    error = (logits.softmax(-1) @ bins - truth).abs()
    sure = torch.stack([confidence(logits, bins, beta) for beta in betas])  # (b, N)
    kept = (sure[:, None] >= torch.tensor(thresholds, device=sure.device)[:, None]).to(error.dtype)  # (b, t, N)
    count = kept.sum(-1)
    return kept @ error / count, count


def search(
    logits: Float[Tensor, "N C"],
    truth: Float[Tensor, " N"],
    bins: Float[Tensor, " C"],
    *,
    betas: Sequence[float] = BETAS,
    thresholds: Sequence[float] = THRESHOLDS,
    least: int | None = None,
) -> Setting | None:
    """β and t with the smallest mean error on a labelled validation set (elta Eq 9).

    The printed sum is smallest when nothing is kept, so it is the mean of at least `least` pictures.

    Args:
        logits: predictions of a trained model on labelled pictures that it was not trained on.
        truth: their scores, in the units of `bins`.
        bins: scores of the C bins.
        betas: tried, in this order; at equal error the first wins.
        thresholds: the same.
        least: None: 2 % of the set, `LEAST` at least.

    Returns:
        None when no pair keeps enough: then there is nothing to train on, and the extra round is to be skipped.
    """
    error, count = curve(logits, truth, bins, betas, thresholds)
    least = max(LEAST, round(0.02 * len(truth))) if least is None else least
    error = torch.where(count >= least, error, torch.inf)
    best = int(error.argmin())
    b, t = divmod(best, len(thresholds))
    if not error[b, t].isfinite():
        return None
    return Setting(betas[b], thresholds[t], float(error[b, t]), int(count[b, t]))


def pseudo_loss(losses: Float[Tensor, " B"], keep: Bool[Tensor, " B"]) -> Float[Tensor, ""]:
    """L_u: mean over all B unlabelled pictures, those that do not pass counting 0 (elta Eq 10)."""
    return (losses * keep).mean()
