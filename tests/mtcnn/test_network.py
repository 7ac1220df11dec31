"""Counts are those of Table 2 of the paper; they are taken from built models."""

import math

import pytest
import torch

from aeslib.backbones import build, count_parameters
from aeslib.errors import ParameterError
from aeslib.mtcnn.network import FINE_TUNED, HEAD, MultiTaskNet, SeparateOutputs, joined, layer_table, multiply_adds


def paper(outputs: int = 12, **more) -> MultiTaskNet:
    return MultiTaskNet(build("vgg16", "paper"), outputs, **more)


def small(outputs: int = 12, **more) -> MultiTaskNet:
    torch.manual_seed(0)
    return MultiTaskNet(build("vgg16"), outputs, **more).eval()


def trainable(model: torch.nn.Module, prefixes: tuple[str, ...]) -> int:
    return sum(p.numel() for name, p in model.named_parameters() if name.startswith(prefixes))


@pytest.mark.parametrize(("outputs", "last"), [(12, 780), (5, 325), (1, 65)])
def test_parameters_of_table_2(outputs, last):
    assert count_parameters(lambda: paper(outputs).encoder) == 14_714_688
    assert count_parameters(lambda: paper(outputs).hidden) == 73_920
    assert count_parameters(lambda: paper(outputs).output) == last
    assert count_parameters(lambda: paper(outputs, separate=True).output) == last


def test_what_each_stage_trains():
    with torch.device("meta"):
        model = paper()
    assert trainable(model, HEAD) == 73_920 + 780
    assert trainable(model, FINE_TUNED) == 4_794_316
    assert trainable(model, FINE_TUNED) - trainable(model, HEAD) == 4_719_616


def test_the_small_size():
    model = small()
    assert sum(p.numel() for p in model.encoder.parameters()) == 230_568
    assert sum(p.numel() for p in model.hidden.parameters()) == 16_576
    assert trainable(model, FINE_TUNED) - trainable(model, HEAD) == 73_856


def test_the_table_of_layers():
    with torch.device("meta"):
        model = paper()
        table = layer_table(model, 224).set_index("layer")
    assert list(table.index[:3]) == ["block1_conv1", "block1_conv2", "block1_pool"]
    assert list(table.index[-4:]) == ["global average pooling", "dense 128", "dense 64", "outputs"]
    assert len(table) == 13 + 5 + 4
    assert table["parameters"].sum() == 14_714_688 + 73_920 + 780
    assert table.loc["block4_conv2", "shape"] == (512, 28, 28)
    assert table.loc["block4_conv2", "parameters"] == 512 * 512 * 9 + 512
    assert table.groupby("trained")["parameters"].sum().to_dict() == {
        "never": 14_714_688 - 4_719_616,
        "second stage": 4_719_616,
        "first stage": 74_700,
    }
    dense = 512 * 128 + 128 * 64 + 64 * 12
    assert table["multiply_adds"].sum() == multiply_adds(model, 224) == 15_346_630_656 + dense


def test_weights_start_within_glorots_limits_and_biases_at_zero():
    model = small()
    # sqrt(6 / (in + out)); the paper size has 512 inputs instead of 64
    limits = {model.hidden[0]: (6 / 192) ** 0.5, model.hidden[2]: 0.176777, model.output: 0.280976}
    for layer, limit in limits.items():
        assert 0.95 * limit < layer.weight.abs().max() <= limit + 1e-6
        assert not layer.bias.any()
    assert math.isclose((6 / (512 + 128)) ** 0.5, 0.096825, abs_tol=1e-6)


def test_outputs_are_one_row_a_picture_between_0_and_1():
    out = small(5)(torch.rand(3, 3, 64, 64))
    assert out.shape == (3, 5)
    assert ((out > 0) & (out < 1)).all()


def test_separate_outputs_and_one_layer_are_the_same_functions():
    apart = small(12, separate=True)
    together = small(12)
    together.load_state_dict({k: v for k, v in apart.state_dict().items() if not k.startswith("output")}, strict=False)
    assert isinstance(apart.output, SeparateOutputs)
    together.output = joined(apart.output)
    images = torch.rand(4, 3, 64, 64)
    torch.testing.assert_close(apart(images), together(images), rtol=0, atol=1e-6)
    # only their first weights differ: sqrt(6 / 65) for one unit against sqrt(6 / 76) for twelve
    assert max(unit.weight.abs().max() for unit in apart.output.units) > (6 / 76) ** 0.5


def test_the_network_in_two_halves_is_the_network():
    model, images = small(), torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(model.head(model.upper(model.lower(images))), model(images))
    assert model.lower(images).shape == (2, 64, 8, 8)


def test_no_outputs_are_refused():
    with pytest.raises(ParameterError) as error:
        small(0)
    assert str(error.value) == "outputs is 0; expected 1 (overall score alone) or more."
