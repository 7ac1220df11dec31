"""Studies: runs are computed once, keyed by all they depend on, whole or not there."""

import json
import multiprocessing
import os
from dataclasses import dataclass, replace

import numpy as np
import pytest

from aeslib import code
from aeslib.errors import ParameterError, StateError
from aeslib.profiles import PROFILES
from aeslib.studies import core
from aeslib.studies.core import Outcome, Study, find_study, is_whole, read_run, run_key, run_study

SMOKE = PROFILES["smoke"]
calls: list = []


@dataclass(frozen=True)
class Cell:
    method: str
    seed: int


def compute(cell, profile, checkpoint):
    calls.append(cell)
    rng = np.random.default_rng(cell.seed)
    return Outcome({"srcc": rng.random()}, {"pred": rng.random(4)})


def make(**changes):
    grid = [Cell(method, seed) for method in ("a", "b") for seed in (1, 0)]
    return replace(Study("toy.grid", lambda _: grid, compute), **changes)


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


def test_runs_are_computed_once_and_read_back():
    first = run_study(make(), SMOKE, progress=False)
    assert len(calls) == 4
    again = run_study(make(), SMOKE, progress=False)
    assert len(calls) == 4
    assert first.frame.equals(again.frame)
    assert list(first.frame.columns[:3]) == ["method", "seed", "srcc"]
    stacked = again.stacked("pred", method="a")
    np.testing.assert_array_equal(stacked[0], np.random.default_rng(0).random(5)[1:])  # seeds in order


def test_shards_share_the_grid():
    for i in range(3):
        run_study(make(), SMOKE, shard=(i, 3), progress=False)
    assert len(calls) == 4
    run_study(make(), SMOKE, progress=False)
    assert len(calls) == 4


def test_key_changes_with_config_profile_data_and_code_only(monkeypatch, tmp_path):
    study, cell = make(), Cell("a", 0)
    key = run_key(study, cell, SMOKE)
    assert key == run_key(make(), Cell("a", 0), SMOKE)
    assert key != run_key(study, Cell("a", 1), SMOKE)
    assert key != run_key(study, cell, replace(SMOKE, images=401))
    details = iter(["file 1", "file 2"])
    monkeypatch.setattr(core, "origin", lambda key, size: next(details))
    with_data = replace(study, data=("ava",))
    assert run_key(with_data, cell, SMOKE) != run_key(with_data, cell, SMOKE)
    source = tmp_path / "aeslib" / "m.py"
    source.parent.mkdir()
    source.write_text("x = 1")
    monkeypatch.setattr(core, "closure", lambda text: [source] if text == "import aeslib.m" else [])
    monkeypatch.setattr(compute, "__module__", "aeslib.m")
    before = run_key(study, cell, SMOKE)
    assert before == run_key(study, cell, SMOKE)
    source.write_text("x = 2")
    assert before != run_key(study, cell, SMOKE)


def test_closure_of_a_real_module_is_its_imports():
    names = {path.name for path in code.closure("import aeslib.metrics")}
    assert {"metrics.py", "errors.py"} <= names
    assert "fit.py" not in names


def test_damaged_runs_are_made_again():
    folder = next(iter(run_study(make(), SMOKE, progress=False).folders.values()))
    for name, damage in (("arrays.npz", b"half"), ("run.json", b"{")):
        (folder / name).write_bytes(damage)
        assert not is_whole(folder)
        calls.clear()
        run_study(make(), SMOKE, progress=False)
        assert len(calls) == 1
        assert is_whole(folder)
    (folder / "run.json").unlink()
    with pytest.raises(StateError, match="is not a whole run"):
        read_run(folder)


def test_a_run_that_fails_leaves_nothing():
    def breaks(cell, profile, checkpoint):
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_text("progress")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        run_study(make(run=breaks), SMOKE, progress=False)
    home = core.artifacts_dir("smoke") / "toy.grid"
    left = [path.name for path in home.iterdir() if path.name != ".claims"]
    assert [name.startswith(".a-1-") and name.endswith(".checkpoint.safetensors") for name in left] == [True]


def _one(_):
    run_study(make(), SMOKE, progress=False)


def test_two_processes_at_once_agree():
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_one, range(8))
    home = core.artifacts_dir("smoke") / "toy.grid"
    folders = [path for path in home.iterdir() if path.name != ".claims"]
    assert len(folders) == 4
    assert all(is_whole(folder) for folder in folders)


def test_wrong_names_and_grids():
    with pytest.raises(ParameterError, match=r"^no study named 'elto\.x'"):
        find_study("elto.x")
    with pytest.raises(ParameterError, match=r"^the grid of toy\.grid lists the same run twice\.$"):
        run_study(make(grid=lambda _: [Cell("a", 0)] * 2), SMOKE)
    with pytest.raises(ParameterError, match=r"^the grid of toy\.grid must list dataclasses\.$"):
        run_study(make(grid=lambda _: [1]), SMOKE)
    results = run_study(make(), SMOKE, progress=False)
    with pytest.raises(ParameterError, match=r"^toy\.grid has no run with {'method': 'c'}\.$"):
        results.stacked("pred", method="c")
    with pytest.raises(ParameterError, match=r"no column of toy\.grid named 'methd'\. Did you mean 'method'"):
        results.stacked("pred", methd="a")
    with pytest.raises(ParameterError, match=r"no run of toy\.grid named 'x'"):
        results.arrays("x")


def test_records_are_plain_json():
    results = run_study(make(), SMOKE, progress=False)
    record = json.loads((next(iter(results.folders.values())) / "run.json").read_text())
    assert record["config"] == {"method": "a", "seed": 1}
    assert set(record) == {"study", "config", "metrics", "arrays", "seconds", "cpu_seconds", "record"}


BOTH = multiprocessing.get_context("fork").Barrier(2)


def _together(cell, profile, checkpoint):
    BOTH.wait(60)  # passes only when two processes are at work, each on a run of its own
    with (checkpoint.parent / "computed").open("a") as told:
        told.write(f"{os.getpid()} {cell}\n")
    return compute(cell, profile, checkpoint)


def _share(_):
    return len(run_study(make(run=_together), SMOKE, progress=False).frame)


def test_processes_side_by_side_share_the_work():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_share, range(2), chunksize=1) == [4, 4]
    told = (core.artifacts_dir("smoke") / "toy.grid" / "computed").read_text().splitlines()
    pids = [line.split()[0] for line in told]
    assert len(told) == 4
    assert {pids.count(pid) for pid in pids} == {2}
