"""One list of image encoders. Each maps (B, 3, H, W) pictures in 0–1 to pooled features z (B, d).

Per name a `small` size (minutes on two cores, no downloads) and the `paper` size (checked by its parameter count).
A paper's own network registers itself here from its room, so that every method can be tried on every encoder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.errors import ParameterError, StateError, unknown
from aeslib.profiles import Size

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@dataclass(frozen=True)
class Entry:
    """One encoder of the list."""

    small: Callable[[], nn.Module]
    paper: Callable[[bool], nn.Module]
    """Builder of the published size; its argument asks for pretrained weights."""
    parameters: int
    """Of the paper size, without a head."""
    source: str
    stats: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET


BACKBONES: dict[str, Entry] = {}


def register(name: str, entry: Entry) -> None:
    """Put an encoder on the list; a name can be taken once."""
    if name in BACKBONES and BACKBONES[name] != entry:
        raise ParameterError(f"a backbone named {name!r} is registered already ({BACKBONES[name].source}).")
    BACKBONES[name] = entry


class Encoder(nn.Module):
    """Normalisation and a network without head: pictures in 0–1 → z (B, `num_features`)."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, stats: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
        super().__init__()
        self.net = net
        self.num_features: int = net.num_features  # type: ignore[assignment]
        self.register_buffer("mean", torch.tensor(stats[0]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(stats[1]).view(1, 3, 1, 1), persistent=False)

    def normalised(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 H W"]:
        """Pictures as the network reads them, channels last in memory: convolutions are faster on that."""
        return ((image - self.mean) / self.std).movedim(-3, -1).contiguous().movedim(-1, -3)  # as vmap knows it

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Pooled features."""
        return self.net(self.normalised(image))


def build(name: str, size: Size = "small", *, pretrained: bool = False) -> Encoder:
    """The encoder of that name.

    Args:
        name: on the list (`table()` prints it).
        size: "small" or "paper".
        pretrained: published weights of the paper size.

    Raises:
        ParameterError: unknown name or size, or pretrained weights of a small size.
        StateError: the weights cannot be had (no network and not in the cache).
    """
    if name not in BACKBONES:
        raise unknown("backbone", name, BACKBONES)
    entry = BACKBONES[name]
    if size == "small":
        if pretrained:
            raise ParameterError(
                f"{name}: published weights are of the paper size; the small one starts from `pretext`."
            )
        return Encoder(entry.small(), entry.stats)
    if size != "paper":
        raise unknown("size", size, ("small", "paper"))
    try:
        return Encoder(entry.paper(pretrained), entry.stats)
    except (OSError, RuntimeError, ValueError) as error:
        if not pretrained:
            raise
        raise StateError(
            f"the published weights of {name} ({entry.source}) are not at hand: {str(error).splitlines()[0]}. "
            "Connect once so that timm can cache them, or use --profile default, which needs none."
        ) from error


def count_parameters(make: Callable[[], nn.Module]) -> int:
    """Parameters of what `make` builds, without taking memory for them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in make().parameters())


class SimpleCNN(nn.Module):
    """Four stride-2 convolutions; z joins mean, spread and a 2 × 2 grid of the last map, so that layout is seen."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 4 * width]
        self.blocks = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in pairwise(widths)
        ))  # fmt: skip
        self.num_features = 6 * widths[-1]

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Pooled features."""
        last = self.blocks(image)
        grid = nn.functional.adaptive_avg_pool2d(last, 2).flatten(1)
        spread = (last.var((2, 3), correction=0) + 1e-5).sqrt()
        return torch.cat([last.mean((2, 3)), spread, grid], 1)


class VGG(nn.Module):
    """VGG16's convolutional part with global average pooling (mtcnn 3); `layers` keeps torchvision's numbering."""

    def __init__(self, divide: int = 1, pretrained: bool = False) -> None:
        super().__init__()
        import torchvision

        if pretrained:
            self.layers = torchvision.models.vgg16(weights="IMAGENET1K_V1").features
        else:
            plan = [w if isinstance(w, str) else w // divide for w in (
                64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M",
            )]  # fmt: skip
            self.layers = torchvision.models.vgg.make_layers(plan)
        self.num_features = 512 // divide

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Globally averaged pool5."""
        return self.layers(image).mean((2, 3))


def _stem(**form: object) -> Callable[..., nn.Module]:
    """Two stride-2 convolutions, then patches of their map: small transformers learn faster on that than on pixels."""
    from timm.models.vision_transformer_hybrid import HybridEmbed

    stem = nn.Sequential(
        nn.Conv2d(3, 24, 3, 2, 1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.Conv2d(24, 48, 3, 2, 1),
        nn.BatchNorm2d(48),
        nn.ReLU(),
    )
    stem.num_features = 48  # type: ignore[assignment]
    return lambda **kw: HybridEmbed(stem, **{**kw, "patch_size": 2, **form}, feature_size=(16, 16))


def _small_vit() -> nn.Module:
    """A convolutional stem to 8 × 8 tokens, then two transformer blocks of width 64."""
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(
        img_size=64, patch_size=8, embed_dim=64, depth=2, num_heads=4, num_classes=0,
        global_pool="avg", class_token=False, embed_layer=_stem(),
    )  # fmt: skip


def _small_swin() -> nn.Module:
    """The same stem, then two stages of plain and shifted windows of 4 × 4 tokens."""
    from timm.models.swin_transformer_v2 import SwinTransformerV2

    net = SwinTransformerV2(
        img_size=64, patch_size=8, embed_dim=48, depths=(2, 2), num_heads=(3, 6), window_size=4, num_classes=0,
        drop_path_rate=0.0,
    )  # fmt: skip
    net.register_module("patch_embed", _stem(flatten=False, output_fmt="NHWC")(img_size=64, embed_dim=48))
    return net


def _timm(model: str) -> Callable[[bool], nn.Module]:
    def make(pretrained: bool) -> nn.Module:
        import timm

        return timm.create_model(model, pretrained=pretrained, num_classes=0)

    return make


register("cnn", Entry(SimpleCNN, lambda _: SimpleCNN(64), 961_600, "ours: the smallest net that sees layout"))
register("vgg16", Entry(lambda: VGG(8), lambda pretrained: VGG(pretrained=pretrained), 14_714_688, "mtcnn Table 2"))
register(
    "vit",
    Entry(_small_vit, _timm("vit_base_patch16_clip_224.openai"), 85_799_424, "taskvec App D, without projection", CLIP),
)
register("swinv2", Entry(_small_swin, _timm("swinv2_base_window8_256"), 86_893_816, "elta A.2"))


class ScoreModel(nn.Module):
    """An encoder with a head over C score bins: what every method that works on a rating histogram plugs into.

    `encode(image)` gives z (B, d); `head(z)` gives logits (B, C); the model itself does both.
    """

    bins: Tensor

    def __init__(self, encoder: nn.Module, bins: Sequence[float], hidden: int = 64) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(encoder.num_features, hidden), nn.ReLU(), nn.Linear(hidden, len(bins)))  # type: ignore[arg-type]
        self.register_buffer("bins", torch.tensor(bins, dtype=torch.float32), persistent=False)

    def encode(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """Pooled features z."""
        return self.encoder(image)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C"]:
        """Logits over the bins."""
        return self.head(self.encode(image))

    def score(self, logits: Float[Tensor, "B C"]) -> Float[Tensor, " B"]:
        """Expected score in the bins' units (elta 3.1)."""
        return logits.softmax(-1) @ self.bins


def table() -> Mapping[str, tuple[str, int]]:
    """Name → (source, parameters of the paper size), for people who choose."""
    return {name: (entry.source, entry.parameters) for name, entry in BACKBONES.items()}
