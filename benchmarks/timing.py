"""How the benchmarks take time."""

import statistics
import time
from collections.abc import Callable


def seconds(call: Callable[[], object], least: float = 0.5, times: int = 3, *, warm: bool = True) -> float:
    """Median time of a call over at least so many seconds and calls (twenty at most), after one that warms up."""
    if warm:
        call()
    taken: list[float] = []
    while len(taken) < times or (sum(taken) < least and len(taken) < 20):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
