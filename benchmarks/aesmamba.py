"""The selective scan against naive forms of the same.

Forward and backward, float32. Peers keep all decays and inputs as (B, D, L, N), as public reference code does: one
indexes time (backward pads every slice: quadratic), one unbinds it once, one is a parallel prefix scan. Then the scan
in C against ours in pure torch, and how time grows with length.
"""

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from timing import Comparison, best, extra_mb
from torch import Tensor

import aeslib.aesmamba.scan as scan_module
from aeslib.aesmamba.scan import selective_scan, torch_scan
from aeslib.aesmamba.vmamba import small

Peer = Callable[[Tensor, Tensor], list[Tensor]]


def indexed(decay: Tensor, x: Tensor) -> list[Tensor]:
    """States, one index a step."""
    h, states = torch.zeros_like(x[:, :, 0]), []
    for t in range(x.shape[2]):
        h = decay[:, :, t] * h + x[:, :, t]
        states.append(h)
    return states


def unbound(decay: Tensor, x: Tensor) -> list[Tensor]:
    """States, time unbound once."""
    h, states = torch.zeros_like(x[:, :, 0]), []
    for a_t, x_t in zip(decay.unbind(2), x.unbind(2), strict=True):
        h = a_t * h + x_t
        states.append(h)
    return states


def prefix(decay: Tensor, x: Tensor) -> list[Tensor]:
    """States by doubling: log2 L passes over everything ([blelloch1990prefix]'s idea, in its simplest form)."""
    step = 1
    while step < x.shape[2]:
        late, early = x[:, :, step:], x[:, :, :-step]
        x = torch.cat([x[:, :, :step], late + decay[:, :, step:] * early], 2)
        decay = torch.cat([decay[:, :, :step], decay[:, :, step:] * decay[:, :, :-step]], 2)
        step *= 2
    return list(x.unbind(2))


def naive(states: Peer) -> Callable[..., Tensor]:
    """A scan of (L, B, 1, D) sequences with everything laid out as (B, D, L, N)."""

    def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor) -> Tensor:
        u, delta = (t[:, :, 0].permute(1, 2, 0) for t in (u, delta))  # (B, D, L)
        decay = torch.exp(torch.einsum("bdl,nd->bdln", delta, A[0]))
        x = torch.einsum("bdl,lbn,bdl->bdln", delta, B[:, :, 0], u)
        y = [torch.einsum("bdn,bn->bd", h, c) for h, c in zip(states(decay, x), C[:, :, 0], strict=True)]
        return torch.stack(y, 2) + u * skip[0, :, None]

    return scan


def arguments(L: int, B: int, D: int, N: int) -> list[Tensor]:
    """Random sequences of this size."""
    g = torch.Generator().manual_seed(0)
    u, delta = torch.randn(2, L, B, 1, D, generator=g)
    A = -torch.arange(1.0, N + 1)[None, :, None].expand(1, N, D).clone()
    B_, C = torch.randn(2, L, B, 1, N, generator=g)
    return [t.requires_grad_() for t in (u, (delta - 3).exp().detach(), A, B_, C, torch.ones(1, D))]


def both_ways(scan: Callable[..., Tensor], args: list[Tensor]) -> Callable[[], object]:
    """One forward and backward pass."""
    return lambda: torch.autograd.grad(scan(*args).sum(), args)


def shape(quick: bool, long: bool) -> tuple[int, int, int, int]:
    """L, B, D, N."""
    return (16, 2, 8, 4) if quick else (1024, 8, 192, 16) if long else (256, 8, 96, 16)


def scan(peer: Peer, against: str, target: float, *, long: bool, once: bool = False) -> Callable[[bool], Comparison]:
    """Ours against a naive form."""

    def made(quick: bool) -> Comparison:
        L, B, D, N = size = shape(quick, long)
        args = arguments(*size)
        exponentials = 2 * L * B * D * N  # forward, and again in backward
        return Comparison(
            path=f"selective scan, forward and backward, L {L} B {B} D {D} N {N}", against=against, unit="x",
            target=target, ours=both_ways(selective_scan, args), peer=both_ways(naive(peer), args), once=once,
            limit=("exponentials", lambda machine: exponentials / machine.exponentials),
        )  # fmt: skip

    return made


def in_c(long: bool) -> Callable[[bool], Comparison]:
    """The scan in C against the one in torch (both are the same where there is no compiler)."""

    def made(quick: bool) -> Comparison:
        L, B, D, N = size = shape(quick, long)
        args = arguments(*size)
        return Comparison(
            path=f"compiled scan, forward and backward, L {L} B {B} D {D} N {N}", against="the same in pure torch",
            unit="x", target=4, ours=both_ways(selective_scan, args), peer=both_ways(torch_scan, args),
            limit=("exponentials", lambda machine: 2 * L * B * D * N / machine.exponentials),
        )  # fmt: skip

    return made


def vmamba_step(quick: bool) -> Comparison:
    """What the scan in C does for a training step."""
    model, image = small(), torch.randn(2 if quick else 32, 3, 64, 64)

    def step() -> None:
        torch.autograd.grad(model(image).square().mean(), list(model.parameters()))

    def in_torch() -> None:
        with patch.object(scan_module, "compiled_library", lambda: (None, "")):
            step()

    return Comparison(
        path=f"VMamba (small) training step, 64 px B {len(image)}", against="the same with the scan in pure torch",
        unit="x", target=1.5, ours=step, peer=in_torch,
    )  # fmt: skip


def extra(quick: bool) -> Comparison:
    """Memory of one pass."""
    size = shape(quick, False)
    call = both_ways(selective_scan, arguments(*size))
    call()
    return Comparison(
        path="selective scan, peak memory beyond its arguments, L 256 B 8 D 96 N 16", against="-", unit="MB", target=5,
        value=lambda: extra_mb(call) or 0.0,
    )  # fmt: skip


def growth(quick: bool) -> Comparison:
    """The exponent e of time ~ L^e over lengths that double."""
    lengths = (16, 32, 64) if quick else (256, 512, 1024, 2048, 4096)

    def exponent() -> float:
        taken = [best(both_ways(selective_scan, arguments(length, 8, 96, 16)), 5) for length in lengths]
        return float(np.polyfit(np.log(lengths), np.log(taken), 1)[0])

    return Comparison(
        path=f"selective scan, growth of time with length, L {lengths[0]} to {lengths[-1]}", against="1 is linear",
        unit="exponent", target=1.1, value=exponent,
    )  # fmt: skip


COMPARISONS = {
    "scan-indexed": scan(indexed, "a loop that indexes time", 40, long=False),
    "scan-unbound": scan(unbound, "a loop over time unbound once", 3.5, long=False),
    "scan-prefix": scan(prefix, "a parallel prefix scan", 5, long=False),
    "scan-indexed-long": scan(indexed, "a loop that indexes time", 400, long=True, once=True),
    "scan-prefix-long": scan(prefix, "a parallel prefix scan", 10, long=True),
    "scan-memory": extra,
    "scan-growth": growth,
    "scan-compiled": in_c(long=False),
    "scan-compiled-long": in_c(long=True),
    "vmamba-step": vmamba_step,
}
