"""The selective scan against numbers by hand, a float64 loop, and finite differences."""

import sys

import pytest
import torch
from torch import Tensor

from aeslib.aesmamba import scan
from aeslib.aesmamba.scan import cross_merge, cross_scan, fused_scan, reference_scan, selective_scan
from aeslib.errors import ParameterError


def one(*rows: object) -> list[Tensor]:
    """u, delta, B, C of one channel with N states as (L, 1, 1, …) float64."""
    made = [torch.tensor(row, dtype=torch.float64) for row in rows]
    return [t.view(len(t), 1, 1, -1) for t in made]


def drawn(steps=37, batch=2, scans=4, channels=5, states=3, dtype=torch.float64, seed=0) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    shapes = [(steps, batch, scans, channels)] * 2 + [(scans, states, channels)]
    shapes += [(steps, batch, scans, states)] * 2 + [(scans, channels)]
    u, delta, A, B, C, skip = (torch.randn(s, generator=g, dtype=torch.float64) for s in shapes)
    return [t.to(dtype) for t in (u, (delta - 1).exp(), -A.exp(), B, C, skip)]


@pytest.mark.parametrize("states", [1, 2])
def test_values_by_hand(states):
    # one state: h = 0.5, 0.5 e^-1 + 1 = 1.183940, 1.183940 e^-0.25 - 0.5 = 0.422054; y = h + u, h + u, h / 2 + u
    u, delta = one((1, 2, -1), (0.5, 1, 0.25))
    if states == 1:
        (B, C), A, y = one((1, 0.5, 2), (1, 1, 0.5)), [-1.0], [1.5, 3.183940, -0.788973]
    else:
        (B, C), A, y = one(((1, 0.5), (0.5, 1), (2, -1)), ((1, 1), (1, 0), (0.5, 0.5))), [-1.0, -2.0], None
    A = torch.tensor(A, dtype=torch.float64).view(1, -1, 1)
    found = selective_scan(u, delta, A, B, C, torch.ones(1, 1, dtype=torch.float64)).flatten()
    expected = torch.tensor(y or [1.75, 3.183940, -0.047182], dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("way", [selective_scan, scan.torch_scan])
@pytest.mark.parametrize("steps", [1, 15, 16, 17, 64])
def test_float32_agrees_with_a_float64_loop_forward_and_backward(steps, way):
    exact = [t.requires_grad_() for t in drawn(steps)]
    args = [t.detach().float().requires_grad_() for t in exact]
    y, (wanted, _) = way(*args), reference_scan(*exact)
    torch.testing.assert_close(y.double(), wanted, atol=1e-5, rtol=1e-5)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    ours = torch.autograd.grad((y * weight).sum(), args)
    theirs = torch.autograd.grad((wanted * weight).sum(), exact)
    for mine, other in zip(ours, theirs, strict=True):
        scale = max(float(other.abs().max()), 1.0)
        torch.testing.assert_close(mine.double() / scale, other / scale, atol=1e-5, rtol=0)


def test_gradients_are_those_of_finite_differences(monkeypatch):
    monkeypatch.setattr(scan, "chunk", lambda u, states: 3)
    args = [t.requires_grad_() for t in drawn(7, 1, 2, 2, 2)]
    assert torch.autograd.gradcheck(selective_scan, args)


@pytest.mark.parametrize("steps", [1, 5, 37])
def test_the_chunk_changes_nothing(monkeypatch, steps):
    args = drawn()
    expected = selective_scan(*args)
    monkeypatch.setattr(scan, "chunk", lambda u, states: steps)
    torch.testing.assert_close(selective_scan(*args), expected)


def test_the_future_does_not_reach_the_past():
    args = drawn()
    before = selective_scan(*args)
    args[0][20:] += 1
    after = selective_scan(*args)
    assert torch.equal(before[:20], after[:20])
    assert not torch.allclose(before[20:], after[20:])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    args = [t.to(dtype) for t in drawn(200)]
    y = selective_scan(*args)
    wanted = reference_scan(*(t.double() for t in args))[0]
    assert y.dtype == dtype
    torch.testing.assert_close(y.double(), wanted, atol=torch.finfo(dtype).eps, rtol=torch.finfo(dtype).eps)


def test_autocast_leaves_the_scan_in_float32():
    args = drawn(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y = selective_scan(*args)
    assert torch.equal(y, selective_scan(*args))


def kernel(u, delta, A, B, C, D):
    """The official kernel's signature and layout, as a loop."""
    batch, wide, steps = u.shape
    scans, states = B.shape[1:3]
    h, ys = u.new_zeros(batch, wide, states), []
    for t in range(steps):
        b, c = (x[..., t].repeat_interleave(wide // scans, 1) for x in (B, C))
        h = (delta[..., t, None] * A).exp() * h + (delta[..., t] * u[..., t])[..., None] * b
        ys.append((h * c).sum(-1) + D * u[..., t])
    return torch.stack(ys, -1)


def test_the_fused_kernel_gets_its_own_layout():
    args = drawn()
    torch.testing.assert_close(fused_scan(kernel, *args), selective_scan(*args))


def test_no_fused_kernel_is_no_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "mamba_ssm", None)
    assert scan.fused_kernel.__wrapped__() is None


@pytest.mark.parametrize(
    ("place", "shape", "message"),
    [
        (1, (37, 2, 4, 6), "delta is (37, 2, 4, 6); expected (37, 2, 4, 5) beside u (37, 2, 4, 5), (L, B, K, D), and "
                           "N = 3 states."),
        (3, (37, 2, 4, 5), "B is (37, 2, 4, 5); expected (37, 2, 4, 3) beside u (37, 2, 4, 5), (L, B, K, D), and "
                           "N = 3 states."),
        (0, (37, 2, 4), "u is (37, 2, 4), A (4, 3, 5); expected (L, B, K, D) and (K, N, D)."),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_told(place, shape, message):
    args = drawn()
    args[place] = torch.zeros(shape)
    with pytest.raises(ParameterError) as found:
        selective_scan(*args)
    assert str(found.value) == message


def test_four_paths_of_a_small_map():
    x = torch.arange(1.0, 7).view(1, 2, 3, 1)
    read = ["".join(str(int(v)) for v in path) for path in cross_scan(x)[:, 0, :, 0].T]
    assert read == ["123456", "142536", "654321", "635241"]


def test_merging_undoes_scanning_four_times():
    x = torch.randn(2, 3, 5, 4)
    torch.testing.assert_close(cross_merge(cross_scan(x), 3, 5), 4 * x)


def test_merge_by_hand():
    y = torch.arange(6.0)[:, None, None, None] * torch.tensor([1.0, 10, 100, 1000]).view(1, 1, 4, 1)
    assert cross_merge(y, 2, 3)[0, :, :, 0].tolist() == [[5500, 3421, 1342], [4213, 2134, 55]]


def test_only_one_state_a_chunk_is_kept():
    args = [t.requires_grad_() for t in drawn(steps=256, batch=8, scans=1, channels=96, states=16, dtype=torch.float32)]
    y = scan.torch_scan(*args)
    kept = y.grad_fn.saved_tensors[-1]
    assert scan.chunk(args[0], 16) == 21
    assert kept.shape == (13, 8, 1, 16, 96)  # 256 / 21, rounded up
    assert kept.numel() * 4 < 5 * 2**20
