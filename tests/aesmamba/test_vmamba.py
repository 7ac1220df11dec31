"""VMamba's counts, its symmetries, and what it shares with other encoders."""

import pytest
import torch

from aeslib.aesmamba.vmamba import SS2D, PatchMerging, VMamba, base, inverse_softplus, small, tiny
from aeslib.backbones import BACKBONES, ScoreModel, build, count_parameters
from aeslib.errors import ParameterError, StateError


def test_parameters_of_both_sizes():
    assert count_parameters(tiny) == BACKBONES["vmamba"].parameters == 22_124_448
    assert count_parameters(lambda: VMamba(num_classes=1000)) == 22_893_448
    assert count_parameters(small) == 267_920
    assert count_parameters(lambda: VMamba((16, 32, 64, 128), (1, 1, 2, 1), 16)) == 355_472


def test_parameters_of_the_second_version():
    """Its authors' code has 88,557,800 with 1,000 classes ("89M"), counted there."""
    assert count_parameters(base) == BACKBONES["vmamba_b"].parameters == 87_532_800
    classes = lambda: VMamba((128, 256, 512, 1024), (2, 2, 15, 2), 1, num_classes=1000, version=2)  # noqa: E731
    assert count_parameters(classes) == 88_557_800


def test_the_second_version_is_an_encoder_like_the_others():
    model = build("vmamba_b")
    assert model(torch.rand(1, 3, 48, 96)).shape == (1, 128)
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []
    assert [tuple(m.shape[1:]) for m in model.net.maps(torch.rand(1, 3, 64, 64))] == [
        (16, 16, 16), (8, 8, 32), (4, 4, 64), (2, 2, 128)
    ]  # fmt: skip


def test_parameters_of_the_parts():
    with torch.device("meta"):
        model = tiny()
    size = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_modules()}
    assert size["embed"] == 4_896
    assert [size[f"stages.{k}.blocks.0"] for k in range(4)] == [105_408, 339_840, 1_195_776, 4_455_936]
    assert [size[f"stages.{k}.merge"] for k in (1, 2, 3)] == [74_496, 296_448, 1_182_720]


def test_starting_values_of_the_scan():
    torch.manual_seed(0)
    scan = SS2D(16, 4)
    step = torch.nn.functional.softplus(scan.dt_bias)
    assert 1e-3 <= step.min() < 2e-3
    assert 0.06 < step.max() <= 0.1
    assert scan.A_log.exp()[2, 7].tolist() == pytest.approx([1, 2, 3, 4])
    assert torch.equal(scan.skip, torch.ones(4, 32))
    small_ = inverse_softplus(torch.tensor([1e-3, 1e-2, 0.1]))
    torch.testing.assert_close(small_, torch.tensor([-6.907255, -4.600166, -2.252168]))


def test_with_equal_paths_the_scan_turns_with_the_map():
    torch.manual_seed(0)
    scan = SS2D(8, 4)
    with torch.no_grad():
        for weight in (scan.x_proj, scan.dt_weight, scan.dt_bias):
            weight.copy_(weight[:1].expand_as(weight).clone())
    x = torch.randn(2, 5, 5, 16)
    y = scan.core(x)
    torch.testing.assert_close(scan.core(x.transpose(1, 2)), y.transpose(1, 2), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(scan.core(x.flip(1, 2)), y.flip(1, 2), atol=1e-6, rtol=1e-5)
    assert not torch.allclose(scan.core(x.flip(2)), y.flip(2), atol=1e-3)


def test_merging_joins_neighbours_row_before_column():
    merge = PatchMerging(1)
    merge.norm, merge.reduction = torch.nn.Identity(), torch.nn.Identity()
    x = torch.arange(4.0).view(1, 2, 2, 1)
    assert merge(x).flatten().tolist() == [0, 2, 1, 3]  # (even, even), (odd, even), (even, odd), (odd, odd)
    assert merge(torch.zeros(1, 5, 3, 1)).shape == (1, 2, 1, 4)


def test_it_is_an_encoder_like_the_others():
    model = ScoreModel(build("vmamba"), [1, 2, 3])
    image = torch.rand(2, 3, 64, 64)
    assert model(image).shape == (2, 3)
    assert model.encode(image).shape == (2, 128)
    assert build("vmamba")(torch.rand(1, 3, 48, 96)).shape == (1, 128)


def test_every_parameter_gets_a_gradient():
    model = build("vmamba")
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_branches_are_dropped_in_training_only():
    torch.manual_seed(0)
    model = VMamba((16, 32), (1, 1), 2, drop_path_rate=0.9)
    x = torch.rand(8, 3, 32, 32)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_what_weight_decay_leaves_alone():
    names = small().no_weight_decay()
    assert len(names) == 2 * 5
    assert "stages.2.blocks.1.scan.A_log" in names


def test_half_precision_runs():
    model, image = small(), torch.rand(2, 3, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(image)
    torch.testing.assert_close(half.float(), model(image), atol=0.05, rtol=0.05)


def test_wrong_widths_are_told():
    with pytest.raises(ParameterError) as found:
        VMamba((16, 48), (1, 1), 4)
    assert str(found.value) == "dims (16, 48) for depths (1, 1); expected as many, each twice the last."


def test_an_unknown_version_and_a_patch_that_the_second_cannot_have_are_told():
    with pytest.raises(ParameterError) as found:
        VMamba(version=3)
    assert str(found.value) == "no version of VMamba named 3. Known: 1, 2."
    with pytest.raises(ParameterError) as found:
        VMamba(patch=8, version=2)
    assert str(found.value) == "patch is 8; the second version's stem makes patches of 4 pixels."


def test_missing_weights_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(StateError, match=r"download vmamba_tiny_e292\.pth from VMamba's releases and run "):
        build("vmamba", "paper", pretrained=True)
