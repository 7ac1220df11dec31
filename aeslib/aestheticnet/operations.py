"""The eight operations of the search space as modules for networks that are built, not searched (methods 5.1).

Letters: C channels · K kernel size. A stride of 2 gives ⌈H / 2⌉ × ⌈W / 2⌉ for odd sizes too.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from aeslib.aestheticnet.depthwise import Pointwise, depthwise
from aeslib.errors import unknown


class Zero(nn.Module):
    """No connection: zeros of the size that the edge would give."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        """Zeros."""
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])


def shifted(x: Float[Tensor, "B C H W"]) -> tuple[Tensor, Tensor]:
    """Every second pixel from the first and from the second on, both ⌈H / 2⌉ × ⌈W / 2⌉ (a border of 0 where odd)."""
    x = pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))
    return x[:, :, ::2, ::2], x[:, :, 1::2, 1::2]


class FactorizedReduce(nn.Module):
    """Half the size by two 1×1 convolutions that see different pixels, each giving half of the channels."""

    def __init__(self, c_in: int, c_out: int, affine: bool = True) -> None:
        super().__init__()
        self.even = Pointwise(c_in, c_out // 2)
        self.odd = Pointwise(c_in, c_out - c_out // 2)
        self.norm = nn.BatchNorm2d(c_out, affine=affine)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """Halved map; slicing first and stride 1 is the same as stride 2, and safe in channels-last."""
        even, odd = shifted(x.relu())
        return self.norm(torch.cat([self.even(even), self.odd(odd)], 1))


def relu_conv_norm(c_in: int, c_out: int, affine: bool = True) -> nn.Sequential:
    """ReLU, 1×1 convolution, batch norm: what brings a cell's inputs to its channels."""
    return nn.Sequential(nn.ReLU(), Pointwise(c_in, c_out), nn.BatchNorm2d(c_out, affine=affine))


class Depthwise(nn.Conv2d):
    """K×K for each channel by itself, at the size of the input or half of it."""

    def __init__(self, c: int, k: int, stride: int, dilation: int) -> None:
        super().__init__(c, c, k, stride, dilation * (k // 2), dilation=dilation, groups=c, bias=False)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        """The filtered map."""
        return depthwise(x, self.weight, self.stride[0], self.dilation[0])


def separable(c: int, k: int, stride: int, affine: bool, dilation: int = 1) -> list[nn.Module]:
    """ReLU, depthwise K×K, pointwise, batch norm: K²C + C² weights where an ordinary convolution has K²C²."""
    return [
        nn.ReLU(),
        Depthwise(c, k, stride, dilation),
        Pointwise(c, c),
        nn.BatchNorm2d(c, affine=affine),
    ]


def _sep(k: int) -> Callable[[int, int, bool], nn.Module]:
    return lambda c, stride, affine: nn.Sequential(*separable(c, k, stride, affine), *separable(c, k, 1, affine))


def _dil(k: int) -> Callable[[int, int, bool], nn.Module]:
    return lambda c, stride, affine: nn.Sequential(*separable(c, k, stride, affine, dilation=2))


MAKERS: dict[str, Callable[[int, int, bool], nn.Module]] = {
    "none": lambda c, stride, affine: Zero(stride),
    "max_pool_3x3": lambda c, stride, affine: nn.MaxPool2d(3, stride, 1),
    "avg_pool_3x3": lambda c, stride, affine: nn.AvgPool2d(3, stride, 1, count_include_pad=False),
    "skip_connect": lambda c, stride, affine: nn.Identity() if stride == 1 else FactorizedReduce(c, c, affine),
    "sep_conv_3x3": _sep(3),
    "sep_conv_5x5": _sep(5),
    "dil_conv_3x3": _dil(3),
    "dil_conv_5x5": _dil(5),
}
"""Name → (C, stride, affine) → module."""


def operation(name: str, c: int, stride: int = 1, *, affine: bool = True) -> nn.Module:
    """The operation of that name on C channels; `ParameterError` names the nearest."""
    if name not in MAKERS:
        raise unknown("operation", name, MAKERS)
    return MAKERS[name](c, stride, affine)
