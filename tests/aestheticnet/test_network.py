import pytest
import torch
from torch.nn.functional import conv2d

from aeslib.aestheticnet.attention import CBAM
from aeslib.aestheticnet.depthwise import depthwise
from aeslib.aestheticnet.genotype import OPS, PDARTS
from aeslib.aestheticnet.network import NetConfig, SearchedNet, multiply_adds, pool_rule, reductions, score_model
from aeslib.aestheticnet.operations import FactorizedReduce, operation
from aeslib.backbones import BACKBONES, build, count_parameters
from aeslib.errors import ParameterError

BINS = tuple(range(1, 11))


@pytest.mark.parametrize(
    ("c", "cells", "stem", "expected"),
    [
        (36, 20, "cifar", 3_433_798),
        (36, 20, "imagenet", 3_441_052),
        (16, 20, "cifar", 737_338),
        (8, 8, "cifar", 85_026),
    ],
)
def test_parameters_of_the_published_cells(c, cells, stem, expected):
    assert count_parameters(lambda: score_model(PDARTS, NetConfig(c=c, cells=cells, stem=stem), BINS)) == expected


def test_attention_adds_what_it_should():
    module = CBAM(576)
    mlp = sum(p.numel() for p in module.mlp.parameters())
    assert (mlp, sum(p.numel() for p in module.parameters()) - mlp) == (42_084, 100)
    sizes = [
        count_parameters(lambda cbam=cbam: score_model(PDARTS, NetConfig(cbam=cbam), BINS)) for cbam in (False, True)
    ]
    assert sizes[1] - sizes[0] == 42_184


def test_attention_by_hand():
    module = CBAM(2, reduction=1, kernel=1)
    with torch.no_grad():
        for layer in (module.mlp[0], module.mlp[2]):
            layer.weight.copy_(torch.eye(2))
            layer.bias.zero_()
        module.conv.weight.copy_(torch.tensor([1.0, 0]).view(1, 2, 1, 1))
    module.norm = torch.nn.Identity()
    f = torch.tensor([[[[1.0, 3]], [[2.0, 2]]]])
    torch.testing.assert_close(module.channels(f).flatten(), torch.tensor([0.993307, 0.982014]), atol=1e-6, rtol=0)
    weighted = module.channels(f) * f
    torch.testing.assert_close(module.places(weighted).flatten(), torch.tensor([0.876968, 0.951659]), atol=1e-6, rtol=0)
    expected = torch.tensor([[[[0.871099, 2.835868]], [[1.722390, 1.869084]]]])
    torch.testing.assert_close(module(f), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(9, 9), (8, 7), (5, 12)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPS)
def test_operations_halve_odd_sizes_upwards(name, stride, size):
    made = operation(name, 4, stride)(torch.randn(2, 4, *size))
    assert made.shape == (2, 4, *(-(-side // stride) for side in size))
    if name == "none":
        assert not made.any()


def test_an_unknown_operation_is_refused():
    with pytest.raises(ParameterError, match=r"^no operation named 'sep_conv_3'"):
        operation("sep_conv_3", 4)


def test_separable_and_dilated_weights():
    sizes = {name: sum(p.numel() for p in operation(name, 4, affine=False).parameters()) for name in OPS}
    assert [sizes[name] for name in OPS] == [0, 0, 0, 0, 104, 232, 52, 116]  # 2 (K² C + C²) and K² C + C²


@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("k", [3, 5])
def test_fast_depthwise_convolutions_change_no_number(k, dilation, stride, size):
    x = torch.randn(2, 3, *size, dtype=torch.double, requires_grad=True)
    weight = torch.randn(3, 1, k, k, dtype=torch.double, requires_grad=True)
    ours = depthwise(x, weight, stride, dilation)
    plain = conv2d(x, weight, None, stride, dilation * (k // 2), dilation, groups=3)
    torch.testing.assert_close(ours, plain)
    slope = torch.randn_like(plain)
    for a, b in zip(*(torch.autograd.grad(y, (x, weight), slope) for y in (ours, plain)), strict=True):
        torch.testing.assert_close(a, b)


def test_reductions_stand_at_the_thirds():
    assert [reductions(n) for n in (3, 5, 7, 11, 17, 20)] == [(1, 2), (1, 3), (2, 4), (3, 7), (5, 11), (6, 13)]


@pytest.mark.parametrize("stem", ["cifar", "quarter", "imagenet"])
@pytest.mark.parametrize("size", [(32, 32), (37, 50)])
def test_any_size_gives_the_same_number_of_features(stem, size):
    net = SearchedNet(PDARTS, 4, 3, stem, cbam=True)
    assert net(torch.rand(2, 3, *size)).shape == (2, net.num_features) == (2, 64)


def test_an_unknown_stem_is_refused():
    with pytest.raises(ParameterError) as error:
        SearchedNet(PDARTS, 4, 3, "half")
    assert str(error.value) == "stem is 'half'; expected 'cifar', 'quarter' or 'imagenet'."


def test_an_odd_number_of_channels_is_halved_without_loss():
    assert FactorizedReduce(3, 5)(torch.rand(1, 3, 4, 4)).shape == (1, 5, 2, 2)


def test_it_is_on_the_list_of_backbones():
    assert BACKBONES["darts"].parameters == count_parameters(lambda: BACKBONES["darts"].paper(False)) == 3_435_282
    assert build("darts")(torch.rand(1, 3, 64, 64)).shape == (1, 128)


def test_the_printed_rule_of_adaptive_pooling():
    assert pool_rule(7, 3) == (3, 2, 0)
    kernel, stride, padding = pool_rule(7, 3)
    row = torch.arange(1.0, 8).view(1, 1, 1, 7)
    pooled = torch.nn.functional.avg_pool2d(row, (1, kernel), (1, stride), padding)
    assert pooled.flatten().tolist() == [2, 4, 6]
    assert torch.nn.functional.adaptive_avg_pool2d(row, (1, 3)).flatten().tolist() == [2, 4, 6]
    assert pool_rule(7, 1) == (7, 7, 0)
    with pytest.raises(ParameterError) as error:
        pool_rule(3, 4)
    assert str(error.value) == "a map of 3 cannot be pooled to 4; expected 1 to 3."


def test_fixed_pooling_is_adaptive_pooling_at_the_fixed_size():
    net = SearchedNet(PDARTS, 4, 3, "imagenet").eval()
    image = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        maps = net.maps(image)
        assert maps.shape[2:] == (7, 7)
        torch.testing.assert_close(torch.nn.functional.avg_pool2d(maps, 7).flatten(1), net(image))


def test_multiply_adds_by_hand():
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1, stride=2), torch.nn.Flatten(), torch.nn.Linear(64, 2)
    )
    assert multiply_adds(model, 8) == 4 * 4 * 4 * 27 + 2 * 64
    assert model.training
