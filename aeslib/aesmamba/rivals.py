"""The five image encoders that VMamba is compared with (aesmamba Table 3): timm's, in the published and a small size.

Small ones have 88 to 360 thousand parameters (the small VMamba 268) and see pictures of 64 pixels.
"""

from collections.abc import Callable

from torch import nn

from aeslib.aesmamba import vmamba  # noqa: F401 - registers itself
from aeslib.backbones import BACKBONES, Entry, register

BACKBONE = {"ResNet50": "resnet50", "ResNeXt50": "resnext50", "ViT-B/16": "vit_b16", "Swin-T": "swin_t",
            "ConvNeXt-T": "convnext_t", "VMamba-T": "vmamba"}  # fmt: skip
"""Name in Table 3 → encoder."""


def _timm(model: str) -> Callable[[bool], nn.Module]:
    def make(pretrained: bool) -> nn.Module:
        import timm

        return timm.create_model(model, pretrained=pretrained, num_classes=0)

    return make


def _resnet(cardinality: int, base_width: int) -> nn.Module:
    from timm.models.resnet import Bottleneck, ResNet

    return ResNet(Bottleneck, (1, 1, 1, 1), num_classes=0, cardinality=cardinality,  # type: ignore[arg-type]
                  base_width=base_width, stem_width=16, channels=(16, 24, 32, 48))  # fmt: skip


def _swin() -> nn.Module:
    from timm.models.swin_transformer import SwinTransformer

    return SwinTransformer(img_size=64, patch_size=4, embed_dim=16, depths=(1, 1, 2, 1), num_heads=(1, 2, 4, 8),
                           window_size=4, drop_path_rate=0.0, num_classes=0)  # fmt: skip


def _convnext() -> nn.Module:
    from timm.models.convnext import ConvNeXt

    return ConvNeXt(depths=(1, 1, 2, 1), dims=(16, 32, 64, 128), num_classes=0)


register("resnet50", Entry(lambda: _resnet(1, 64), _timm("resnet50.tv_in1k"), 23_508_032, "aesmamba Table 3"))
register("resnext50", Entry(lambda: _resnet(8, 8), _timm("resnext50_32x4d.tv_in1k"), 22_979_904, "aesmamba Table 3"))
register(
    "vit_b16", Entry(BACKBONES["vit"].small, _timm("vit_base_patch16_224.augreg_in1k"), 85_798_656, "aesmamba Table 3")
)
register("swin_t", Entry(_swin, _timm("swin_tiny_patch4_window7_224.ms_in1k"), 27_519_354, "aesmamba Table 3"))
register("convnext_t", Entry(_convnext, _timm("convnext_tiny.fb_in1k"), 27_820_128, "aesmamba Table 3"))
