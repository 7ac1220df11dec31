"""TANet rebuilt from its public facts: a picture's theme makes the weights by which its looks are read ([he2022tanet]).

Kept: a theme branch whose output generates the weights of the reading layer; self-attention over the picture's
colours; a sum of the two with shares that the picture sets. Not kept: a theme branch trained on places (themes are
what training finds) and the published weights.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, scaled_dot_product_attention

from aeslib.backbones import Entry, SimpleCNN


class ThemeReading(nn.Module):
    """A linear layer whose weights are a sum of `themes` layers, shared out by the picture's theme."""

    def __init__(self, channels: int, width: int, themes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(themes, width, channels) / channels**0.5)
        self.bias = nn.Parameter(torch.zeros(themes, width))

    def forward(self, x: Float[Tensor, "B c"], theme: Float[Tensor, "B T"]) -> Float[Tensor, "B d"]:
        """Features read as the theme (probabilities) asks."""
        return torch.einsum("bt,tdc,bc->bd", theme, self.weight, x) + theme @ self.bias


class ColourAttention(nn.Module):
    """Self-attention over the mean colours of a side × side grid."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.side, self.three = side, nn.Linear(3, 3 * width)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """How colours answer each other; blind to their places."""
        query, key, value = self.three(adaptive_avg_pool2d(image, self.side).flatten(2).mT).chunk(3, -1)
        return scaled_dot_product_attention(query, key, value).mean(1)


class TANet(nn.Module):
    """z is looks read by theme plus colours, each with a share that the picture sets."""

    def __init__(self, theme: nn.Module, looks: nn.Module, channels: tuple[int, int], themes: int, width: int) -> None:
        super().__init__()
        self.theme, self.looks, self.num_features = theme, looks, width
        self.name, self.read = nn.Linear(channels[0], themes), ThemeReading(channels[1], width, themes)
        self.colours, self.shares = ColourAttention(12, width), nn.Linear(2 * width, 2)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """z, both parts fused."""
        theme = self.name(self.theme(image).mean((2, 3))).softmax(-1)
        parts = self.read(self.looks(image).mean((2, 3)), theme), self.colours(image)
        share = self.shares(torch.cat(parts, 1)).softmax(-1)
        return share[:, :1] * parts[0] + share[:, 1:] * parts[1]


def _small() -> nn.Module:
    return TANet(SimpleCNN(8).blocks, SimpleCNN(16).blocks, channels=(32, 64), themes=12, width=96)


def _paper(pretrained: bool) -> nn.Module:
    import timm

    theme, looks = (
        timm.create_model(name, pretrained=pretrained, num_classes=0, global_pool="")
        for name in ("resnet18", "mobilenetv2_100")
    )
    return TANet(theme, looks, channels=(512, 1280), themes=47, width=512)


ENTRY = Entry(_small, _paper, 44_258_673, "[he2022tanet], theme branch not trained on places")
