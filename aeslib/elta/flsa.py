"""FLSA, feature-label similarity alignment: pictures with near scores shall have near features (elta Eq 5-6)."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import mse_loss, normalize

NARROW = 1e-6
"""Floor under the range of a batch's scores."""


def feature_similarity(z: Float[Tensor, "B d"]) -> Float[Tensor, "B B"]:
    """Cosines of all pairs: normalise, then one product (elta Eq 5)."""
    unit = normalize(z)
    return unit @ unit.T


def label_similarity(s: Float[Tensor, " B"]) -> Float[Tensor, "B B"]:
    """1 for equal scores down to 0 for the two furthest apart (elta Eq 6)."""
    return 1 - (s[:, None] - s).abs() / (s.max() - s.min()).clamp(min=NARROW)


def alignment(z: Float[Tensor, "B d"], s: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """Mean squared difference of the two similarities over all B² entries; gradients reach z only (elta 3.3)."""
    return mse_loss(feature_similarity(z), label_similarity(s.detach().float()))
