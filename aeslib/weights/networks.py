"""Networks that read pictures, with published weights. B pictures of 3 colours, H × W pixels; d features."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from PIL.Image import Image
from torch import Tensor, nn

from aeslib.errors import ParameterError
from aeslib.seeding import seeded
from aeslib.weights.cards import Pictures, WeightCard, load_card
from aeslib.weights.store import read

State = dict[str, Tensor]


class PictureNetwork(nn.Module):
    """A published network behind the normalisation that it was trained with: it reads pictures in 0–1.

    Args:
        net: with `forward_features` (maps of the last layer) and `forward` (what its head gives).
        preprocessing: of its card.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, preprocessing: Pictures) -> None:
        super().__init__()
        self.net = net
        self.preprocessing = preprocessing
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)

    def prepare(self, picture: Image) -> Float[Tensor, "3 side side"]:
        """Return a picture resized and cut as the network was tested, with values in 0–1."""
        from timm.data import create_transform

        how = self.preprocessing
        cut = create_transform(
            how.side, interpolation=how.interpolation, crop_pct=how.crop, mean=(0.0,) * 3, std=(1.0,) * 3
        )
        return cut(picture.convert("RGB"))

    def maps(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d h w"]:
        """Maps of the last layer before pooling."""
        return self.net.forward_features((image - self.mean) / self.std)  # type: ignore[operator]

    def features(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Maps averaged over all places."""
        return self.maps(image).mean((2, 3))

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B k"]:
        """What the published head gives (logits of ImageNet's 1000 classes); without a head, the features."""
        return self.net((image - self.mean) / self.std)


class Convolutions(nn.Module):
    """VGG16's thirteen convolutions in torchvision's numbering, without a head."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models.vgg import cfgs, make_layers

        self.features = make_layers(cfgs["D"])

    def forward_features(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 512 h w"]:
        """Return pool5."""
        return self.features(image)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 512"]:
        """Return pool5, averaged over all places."""
        return self.features(image).mean((2, 3))


def load(name: str) -> PictureNetwork:
    """Return the network of that name, with its published weights and preprocessing, for prediction (`eval`).

    Raises:
        ParameterError: unknown name, or one of a network that reads texts.
        StateError: the weights are not on this machine; the message says how to get them.
        DataError: they are damaged.
    """
    card = load_card(name)
    if not isinstance(card.preprocessing, Pictures):
        raise ParameterError(f"{name} reads texts; call text_encoder({name!r}).")
    net, state = build(card), state_of(card)
    net.load_state_dict(timm_state(state, net) if "_conv_stem.weight" in state else state)
    return PictureNetwork(net, card.preprocessing).eval()


def build(card: WeightCard) -> nn.Module:
    """Return the network of a card, untrained."""
    with seeded(0):  # weights that are replaced
        return BUILDERS[card.network]() if card.network in BUILDERS else _timm(card.network)


def _timm(name: str) -> nn.Module:
    import timm

    return timm.create_model(name)


BUILDERS: Mapping[str, Callable[[], nn.Module]] = {"vgg16 convolutions": Convolutions}
"""Networks that timm does not have, by their name on the card."""


def state_of(card: WeightCard) -> State:
    """Return a card's weights by name, in single precision."""
    from safetensors.torch import load as tensors

    weights = tensors(read(card)[0])
    return {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}


SEPARABLE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
INVERTED = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}  # fmt: skip
OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def timm_state(state: State, net: Any) -> State:
    """Return weights of an EfficientNet-Lite under timm's names.

    Args:
        state: in the naming of efficientnet_pytorch, where all blocks are one list.
        net: timm's network, whose blocks are lists of lists; only the first block expands nothing.
    """
    places = [f"blocks.{stage}.{row}" for stage, blocks in enumerate(net.blocks) for row in range(len(blocks))]
    names = dict(OUTER)
    for number, place in enumerate(places):
        inner = INVERTED if f"_blocks.{number}._expand_conv.weight" in state else SEPARABLE
        names |= {f"_blocks.{number}.{old}": f"{place}.{new}" for old, new in inner.items()}
    parts = {name: name.rpartition(".") for name in state}
    return {f"{names.get(layer, layer)}.{kind}": state[name] for name, (layer, _, kind) in parts.items()}
