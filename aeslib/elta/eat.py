"""EAT rebuilt from its public facts: keys are read at points of interest that each picture moves ([he2023eat]).

Kept: attention to a sparse grid of points with learnt offsets, so that background is looked at as well as what stands
out; blocks of it take turns with dense ones. Not kept: the published pyramid of maps, its schedule, its weights.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import grid_sample, scaled_dot_product_attention

from aeslib.backbones import Entry


class InterestAttention(nn.Module):
    """Attention of a map to `points` × `points` places of itself; at zero offset these are a regular grid."""

    def __init__(self, width: int, heads: int, points: int) -> None:
        super().__init__()
        self.heads, self.points = heads, points
        self.offset = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width), nn.GELU(), nn.Conv2d(width, 2, 1))
        nn.init.zeros_(self.offset[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.offset[-1].bias)  # type: ignore[arg-type]
        self.query, self.both, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def places(self, x: Float[Tensor, "B d H W"]) -> Float[Tensor, "B P P 2"]:
        """Where keys are read, (x, y) in −1 to 1."""
        line = (torch.arange(self.points, device=x.device, dtype=x.dtype) + 0.5) * 2 / self.points - 1
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
        moved = grid_sample(self.offset(x), grid.expand(len(x), -1, -1, -1), align_corners=False)
        return (grid + moved.permute(0, 2, 3, 1).tanh() * 2 / self.points).clamp(-1, 1)

    def forward(self, x: Float[Tensor, "B d H W"]) -> Float[Tensor, "B d H W"]:
        """What each cell gathers from the points of interest."""
        seen = grid_sample(x, self.places(x), align_corners=False, padding_mode="border").flatten(2).mT
        key, value = self.both(seen).chunk(2, -1)
        parts = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (self.query(x.flatten(2).mT), key, value))
        out = scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        return self.out(out).mT.unflatten(2, x.shape[-2:])


class InterestBlock(nn.Module):
    """Interest attention and a two-layer network on each cell, both added to what comes in."""

    def __init__(self, width: int, heads: int, points: int) -> None:
        super().__init__()
        self.before, self.attention = nn.GroupNorm(1, width), InterestAttention(width, heads, points)
        self.mlp = nn.Sequential(
            nn.GroupNorm(1, width), nn.Conv2d(width, 3 * width, 1), nn.GELU(), nn.Conv2d(3 * width, width, 1)
        )

    def forward(self, x: Float[Tensor, "B d H W"]) -> Float[Tensor, "B d H W"]:
        """The map, changed."""
        x = x + self.attention(self.before(x))
        return x + self.mlp(x)


class DenseBlock(nn.TransformerEncoderLayer):
    """A usual transformer block over all cells of a map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, 3 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)

    def forward(self, x: Float[Tensor, "B d H W"]) -> Float[Tensor, "B d H W"]:  # type: ignore[override]
        """The map, changed."""
        return super().forward(x.flatten(2).mT).mT.unflatten(2, x.shape[-2:])


class EAT(nn.Module):
    """A stem makes a map, pairs of dense and interest blocks change it; z is its mean and its spread over places."""

    def __init__(self, stem: nn.Module, width: int, heads: int, points: int, pairs: int) -> None:
        super().__init__()
        self.stem, self.num_features = stem, 2 * width
        blocks = [
            block for _ in range(pairs) for block in (DenseBlock(width, heads), InterestBlock(width, heads, points))
        ]
        self.blocks, self.norm = nn.Sequential(*blocks), nn.GroupNorm(1, width)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """z of pictures of any size that leaves a cell of the map."""
        last = self.norm(self.blocks(self.stem(image))).flatten(2)
        return torch.cat([last.mean(2), (last.var(2, correction=0) + 1e-5).sqrt()], 1)


def _stem(*widths: int) -> nn.Sequential:
    """Stride-2 convolutions to a map of the last width."""
    stages = zip((3, *widths), widths, strict=False)
    return nn.Sequential(
        *(nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b in stages)
    )


def _small() -> nn.Module:
    return EAT(_stem(16, 32, 64), width=64, heads=4, points=4, pairs=1)


def _paper(pretrained: bool) -> nn.Module:
    if pretrained:
        raise ValueError("its authors publish those of another layout only")
    return EAT(_stem(48, 96, 192, 384), width=384, heads=6, points=7, pairs=6)


ENTRY = Entry(_small, _paper, 18_652_092, "[he2023eat], one map size")
