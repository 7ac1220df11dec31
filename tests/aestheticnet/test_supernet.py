import math

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d

from aeslib.aestheticnet import supernet
from aeslib.aestheticnet.genotype import EDGES, OPS
from aeslib.aestheticnet.operations import shifted
from aeslib.aestheticnet.supernet import ALL, Fan, Halved, SearchCell, Supernet, keep_best, normed

FEW = tuple((OPS[row % 8], OPS[(3 * row + 1) % 8] if (3 * row + 1) % 8 != row % 8 else OPS[(row + 5) % 8])
            for row in range(len(EDGES)))  # fmt: skip


def test_parameters_of_the_first_stage():
    net = Supernet((ALL, ALL), 16, 5)
    assert sum(p.numel() for p in net.parameters()) == 1_276_058
    assert sum(p.numel() for p in net.alphas) == 2 * 14 * 8
    assert len(net.weights()) + 2 == len(list(net.parameters()))


def one_by_one(fan: Fan, op: str, edge: int, x: torch.Tensor) -> torch.Tensor:
    """One operation of one edge, as the formulas read."""
    if op == "none":
        return torch.zeros_like(x[:, :, :: fan.stride, :: fan.stride])
    if "pool" in op:
        pooled = max_pool2d(x, 3, fan.stride, 1) if op[0] == "m" else avg_pool2d(x, 3, fan.stride, 1, False, False)
        return normed(pooled)
    if op == "skip_connect" and fan.stride == 1:
        return x
    group, c = fan.convolutions[op], fan.c
    place = fan.users[op].index(edge)
    if isinstance(group, Halved):
        parts = zip(shifted(x.relu()), (group.even, group.odd), strict=True)
        return normed(torch.cat([conv2d(part, w.unflatten(0, (group.edges, -1))[place]) for part, w in parts], 1))
    k, dilation = int(op[-1]), 2 if op[0] == "d" else 1
    for turn, (deep, point) in enumerate(zip(group.depthwise, group.pointwise, strict=True)):
        mine = slice(place * c, (place + 1) * c)
        stride = fan.stride if turn == 0 else 1
        x = conv2d(x.relu(), deep[mine], None, stride, dilation * (k // 2), dilation, groups=c)
        x = normed(conv2d(x, point[mine]))
    return x


@pytest.mark.parametrize("dense", [64, 0])
@pytest.mark.parametrize("size", [8, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kept", [ALL[:4], FEW[:4], FEW[3:4]])
def test_all_edges_together_give_what_each_gives_alone(kept, stride, size, dense, monkeypatch):
    monkeypatch.setattr(supernet, "DENSE", dense)
    torch.manual_seed(0)
    fan = Fan(kept, 4, stride).double()
    x = torch.randn(3, 4, size, size, dtype=torch.double)
    has = torch.tensor([[op in ops for op in OPS] for ops in kept])
    weights = torch.rand(len(kept), 8, dtype=torch.double) * has
    for edge, terms in enumerate(fan(x, weights)):
        alone = sum(weights[edge, OPS.index(op)] * one_by_one(fan, op, edge, x) for op in kept[edge])
        torch.testing.assert_close(sum(terms), alone)


def test_a_node_sums_the_edges_that_lead_to_it():
    torch.manual_seed(0)
    cell = SearchCell(ALL, 4, 4, 4, False, False, 0.0).double()
    x = torch.randn(2, 4, 6, 6, dtype=torch.double)
    weights = torch.rand(14, 8, dtype=torch.double)
    found = cell(x, x.flip(0), weights).chunk(4, 1)
    states = [cell.before(x), cell.last(x.flip(0))]
    for node in range(2, 6):
        total = 0
        for row, (source, to) in enumerate(EDGES):
            if to == node:
                edge = cell.rows[source].index(row)
                total = total + sum(cell.fans[source](states[source], weights[cell.rows[source]])[edge])
        states.append(total)
        torch.testing.assert_close(found[node - 2], total)


def test_slopes_of_alpha_are_those_of_the_mixture():
    torch.manual_seed(0)
    net = Supernet((ALL, FEW), 4, 3, stem="quarter").double()
    x = torch.randn(2, 3, 16, 16, dtype=torch.double)
    (slope,) = torch.autograd.grad(net(x).square().sum(), [net.alphas[0]])
    step = torch.zeros_like(slope)
    step[3, 4] = 1e-5
    with torch.no_grad():
        net.alphas[0] += step
        up = net(x).square().sum()
        net.alphas[0] -= 2 * step
        down = net(x).square().sum()
    assert slope[3, 4].item() == pytest.approx(((up - down) / 2e-5).item(), rel=1e-4)


def test_mixtures_are_softmax_over_what_is_left():
    net = Supernet((ALL, FEW), 4, 3)
    with torch.no_grad():
        net.alphas[0][0] = 0
        net.alphas[1][0] = torch.tensor([0, math.log(3)])
    assert net.mixture(0)[0].tolist() == pytest.approx([0.125] * 8)
    assert net.mixture(1)[0].tolist() == pytest.approx([0.25, 0.75, 0, 0, 0, 0, 0, 0])


def test_the_best_operations_stay_and_none_may_be_among_them():
    mixture = torch.tensor([[0.3, 0.2, 0.01, 0.04, 0.1, 0.15, 0.12, 0.08]] * 14)
    five = keep_best(mixture, ALL, 5)
    assert five[0] == ("none", "max_pool_3x3", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3")
    assert keep_best(mixture, five, 2)[13] == ("none", "max_pool_3x3")


def test_skip_dropout_acts_in_training_only_and_is_set_for_all_cells():
    net = Supernet((ALL, ALL), 4, 3)
    net.set_dropout(0.7)
    fans = [m for m in net.modules() if isinstance(m, Fan)]
    assert {f.p for f in fans} == {0.7}
    x, weights = torch.ones(1, 4, 8, 8), torch.zeros(4, 8)
    weights[:, OPS.index("skip_connect")] = 1
    quiet, torn = fans[0].eval()(x, weights), fans[0].train()(x, weights)
    assert sum(quiet[0]).unique().tolist() == [1]
    assert sum(torn[0]).unique().tolist() == pytest.approx([0, 1 / 0.3], rel=1e-5)


def test_weights_start_like_those_of_a_convolution():
    torch.manual_seed(0)
    net, single = Supernet((ALL, ALL), 16, 3), nn.Conv2d(16, 16, 1, bias=False)
    group = net.cells[0].fans[0].convolutions["dil_conv_3x3"]
    bound = single.weight.abs().max().item()
    assert 0.24 < bound < 0.25  # (1 / 16) ** 0.5
    assert 0.24 < group.pointwise[0].abs().max().item() < 0.25
    assert 0.32 < group.depthwise[0].abs().max().item() < 1 / 3
