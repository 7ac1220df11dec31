"""How the benchmarks take time and memory: ours and its peer in turn, in one process, as ratios with intervals."""

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch

Call = Callable[[], object]
Unit = Literal["x", "overhead", "s", "MB", "share", "exponent"]
"""Times faster than the peer; share added to the peer's time; seconds; megabytes; share of the peer's; of growth."""
MORE = ("x",)
"""Units in which more is better."""
LEAST = 2e-3
"""Seconds that one sample of a short call lasts at least, by repeating it."""


@dataclass(frozen=True)
class Machine:
    """What this processor can do at most, on one thread, measured here."""

    @cached_property
    def flops(self) -> float:
        """Float32 operations a second in a product of 1,024 × 1,024 matrices."""
        a, b = torch.randn(2, 1024, 1024)
        return 2 * 1024**3 / best(lambda: a @ b)

    @cached_property
    def bandwidth(self) -> float:
        """Bytes a second that are read and written in copying 256 MB."""
        a = torch.zeros(2**26)
        b = torch.zeros_like(a)
        return 2 * 4 * 2**26 / best(lambda: b.copy_(a))

    @cached_property
    def exponentials(self) -> float:
        """Float32 exponentials a second of numbers that stay in cache."""
        a = -torch.rand(2**14)
        b = torch.empty_like(a)
        return 2**14 / best(lambda: torch.exp(a, out=b))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One row: a hot path beside its peer, or a quantity that is measured by itself."""

    path: str
    against: str
    unit: Unit
    target: float
    """At least this in units of `MORE`, at most in the others."""
    ours: Call | None = None
    peer: Call | None = None
    value: Callable[[], float] | None = None
    """Gives the quantity itself where nothing is timed."""
    limit: tuple[str, Callable[[Machine], float]] | None = None
    """What bounds ours (for an overhead: what it adds), and the seconds that it must take at least."""
    once: bool = False
    """The peer is so slow that it runs only once."""


def sample(call: Call, number: int = 1) -> float:
    """CPU seconds of a call, by the mean of so many."""
    start = time.process_time()
    for _ in range(number):
        call()
    return (time.process_time() - start) / number


def best(call: Call, times: int = 9) -> float:
    """Least CPU time of a call, after one that warms up."""
    call()
    number = repeats(call)
    return min(sample(call, number) for _ in range(times))


def repeats(call: Call) -> int:
    """How often a short call must be repeated to be timed well."""
    return max(1, min(1000, round(LEAST / max(sample(call), 1e-6))))


def median(samples: np.ndarray, resamples: int = 2000, level: float = 0.95) -> tuple[float, float | None, float | None]:
    """Median of the samples with its percentile bootstrap interval; no interval from fewer than three."""
    if len(samples) < 3:
        return float(np.median(samples)), None, None
    drawn = np.random.default_rng(0).integers(len(samples), size=(resamples, len(samples)))
    low, high = np.percentile(np.median(samples[drawn], 1), [50 - 50 * level, 50 + 50 * level])
    return float(np.median(samples)), float(low), float(high)


def extra_mb(call: Call) -> float | None:
    """Memory that a call takes at its peak beyond what was held before, in MB; None where the system does not tell."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        before = _status("VmRSS")
        call()
        return max(0.0, (_status("VmHWM") - before) / 1024)
    except (OSError, AttributeError, KeyError):
        return None


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(dict(line.split(":", 1) for line in lines)[name].split()[0])


def measure(name: str, one: Comparison, machine: Machine, turns: int = 9, patience: float = 10.0) -> dict[str, object]:
    """The row of a comparison: value with interval, seconds, peak memory, share of what the machine could do.

    Ours and the peer run in turn, so that a busy neighbour meets both; the ratio is taken in each turn.
    """
    row: dict[str, object] = {
        "name": name, "path": one.path, "against": one.against, "unit": one.unit, "target": one.target, "turns": 1,
        "low": None, "high": None, "ours_s": None, "peer_s": None, "ours_mb": None, "peer_mb": None,
        "limit": one.limit[0] if one.limit else None, "share": None,
    }  # fmt: skip
    if one.value is not None:
        return row | {"value": one.value()}
    assert one.ours is not None
    assert one.peer is not None
    one.ours()
    row["ours_mb"] = extra_mb(one.ours)
    numbers, started = (repeats(one.ours), 1 if one.once else repeats(one.peer)), time.perf_counter()
    taken = []
    while len(taken) < turns and (len(taken) < 3 or time.perf_counter() - started < patience):
        fast = sample(one.ours, numbers[0])
        taken.append((fast, taken[0][1] if one.once and taken else sample(one.peer, numbers[1])))
    row["peer_mb"] = None if one.once else extra_mb(one.peer)
    ours, peer = np.array(taken).T
    value, low, high = median(ours / peer - 1 if one.unit == "overhead" else peer / ours)
    ours_s, peer_s = float(np.median(ours)), float(np.median(peer))
    spent = ours_s - peer_s if one.unit == "overhead" else ours_s
    if one.limit and spent > 0:
        row["share"] = one.limit[1](machine) / spent
    return row | {"value": value, "low": low, "high": high, "ours_s": ours_s, "peer_s": peer_s, "turns": len(taken)}
