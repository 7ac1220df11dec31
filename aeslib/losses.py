"""Losses on rating histograms and scores, one value per image unless told otherwise.

Letters: B batch · C rating bins (AVA: C = 10, scores 1 … 10) · r order of the norm.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from aeslib.errors import ParameterError


def check_histograms(*, atol: float = 1e-3, **named: Tensor) -> None:
    """Raise `ParameterError` unless every row of every named (B, C) tensor sums to 1 within `atol`."""
    _check_sums({name: rows.sum(-1) for name, rows in named.items()}, atol)


def _check_sums(named: Mapping[str, Tensor], atol: float = 1e-3) -> None:
    for name, sums in named.items():
        if not sums.numel():
            continue
        low, high = sums.detach().aminmax()
        if not (1 - atol <= float(low) and float(high) <= 1 + atol):  # so that NaN is refused too
            off = (sums.detach() - 1).abs()
            row = int(off.nan_to_num(torch.inf).argmax())
            raise ParameterError(
                f"{name}[{row}] sums to {sums[row]:.3f}; expected 1 (within {atol}). "
                f"For logits pass {name}.softmax(-1); for votes divide by {name}.sum(-1, keepdim=True)."
            )


def emd(
    pred: Float[Tensor, "B C"],
    target: Float[Tensor, "B C"],
    *,
    r: int = 2,
    eps: float = 1e-12,
    reduction: Literal["none", "mean", "batch_root"] = "none",
) -> Tensor:
    """Earth mover's distance between rating histograms (methods 0.2; aesmamba Eq 6).

    Args:
        pred: probabilities over the C bins, rows summing to 1 (not logits, not vote counts).
        target: the same, from the votes.
        r: 2 for training; 1 when EMD is reported as a metric.
        eps: floor under the root; where pred equals target its slope is infinite and the gradient NaN.
        reduction: "none": (B,); "mean": their mean; "batch_root": the batch mean under the root, as some released
            code has it (larger: 0.086603 where the mean is 0.061237).

    Returns:
        Share of the scale: 0 when equal (1e-6 with eps), at most ((C - 1) / C) ** (1 / r).

    Raises:
        ParameterError: when a row does not sum to 1, or the reduction is unknown.
    """
    below, wanted = pred.cumsum(-1), target.cumsum(-1)
    _check_sums({"pred": below[..., -1], "target": wanted[..., -1]})
    gap = (below - wanted).abs().pow(r).mean(-1) if r != 2 else (below - wanted).square().mean(-1)  # (B,)
    if reduction == "batch_root":
        return (gap.mean() + eps).pow(1 / r)
    distance = (gap + eps).pow(1 / r)
    if reduction == "none":
        return distance
    if reduction == "mean":
        return distance.mean()
    raise ParameterError(f"reduction is {reduction!r}; expected 'none', 'mean' or 'batch_root'.")


def squared_error(pred: Float[Tensor, " B"], target: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """(B,) squared differences; refuses shapes that would broadcast to B × B (a known slip in released code)."""
    if pred.shape != target.shape:
        raise ParameterError(
            f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}; expected equal shapes "
            "(squeeze the last axis of a (B, 1) output)."
        )
    return (pred - target).square()


def mean_score(histogram: Float[Tensor, "B C"], bins: Float[Tensor, " C"]) -> Float[Tensor, " B"]:
    """(B,) expected score of each histogram, in the units of `bins` (elta 3.1)."""
    return histogram @ bins
