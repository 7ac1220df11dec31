"""Where VGG16 starts from: ImageNet in the paper size; in the small size the pretext, learnt with batch normalisation.

Thirteen plain convolutions in a row hardly learn from a few thousand pictures. With batch normalisation they do, and
afterwards it is folded into the convolutions: what comes out is the plain network, layer for layer.
"""

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aeslib.backbones import VGG, Encoder, Entry, build, register
from aeslib.profiles import Profile
from aeslib.seeding import seeded
from aeslib.training.pretext import SHARE, pretrained

NORMALISED = "vgg16-bn"


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


def starting_encoder(profile: Profile) -> Encoder:
    """VGG16 with its starting weights."""
    if profile.size == "paper":
        return pretrained("vgg16", profile)
    with seeded(0):  # weights of its own that `folded` replaces
        plain = build("vgg16")
    return folded(pretrained(NORMALISED, profile, share=SHARE, progress=False), plain)
