"""Depthwise convolutions in the forms that processors have fast code for; no number changes.

A dilation of 2 is an ordinary convolution of each of the four grids of every second pixel. The slope with respect to a
5×5 kernel is put together from 3×3 ones, whose own code is many times faster.

Letters: B batch · C channels · K kernel size.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, pad

LAST = torch.channels_last


class _Five(torch.autograd.Function):
    """Depthwise 5×5, padding 2, no dilation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return conv2d(x, weight, None, stride, 2, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        slope = slopes[0].contiguous(memory_format=LAST)
        to_x = _slopes(slope, x, weight, ctx.stride, 2)[0] if ctx.needs_input_grad[0] else None
        to_weight = _windows(slope, x, weight, ctx.stride) if ctx.needs_input_grad[1] else None
        return to_x, to_weight, None


def _slopes(slope: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int, of_weight: bool = False) -> Any:
    """Slope with respect to x or to the weight, where torch's own code is fast."""
    sizes = ([stride] * 2, [padding] * 2, [1, 1])
    wanted = (not of_weight, of_weight, False)
    return torch.ops.aten.convolution_backward(slope, x, weight, None, *sizes, False, [0, 0], len(weight), wanted)


def _windows(slope: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """The 25 taps from 3×3 windows that start at rows and columns 0 and 2 (those of the middle agree)."""
    height, width = (stride * (side - 1) + 3 for side in slope.shape[2:])
    wide, part = pad(x, (2, 2, 2, 2)), weight[:, :, :3, :3]
    made = weight.new_empty(weight.shape)
    for top in (0, 2):
        for left in (0, 2):
            seen = wide[:, :, top : top + height, left : left + width].contiguous(memory_format=LAST)
            taps = _slopes(slope, seen, part, stride, 0, of_weight=True)[1]
            made[:, :, top : top + 3, left : left + 3] = taps
    return made


class _NormReluDepthwise(torch.autograd.Function):
    """Keeps its input alone: what lies between is cheaper to compute again than to keep."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return conv2d(_norm_relu(x), weight, None, 1, weight.shape[2] // 2, groups=len(weight))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor]:
        x, weight = ctx.saved_tensors
        slope, k = slope.contiguous(memory_format=LAST), weight.shape[2]
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            between = _norm_relu(x)
        seen = between.detach()
        to_between = _slopes(slope, seen, weight, 1, k // 2)[0]
        to_weight = _windows(slope, seen, weight, 1) if k == 5 else _slopes(slope, seen, weight, 1, 1, True)[1]
        return torch.autograd.grad(between, x, to_between)[0], to_weight


def _norm_relu(x: Tensor) -> Tensor:
    return batch_norm(x, None, None, training=True).relu()


def norm_relu_depthwise(x: Float[Tensor, "B C H W"], weight: Float[Tensor, "C 1 K K"]) -> Float[Tensor, "B C H W"]:
    """Batch norm by the batch's own statistics, ReLU, depthwise K×K; only x is kept for the backward pass."""
    if x.is_cuda:
        return depthwise(_norm_relu(x), weight)
    return _NormReluDepthwise.apply(x, weight)


def grids(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "4B C h w"]:
    """The four pictures of every second pixel; H and W even."""
    parts = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # (B, C, h, 2, w, 2)
    return parts.permute(3, 5, 0, 2, 4, 1).flatten(0, 2).permute(0, 3, 1, 2)


def woven(x: Float[Tensor, "4B C h w"]) -> Float[Tensor, "B C H W"]:
    """The inverse of `grids`."""
    parts = x.unflatten(0, (2, 2, -1)).permute(2, 4, 0, 5, 1, 3)  # (B, h, 2, w, 2, C)
    return parts.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)


def _plain(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    if weight.shape[2] == 5:
        return _Five.apply(x, weight, stride)
    return conv2d(x, weight, None, stride, weight.shape[2] // 2, groups=len(weight))


def depthwise(
    x: Float[Tensor, "B C H W"], weight: Float[Tensor, "C 1 K K"], stride: int = 1, dilation: int = 1
) -> Float[Tensor, "B C h w"]:
    """`conv2d(x, weight, None, stride, dilation * (K // 2), dilation, groups=C)` for K 3 or 5, dilation 1 or 2."""
    if x.is_cuda:
        k = weight.shape[2]
        return conv2d(x, weight, None, stride, dilation * (k // 2), dilation, groups=len(weight))
    if dilation == 1:
        return _plain(x, weight, stride)
    if stride == 2:  # what it reads lies on one grid
        return _plain(x[:, :, ::2, ::2].contiguous(memory_format=LAST), weight, 1)
    height, width = x.shape[2:]
    odd = height % 2 or width % 2
    even = pad(x, (0, width % 2, 0, height % 2)) if odd else x
    made = woven(_plain(grids(even), weight, 1))
    return made[:, :, :height, :width] if odd else made
