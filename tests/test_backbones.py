"""The list of encoders: published sizes, gradients, names, missing weights."""

import pytest
import torch

from aeslib.backbones import BACKBONES, Entry, ScoreModel, build, count_parameters, register, table
from aeslib.errors import ParameterError, StateError


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_paper_size_has_the_published_number_of_parameters(name):
    assert count_parameters(lambda: build(name, "paper")) == BACKBONES[name].parameters == table()[name][1]


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_small_size_sees_and_learns(name):
    torch.manual_seed(0)
    model = ScoreModel(build(name), bins=range(1, 11))
    image = torch.rand(3, 3, 64, 64)
    z = model.encode(image)
    assert z.shape == (3, model.encoder.num_features)
    logits = model(image)
    torch.testing.assert_close(logits, model.head(model.encode(image)))
    model.score(logits).sum().backward()
    missing = [n for n, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert not missing
    assert ((model.score(logits) > 1) & (model.score(logits) < 10)).all()


def test_known_counts():
    assert table()["swinv2"][1] == 86_893_816  # elta: SwinV2-B without head
    assert table()["vgg16"][1] == 14_714_688  # mtcnn Table 2
    assert count_parameters(lambda: build("vgg16")) == 230_568  # widths an eighth


def test_names_and_sizes_are_checked():
    with pytest.raises(ParameterError, match=r"^no backbone named 'swin2'\. Did you mean 'swinv2'\? Known: "):
        build("swin2")
    with pytest.raises(ParameterError, match=r"^no size named 'papr'\. Did you mean 'paper'\? Known: small, paper\.$"):
        build("vgg16", "papr")
    with pytest.raises(ParameterError, match="the small one starts from `pretext`"):
        build("vgg16", pretrained=True)
    with pytest.raises(ParameterError, match="a backbone named 'vgg16' is registered already"):
        register("vgg16", Entry(lambda: None, lambda _: None, 0, "other"))


def test_missing_weights_say_what_to_do(monkeypatch):
    def offline(_):
        raise OSError("no route to the hub\nlong trace")

    monkeypatch.setitem(BACKBONES, "vgg16", Entry(lambda: None, offline, 0, "mtcnn Table 2"))
    with pytest.raises(StateError) as caught:
        build("vgg16", "paper", pretrained=True)
    assert str(caught.value) == (
        "the published weights of vgg16 (mtcnn Table 2) are not at hand: no route to the hub. "
        "Connect once so that timm can cache them, or use --profile default, which needs none."
    )
