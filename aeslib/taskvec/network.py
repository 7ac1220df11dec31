"""The score model that every task shares, so that task vectors fit together (taskvec App D).

A CLIP visual tower, then Linear – GELU – dropout – Linear to ten sigmoids; the score is their weighted mean under the
template 1 … 10. "Layers" are the parameter tensors of the tower: 152 in ViT-B/16, 296 in ViT-L/14. timm's towers hold
one tensor more, the bias of the projection to CLIP's space; CLIP has none, so it is left out (weights loaded with it
have it at zero). The head's four tensors get coefficients too: they are counted beside the layers, not among them.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.backbones import CLIP, Encoder, Entry, SimpleCNN, register
from aeslib.profiles import Size

TEMPLATE = tuple(float(k) for k in range(1, 11))
HALF = tuple(k / 2 for k in range(1, 11))
"""Of data sets scored from 1 to 5 (App D)."""
HEAD = "head."
"""Begins the names of the head's tensors."""
Which = Literal["large", "small"]
"""ViT-L/14 and ViT-B/16 of the paper, or what stands in for them in the small size."""


def clip_tower(name: str, dim: int, pretrained: bool = False) -> nn.Module:
    """CLIP's visual tower from timm with its projection to `dim`, without the bias that timm adds."""
    import timm

    model = timm.create_model(name, pretrained=pretrained, num_classes=dim)
    projection = nn.Linear(int(model.num_features), dim, bias=False)  # type: ignore[arg-type]
    if pretrained:
        projection.load_state_dict({"weight": model.head.weight})  # type: ignore[union-attr]
    model.head, model.num_features = projection, dim  # type: ignore[assignment]
    return model


def _tower(name: str, dim: int):  # type: ignore[no-untyped-def]
    return lambda pretrained: clip_tower(name, dim, pretrained)


_L14, _B16 = "vit_large_patch14_clip_224.datacompxl", "vit_base_patch16_clip_224.datacompxl"
register("clip-l14", Entry(SimpleCNN, _tower(_L14, 768), 303_966_208, "taskvec App D, OpenCLIP", CLIP))
register("clip-b16", Entry(lambda: SimpleCNN(8), _tower(_B16, 512), 86_192_640, "taskvec 5.2, OpenCLIP", CLIP))


def encoder_of(which: Which, size: Size) -> str:
    """Name of the backbone; the small size has the net that other chapters start from too, and one half as wide."""
    return "cnn" if size == "small" and which == "large" else {"large": "clip-l14", "small": "clip-b16"}[which]


class TaskModel(nn.Module):
    """Tower and head; gives one score per picture on the scale of the template.

    Args:
        encoder: pictures in 0–1 → z (B, d).
        hidden: width of the head (512 in the paper).
        dropout: before the last layer.
        template: score of each of the ten outputs.
        normalize: divide the ten sigmoids by their sum, as the released code does; without it scores run from 0 to
            the template's sum (the literal App D).
    """

    template: Tensor

    def __init__(
        self,
        encoder: Encoder,
        hidden: int = 512,
        dropout: float = 0.5,
        template: Sequence[float] = TEMPLATE,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        self.encoder, self.normalize = encoder, normalize
        self.head = nn.Sequential(
            nn.Linear(encoder.num_features, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, len(template))
        )
        self.register_buffer("template", torch.tensor(template), persistent=False)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, " B"]:
        """Scores."""
        return self.score(self.encoder(image))

    def shares(self, z: Float[Tensor, "B d"]) -> Float[Tensor, "B 10"]:
        """The ten outputs of features z; with `normalize` they sum to 1."""
        out = self.head(z).sigmoid()
        return out / out.sum(-1, keepdim=True) if self.normalize else out

    def score(self, z: Float[Tensor, "B d"]) -> Float[Tensor, " B"]:
        """Scores of features z."""
        return self.shares(z) @ self.template

    def train(self, mode: bool = True) -> "TaskModel":
        """As ever, but batch statistics stay those of the start: they are no parameters, so no task may change them."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def layers(names: Sequence[str]) -> tuple[str, ...]:
    """The tensors that the paper counts: those of the tower."""
    return tuple(name for name in names if not name.startswith(HEAD))
