"""The selective scan (S6) and the four paths of a picture through it (aesmamba 3.2.1, Eq 1, Fig 4c).

Letters: L steps · B batch · K independent scans · D channels · N states · H, W rows and columns of a map.
Time comes first everywhere: a step is then one contiguous block, and backward never pads a slice to the whole length.

    h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t        y_t = Σ_n C_t h_t + S u_t

B is discretised to first order, as Eq 1 says. Everything is computed in float32 at least. There are three ways: the
official fused kernel on a GPU, C on a CPU (`aeslib.aesmamba.compiled`), and torch everywhere. They agree to rounding,
not to the last digit, and training amplifies that: `backend` puts the way into the key of what is kept.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from aeslib.aesmamba import compiled
from aeslib.errors import ParameterError
from aeslib.numerics import BACKENDS
from aeslib.seeding import torch_generator

BUFFER = {"cpu": 2**18, "cuda": 2**24}
"""Numbers of one chunk's states: few enough to stay in a CPU's cache, many enough to keep a GPU busy."""
Kernel = Callable[..., Tensor]


def selective_scan(
    u: Float[Tensor, "L B K D"],
    delta: Float[Tensor, "L B K D"],
    A: Float[Tensor, "K N D"],
    B: Float[Tensor, "L B K N"],
    C: Float[Tensor, "L B K N"],
    skip: Float[Tensor, "K D"],
) -> Float[Tensor, "L B K D"]:
    """K scans over L steps, differentiable in all arguments.

    On a GPU with the official fused kernel installed (package mamba-ssm) that one is used; on a CPU with a C compiler
    our own in C; else `torch_scan`. The last two work on chunks of a few steps, of which only the first state is kept;
    the others are computed again in backward.

    Args:
        u: the sequence.
        delta: step sizes, positive.
        A: decay rates, negative.
        B: how a step enters the state.
        C: how the state is read.
        skip: how much of u passes by the state (1 at the start).

    Returns:
        y in the dtype of u; half precision is computed in float32.

    Raises:
        ParameterError: when shapes do not fit.
    """
    check(u, delta, A, B, C, skip)
    kind, args = u.dtype, [t.float() if t.dtype.itemsize < 4 else t for t in (u, delta, A, B, C, skip)]
    kernel = fused_kernel() if u.is_cuda else None
    if kernel is not None:
        return fused_scan(kernel, *args).to(kind)
    library = compiled_library()[0] if compiled.suits(*args) else None
    if library is not None:
        return compiled.CompiledScan.apply(library, *args).to(kind)
    return torch_scan(*args).to(kind)


def torch_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor) -> Float[Tensor, "L B K D"]:
    """`selective_scan` in pure torch. Shapes as there."""
    return _Scan.apply(u, delta, A, B, C, skip, chunk(u, A.shape[1]))


@cache
def compiled_library() -> tuple[ctypes.CDLL | None, str]:
    """The scan in C, None where it cannot be built or fails its check against torch, and one line that says which."""
    library, said = compiled.load()
    if library is not None and not agrees(library):
        return None, "pure torch: the compiled scan does not agree with torch on this machine"
    return library, said


def backend() -> str:
    """Return which of the three ways this process takes, and which build of it."""
    library = compiled_library()[0]
    names = ["scan in torch" if library is None else f"scan in C ({Path(library._name).stem})"]
    if torch.cuda.is_available():
        names += ["in torch on a GPU" if fused_kernel() is None else f"mamba-ssm {metadata.version('mamba-ssm')}"]
    return ", ".join(names)


BACKENDS[Path(__file__).resolve()] = backend


@torch.inference_mode(False)  # the first scan of a process may be a prediction
@torch.enable_grad()
def agrees(library: ctypes.CDLL) -> bool:
    """Whether a compiled scan gives torch's values and gradients to 1e-5, on a small case with odd sizes."""
    (L, B, K, D, N), g = (19, 2, 2, 21, 3), torch_generator(0)
    shapes = ((L, B, K, D), (L, B, K, D), (K, N, D), (L, B, K, N), (L, B, K, N), (K, D), (L, B, K, D))
    u, delta, A, *others, dy = (torch.randn(shape, generator=g) for shape in shapes)
    args = [t.requires_grad_() for t in (u, (delta - 1).exp(), -A.exp(), *others)]
    found, wanted = (
        [y, *torch.autograd.grad(y, args, dy)] for y in (compiled.CompiledScan.apply(library, *args), torch_scan(*args))
    )
    return all(torch.allclose(a, b, atol=1e-5, rtol=1e-5) for a, b in zip(found, wanted, strict=True))


def chunk(u: Float[Tensor, "L B K D"], states: int) -> int:
    """Steps that are worked on at once: what `BUFFER` holds, at least 4 and at most 64."""
    room = BUFFER.get(u.device.type, 2**24) // (u[0].numel() * states)
    return min(len(u), max(4, min(64, room)))


def check(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor) -> None:
    """Raise `ParameterError` unless all shapes follow from u (L, B, K, D) and A (K, N, D)."""
    if u.ndim != 4 or A.ndim != 3:
        raise ParameterError(f"u is {tuple(u.shape)}, A {tuple(A.shape)}; expected (L, B, K, D) and (K, N, D).")
    (steps, batch, scans, channels), states = u.shape, A.shape[1]
    coefficients = (steps, batch, scans, states)
    wanted = {"delta": u.shape, "A": (scans, states, channels), "B": coefficients, "C": coefficients,
              "skip": (scans, channels)}  # fmt: skip
    for name, tensor in (("delta", delta), ("A", A), ("B", B), ("C", C), ("skip", skip)):
        if tuple(tensor.shape) != tuple(wanted[name]):
            raise ParameterError(
                f"{name} is {tuple(tensor.shape)}; expected {tuple(wanted[name])} beside u {tuple(u.shape)}, "
                f"(L, B, K, D), and N = {states} states."
            )


def reference_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor
) -> tuple[Float[Tensor, "L B K D"], Float[Tensor, "L B K N D"]]:
    """The formula step by step, for reading and for checking: y and every state h. Shapes as in `selective_scan`."""
    h = u.new_zeros(*u.shape[1:3], *A.shape[1:])
    outputs, states = [], []
    for u_t, delta_t, B_t, C_t in zip(u, delta, B, C, strict=True):
        h = (delta_t[:, :, None] * A).exp() * h + (delta_t * u_t)[:, :, None] * B_t[..., None]
        states.append(h)
        outputs.append((C_t[..., None] * h).sum(-2) + skip * u_t)
    return torch.stack(outputs), torch.stack(states)


def _states(delta: Tensor, input_: Tensor, A: Tensor, B: Tensor, h: Tensor, decay: Tensor, states: Tensor) -> Tensor:
    """Fill `decay` and `states` (T, B, K, N, D) of one chunk that starts from h; returns its last state."""
    torch.mul(delta[:, :, :, None], A, out=decay).exp_()
    torch.mul(input_[:, :, :, None], B[..., None], out=states)
    for a_t, h_t in zip(decay.unbind(0), states.unbind(0), strict=True):
        h_t.addcmul_(a_t, h)
        h = h_t
    return h


class _Scan(torch.autograd.Function):
    """`selective_scan` in chunks. Buffers of one chunk are reused by all, so that they stay in cache."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor, T: int) -> Tensor:
        shape = (*u.shape[1:3], *A.shape[1:])
        starts = u.new_empty(-(-len(u) // T), *shape)  # the state before each chunk
        decay, states = u.new_empty(2, T, *shape)
        input_ = u.new_empty(T, *u.shape[1:])
        y, h = torch.empty_like(u), u.new_zeros(shape)
        for k, first in enumerate(range(0, len(u), T)):
            at = slice(first, min(first + T, len(u)))
            n = at.stop - first
            starts[k] = h
            torch.mul(delta[at], u[at], out=input_[:n])
            h = _states(delta[at], input_[:n], A, B[at], starts[k], decay[:n], states[:n])
            read = torch.mul(states[:n], C[at][..., None], out=decay[:n])
            torch.sum(read, -2, out=y[at])
            y[at].addcmul_(u[at], skip)
        ctx.save_for_backward(u, delta, A, B, C, skip, starts)
        ctx.T = T
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, A, B, C, skip, starts = ctx.saved_tensors
        du, ddelta, dB, dC = (torch.empty_like(t) for t in (u, delta, B, C))
        dA, dskip = torch.zeros_like(A), torch.zeros_like(skip)
        decay, states, g, w = u.new_empty(4, ctx.T, *starts.shape[1:])
        input_, v = u.new_empty(2, ctx.T, *u.shape[1:])
        carry = torch.zeros_like(starts[0])  # decayed gradient of the state after this chunk
        for k in reversed(range(len(starts))):
            at = slice(k * ctx.T, min((k + 1) * ctx.T, len(u)))
            n = at.stop - at.start
            a, h, g_, w_, x, v_ = decay[:n], states[:n], g[:n], w[:n], input_[:n], v[:n]
            torch.mul(delta[at], u[at], out=x)
            _states(delta[at], x, A, B[at], starts[k], a, h)
            _gradients(dy[at], C[at], a, g_, carry)
            torch.sum(torch.mul(h, dy[at][:, :, :, None], out=w_), -1, out=dC[at])
            torch.sum(torch.mul(g_, x[:, :, :, None], out=w_), -1, out=dB[at])
            torch.sum(torch.mul(g_, B[at][..., None], out=w_), -2, out=v_)  # of Δ u
            torch.mul(v_, delta[at], out=du[at]).addcmul_(dy[at], skip)
            g_.mul_(a)
            g_[1:].mul_(h[:-1])
            g_[0].mul_(starts[k])  # now of Δ A
            torch.sum(torch.mul(g_, A, out=w_), -2, out=ddelta[at]).addcmul_(v_, u[at])
            dA += g_.mul_(delta[at][:, :, :, None]).sum((0, 1))
            dskip += (dy[at] * u[at]).sum((0, 1))
        return du, ddelta, dA, dB, dC, dskip, None


def _gradients(dy: Tensor, C: Tensor, decay: Tensor, g: Tensor, carry: Tensor) -> None:
    """Fill g (T, B, K, N, D) with the gradients of one chunk's states and take `carry` to the chunk before."""
    torch.mul(dy[:, :, :, None], C[..., None], out=g)
    steps, decays = g.unbind(0), decay.unbind(0)
    steps[-1].add_(carry)
    for t in range(len(steps) - 2, -1, -1):
        steps[t].addcmul_(decays[t + 1], steps[t + 1])
    torch.mul(decays[0], steps[0], out=carry)


@cache
def fused_kernel() -> Kernel | None:
    """The official CUDA kernel, None where it is not installed."""
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError:
        return None
    return selective_scan_fn


def fused_scan(
    kernel: Kernel, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, skip: Tensor
) -> Float[Tensor, "L B K D"]:
    """`selective_scan` by a kernel that wants (B, K·D, L), A (K·D, N), B and C (B, K, N, L) and skip (K·D)."""
    (steps, batch, scans, channels), states = u.shape, A.shape[1]
    sequences = (t.permute(1, 2, 3, 0).reshape(batch, scans * channels, steps) for t in (u, delta))
    rates = A.transpose(1, 2).reshape(scans * channels, states)
    coefficients = (t.permute(1, 2, 3, 0).contiguous() for t in (B, C))
    y = kernel(*sequences, rates, *coefficients, skip.reshape(-1))
    return y.view(batch, scans, channels, steps).permute(3, 0, 1, 2)


def cross_scan(x: Float[Tensor, "B H W D"]) -> Float[Tensor, "L B 4 D"]:
    """A map as four sequences: by rows, by columns, and both backwards (Fig 4c)."""
    rows, columns = x.permute(1, 2, 0, 3).flatten(0, 1), x.permute(2, 1, 0, 3).flatten(0, 1)
    return torch.stack([rows, columns, rows.flip(0), columns.flip(0)], 2)


def cross_merge(y: Float[Tensor, "L B 4 D"], height: int, width: int) -> Float[Tensor, "B H W D"]:
    """Four sequences back onto the map, summed: `cross_merge(cross_scan(x), H, W)` is 4 x."""
    forth = y[:, :, :2] + y[:, :, 2:].flip(0)
    rows = forth[:, :, 0].unflatten(0, (height, width))
    columns = forth[:, :, 1].unflatten(0, (width, height))
    return (rows + columns.transpose(0, 1)).permute(2, 0, 1, 3)
