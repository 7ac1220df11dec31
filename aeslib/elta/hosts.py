"""Models that ELTA is compared with and plugged into (elta 4.1, Table 3), rebuilt from what their names stand for.

nima    a convolutional network and one linear layer to the rating bins, EMD loss ([talebi2018nima])
musiq   patches of several scales at their own aspect in one transformer ([ke2021musiq])
maxvit  convolutions, then attention within windows and across a grid (timm's, [tu2022maxvit])
hgcn    graphs over regions, then over aggregates of them (module `hgcn`)
tanet   the theme makes the weights by which looks are read (module `tanet`)
eat     attention to points of interest (module `eat`)
biaa    the generic model of bilevel meta-learning (module `biaa`), on the network of NIMA with ELTA's head
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from aeslib.backbones import Entry, register
from aeslib.elta import eat, hgcn, tanet
from aeslib.errors import unknown
from aeslib.profiles import Size

BASE = "swinv2"
"""ELTA's own backbone."""
HOSTS: dict[str, dict[Size, str]] = {
    "NIMA": {"small": "cnn", "paper": "vgg16"},
    "MUSIQ": {"small": "musiq", "paper": "musiq"},
    "MaxViT": {"small": "maxvit", "paper": "maxvit"},
    "HGCN": dict.fromkeys(("small", "paper"), "hgcn"),
    "BIAA": {"small": "cnn", "paper": "vgg16"},
    "TANet": dict.fromkeys(("small", "paper"), "tanet"),
    "EAT": dict.fromkeys(("small", "paper"), "eat"),
}
"""Name in the paper's tables → encoder at each size."""


def encoder_of(host: str, size: Size) -> str:
    """The encoder behind a host; the empty name is ELTA's own."""
    if host and host not in HOSTS:
        raise unknown("host", host, HOSTS)
    return HOSTS[host][size] if host else BASE


class Musiq(nn.Module):
    """Patches of the picture at several sizes become tokens of one transformer; z is its class token.

    A token knows its scale and its place on a G × G grid that is laid over every scale, so that the same place has the
    same code whatever the aspect ratio.
    """

    def __init__(
        self, sides: Sequence[int], patch: int, width: int, depth: int, heads: int, grid: int, stem: int
    ) -> None:
        super().__init__()
        self.sides, self.patch, self.grid, self.num_features = tuple(sides), patch, grid, width
        self.embed = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1), nn.BatchNorm2d(stem), nn.ReLU(), nn.Conv2d(stem, width, patch // 2, patch // 2)
        )
        self.place = nn.Parameter(torch.randn(grid, grid, width) * 0.02)
        self.scale = nn.Parameter(torch.randn(len(sides), width) * 0.02)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 3 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, depth, nn.LayerNorm(width), enable_nested_tensor=False)

    def tokens(self, image: Float[Tensor, "B 3 H W"], scale: int) -> Float[Tensor, "B T d"]:
        """Tokens of the picture with its longer side at `sides[scale]`; edges are filled up to whole patches."""
        ratio = self.sides[scale] / max(image.shape[-2:])
        height, width = (max(1, round(side * ratio)) for side in image.shape[-2:])
        if ratio != 1:
            image = interpolate(image, (height, width), mode="bilinear", antialias=True)
        image = pad(image, (0, -width % self.patch, 0, -height % self.patch))
        patches = self.embed(image)  # (B, d, rows, columns)
        rows, columns = (torch.arange(n, device=image.device) * self.grid // n for n in patches.shape[-2:])
        code = self.place[rows[:, None], columns] + self.scale[scale]
        return (patches.permute(0, 2, 3, 1) + code).flatten(1, 2)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """The class token after the last block."""
        parts = [self.token.expand(len(image), -1, -1)]
        parts += [self.tokens(image, scale) for scale in range(len(self.sides))]
        return self.blocks(torch.cat(parts, 1))[:, 0]


def _small_musiq() -> nn.Module:
    return Musiq(sides=(64, 32), patch=16, width=64, depth=2, heads=4, grid=4, stem=24)


def _paper_musiq(pretrained: bool) -> nn.Module:
    if pretrained:
        raise ValueError("its authors publish them for another library only")
    return Musiq(sides=(512, 384, 224), patch=32, width=384, depth=14, heads=6, grid=10, stem=64)


def _small_maxvit() -> nn.Module:
    from timm.models.maxxvit import MaxxVit, MaxxVitCfg, MaxxVitConvCfg, MaxxVitTransformerCfg

    config = MaxxVitCfg(
        embed_dim=(16, 32, 64), depths=(1, 1, 1), block_type=("M", "M", "M"), stem_width=8,
        conv_cfg=MaxxVitConvCfg(expand_ratio=2.0),
        transformer_cfg=MaxxVitTransformerCfg(dim_head=16, window_size=(4, 4), grid_size=(4, 4)),
    )  # fmt: skip
    return MaxxVit(config, img_size=64, num_classes=0)


def _paper_maxvit(pretrained: bool) -> nn.Module:
    import timm

    return timm.create_model("maxvit_tiny_tf_224.in1k", pretrained=pretrained, num_classes=0, img_size=256)


register("musiq", Entry(_small_musiq, _paper_musiq, 27_042_816, "[ke2021musiq] Section 3"))
register("maxvit", Entry(_small_maxvit, _paper_maxvit, 30_412_936, "[tu2022maxvit] Table 1, tiny"))
for name, entry in {"hgcn": hgcn.ENTRY, "tanet": tanet.ENTRY, "eat": eat.ENTRY}.items():
    register(name, entry)
