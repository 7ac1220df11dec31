"""What one token can see: effective receptive fields of encoders, and impulse responses of a scan.

Letters: B pictures · H, W pixels · N states · L steps.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.backbones import Encoder
from aeslib.errors import ParameterError


def tokens(net: nn.Module, image: Tensor, side: int) -> Tensor:
    """(B, c, side, side) the last map of that side that a network makes: VMamba's or any of timm's.

    Raises:
        ParameterError: when it makes no such map.
    """
    if hasattr(net, "pos_embed") and hasattr(
        net, "num_prefix_tokens"
    ):  # a transformer of one resolution: its last tokens
        last = net.forward_features(image)[:, net.num_prefix_tokens :]  # type: ignore[operator]
        made = [last.transpose(1, 2).unflatten(2, (math.isqrt(last.shape[1]), -1))]
    else:
        made = net.forward_intermediates(image, intermediates_only=True)  # type: ignore[operator]
    fitting = [m for m in made if m.shape[-1] == side]
    if not fitting:
        raise ParameterError(f"{type(net).__name__} makes maps of sides {[m.shape[-1] for m in made]}, none of {side}.")
    return fitting[-1]


def receptive_field(encoder: Encoder, images: Float[Tensor, "B 3 H W"], side: int = 8) -> Float[Tensor, "H W"]:
    """How strongly each pixel moves the middle token of a map of that side: mean |gradient| over pictures, sum 1."""
    images = images.clone().requires_grad_()
    made = tokens(encoder.net, encoder.normalised(images), side)
    (gradient,) = torch.autograd.grad(made[..., side // 2, side // 2].sum(), images)
    field = gradient.abs().sum(1).mean(0)
    return field / field.sum()


def area(field: Float[Tensor, "H W"], share: float = 0.9) -> float:
    """Smallest share of the picture that holds `share` of a field: 0.9 when all pixels count alike."""
    ordered = field.flatten().sort(descending=True).values.cumsum(0)
    return float((ordered < share * ordered[-1]).sum() + 1) / field.numel()


def impulse(delta: float, rates: Sequence[float], steps: int) -> Float[Tensor, "N L"]:
    """What is left of one unit that entered at step 0, state by state: Δ exp(Δ A t) (Eq 1, constant Δ, B = C = 1)."""
    return delta * torch.exp(torch.tensor(rates)[:, None] * delta * torch.arange(steps))
