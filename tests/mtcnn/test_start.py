from dataclasses import replace

import torch

from aeslib.backbones import build, count_parameters
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
