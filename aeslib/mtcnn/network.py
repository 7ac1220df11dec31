"""The network (mtcnn 3, Figure 1, Table 2), and what each of its layers costs.

Letters: B batch · K outputs (overall score first, then the attributes) · d pooled features.
"""

from collections.abc import Iterator

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from aeslib.backbones import Encoder
from aeslib.errors import ParameterError

FIRST_TUNED = 19
"""Position of block4_conv2 in torchvision's numbering; what stands before it is frozen in both stages."""
TUNED = (19, 21)
"""block4_conv2 and block4_conv3."""
HEAD = ("hidden.", "output.")
FINE_TUNED = (*HEAD, *(f"encoder.net.layers.{k}." for k in TUNED))
"""Prefixes of the parameters trained in the first and in the second stage."""
NAMES = {
    position: f"block{block}_{part}"
    for block, start, depth in ((1, 0, 2), (2, 5, 2), (3, 10, 3), (4, 17, 3), (5, 24, 3))
    for position, part in ((start + 2 * k, f"conv{k + 1}" if k < depth else "pool") for k in range(depth + 1))
}
"""Position in torchvision's numbering → the name that the paper uses."""
POOLING = "global average pooling"


class SeparateOutputs(nn.Module):
    """K layers of one unit, one per score, in place of one layer of K units (mtcnn 3, the alternative)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(nn.Linear(inputs, 1) for _ in range(outputs))

    def forward(self, x: Float[Tensor, "B d"]) -> Float[Tensor, "B K"]:
        """All units' answers side by side."""
        return torch.cat([unit(x) for unit in self.units], 1)


def joined(separate: SeparateOutputs) -> nn.Linear:
    """The one layer that computes the same as these separate ones: both architectures are one family of functions."""
    units: list[nn.Linear] = list(separate.units)  # type: ignore[arg-type]
    layer = nn.Linear(units[0].in_features, len(units))
    with torch.no_grad():
        layer.weight.copy_(torch.cat([unit.weight for unit in units]))
        layer.bias.copy_(torch.cat([unit.bias for unit in units]))
    return layer


class MultiTaskNet(nn.Module):
    """Encoder → 128 → 64 → dropout → K sigmoids.

    Args:
        encoder: the "vgg16" of `aeslib.backbones`, with its starting weights.
        outputs: K; 12 for AADB, 5 for EVA, 1 for the single-task control.
        dropout: rate after the 64 units; 0.35 for AADB, 0.25 for EVA (mtcnn 3, 5.2.1).
        separate: a layer of its own for every output.
    """

    def __init__(self, encoder: Encoder, outputs: int, *, dropout: float = 0.35, separate: bool = False) -> None:
        super().__init__()
        if outputs < 1:
            raise ParameterError(f"outputs is {outputs}; expected 1 (overall score alone) or more.")
        self.encoder = encoder
        self.hidden = nn.Sequential(
            nn.Linear(encoder.num_features, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(dropout)
        )
        self.output = SeparateOutputs(64, outputs) if separate else nn.Linear(64, outputs)
        for layer in (*self.hidden.modules(), *self.output.modules()):
            if isinstance(layer, nn.Linear):  # mtcnn 4.2: Glorot's uniform initialisation
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    @property
    def layers(self) -> nn.Sequential:
        """VGG16's convolutional part in torchvision's numbering."""
        return self.encoder.net.layers  # type: ignore[return-value]

    def head(self, z: Float[Tensor, "B d"]) -> Float[Tensor, "B K"]:
        """Scores in 0–1 from pooled features."""
        return self.output(self.hidden(z)).sigmoid()

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B K"]:
        """Scores in 0–1 from pictures in 0–1."""
        return self.head(self.encoder(image))

    def lower(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B c h w"]:
        """Maps before block4_conv2: no stage changes them, so they need computing once."""
        return self.layers[:FIRST_TUNED](self.encoder.normalised(image))

    def upper(self, maps: Float[Tensor, "B c h w"]) -> Float[Tensor, "B d"]:
        """Pooled features from the maps of `lower`."""
        return self.layers[FIRST_TUNED:](maps.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def layer_table(model: MultiTaskNet, side: int) -> pd.DataFrame:
    """One row per step of the built network, in order of the forward pass.

    Args:
        model: best built on the meta device; there nothing is computed.
        side: of a picture in pixels.

    Returns:
        Columns layer, shape (of one picture's output), parameters, multiply_adds (convolutions and dense layers) and
        trained (since the "first stage", the "second stage", or "never").
    """
    rows: list[dict[str, object]] = []
    opened = {NAMES[k] for k in TUNED}

    def note(name: str, module: nn.Module, out: Tensor) -> None:
        own = {} if name == POOLING else dict(module.named_parameters())
        area = out.shape[2] * out.shape[3] if out.ndim == 4 else 1
        weights = sum(p.numel() for key, p in own.items() if key.endswith("weight"))
        stage = "second stage" if name in opened else "first stage" if own and not name.startswith("block") else "never"
        rows.append({"layer": name, "shape": tuple(out.shape[1:]), "parameters": sum(p.numel() for p in own.values()),
                     "multiply_adds": weights * area, "trained": stage})  # fmt: skip

    hooks = [m.register_forward_hook(lambda m, _, out, name=name: note(name, m, out)) for name, m in _steps(model)]
    device = next(model.parameters()).device
    with torch.no_grad():
        model.eval()(torch.empty(1, 3, side, side, device=device))
    for hook in hooks:
        hook.remove()
    return pd.DataFrame(rows)


def _steps(model: MultiTaskNet) -> Iterator[tuple[str, nn.Module]]:
    yield from ((NAMES[k], model.layers[k]) for k in NAMES)
    yield POOLING, model.encoder.net
    yield from (("dense 128", model.hidden[0]), ("dense 64", model.hidden[2]), ("outputs", model.output))


def multiply_adds(model: nn.Module, side: int) -> int:
    """Multiply-adds of one picture of `side` pixels: half the operations that torch counts."""
    device = next(model.parameters()).device
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.empty(1, 3, side, side, device=device))
    return counter.get_total_flops() // 2
