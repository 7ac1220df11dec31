"""LDS and FDS, the first of ELTA's rivals: re-weight scores, recalibrate features, by smoothed densities (methods 1.5).

Letters: N pictures · K bins of the score density (not the head's bins) · d features · μ, σ² statistics of a bin and μ̃,
σ̃² the same smoothed over neighbouring bins.
"""

from collections.abc import Iterable
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv1d

from aeslib.errors import ParameterError

KERNEL, SIGMA = 5, 2.0
MOMENTUM = 0.9


@cache
def kernel(sigma: float = SIGMA) -> tuple[float, ...]:
    """Weights of five neighbours, 1 in the middle: an impulse blurred by a Gaussian that is reflected at its ends."""
    from scipy.ndimage import gaussian_filter1d

    impulse = [0.0] * KERNEL
    impulse[KERNEL // 2] = 1.0
    blurred = gaussian_filter1d(impulse, sigma)
    return tuple(float(value) for value in blurred / blurred.max())


def bin_of(s: Float[Tensor, " N"], low: float, width: float, bins: int) -> Int[Tensor, " N"]:
    """Density bin of each score; scores outside go to the ends."""
    return ((s - low) / width + 1e-6).floor().long().clamp(0, bins - 1)


def lds_weights(counts: Float[Tensor, " K"], sigma: float = SIGMA) -> Float[Tensor, " K"]:
    """Loss weight of each bin: 1 / smoothed √count, scaled so that the mean over all samples is 1.

    `sigma` is the width of the smoothing, in bins.

    Source: [yang2021delving] Section 3.1 with square-root counts.
    """
    weights = torch.tensor(kernel(sigma), dtype=counts.dtype, device=counts.device)
    smooth = conv1d(counts.sqrt()[None, None], weights[None, None], padding=KERNEL // 2)[0, 0]
    inverse = torch.where(smooth > 0, 1 / smooth, 0.0)
    return inverse * counts.sum() / (counts * inverse).sum()


def recalibrate(
    z: Float[Tensor, "*n d"], mean: Tensor, var: Tensor, smooth_mean: Tensor, smooth_var: Tensor
) -> Float[Tensor, "*n d"]:
    """(z - μ) √(σ̃² / σ²) + μ̃, the ratio kept in 0.1-10."""
    return (z - mean) * (smooth_var / var.clamp(min=1e-12)).clamp(0.1, 10).sqrt() + smooth_mean


class FDS(nn.Module):
    """Feature distribution smoothing: call it on training features, `update` it after each epoch.

    Until the first update it changes nothing. Bins that hold no picture are left out of the smoothing, which is `sigma`
    bins wide.
    Source: [yang2021delving] Section 3.2.
    """

    mean: Tensor
    var: Tensor
    smooth_mean: Tensor
    smooth_var: Tensor
    seen: Tensor

    def __init__(self, features: int, low: float, width: float, bins: int, sigma: float = SIGMA) -> None:
        super().__init__()
        if bins < KERNEL:
            raise ParameterError(f"FDS has {bins} score bins; its window needs {KERNEL} or more: take a smaller width.")
        self.low, self.width, self.bins, self.sigma = low, width, bins, sigma
        for name, start in (("mean", 0.0), ("var", 1.0), ("smooth_mean", 0.0), ("smooth_var", 1.0)):
            self.register_buffer(name, torch.full((bins, features), start))
        self.register_buffer("seen", torch.zeros(bins))

    def forward(self, z: Float[Tensor, "B d"], s: Float[Tensor, " B"]) -> Float[Tensor, "B d"]:
        """Recalibrated features of pictures with scores s; as they are in bins that were never seen."""
        self.to(z.device)  # no part of the model, which goes to a GPU without it
        k = bin_of(s, self.low, self.width, self.bins)
        changed = recalibrate(z, self.mean[k], self.var[k], self.smooth_mean[k], self.smooth_var[k])
        return torch.where(self.seen[k, None] > 0, changed, z)

    @torch.no_grad()
    def update(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Take the epoch's statistics from all training (features, scores), then smooth them."""
        count = torch.zeros_like(self.seen)
        total, square = torch.zeros_like(self.mean), torch.zeros_like(self.mean)
        for features, scores in batches:
            z, s = features.to(self.mean), scores.to(self.mean)
            k = bin_of(s, self.low, self.width, self.bins)
            count.index_add_(0, k, torch.ones_like(s))
            total.index_add_(0, k, z)
            square.index_add_(0, k, z.square())
        some = count[:, None] > 0
        mean = total / count[:, None].clamp(min=1)
        spread = (square - count[:, None] * mean.square()).clamp(min=0) / (count[:, None] - 1).clamp(min=1)
        keep = torch.where(self.seen > 0, MOMENTUM, 0.0)[:, None]  # a bin's first epoch replaces
        self.mean.copy_(torch.where(some, keep * self.mean + (1 - keep) * mean, self.mean))
        self.var.copy_(torch.where(some, keep * self.var + (1 - keep) * spread, self.var))
        self.seen.add_(count)
        both = smooth(torch.cat([self.mean, self.var], 1), self.seen, self.sigma)
        self.smooth_mean.copy_(both[:, : self.mean.shape[1]])
        self.smooth_var.copy_(both[:, self.mean.shape[1] :])


def smooth(rows: Float[Tensor, "K d"], seen: Float[Tensor, " K"], sigma: float = SIGMA) -> Float[Tensor, "K d"]:
    """Weighted mean over five neighbouring bins that hold pictures, reflected at the ends of the scale."""
    last, reach = len(rows) - 1, KERNEL // 2
    there = (seen > 0).to(rows.dtype)[:, None]
    near = torch.arange(-reach, last + reach + 1, device=rows.device).abs()
    both = torch.cat([rows * there, there], 1)[torch.minimum(near, 2 * last - near)]  # (K + 4, d + 1), reflected
    blurred = torch.stack([weight * both[k : k + last + 1] for k, weight in enumerate(kernel(sigma))]).sum(0)
    return blurred[:, :-1] / blurred[:, -1:].clamp(min=1e-12)
