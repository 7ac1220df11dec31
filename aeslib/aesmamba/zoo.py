"""VMamba among timm's models: importing this module makes `timm.create_model("vmamba_tiny_v0")` work."""

from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model

from aeslib.aesmamba.vmamba import VMamba, tiny

CONFIG = {"input_size": (3, 224, 224), "pool_size": (7, 7), "num_classes": 1000, "interpolation": "bicubic",
          "crop_pct": 1.0, "first_conv": "embed.proj", "classifier": "head"}  # fmt: skip
default_cfgs = generate_default_cfgs({"vmamba_tiny_v0": CONFIG})


@register_model
def vmamba_tiny_v0(pretrained: bool = False, **kwargs: Any) -> Any:
    """VMamba-T in its first version (aesmamba 3.2.1): 22,124,448 parameters and a classifier.

    Args:
        pretrained: the released weights, from the cache folder (see `aeslib.aesmamba.vmamba.tiny`); they are kept
            without a classifier, which then starts at random.
        kwargs: what `timm.create_model` takes, such as `num_classes`, `features_only`, `in_chans`, `drop_path_rate`.
    """
    kwargs.setdefault("num_classes", 1000)
    out = kwargs.pop("out_indices", (0, 1, 2, 3))
    cfg = {"out_indices": out, "feature_cls": "getter"}
    made: Any = build_model_with_cfg(VMamba, "vmamba_tiny_v0", False, feature_cfg=cfg, **kwargs)
    if pretrained:
        whole = made.model if kwargs.get("features_only") else made
        whole.load_state_dict(tiny(pretrained=True).state_dict(), strict=False)
    return made
