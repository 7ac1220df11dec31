"""The selective scan against naive forms of the same: `python benchmarks/aesmamba.py` prints ratios.

Forward and backward, float32, one thread, median of several calls. Peers keep all decays and inputs as (B, D, L, N), as
public reference code does: one indexes time (backward pads every slice: quadratic), one unbinds it once, one is a
parallel prefix scan. Then the same at lengths that double: linear growth is a ratio of 2.
"""

import argparse
from collections.abc import Callable

import torch
from timing import seconds
from torch import Tensor

from aeslib.aesmamba.scan import selective_scan

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


def main() -> None:
    """Print one line per comparison, then per length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the slow peer at the long shape")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    for shape in ((256, 8, 96, 16), (1024, 8, 192, 16)):
        args = arguments(*shape)
        ours = seconds(both_ways(selective_scan, args))
        for name, peer in (("time unbound", unbound), ("prefix scan", prefix), ("time indexed", indexed)):
            if quick and name == "time indexed" and shape[0] > 256:
                continue
            slow = seconds(both_ways(naive(peer), args), times=1, warm=False)
            print(f"L {shape[0]:4d} B 8 D {shape[2]} N 16 / {name:12s} {slow * 1e3:9.1f} ms {ours * 1e3:7.1f} ms "
                  f"{slow / ours:6.1f} x", flush=True)  # fmt: skip
    before = 0.0
    for length in (256, 512, 1024, 2048, 4096):
        now = seconds(both_ways(selective_scan, arguments(length, 8, 96, 16)), 1.0)
        growth = f"{now / before:5.2f} x the half" if before else ""
        print(f"L {length:4d} B 8 D 96 N 16 {now * 1e3:9.1f} ms {growth}")
        before = now


if __name__ == "__main__":
    main()
