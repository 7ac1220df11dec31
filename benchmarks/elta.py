"""ELTA's parts against naive forms of the same, which loop in Python as the formulas read; B = 128 pictures."""

import math
import random

import torch
from timing import Comparison
from torch import Tensor
from torch.nn.functional import cosine_similarity

from aeslib.elta.balance import FDS, kernel, smooth
from aeslib.elta.flsa import alignment
from aeslib.elta.tfa import TFA

B, D, WIDE = 128, 64, 1024


def naive_tfa(scores: list[float], n: int, tau1: float, tau2: float) -> list[tuple[int, int, float]]:
    """Eq 2-4 sample by sample; the largest exponent is taken out so that it cannot overflow."""
    mean = sum(scores) / len(scores)
    pairs = []
    for _ in range(n):
        away = [abs(mean - s) / tau1 for s in scores]
        i = random.choices(range(len(scores)), [math.exp(a - max(away)) for a in away])[0]
        near = [tau2 / (abs(scores[i] - s) + 0.01) if k != i else -math.inf for k, s in enumerate(scores)]
        j = random.choices(range(len(scores)), [math.exp(a - max(near)) for a in near])[0]
        pairs.append((i, j, 1 / (1 + math.exp(away[j] - away[i]))))
    return pairs


def loop_flsa(z: Tensor, s: Tensor) -> Tensor:
    """Eq 5-6 pair by pair."""
    span, total = s.max() - s.min(), z.new_zeros(())
    for i in range(len(z)):
        for j in range(len(z)):
            cosine = z[i] @ z[j] / (z[i].norm() * z[j].norm())
            total = total + (cosine - 1 + (s[i] - s[j]).abs() / span) ** 2
    return total / len(z) ** 2


def broadcast_flsa(z: Tensor, s: Tensor) -> Tensor:
    """Eq 5-6 by a B × B × d broadcast."""
    wanted = 1 - (s[:, None] - s).abs() / (s.max() - s.min())
    return (cosine_similarity(z[:, None], z, dim=-1) - wanted).square().mean()


def loop_fds_update(z: Tensor, k: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Mean and variance bin by bin."""
    mean, var = torch.zeros(bins, z.shape[1]), torch.ones(bins, z.shape[1])
    for b in range(bins):
        rows = torch.stack([z[n] for n in range(len(z)) if int(k[n]) == b] or [torch.zeros(z.shape[1])])
        mean[b], var[b] = rows.mean(0), rows.var(0, correction=0)
    return mean, var


def loop_smooth(rows: Tensor) -> Tensor:
    """Weighted neighbours bin by bin, feature by feature."""
    weights, out = kernel(), torch.empty_like(rows)
    last = len(rows) - 1
    for b in range(len(rows)):
        near = [abs(b + step) if b + step <= last else 2 * last - b - step for step in range(-2, 3)]
        for feature in range(rows.shape[1]):
            out[b, feature] = sum(w * rows[n, feature] for w, n in zip(weights, near, strict=True)) / sum(weights)
    return out


def inputs(quick: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (B,), features (B, 64) and (B, 1024)."""
    g, size = torch.Generator().manual_seed(0), 8 if quick else B
    return tuple(torch.rand(size, generator=g) * 9 + 1 if d == 0 else torch.randn(size, d, generator=g)
                 for d in (0, D, WIDE))  # type: ignore[return-value]  # fmt: skip


def tfa(quick: bool) -> Comparison:
    """Drawing pairs."""
    s, *_ = inputs(quick)
    mixer, listed, chance = TFA(n=len(s)), s.tolist(), torch.Generator().manual_seed(0)
    return Comparison(
        path=f"TFA, {len(s)} pairs of {len(s)}", against="a Python loop", unit="x", target=90,
        ours=lambda: mixer.draw(s, chance), peer=lambda: naive_tfa(listed, len(s), 0.2, 4.0),
    )  # fmt: skip


def flsa(quick: bool) -> Comparison:
    """Against the loop."""
    s, z, _ = inputs(quick)
    return Comparison(
        path=f"FLSA, B {len(s)} d {D}", against="a Python loop", unit="x", target=90, ours=lambda: alignment(z, s),
        peer=lambda: loop_flsa(z, s), once=True,
    )  # fmt: skip


def flsa_broadcast(quick: bool) -> Comparison:
    """Against the broadcast."""
    s, _, wide = inputs(quick)
    return Comparison(
        path=f"FLSA, B {len(s)} d {WIDE}", against="a broadcast cosine", unit="x", target=150,
        ours=lambda: alignment(wide, s), peer=lambda: broadcast_flsa(wide, s),
        limit=("matrix product", lambda machine: 2 * len(s) ** 2 * WIDE / machine.flops),
    )  # fmt: skip


def fds_update(quick: bool) -> Comparison:
    """Statistics of bins."""
    s, z, _ = inputs(quick)
    k, fds = ((s - 1) / 0.1).long(), FDS(D, 1, 0.1, 90)
    return Comparison(
        path=f"FDS update, {len(s)} rows, 90 bins", against="a Python loop", unit="x", target=25,
        ours=lambda: fds.update([(z, s)]), peer=lambda: loop_fds_update(z, k, 90),
    )  # fmt: skip


def fds_smooth(quick: bool) -> Comparison:
    """Their smoothing."""
    table = torch.randn(8 if quick else 90, D, generator=torch.Generator().manual_seed(0))
    return Comparison(
        path=f"FDS smooth, {len(table)} bins", against="a Python loop", unit="x", target=25,
        ours=lambda: smooth(table, torch.ones(len(table))), peer=lambda: loop_smooth(table),
    )  # fmt: skip


COMPARISONS = {
    "elta-tfa": tfa,
    "elta-flsa": flsa,
    "elta-flsa-broadcast": flsa_broadcast,
    "elta-fds-update": fds_update,
    "elta-fds-smooth": fds_smooth,
}
