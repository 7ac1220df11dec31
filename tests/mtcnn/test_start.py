from dataclasses import replace

import pytest
import torch

from aeslib import weights
from aeslib.backbones import build, count_parameters
from aeslib.errors import StateError
from aeslib.mtcnn import start
from aeslib.mtcnn.start import NORMALISED, folded, starting_encoder
from aeslib.profiles import get_profile


def test_the_folded_network_computes_the_same():
    torch.manual_seed(0)
    taught = build(NORMALISED)
    for _ in range(3):  # batch normalisation learns means and variances that are not 0 and 1
        taught.train()(torch.rand(16, 3, 64, 64))
    plain = folded(taught, build("vgg16"))
    images = torch.rand(4, 3, 64, 64)
    torch.testing.assert_close(plain(images), taught.eval()(images), rtol=1e-3, atol=1e-5)
    assert sum(p.numel() for p in plain.parameters()) == 230_568


def test_the_paper_size_has_the_published_count_plus_scale_and_shift():
    assert count_parameters(lambda: build(NORMALISED, "paper")) == 14_714_688 + 2 * 4224


def test_the_start_is_made_once_and_the_same():
    tiny = replace(get_profile("smoke"), pretext_images=24, image_size=32)
    first, again = (starting_encoder(tiny).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert [name for name in first if "running" in name] == []


@pytest.fixture
def no_hub(monkeypatch):
    def unreachable(name, profile):
        raise StateError("the published weights of vgg16 are not at hand")

    monkeypatch.setattr(start, "pretrained", unreachable)


def test_without_hub_and_file_the_hubs_error_is_raised(no_hub):
    with pytest.raises(StateError, match=r"^the published weights of vgg16 are not at hand$"):
        starting_encoder(get_profile("paper"))


@pytest.mark.weights
def test_without_hub_the_file_goes_into_the_paper_size_by_name(no_hub, published):
    published("vgg16_conv")
    encoder = starting_encoder(get_profile("paper"))
    original = weights.load("vgg16_conv")
    own = encoder.net.layers.state_dict()
    assert len(own) == 26
    assert all(torch.equal(own[name], value) for name, value in original.net.features.state_dict().items())
    assert sum(p.numel() for p in encoder.parameters()) == 14_714_688
    image = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(encoder(image), original.features(image), rtol=1e-4, atol=1e-4)
