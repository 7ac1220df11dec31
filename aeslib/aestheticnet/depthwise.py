"""Convolutions of small maps in the forms that processors have fast code for; no number changes.

The depthwise convolution of a map of few pixels is a matrix for each channel: one batched product, where the general
code spends its time on set-up. A pointwise convolution is a linear layer on maps that lie channels last.

Letters: B batch · C channels · D channels that come out · K kernel size.
"""

from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, linear

LAST = torch.channels_last
SMALL = 100
"""Pixels of a map up to which the matrix is faster; it holds the square of that for each channel."""


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what prediction made first must do for training too
def taps(k: int, stride: int, dilation: int, height: int, width: int, dtype: torch.dtype) -> Float[Tensor, "KK HWhw"]:
    """1 where that tap of a kernel brings that pixel of the map (H, W) to that of the result (h, w)."""
    each = torch.eye(k * k, dtype=dtype).view(-1, 1, k, k)
    pixels = torch.eye(height * width, dtype=dtype).view(-1, 1, height, width)
    return conv2d(pixels, each, None, stride, dilation * (k // 2), dilation).transpose(0, 1).flatten(1)


def depthwise(
    x: Float[Tensor, "B C H W"], weight: Float[Tensor, "C 1 K K"], stride: int = 1, dilation: int = 1
) -> Float[Tensor, "B C h w"]:
    """`conv2d(x, weight, None, stride, dilation * (K // 2), dilation, groups=C)`, stride and dilation 1 or 2."""
    if stride == dilation == 2:  # what it reads lies on every second row and column
        x, stride, dilation = x[:, :, ::2, ::2].contiguous(memory_format=LAST), 1, 1
    (batch, c, height, width), k = x.shape, weight.shape[2]
    if x.is_cuda or height * width > SMALL or (k == 3 and dilation == 1):
        return conv2d(x, weight, None, stride, dilation * (k // 2), dilation, groups=c)
    shape = (-(-height // stride), -(-width // stride))
    matrix = (weight.flatten(1) @ taps(k, stride, dilation, height, width, x.dtype)).view(c, height * width, -1)
    made = torch.bmm(x.transpose(0, 1).reshape(c, batch, -1), matrix)
    return made.permute(1, 2, 0).contiguous().transpose(1, 2).unflatten(2, shape)


def pointwise(x: Float[Tensor, "B C H W"], weight: Float[Tensor, "D C 1 1"]) -> Float[Tensor, "B D H W"]:
    """`conv2d(x, weight)`."""
    if x.is_cuda:
        return conv2d(x, weight)
    return linear(x.permute(0, 2, 3, 1), weight.flatten(1)).permute(0, 3, 1, 2)


class Pointwise(nn.Conv2d):
    """1×1 without bias."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(c_in, c_out, 1, bias=False)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        """Each pixel's channels mixed."""
        return pointwise(x, self.weight)


class _NormReluDepthwise(torch.autograd.Function):
    """Keeps its input alone: what lies between is cheaper to compute again than to keep."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return depthwise(_norm_relu(x), weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, ...]:
        x, weight = (t.detach().requires_grad_() for t in ctx.saved_tensors)
        with torch.enable_grad():
            made = depthwise(_norm_relu(x), weight)
        return torch.autograd.grad(made, (x, weight), slope)


def _norm_relu(x: Tensor) -> Tensor:
    return batch_norm(x, None, None, training=True).relu()


def norm_relu_depthwise(x: Float[Tensor, "B C H W"], weight: Float[Tensor, "C 1 K K"]) -> Float[Tensor, "B C H W"]:
    """Batch norm by the batch's own statistics, ReLU, depthwise K×K; only x is kept for the backward pass."""
    return _NormReluDepthwise.apply(x, weight)
