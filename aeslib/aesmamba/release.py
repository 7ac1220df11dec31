"""Reading what the authors released: names of VMamba's and of AesMamba's checkpoints → ours.

Two layouts of VMamba's first version are in use, told apart by their names; AesMamba wraps either in a model with
heads per attribute and, for text, a fusion module and BERT. `python -m aeslib.aesmamba.release vmamba_tiny_e292.pth`
converts the image encoder's file once, into the cache folder.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from aeslib.aesmamba.vmamba import PATHS, RELEASED
from aeslib.errors import DataError
from aeslib.paths import atomic_path, cache_home

ENCODER = (
    (r"patch_embed\.(?:proj|0)\.", "embed.proj."),
    (r"patch_embed\.(?:norm|2)\.", "embed.norm."),
    (r"layers\.(\d+)\.blocks\.(\d+)\.(?:ln_1|norm)\.", r"stages.\1.blocks.\2.norm."),
    (r"layers\.(\d+)\.blocks\.(\d+)\.(?:self_attention|op)\.", r"stages.\1.blocks.\2.scan."),
    (r"layers\.(\d+)\.downsample\.", lambda m: f"stages.{int(m[1]) + 1}.merge."),
    (r"(?:classifier\.)?norm\.", "norm."),
    (r"(?:classifier\.)?head\.", "head."),
)
SCAN = {"x_proj_weight": "x_proj", "dt_projs_weight": "dt_weight", "dt_projs_bias": "dt_bias", "A_logs": "A_log",
        "Ds": "skip", "conv2d": "conv", "out_norm": "norm"}  # fmt: skip
WRAPPED = ("img_feature.", "img_model.", "img_backbone.")
"""What stands before the encoder's names in AesMamba's own checkpoints."""
FUSION = {"cross_attention.to_q": "to_q", "cross_attention.to_kv": "to_kv", "cross_attention.to_out.0": "to_out",
          "norm_attn_img": "norm_image", "norm_attn_text": "norm_text", "norm_ffn": "norm_ffn", "ffn.fc1": "ffn.0",
          "ffn.fc2": "ffn.2"}  # fmt: skip
HEADS = {"adatper": "adapter", "heads": "score", "classes_heads": "classes"}
ATTRIBUTES = {"dof": "dof", "willingToShare": "willingnessToShare"}
"""Attributes whose released names differ from the data set's (the others are equal)."""


def encoder_state(released: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """VMamba's parameters under our names and shapes; a classifier is left out.

    Args:
        released: a state dict of VMamba's first version, or the part of AesMamba's that is its image encoder.

    Raises:
        DataError: for a name that neither layout has.
    """
    made = {_encoder_name(name): tensor for name, tensor in released.items()}
    return {
        name: tensor.unflatten(0, (PATHS, -1)) if name.endswith(("A_log", "skip")) else tensor
        for name, tensor in made.items()
        if not name.startswith("head.")
    }


def _encoder_name(name: str) -> str:
    for pattern, ours in ENCODER:
        found = re.match(pattern, name)
        if found:
            rest = name[found.end() :]
            start = found.expand(ours) if isinstance(ours, str) else ours(found)
            head, dot, tail = rest.partition(".")
            return start + (SCAN.get(head, head) if start.endswith("scan.") else head) + dot + tail
    raise DataError(f"{name!r} is no name of VMamba's first version, in neither of its two layouts.")


def model_state(released: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All of an AesMamba checkpoint under our names: image encoder, heads, fusion; BERT keeps its own names.

    Raises:
        DataError: for a name that the released models do not have.
    """
    made: dict[str, Tensor] = {}
    encoder: dict[str, Tensor] = {}
    for name, tensor in released.items():
        wrapped = next((w for w in WRAPPED if name.startswith(w)), "")
        if wrapped:
            encoder[name.removeprefix(wrapped)] = tensor
        elif name.startswith("text_backbone.bert_model."):
            made["text." + name.removeprefix("text_backbone.bert_model.")] = tensor
        else:
            made[_part_name(name)] = tensor
    return {f"image.{name}": tensor for name, tensor in encoder_state(encoder).items()} | made


def _part_name(name: str) -> str:
    head = re.fullmatch(r"(?:multi_attr_)?pred_head\.(\w+)_head\.(\w+)\.(\d)\.(weight|bias)", name)
    if head and head[2] in HEADS:
        return f"mba.{ATTRIBUTES.get(head[1], head[1])}.{HEADS[head[2]]}.{head[3]}.{head[4]}"
    inject = re.fullmatch(r"attrInject\.(.+)\.(weight|bias)", name)
    if inject and inject[1] in FUSION:
        return f"fusion.{FUSION[inject[1]]}.{inject[2]}"
    raise DataError(f"{name!r} is no name of a released AesMamba model.")


def convert(source: Path) -> Path:
    """Write the image encoder of a released file into the cache folder as safetensors; returns where.

    The file is read by torch's restricted loader, which builds tensors and plain containers and runs nothing else.
    """
    import torch
    from safetensors.torch import save_file

    try:
        found = torch.load(source, map_location="cpu", weights_only=True)
        state = {str(name): tensor.float() for name, tensor in found.get("model", found).items()}
    except Exception as error:  # the loader raises anything on damaged bytes
        kind = type(error).__name__  # its text advises to load without restriction
        raise DataError(f"{source.name} is no released checkpoint ({kind}); fetch it again.") from error
    state = encoder_state(state)
    with atomic_path(cache_home() / "weights" / RELEASED) as target:
        save_file({name: tensor.float().contiguous() for name, tensor in state.items()}, target)
    return cache_home() / "weights" / RELEASED


if __name__ == "__main__":
    print(convert(Path(sys.argv[1])))
