"""The network that is built from a genotype, and the pooling in front of its classifier (aestheticnet 4.3, 5.1).

Letters: C channels of the first cells · L cells; the cells at ⌊L / 3⌋ and ⌊2L / 3⌋ (from 0) halve the map and double C.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.aestheticnet.attention import CBAM
from aeslib.aestheticnet.depthwise import LAST
from aeslib.aestheticnet.genotype import NODES, PDARTS, Gene, Genotype
from aeslib.aestheticnet.operations import FactorizedReduce, operation, relu_conv_norm
from aeslib.backbones import IMAGENET, Encoder, Entry, ScoreModel, register
from aeslib.errors import ParameterError

Stem = Literal["cifar", "quarter", "imagenet"]
"""First convolutions: at full size; two of stride 2, for our small pictures; three of stride 2."""


def reductions(cells: int) -> tuple[int, int]:
    """Places of the two reduction cells."""
    return cells // 3, 2 * cells // 3


class Cell(nn.Module):
    """One cell of a genotype: input states are brought to C channels, four nodes sum two operations each."""

    def __init__(self, genes: tuple[Gene, ...], c_before: int, c_last: int, c: int, halves: bool, halved: bool) -> None:
        super().__init__()
        self.before = FactorizedReduce(c_before, c) if halved else relu_conv_norm(c_before, c)
        self.last = relu_conv_norm(c_last, c)
        self.sources = [source for _, source in genes]
        self.ops = nn.ModuleList(operation(op, c, 2 if halves and source < 2 else 1) for op, source in genes)

    def forward(self, before: Float[Tensor, "B C H W"], last: Float[Tensor, "B D h w"]) -> Float[Tensor, "B F h w"]:
        """The four nodes joined."""
        states = [self.before(before), self.last(last)]
        edges = list(zip(self.ops, self.sources, strict=True))
        for (one, i), (two, j) in zip(edges[::2], edges[1::2], strict=True):
            states.append(one(states[i]) + two(states[j]))
        return torch.cat(states[2:], 1)


def small_stem(c: int, stem: Stem) -> nn.Module:
    """3×3 convolution to 3C, at full size ("cifar") or after two halvings ("quarter")."""
    last = nn.BatchNorm2d(3 * c)
    if stem == "cifar":
        return nn.Sequential(nn.Conv2d(3, 3 * c, 3, padding=1, bias=False), last)
    if stem != "quarter":
        raise ParameterError(f"stem is {stem!r}; expected 'cifar', 'quarter' or 'imagenet'.")
    first = [nn.Conv2d(3, 2 * c, 3, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU()]
    return nn.Sequential(*first, nn.Conv2d(2 * c, 3 * c, 3, 2, 1, bias=False), last)


class ImageNetStem(nn.Module):
    """Three convolutions of stride 2; the second's output is the first cell's older input."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, c // 2, 3, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(),
            nn.Conv2d(c // 2, c, 3, 2, 1, bias=False), nn.BatchNorm2d(c),
        )  # fmt: skip
        self.second = nn.Sequential(nn.ReLU(), nn.Conv2d(c, c, 3, 2, 1, bias=False), nn.BatchNorm2d(c))


class SearchedNet(nn.Module):
    """Pictures to the pooled map of the last cell.

    Args:
        genotype: of both cells.
        c: channels.
        cells: L.
        stem: by the size of the pictures.
        cbam: attention once, after the last cell.
    """

    def __init__(self, genotype: Genotype, c: int, cells: int, stem: Stem = "cifar", *, cbam: bool = False) -> None:
        super().__init__()
        self.stem: nn.Module = ImageNetStem(c) if stem == "imagenet" else small_stem(c, stem)
        c_before = c_last = c if stem == "imagenet" else 3 * c
        halved, made = stem == "imagenet", []
        for place in range(cells):
            halves = place in reductions(cells)
            c = 2 * c if halves else c
            genes = genotype.reduce if halves else genotype.normal
            made.append(Cell(genes, c_before, c_last, c, halves, halved))
            c_before, c_last, halved = c_last, NODES * c, halves
        self.cells = nn.ModuleList(made)
        self.num_features = c_last
        self.attention = CBAM(c_last) if cbam else nn.Identity()

    def maps(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d h w"]:
        """The last cell's output, attended to where there is attention."""
        image = image.contiguous(memory_format=LAST)
        if isinstance(self.stem, ImageNetStem):
            before = self.stem.first(image)
            last = self.stem.second(before)
        else:
            before = last = self.stem(image)
        for cell in self.cells:
            before, last = last, cell(before, last)
        return self.attention(last)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Adaptively pooled to 1×1: pictures of any size and shape give d features."""
        return self.maps(image).mean((2, 3))


@dataclass(frozen=True, kw_only=True)
class NetConfig:
    """Size of a final network."""

    c: int = 36
    cells: int = 20
    stem: Stem = "imagenet"
    cbam: bool = False


def score_model(genotype: Genotype, config: NetConfig, bins: tuple[float, ...]) -> ScoreModel:
    """The network with one linear layer to the rating bins (softmax belongs to the loss)."""
    net = SearchedNet(genotype, config.c, config.cells, config.stem, cbam=config.cbam)
    model = ScoreModel(Encoder(net, IMAGENET), bins)
    model.head = nn.Linear(net.num_features, len(bins))  # type: ignore[assignment]
    return model


def pool_rule(size: int, out: int) -> tuple[int, int, int]:
    """(kernel, stride, padding) that the paper gives for adaptive pooling: S = ⌊I / O⌋, K = I − (O − 1) S, P = 0."""
    if not 1 <= out <= size:
        raise ParameterError(f"a map of {size} cannot be pooled to {out}; expected 1 to {size}.")
    stride = size // out
    return size - (out - 1) * stride, stride, 0


def _listed(c: int, cells: int, stem: Stem) -> nn.Module:
    return SearchedNet(PDARTS, c, cells, stem)


register(
    "darts",
    Entry(
        lambda: _listed(8, 5, "imagenet"),
        lambda _: _listed(36, 20, "imagenet"),
        3_435_282,
        "P-DARTS's published cells, 20 of them; aestheticnet 5.1",
    ),
)


def multiply_adds(model: nn.Module, side: int) -> int:
    """Products of all convolutions and linear layers for one picture of that side."""
    total = 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        each = module.weight[0].numel()  # type: ignore[index]
        total += out[0].numel() * each

    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was = model.training
    with torch.inference_mode():
        model.eval()(torch.zeros(1, 3, side, side))
    model.train(was)
    for hook in hooks:
        hook.remove()
    return total
