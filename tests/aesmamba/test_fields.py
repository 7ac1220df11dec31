"""What tokens see: areas by hand, and who sees everything."""

import math

import pytest
import torch

from aeslib.aesmamba.fields import area, impulse, receptive_field, tokens
from aeslib.aesmamba.rivals import BACKBONE
from aeslib.backbones import build
from aeslib.errors import ParameterError


def test_area_by_hand():
    even = torch.full((10, 10), 0.01)
    assert area(even) == pytest.approx(0.9, abs=0.011)
    one = torch.zeros(10, 10)
    one[3, 4] = 1
    assert area(one) == 0.01
    assert area(even, 0.5) == pytest.approx(0.5, abs=0.011)


def test_impulses_by_hand():
    made = impulse(0.1, [-1, -2], 11)
    assert made[:, 0].tolist() == pytest.approx([0.1, 0.1])
    assert made[0, 10].item() == pytest.approx(0.1 * math.exp(-1))
    assert made[1, 5].item() == pytest.approx(0.1 * math.exp(-1))


@pytest.mark.parametrize("name", BACKBONE.values())
def test_every_encoder_has_a_map_of_eight(name):
    torch.manual_seed(0)
    encoder = build(name).eval()
    field = receptive_field(encoder, torch.rand(2, 3, 64, 64))
    assert field.shape == (64, 64)
    assert field.sum().item() == pytest.approx(1, abs=1e-5)
    sees_all = bool((field > 0).all())
    assert sees_all == (name in {"vmamba", "vit_b16", "convnext_t"})  # kernels of 7 × 7 reach across 64 pixels


def test_no_such_map_is_told():
    with pytest.raises(ParameterError) as found:
        tokens(build("vmamba").net, torch.rand(1, 3, 64, 64), 7)
    assert str(found.value) == "VMamba makes maps of sides [16, 8, 4, 2], none of 7."
