"""Judges of AestheticNet's definitions."""

from __future__ import annotations

from aeslib.ledger.evidence import Evidence, Finding, judge, settled


@judge
def any_size(see: Evidence, *, sizes: tuple[tuple[int, int], ...], channels: int, out: int) -> Finding:
    """Adaptive pooling: the fully-connected layer sees as many features whatever the picture's size."""
    import torch

    see.package("torch")
    pool = torch.nn.AdaptiveAvgPool2d(out)
    found = {tuple(pool(torch.empty(1, channels, *size, device="meta")).flatten(1).shape[1:]) for size in sizes}
    told = ", ".join(str(shape[0]) for shape in sorted(found))
    return settled(len(found) == 1, published="the same number of features", ours=told,
                   why=f"Maps of {', '.join(f'{h}x{w}' for h, w in sizes)} pool to {told} features.")  # fmt: skip


@judge
def dilation(see: Evidence, *, kernel: int, rate: int) -> Finding:
    """Section 4: a dilated convolution sees a larger field with no more parameters."""
    from aeslib.ledger.models import conv

    see.package("torch")
    plain, dilated = conv((1, 1), kernel), conv((1, 1), kernel, dilation=rate)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (plain, dilated)]
    field = [(kernel - 1) * r + 1 for r in (1, rate)]
    return settled(sizes[0] == sizes[1] and field[1] > field[0], published="a larger field, no more parameters",
                   ours=f"field {field[0]} to {field[1]}, {sizes[0]} and {sizes[1]} weights",
                   why=f"A {kernel}x{kernel} kernel of rate {rate} sees {field[1]} pixels a side instead of {field[0]} "
                       f"with {sizes[1]} weights instead of {sizes[0]}.")  # fmt: skip
