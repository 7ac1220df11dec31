"""Draws that follow a seed: global generators serve only inside `seeded`, all other draws name their own.

All generators of the library are made here, so that one number, the base seed, moves every draw of a run: generated
images and raters, first weights, order of batches, choice of users, and resamples of intervals. Base seed 0 leaves the
seeds as they are written in the code.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from aeslib.errors import StateError

if TYPE_CHECKING:  # tables of labels are made without torch, which takes a second to import
    import torch

P = ParamSpec("P")
T = TypeVar("T")
_inside: ContextVar[bool] = ContextVar("inside seeded", default=False)
_base = 0


def base_seed() -> int:
    """Return the number that moves every seed of this process; 0 moves none."""
    return _base


def set_base_seed(base: int) -> None:
    """Move every seed of this process from now on: `aeslib.results.start` does so for the profile of a notebook."""
    global _base  # noqa: PLW0603 - of the process: threads of a kernel share it
    _base = base


@contextmanager
def use_base_seed(base: int) -> Iterator[None]:
    """Set the base seed for the block, and put the one before it back afterwards."""
    before = _base
    set_base_seed(base)
    try:
        yield
    finally:
        set_base_seed(before)


def hash_seed(*parts: int) -> int:
    """Return one 63-bit seed from several numbers, well mixed."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def moved(seed: int) -> int:
    """Return a seed below 2**32 for this one under the base seed; the seed itself under base seed 0."""
    return hash_seed(seed, _base) >> 31 if _base else seed


def numpy_generator(seed: int | Sequence[int]) -> np.random.Generator:
    """Return a generator of numpy for a seed, or for several numbers that together are one."""
    if not _base:
        return np.random.default_rng(seed)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_base,)))


def torch_generator(seed: int) -> "torch.Generator":
    """Return a generator of torch, on the CPU, for a seed."""
    import torch

    return torch.Generator().manual_seed(moved(seed))


def remembered(maxsize: int | None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator like `functools.lru_cache`, for values that depend on the base seed as well."""

    def decorate(compute: Callable[P, T]) -> Callable[P, T]:
        @lru_cache(maxsize)
        def value(_: int, *args: Any, **options: Any) -> T:
            return compute(*args, **options)

        @wraps(compute)
        def at_base_seed(*args: P.args, **options: P.kwargs) -> T:
            return value(_base, *args, **options)  # type: ignore[arg-type]

        at_base_seed.cache_clear = value.cache_clear  # type: ignore[attr-defined]
        return at_base_seed

    return decorate


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of torch and numpy for the block, and put their earlier states back afterwards.

    Initial weights, dropout and augmentation draw from torch's and cannot be given another; some of scikit-learn's
    estimators draw from numpy's.
    """
    import torch

    seed = moved(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        before, token = np.random.get_state(), _inside.set(True)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            _inside.reset(token)
            np.random.set_state(before)


def seeded_generator(device: "torch.device | str" = "cpu") -> "torch.Generator | None":
    """Return torch's default generator of a device, for draws within a training step; `fit` seeds it at each epoch.

    Raises:
        StateError: outside `seeded`, where no seed has reached it.
    """
    if not _inside.get():
        raise StateError(
            "a draw from torch's default generator, which no seed has reached; put the call into "
            "`with aeslib.seeding.seeded(SEED):`, or let `aeslib.training.fit` make it."
        )
    import torch

    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    return torch.default_generator if device.type == "cpu" else None  # None: that device's only one


@contextmanager
def no_unseeded_draws(where: str) -> Iterator[None]:
    """Raise `StateError` at the block's end when it moved a global generator of torch or numpy outside `seeded`.

    Args:
        where: subject of the error's sentence, such as "a run of elta.ablation".
    """
    before = _states()
    yield
    moved = [name for name, state in _states().items() if state != before[name]]
    if moved:
        raise StateError(
            f"{where} drew from the global generator of {' and '.join(moved)}, which no seed has reached: the next run "
            "would give other numbers. Pass a generator made from the seed, or draw inside "
            "`with aeslib.seeding.seeded(seed):`."
        )


def _states() -> dict[str, bytes]:
    """Return the states of the global generators on the CPU, by package."""
    import torch

    numpy = np.random.get_state(legacy=False)["state"]
    return {"torch": torch.get_rng_state().numpy().tobytes(), "numpy": numpy["key"].tobytes() + b"%d" % numpy["pos"]}
