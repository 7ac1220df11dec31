"""Where VGG16 starts from: ImageNet in the paper size; in the small size the pretext, learnt with batch normalisation.

Thirteen plain convolutions in a row hardly learn from a few thousand pictures. With batch normalisation they do, and
afterwards it is folded into the convolutions: what comes out is the plain network, layer for layer.
"""

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aeslib import weights
from aeslib.backbones import VGG, Encoder, Entry, build, register
from aeslib.errors import StateError
from aeslib.profiles import Profile
from aeslib.seeding import seeded
from aeslib.training.pretext import SHARE, pretrained

NORMALISED = "vgg16-bn"
ORIGINAL = "vgg16_conv"
"""Card of the weights that stand in where the hub cannot be reached."""


def _small() -> nn.Module:
    import torchvision

    net = VGG(8)
    kinds = [layer for layer in net.layers if not isinstance(layer, nn.ReLU)]
    plan = [layer.out_channels if isinstance(layer, nn.Conv2d) else "M" for layer in kinds]
    net.layers = torchvision.models.vgg.make_layers(plan, batch_norm=True)
    return net


def _paper(pretrained: bool) -> nn.Module:
    import torchvision

    net = VGG()
    net.layers = torchvision.models.vgg16_bn(weights="IMAGENET1K_V1" if pretrained else None).features
    return net


register(NORMALISED, Entry(_small, _paper, 14_723_136, "mtcnn Table 2, with batch normalisation: the small start"))


def folded(taught: Encoder, plain: Encoder) -> Encoder:
    """`plain` with the weights of `taught`, each batch normalisation folded into the convolution before it."""
    empty = (layer for layer in plain.modules() if isinstance(layer, nn.Conv2d))
    for conv, norm in pairwise(taught.eval().net.layers):  # type: ignore[arg-type]
        if isinstance(conv, nn.Conv2d):
            next(empty).load_state_dict(fuse_conv_bn_eval(conv, norm).state_dict())
    return plain


def original_encoder() -> Encoder:
    """VGG16 in the paper size with the weights of its authors, strictly by name, and the normalisation they need.

    Raises:
        StateError: they are not on this machine.
    """
    source = weights.load(ORIGINAL)
    with seeded(0):  # weights that are replaced
        net = VGG()
    net.layers.load_state_dict(source.net.features.state_dict())  # type: ignore[union-attr]
    return Encoder(net, (source.preprocessing.mean, source.preprocessing.std))


def starting_encoder(profile: Profile) -> Encoder:
    """VGG16 with its starting weights; in the paper size those of the hub, else of a file under `AESLIB_WEIGHTS`."""
    if profile.size == "paper":
        try:
            return pretrained("vgg16", profile)
        except StateError:
            if not weights.available(ORIGINAL):
                raise
            return original_encoder()
    with seeded(0):  # weights of its own that `folded` replaces
        plain = build("vgg16")
    return folded(pretrained(NORMALISED, profile, share=SHARE, progress=False), plain)
