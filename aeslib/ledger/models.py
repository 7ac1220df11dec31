"""Counting parameters, tensors, layers and multiply-adds of models built on the meta device (no memory used)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from aeslib.errors import unknown
from aeslib.ledger.selectors import require

if TYPE_CHECKING:
    from torch import nn

    from aeslib.ledger.evidence import Evidence


def _vgg16() -> nn.Module:
    from torchvision.models import vgg16

    return vgg16(weights=None)


def _vgg16_features() -> nn.Module:
    return _vgg16().features  # type: ignore[return-value]


def _resnet50_features() -> nn.Module:
    """ResNet-50 without its head as mtcnn Table 2 counts it: the original stride, and convolutions with biases."""
    import torch
    from torchvision.models import resnet50
    from torchvision.models.resnet import Bottleneck

    model = resnet50(weights=None)
    model.fc = torch.nn.Identity()
    for module in model.modules():
        if isinstance(
            module, Bottleneck
        ):  # the original halves the resolution in the 1x1 convolution, torchvision later
            module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
        elif isinstance(module, torch.nn.Conv2d):
            module.bias = torch.nn.Parameter(torch.empty(module.out_channels))
    return model


def _clip(name: str, dim: int) -> nn.Module:
    """The visual tower of CLIP: timm's, with CLIP's projection (no bias) in place of a classifier."""
    import timm
    import torch

    model = timm.create_model(name, pretrained=False, num_classes=0)
    model.head = torch.nn.Linear(int(model.num_features), dim, bias=False)  # type: ignore[arg-type]
    return model


MODELS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "vgg16": (_vgg16, "torchvision"),
    "vgg16 features": (_vgg16_features, "torchvision"),
    "resnet50 features": (_resnet50_features, "torchvision"),
    "clip vit-b/16": (lambda: _clip("vit_base_patch16_clip_224", 512), "timm"),
    "clip vit-l/14": (lambda: _clip("vit_large_patch14_clip_224", 768), "timm"),
}
"""Name → how it is built, and the package that defines it."""


COUNTS = ("parameters", "statistics", "tensors", "layers", "multiply-adds")
SHAPES = {"mlp": ("layers",), "conv": ("channels", "kernel", "separable", "dilation")}
"""Models that are built from numbers → the names of these."""


@cache
def build(name: str) -> nn.Module:
    """The model of that name on the meta device."""
    import torch

    if name not in MODELS:
        raise unknown("model", name, [*MODELS, "mlp", "conv"])
    with torch.device("meta"):
        return MODELS[name][0]().eval()


@cache
def mlp(layers: tuple[int, ...]) -> nn.Module:
    """Fully-connected layers of these widths, inputs first."""
    import torch

    pairs = pairwise(layers)
    return torch.nn.Sequential(*(torch.nn.Linear(a, b, device="meta") for a, b in pairs))


def conv(channels: Sequence[int], kernel: int, *, separable: bool = False, dilation: int = 1) -> nn.Module:
    """One convolution without bias, or its depthwise-separable form."""
    import torch

    inside, outside = channels
    options: dict[str, Any] = {"bias": False, "device": "meta"}
    if not separable:
        return torch.nn.Conv2d(inside, outside, kernel, dilation=dilation, **options)
    depthwise = torch.nn.Conv2d(inside, inside, kernel, dilation=dilation, groups=inside, **options)
    return torch.nn.Sequential(depthwise, torch.nn.Conv2d(inside, outside, 1, **options))


@cache
def multiply_adds(name: str, size: int) -> float:
    """Multiply-adds of one picture of `size` pixels a side: half the operations that torch counts."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        build(name)(torch.empty(1, 3, size, size, device="meta"))
    return counter.get_total_flops() / 2


def count(see: Evidence, *, model: str, count: str, size: int = 224, **shape: Any) -> float:
    """One number of a model.

    Args:
        see: notes the package that the model comes from.
        model: a name of `MODELS`; "mlp" with `layers`; "conv" with `channels`, `kernel` and `separable`.
        count: "parameters", "statistics" (running means and variances), "tensors", "layers" (modules that hold
            parameters of their own) or "multiply-adds".
        size: side of the picture, for multiply-adds.
        shape: widths for "mlp" and "conv".
    """
    require([model], [*MODELS, *SHAPES], "model")
    require([count], COUNTS, "count")
    require(shape, SHAPES.get(model, ()), f"parameter of the model {model!r}")
    see.package(MODELS[model][1] if model in MODELS else "torch")
    if count == "multiply-adds":
        return multiply_adds(model, size)
    made = mlp(tuple(shape["layers"])) if model == "mlp" else conv(**shape) if model == "conv" else build(model)
    match count:
        case "parameters":
            return sum(p.numel() for p in made.parameters())
        case "statistics":
            return sum(b.numel() for name, b in made.named_buffers() if name.endswith(("running_mean", "running_var")))
        case "tensors":
            return len(list(made.parameters()))
        case "layers":
            own = [m for m in made.modules() if m is not made and list(m.parameters(recurse=False))]
            return len(own)
    raise unknown("count", count, COUNTS)
