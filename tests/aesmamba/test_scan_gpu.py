"""The selective scan on a GPU, in pure torch and by the official kernel, against the float64 loop."""

import pytest
import torch
from torch import Tensor

from aeslib.aesmamba import scan
from aeslib.aesmamba.scan import reference_scan, selective_scan, torch_scan
from aeslib.aesmamba.vmamba import small

pytestmark = pytest.mark.gpu


def drawn(steps: int, batch=2, scans=4, channels=24, states=16) -> list[Tensor]:
    g = torch.Generator().manual_seed(0)
    shapes = [(steps, batch, scans, channels)] * 2 + [(scans, states, channels)]
    shapes += [(steps, batch, scans, states)] * 2 + [(scans, channels)]
    u, delta, A, B, C, skip = (torch.randn(s, generator=g, dtype=torch.float64) for s in shapes)
    return [t.cuda().requires_grad_() for t in (u, (delta - 1).exp(), -A.exp(), B, C, skip)]


def agree(way, exact: list[Tensor], tolerance: float) -> None:
    """Values and gradients to `tolerance` of the largest."""
    args = [t.detach().float().requires_grad_() for t in exact]
    y, (wanted, _) = way(*args), reference_scan(*exact)
    assert y.is_cuda
    weight = torch.randn(y.shape, device=y.device)
    ours = [y, *torch.autograd.grad((y * weight).sum(), args)]
    theirs = [wanted, *torch.autograd.grad((wanted * weight).sum(), exact)]
    for mine, other in zip(ours, theirs, strict=True):
        scale = max(float(other.detach().abs().max()), 1.0)
        torch.testing.assert_close(mine.double() / scale, other / scale, atol=tolerance, rtol=0)


@pytest.mark.parametrize("steps", [1, 17, 256])
def test_pure_torch_agrees(steps):
    agree(torch_scan, drawn(steps), 1e-5)


@pytest.mark.parametrize("shape", [{"steps": 1}, {"steps": 17}, {"steps": 784}, {"steps": 49, "scans": 1, "batch": 3}])
def test_the_official_kernel_is_taken_and_agrees(shape, monkeypatch):
    kernel = scan.fused_kernel()
    if kernel is None:
        pytest.skip("needs the official kernel, package mamba-ssm")
    calls = []
    monkeypatch.setattr(scan, "fused_kernel", lambda: lambda *args: calls.append(1) or kernel(*args))
    agree(selective_scan, drawn(**shape), 1e-5)
    assert calls


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    args = [t.detach().to(dtype) for t in drawn(200)]
    y = selective_scan(*args)
    wanted = reference_scan(*(t.double() for t in args))[0]
    assert y.dtype == dtype
    torch.testing.assert_close(y.double(), wanted, atol=torch.finfo(dtype).eps, rtol=2 * torch.finfo(dtype).eps)


def test_vmamba_sees_the_same_on_a_gpu_as_on_a_cpu():
    model, image = small().eval(), torch.rand(4, 3, 64, 64)
    with torch.inference_mode():
        wanted = model(image)
        found = model.cuda()(image.cuda()).cpu()
    torch.testing.assert_close(found, wanted, atol=2e-3 * float(wanted.abs().max()), rtol=0)
