"""Digests by content: equal for equal values in any process, different for all that changes a training."""

import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from aeslib.training.identity import array_identity, identity


@dataclass(frozen=True)
class Loss:
    weight: float
    trunk: nn.Module | None = None

    def __call__(self, x):
        return self.weight * x


def closure(scale, table=None):
    return lambda x: scale * x if table is None else table


def layer(seed, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 2), nn.Dropout(dropout))


ZEROS = np.zeros(3)
VALUES = {
    "one": lambda: 1, "true": lambda: True, "text": lambda: "1", "list": lambda: [1, 2], "order": lambda: [2, 1],
    "tuple": lambda: (1, 2), "dict": lambda: {"a": 1, "b": [ZEROS, ZEROS]}, "set": lambda: {"b", "a"},
    "zeros": lambda: np.zeros(4), "narrow": lambda: np.zeros(4, np.float32), "shape": lambda: np.zeros((2, 2)),
    "objects": lambda: np.array(["a", None], object), "tensor": lambda: torch.zeros(4),
    "half": lambda: torch.zeros(4, dtype=torch.bfloat16), "loss": lambda: Loss(1.0), "heavier": lambda: Loss(2.0),
    "trunk": lambda: Loss(1.0, layer(0)), "other trunk": lambda: Loss(1.0, layer(1)),
    "dropout": lambda: Loss(1.0, layer(0, 0.5)), "method": lambda: Loss(1.0).__call__, "closure": lambda: closure(1),
    "other closure": lambda: closure(2), "closed array": lambda: closure(1, ZEROS), "function": lambda: closure,
    "partial": lambda: partial(closure, 1), "other partial": lambda: partial(closure, 2), "class": lambda: Loss,
    "generator": lambda: np.random.default_rng(0), "other generator": lambda: np.random.default_rng(1),
    "torch generator": lambda: torch.Generator().manual_seed(3), "deque": lambda: deque([1]),
    "other deque": lambda: deque([2]),
}  # fmt: skip


def digests():
    return {name: identity(make()) for name, make in VALUES.items()}


def test_all_differ_and_another_process_agrees():
    mine = digests()
    assert len(set(mine.values())) == len(mine)
    assert digests() == mine
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1], run_name=sys.argv[2])['digests']())"
    run = subprocess.run([sys.executable, "-c", code, __file__, __name__], capture_output=True, text=True, check=True)
    names = {name for name, value in eval(run.stdout).items() if value != mine[name]}
    assert not names


def test_an_equal_copy_counts_as_the_same_object():
    shared = np.arange(3)
    assert identity([shared, shared]) == identity([shared, shared.copy()])


def test_a_cycle_ends():
    first, second = {"next": None}, {"next": None}
    first["next"], second["next"] = first, second
    assert identity(first) == identity(second) != identity({"next": None})


@pytest.mark.parametrize("change", ["name", "row", "slice"])
def test_mapped_arrays(tmp_path, change):
    paths = [tmp_path / "a.npy", tmp_path / ("b.npy" if change == "name" else "c/a.npy")]
    stored = []
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        rows = np.zeros((5, 3), np.uint8)
        rows[4] = change == "row" and path is paths[1]
        np.save(path, rows)
        stored.append(np.load(path, mmap_mode="r"))
    assert array_identity(stored[0]) == array_identity(np.load(paths[0], mmap_mode="r"))
    assert array_identity(stored[0]) != array_identity(stored[1][:4] if change == "slice" else stored[1])


SCRIPT = """
WEIGHT, SETTINGS = {weight}, {{"power": {power}}}
def helper(x):
    return x.{reduce}()
def objective(model, batch):
    return WEIGHT * helper(model(batch)) ** SETTINGS["power"]
class Objective:
    def __call__(self, model, batch):
        return {sign}helper(model(batch))
"""


def described(**changes) -> tuple[str, str]:
    """Identities of a function and of an object that a notebook defines, after some edits of its cells."""
    names: dict = {"__name__": "__main__"}
    exec(SCRIPT.format(**{"weight": 1.0, "power": 1, "reduce": "mean", "sign": ""} | changes), names)
    return identity(names["objective"]), identity(names["Objective"]())


def test_what_a_notebooks_function_reads_counts():
    function, instance = described()
    assert described() == (function, instance)
    assert described(weight=-1.0) == (described(weight=-1.0)[0], instance)
    for change in ({"weight": -1.0}, {"power": 2}, {"reduce": "sum"}):
        assert described(**change)[0] != function, change
    for change in ({"sign": "-"}, {"reduce": "sum"}):
        assert described(**change)[1] != instance, change
