"""Released checkpoints, by their names and shapes, load into our models; timm knows VMamba."""

import math

import pytest
import timm
import torch
from safetensors.torch import load_file

import aeslib.aesmamba.zoo  # noqa: F401 - registers the model
from aeslib.aesmamba.model import PARA, AesMamba
from aeslib.aesmamba.release import convert, encoder_state, model_state
from aeslib.aesmamba.text import Bert
from aeslib.aesmamba.vmamba import tiny
from aeslib.errors import DataError

DIMS, DEPTHS = (96, 192, 384, 768), (2, 2, 9, 2)


def released(new: bool = False) -> dict[str, torch.Size]:
    """Names and shapes of the released image encoder, written down from its description."""
    norm, scan, first = ("norm", "op", "patch_embed.") if new else ("ln_1", "self_attention", "patch_embed.")
    shapes: dict[str, tuple[int, ...]] = {
        f"{first}{'0' if new else 'proj'}.weight": (96, 3, 4, 4), f"{first}{'0' if new else 'proj'}.bias": (96,),
        f"{first}{'2' if new else 'norm'}.weight": (96,), f"{first}{'2' if new else 'norm'}.bias": (96,),
    }  # fmt: skip
    for i, (d, depth) in enumerate(zip(DIMS, DEPTHS, strict=True)):
        D, R, N = 2 * d, math.ceil(d / 16), 16
        for j in range(depth):
            block = f"layers.{i}.blocks.{j}"
            shapes |= {f"{block}.{norm}.weight": (d,), f"{block}.{norm}.bias": (d,)}
            shapes |= {
                f"{block}.{scan}.{name}": shape
                for name, shape in {
                    "x_proj_weight": (4, R + 2 * N, D), "dt_projs_weight": (4, D, R), "dt_projs_bias": (4, D),
                    "A_logs": (4 * D, N), "Ds": (4 * D,), "in_proj.weight": (2 * D, d), "conv2d.weight": (D, 1, 3, 3),
                    "conv2d.bias": (D,), "out_norm.weight": (D,), "out_norm.bias": (D,), "out_proj.weight": (d, D),
                }.items()
            }  # fmt: skip
        if i < 3:
            shapes |= {f"layers.{i}.downsample.norm.{w}": (4 * d,) for w in ("weight", "bias")}
            shapes[f"layers.{i}.downsample.reduction.weight"] = (2 * d, 4 * d)
    last = "classifier." if new else ""
    shapes |= {f"{last}norm.weight": (768,), f"{last}norm.bias": (768,)}
    return {name: torch.Size(shape) for name, shape in shapes.items()}


def tensors(shapes: dict[str, torch.Size], device: str = "meta") -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape, device=device) for name, shape in shapes.items()}


@pytest.mark.parametrize("new", [False, True])
def test_both_layouts_fill_every_parameter(new):
    state = encoder_state(tensors(released(new)) | {("classifier.head" if new else "head") + ".weight": torch.empty(9)})
    with torch.device("meta"):
        model = tiny()
    assert {name: tensor.shape for name, tensor in state.items()} == {n: p.shape for n, p in model.state_dict().items()}
    assert sum(t.numel() for t in state.values()) == 22_124_448


def test_a_whole_model_with_text_and_nine_attributes():
    shapes = {f"img_feature.{name}": shape for name, shape in released().items()}
    for name in PARA:
        head = f"multi_attr_pred_head.{'willingToShare' if name == 'willingnessToShare' else name}_head"
        for part, (a, b) in {"adatper.0": (192, 768), "adatper.2": (768, 192), "heads.0": (256, 768),
                             "heads.2": (1, 256)}.items():  # fmt: skip
            shapes |= {f"{head}.{part}.weight": torch.Size((a, b)), f"{head}.{part}.bias": torch.Size((a,))}
    inject = {"cross_attention.to_q": (768, 768), "cross_attention.to_kv": (1536, 768),
              "cross_attention.to_out.0": (768, 768), "ffn.fc1": (3072, 768), "ffn.fc2": (768, 3072)}  # fmt: skip
    for name, shape in inject.items():
        shapes[f"attrInject.{name}.weight"] = torch.Size(shape)
        if "_q" not in name and "_kv" not in name:
            shapes[f"attrInject.{name}.bias"] = torch.Size(shape[:1])
    for name in ("norm_attn_img", "norm_attn_text", "norm_ffn"):
        shapes |= {f"attrInject.{name}.{w}": torch.Size((768,)) for w in ("weight", "bias")}
    with torch.device("meta"):
        bert = Bert()
        model = AesMamba(tiny(), PARA, text=bert)
    shapes |= {f"text_backbone.bert_model.{n}": t.shape for n, t in bert.net.state_dict().items()}
    state = model_state(tensors(shapes))
    ours = {name.replace("text.net.", "text."): value.shape for name, value in model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in state.items()} == ours


def test_conversion_gives_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    torch.manual_seed(0)
    theirs = {name: torch.randn(shape) * 0.02 for name, shape in released().items()}
    torch.save({"model": theirs}, tmp_path / "released.pth")
    state = load_file(convert(tmp_path / "released.pth"))
    assert torch.equal(
        state["stages.2.blocks.8.scan.A_log"][3, 5], theirs["layers.2.blocks.8.self_attention.A_logs"][3 * 768 + 5]
    )
    assert torch.equal(state["stages.1.merge.reduction.weight"], theirs["layers.0.downsample.reduction.weight"])
    model = timm.create_model("vmamba_tiny_v0", pretrained=True, num_classes=0)
    assert torch.equal(model.norm.weight, theirs["norm.weight"])


@pytest.mark.parametrize(
    ("read", "name", "message"),
    [
        (encoder_state, "layers.0.mlp.weight",
         "'layers.0.mlp.weight' is no name of VMamba's first version, in neither of its two layouts."),
        (model_state, "attrInject.gate.weight", "'attrInject.gate.weight' is no name of a released AesMamba model."),
    ],
)  # fmt: skip
def test_unknown_names_are_refused(read, name, message):
    with pytest.raises(DataError) as found:
        read({name: torch.empty(1)})
    assert str(found.value) == message


def test_timm_builds_it_in_all_its_forms():
    with torch.device("meta"):
        model = timm.create_model("vmamba_tiny_v0")
        maps = timm.create_model("vmamba_tiny_v0", features_only=True, out_indices=(1, 3))
        image = torch.empty(2, 3, 64, 64)
        assert model(image).shape == (2, 1000)
        tokens = model.forward_features(image)
        assert tokens.shape == (2, 2, 2, 768)
        assert model.forward_head(tokens, pre_logits=True).shape == (2, 768)
        assert [m.shape for m in maps(image)] == [(2, 192, 8, 8), (2, 768, 2, 2)]
        assert maps.feature_info.channels() == [192, 768]
        assert maps.feature_info.reduction() == [8, 32]
        assert timm.create_model("vmamba_tiny_v0", num_classes=5, drop_path_rate=0.2)(image).shape == (2, 5)
