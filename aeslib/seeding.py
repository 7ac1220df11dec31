"""Draws that follow a seed: global generators serve only inside `seeded`, all other draws name their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch

from aeslib.errors import StateError

_inside: ContextVar[bool] = ContextVar("inside seeded", default=False)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of torch and numpy for the block, and put their earlier states back afterwards.

    Initial weights, dropout and augmentation draw from torch's and cannot be given another; some of scikit-learn's
    estimators draw from numpy's.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        before, token = np.random.get_state(), _inside.set(True)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            _inside.reset(token)
            np.random.set_state(before)


def seeded_generator(device: torch.device | str = "cpu") -> torch.Generator | None:
    """Return torch's default generator of a device, for draws within a training step; `fit` seeds it at each epoch.

    Raises:
        StateError: outside `seeded`, where no seed has reached it.
    """
    if not _inside.get():
        raise StateError(
            "a draw from torch's default generator, which no seed has reached; put the call into "
            "`with aeslib.seeding.seeded(SEED):`, or let `aeslib.training.fit` make it."
        )
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
    numpy = np.random.get_state(legacy=False)["state"]
    return {"torch": torch.get_rng_state().numpy().tobytes(), "numpy": numpy["key"].tobytes() + b"%d" % numpy["pos"]}
