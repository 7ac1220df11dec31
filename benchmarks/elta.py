"""ELTA's parts against naive forms of the same: `python benchmarks/elta.py` prints ratios (larger is better for us).

B = 128 pictures, one thread, median of several calls. The naive forms loop in Python as the formulas read.
"""

import math
import random

import torch
from timing import seconds
from torch import Tensor
from torch.nn.functional import cosine_similarity

from aeslib.elta.balance import FDS, kernel, smooth
from aeslib.elta.flsa import alignment
from aeslib.elta.ranksim import rank_similarity
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


def loop_ranks(z: Tensor, s: Tensor) -> Tensor:
    """RankSim with ranks counted value by value (forward only)."""
    cosine = (z @ z.T / (z.norm(dim=1)[:, None] * z.norm(dim=1))).tolist()
    scores, total = s.tolist(), 0.0
    for i in range(len(scores)):
        by_score = [-abs(scores[i] - t) for t in scores]
        order = [sorted(range(len(scores)), key=row.__getitem__, reverse=True) for row in (by_score, cosine[i])]
        places = [{k: place for place, k in enumerate(o)} for o in order]
        total += sum((places[0][k] - places[1][k]) ** 2 for k in range(len(scores))) / len(scores) ** 3
    return torch.tensor(total)


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


def main() -> None:
    """Print one line per comparison."""
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(0)
    s, z = 1 + 9 * torch.rand(B, generator=g), torch.randn(B, D, generator=g)
    wide, listed = torch.randn(B, WIDE, generator=g), s.tolist()
    k, fds = ((s - 1) / 0.1).long(), FDS(D, 1, 0.1, 90)
    table = torch.randn(90, D, generator=g)
    tfa = TFA(n=B)
    for name, ours, naive in (
        ("TFA, 128 pairs / loop", lambda: tfa.draw(s), lambda: naive_tfa(listed, B, 0.2, 4.0)),
        ("FLSA d 64 / loop", lambda: alignment(z, s), lambda: loop_flsa(z, s)),
        ("FLSA d 1024 / broadcast", lambda: alignment(wide, s), lambda: broadcast_flsa(wide, s)),
        ("RankSim / loop", lambda: rank_similarity(z, s), lambda: loop_ranks(z, s)),
        ("FDS update / loop", lambda: fds.update([(z, s)]), lambda: loop_fds_update(z, k, 90)),
        ("FDS smooth / loop", lambda: smooth(table, torch.ones(90)), lambda: loop_smooth(table)),
    ):
        slow, fast = seconds(naive), seconds(ours)
        print(f"{name:26s} {slow * 1e3:9.2f} ms  {fast * 1e3:7.3f} ms  {slow / fast:7.0f} x")


if __name__ == "__main__":
    main()
