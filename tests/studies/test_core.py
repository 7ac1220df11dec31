"""Studies: runs are computed once, keyed by all they depend on, whole or not there."""

import ast
import json
import multiprocessing
import os
import re
import shutil
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import makers
import numpy as np
import pytest
import torch

from aeslib import code
from aeslib.data import load_card, pictured
from aeslib.data.sources import Origin, cached, note, recording, stand_in_origin
from aeslib.errors import ParameterError, StateError
from aeslib.paths import artifacts_dir
from aeslib.profiles import PROFILES, get_profile
from aeslib.studies import core
from aeslib.studies.core import (
    STUDIES,
    Outcome,
    Study,
    find_study,
    is_whole,
    origins,
    read_run,
    run_key,
    run_study,
    sources_of_runs,
)

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


def test_night_and_default_share_runs_and_base_seeds_do_not():
    def grid(profile):
        return [Cell("a", seed) for seed in range(profile.seeds)]

    study = make(grid=grid)
    first = run_study(study, get_profile("default"), progress=False)
    assert len(calls) == get_profile("default").seeds
    both = run_study(study, get_profile("night"), progress=False)
    assert len(calls) == get_profile("night").seeds
    assert set(first.frame["key"]) < set(both.frame["key"])
    moved = run_study(study, get_profile("night-seed3"), progress=False)
    assert len(calls) == 2 * get_profile("night").seeds
    assert not set(moved.frame["key"]) & set(both.frame["key"])
    assert [path.name for path in sorted(artifacts_dir("").iterdir())] == ["default", "default-seed3"]


def test_a_run_that_reads_the_number_of_seeds_is_not_shared():
    study, cell = make(reads=("seeds",)), Cell("a", 0)
    keys = {run_key(s, cell, get_profile(name)) for s in (study, make()) for name in ("default", "night")}
    assert len(keys) == 3


def test_only_grids_read_how_many_runs_there_are():
    """Run keys leave the number of seeds and resamples out, so a run must not read them unless its study says so."""
    grids = {"per_seed", "hosts_on", "toys", "sweep", "grid", "tasks", "variants", "persons", "seeds_of", "_seeds",
             "hunts", "sets", "comparison", "losses", "improvements", "aspects", "transfer"}  # fmt: skip
    said = {"Bench.of", "how_many", "exact_rows"}  # of taskvec, whose studies say `reads=("seeds",)`
    readers = set()
    for path in (code.PACKAGE / "studies").glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not path.stem.endswith(("_tables", "_photos")) and isinstance(function, ast.FunctionDef):
                text = ast.unparse(function)
                if re.search(r"profile\.(name|seeds|bootstrap|thorough|fewer_seeds)\b", text):
                    readers.add("Bench.of" if function.name == "of" else function.name)
    assert readers <= grids | said, readers - grids - said


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
    monkeypatch.setattr(core, "describe_source", lambda key, size: Origin(key, "real", next(details)))
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


def test_key_changes_with_packages_and_processor(monkeypatch):
    key = run_key(make(), Cell("a", 0), SMOKE)
    monkeypatch.setattr(core, "numerics", lambda files: "torch 2.99, AVX2")
    assert key != run_key(make(), Cell("a", 0), SMOKE)


def test_a_run_computes_with_one_thread():
    """Sums are split by threads: with two, the same run ends with other digits."""
    threads = []

    def counts(cell, profile, checkpoint):
        threads.append(torch.get_num_threads())
        return compute(cell, profile, checkpoint)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run_study(make(run=counts), SMOKE, progress=False)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert threads == [1] * 4


def test_a_run_that_draws_without_a_seed_is_not_kept():
    def draws(cell, profile, checkpoint):
        return Outcome({"srcc": float(torch.rand(1))})

    with pytest.raises(StateError, match=r"^a run of toy\.grid drew from the global generator of torch, which no seed"):
        run_study(make(run=draws), SMOKE, progress=False)
    assert not list((core.artifacts_dir("smoke") / "toy.grid").glob("[!.]*"))


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
        with pytest.warns(UserWarning, match=rf"^toy\.grid: a run is made anew, .*\. {folder.name}"):
            run_study(make(), SMOKE, progress=False)
        assert len(calls) == 1
        assert is_whole(folder)
    (folder / "run.json").unlink()
    with pytest.raises(StateError, match="is not a whole run"):
        read_run(folder)


def reseal(folder, **changes):
    """Change a run's record and its digest with it."""
    record = json.loads((folder / "run.json").read_text()) | changes
    record.pop("record")
    (folder / "run.json").write_text(json.dumps(record | {"record": core.seal(record)}))


def put_copy(folder, other):
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


def put_link(folder, other):
    shutil.rmtree(folder)
    folder.symlink_to(other)


def swap(folder, other):
    folder.rename(folder.with_name(".aside"))
    other.rename(folder)
    folder.with_name(".aside").rename(other)


@pytest.mark.parametrize("change", [put_copy, put_link, swap])
def test_the_run_of_another_config_is_not_accepted(change):
    truth = run_study(make(), SMOKE, progress=False)
    folder, other, *_ = truth.folders.values()
    change(folder, other)
    with pytest.raises(StateError, match="was changed since it was read"):
        truth.arrays(next(iter(truth.folders)))
    with pytest.warns(UserWarning, match=r"^toy\.grid: a run is made anew, as what is kept is not it\. ") as caught:
        again = run_study(make(), SMOKE, progress=False)
    key = other.name.rpartition("-")[2]
    assert f"{folder.name} is not a whole run (its record is that of the run {key} of toy.grid)" in str(
        caught[0].message
    )
    columns = ["method", "seed", "srcc", "key"]
    assert again.frame[columns].equals(truth.frame[columns])
    assert all(is_whole(path) and not path.is_symlink() for path in again.folders.values())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"metrics": {"srcc": float("nan")}}, "NaN is not a number of JSON"),
        ({"metrics": {"srcc": float("inf")}}, "Infinity is not a number of JSON"),
        ({"metrics": {"srcc": None}}, "its metric 'srcc' is NaN, which its study does not list as `undefined`"),
        ({"metrics": {"srcc": "0.5"}}, "its metric 'srcc' is '0.5'; expected a finite number"),
        ({"metrics": {"srcc": 0.5, "seed": 7.0}}, "its metric 'seed' has the name of another column"),
        ({"metrics": {"srcc": 0.5, "seconds": 7.0}}, "its metric 'seconds' has the name of another column"),
        ({"data": [{"key": "aadb"}]}, "missing 2 required positional arguments: 'source' and 'detail'"),
        ({"data": [{"key": "aadb", "source": "real", "detail": "x"}]}, "a run has read aadb (real; x), which is not"),
        ({"seconds": None}, "must be a string or a real number, not 'NoneType'"),
        ({"config": {"method": "b", "seed": 1}}, "its record is that of the config {'method': 'b', 'seed': 1}"),
        ({"study": "toy.other"}, "its record is that of the run {key} of toy.other"),
        ({"key": "0" * 16}, "its record is that of the run 0000000000000000 of toy.grid"),
    ],
)
def test_a_record_that_does_not_fit_is_made_anew(changes, why):
    truth = run_study(make(), SMOKE, progress=False)
    key, folder = next(iter(truth.folders.items()))
    reseal(folder, **changes)
    with pytest.warns(UserWarning, match="a run is made anew") as caught:
        again = run_study(make(), SMOKE, progress=False)
    assert why.replace("{key}", key) in str(caught[0].message)
    assert again.frame["srcc"].equals(truth.frame["srcc"])


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({"srcc": float("nan")}, "its metric 'srcc' is NaN, which its study does not list as `undefined`"),
        ({"srcc": float("inf")}, "its metric 'srcc' is inf; expected a finite number"),
        ({"srcc": 1.0, "method": 2.0}, "its metric 'method' has the name of another column"),
    ],
)
def test_a_run_with_such_metrics_is_not_kept(metrics, why):
    with pytest.raises(StateError) as error:
        run_study(make(run=lambda *_: Outcome(metrics)), SMOKE, progress=False)
    name = str(error.value).partition(" ")[0]
    assert name.startswith("a-1-")
    assert str(error.value) == f"{name} of toy.grid is not kept: {why}."
    assert not (core.artifacts_dir("smoke") / "toy.grid" / name).exists()


def test_a_metric_that_may_be_undefined_is_kept_and_read_back_as_nan():
    study = make(run=lambda *_: Outcome({"srcc": 1.0, "low": float("nan")}), undefined=("low",))
    for _ in range(2):
        frame = run_study(study, SMOKE, progress=False).frame
        assert frame["low"].isna().all()
        assert (frame["srcc"] == 1).all()


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
    names = {"key", "study", "config", "metrics", "data", "side_data", "arrays", "seconds", "cpu_seconds", "record"}
    assert set(record) == names


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


# --- the data that runs have read ---


@pytest.fixture
def labels_only(tmp_path, monkeypatch):
    """The owners' labels of EVA without an image: runs are made on its stand-in."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    makers.make("eva", tmp_path / "data")


@cached(maxsize=2)
def eva(profile):
    return pictured("eva", size=profile.images).table.mos


def on_eva(cell, profile, checkpoint):
    return Outcome({"mean": float(eva(profile).mean())})


STAND_IN = stand_in_origin("eva", size=SMOKE.images, seed=0)


def test_every_run_records_what_it_has_read_also_from_a_cache(labels_only):
    eva.cache_clear()
    results = run_study(make(run=on_eva, data=("eva",)), SMOKE, progress=False)
    assert results.data == (STAND_IN,)
    for folder in results.folders.values():  # four runs of one process: all but the first found the labels in a cache
        assert read_run(folder)["data"] == [vars(STAND_IN)]
    keys = list(results.frame["key"])
    assert sources_of_runs("smoke", keys[:1]) == sources_of_runs("smoke", keys) == [STAND_IN]
    with recording() as sources:  # a study that reads the runs of another comes from the same data
        run_study(make(run=on_eva, data=("eva",)), SMOKE, progress=False)
    assert list(sources) == [STAND_IN]


def test_data_behind_extra_arrays_only_are_recorded_apart():
    def with_a_test_elsewhere(cell, profile, checkpoint):
        note(stand_in_origin("aadb", size=300, seed=0))
        with recording() as others:
            note(stand_in_origin("eva", size=300, seed=0))
        return Outcome({}, {"across": np.zeros(1)}, side_data=tuple(others))

    results = run_study(make(run=with_a_test_elsewhere, data=("aadb", "eva")), SMOKE, progress=False)
    assert [entry.key for entry in results.data] == ["aadb"]
    record = read_run(next(iter(results.folders.values())))
    assert [entry["key"] for entry in record["side_data"]] == ["eva"]


def test_a_run_that_reads_what_its_key_does_not_stand_for_is_not_kept(labels_only):
    """Another data set than the study declares, or files that changed after this process had read them."""
    message = r"^toy\.grid: a run has read eva \(synthetic; .*\), which is not what its key stands for\. Its files have"
    with pytest.raises(StateError, match=message):
        run_study(make(run=on_eva, data=("aadb",)), SMOKE, progress=False)

    def on_old_files(cell, profile, checkpoint):
        note(Origin("eva", "real", "files as they were"))
        return Outcome({})

    with pytest.raises(StateError, match=r"a run has read eva \(real; files as they were\)"):
        run_study(make(run=on_old_files, data=("eva",)), SMOKE, progress=False)
    home = core.artifacts_dir("smoke") / "toy.grid"
    assert [path for path in home.iterdir() if (path / "run.json").exists()] == []


def test_an_unknown_run_is_named():
    with pytest.raises(ParameterError, match=r"^no run with the key 'abc' in .*smoke; pass keys of `run_study"):
        sources_of_runs("smoke", ["abc"])


def all_studies():
    for names in STUDIES.values():
        for name in names:
            values = vars(import_module(f"aeslib.studies.{name}")).values()
            yield from (value for value in values if isinstance(value, Study))


@pytest.mark.parametrize("study", {study.name: study for study in all_studies()}.values(), ids=lambda study: study.name)
def test_with_labels_only_every_study_stands_on_stand_ins_and_says_so(study, tmp_path, monkeypatch):
    """The labels of every data set are there, the images of none: no study may count as one of the owners' data."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    for key in makers.MAKERS:
        makers.make(key, tmp_path / "data")
    declared = origins(study, SMOKE)
    assert declared
    assert {entry.source for entry in declared} == {"synthetic"}
    assert {entry.detail.partition(":")[0] for entry in declared} <= {
        f"synthetic stand-in for {load_card(entry.key).title.partition(':')[0]}" for entry in declared
    }


def test_caches_of_studies_repeat_what_was_read():
    """A plain `lru_cache` on data would hide from the second run of a process what the first has read."""
    folder = Path(core.__file__).parent
    plain = {path.name for path in folder.glob("*.py") if re.search(r"@(functools\.)?(lru_)?cache\b", path.read_text())}
    assert plain <= {"frozen.py"}  # starting weights, which are made of no data set
