"""The benchmarks run on tiny shapes and write what their schema asks for; how fast anything is, is not tested."""

import importlib
import json
import math
import sys

import numpy as np
import pytest

from aeslib.paths import ROOT
from aeslib.report.gather import check
from aeslib.report.speed import SCHEMA


@pytest.fixture(scope="module")
def run():
    """`benchmarks/run.py`; the folder's modules find each other by plain names."""
    names = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    sys.path.insert(0, str(ROOT / "benchmarks"))
    kept = {name: sys.modules.pop(name) for name in names & sys.modules.keys()}
    try:
        yield importlib.import_module("run")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
        for name in names & sys.modules.keys():
            del sys.modules[name]
        sys.modules.update(kept)


@pytest.fixture
def timing(run):
    return sys.modules["timing"]


@pytest.mark.slow
def test_every_comparison_runs_on_tiny_shapes(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AESLIB_ARTIFACTS", str(tmp_path / "artifacts"))
    out = tmp_path / "speed.json"
    run.main(["--quick", "--out", str(out)])
    record = json.loads(out.read_text(encoding="utf-8"))
    check(record, SCHEMA, out)
    assert record["quick"]
    assert [row["name"] for row in record["rows"]] == list(run.ALL)
    assert len(capsys.readouterr().out.splitlines()) == len(run.ALL)
    for row in record["rows"]:
        timed = row["ours_s"] is not None
        assert (row["peer_s"] is not None) == timed
        if timed and row["unit"] == "x":
            assert row["low"] <= row["value"] <= row["high"]
            assert row["value"] > 0


def test_the_committed_results_are_of_these_comparisons(run):
    path = ROOT / "benchmarks" / "results.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    check(record, SCHEMA, path)
    assert not record["quick"]
    names = [row["name"] for row in record["rows"]]
    assert names == [name for name in run.ALL if name in names]


def test_quick_numbers_do_not_replace_real_ones(run, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "HERE", tmp_path)
    run.main(["--quick", "--only", "emd"])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_told(run, capsys):
    with pytest.raises(SystemExit):
        run.main(["--only", "nothing*"])
    assert "--only 'nothing*' fits none of renderer-64, renderer-96" in capsys.readouterr().err


def test_a_ratio_is_the_median_of_the_turns(timing, monkeypatch):
    taken = iter([1.0, 3.0, 1.0, 8.0, 2.0, 8.0])  # ours, peer: 3, 8, 4
    monkeypatch.setattr(timing, "sample", lambda call, number=1: next(taken))
    monkeypatch.setattr(timing, "repeats", lambda call: 1)
    half = ("half a second", lambda machine: 0.5)
    one = timing.Comparison(path="p", against="a", unit="x", target=4, ours=int, peer=int, limit=half)
    row = timing.measure("name", one, timing.Machine(), turns=3)
    assert (row["value"], row["ours_s"], row["peer_s"], row["turns"]) == (4, 1, 8, 3)
    assert (row["low"], row["high"]) == (3, 8)
    assert row["share"] == 0.5


def test_an_overhead_is_what_ours_adds(timing, monkeypatch):
    taken = iter([1.25, 1.0] * 3)
    monkeypatch.setattr(timing, "sample", lambda call, number=1: next(taken))
    monkeypatch.setattr(timing, "repeats", lambda call: 1)
    limit = ("a tenth", lambda machine: 0.1)
    one = timing.Comparison(path="p", against="a", unit="overhead", target=0.3, ours=int, peer=int, limit=limit)
    row = timing.measure("name", one, timing.Machine(), turns=3)
    assert row["value"] == pytest.approx(0.25)
    assert row["share"] == pytest.approx(0.4)


def test_peak_memory_is_seen(timing):
    def hold() -> None:
        np.ones(4_000_000)  # 32 MB

    found = timing.extra_mb(hold)
    if found is None:
        pytest.skip("this system does not tell a process its peak")
    assert 28 < found < 40


def test_no_interval_from_two(timing):
    assert timing.median(np.array([1.0, 3.0])) == (2.0, None, None)


def test_peers_give_what_ours_give(run):
    """A ratio means something only where both compute the same."""
    import torch

    aesmamba, elta = sys.modules["aesmamba"], sys.modules["elta"]
    args = aesmamba.arguments(16, 2, 8, 4)
    for peer in (aesmamba.indexed, aesmamba.unbound, aesmamba.prefix):
        y = aesmamba.naive(peer)(*args).permute(2, 0, 1)[:, :, None]
        torch.testing.assert_close(y, aesmamba.selective_scan(*args), atol=1e-5, rtol=1e-5)
    s, z, wide = elta.inputs(True)
    torch.testing.assert_close(elta.alignment(z, s), elta.loop_flsa(z, s))
    torch.testing.assert_close(elta.alignment(wide, s), elta.broadcast_flsa(wide, s))
    pairs = sys.modules["taskvec"].pair_rank(True)
    torch.testing.assert_close(pairs.ours(), pairs.peer())
    world = sys.modules["world"]
    one = world.distance(True)
    torch.testing.assert_close(one.ours(), one.peer(), atol=1e-5, rtol=1e-5)
    drawn = world.correlations(True)
    assert math.isfinite(drawn.ours().value)
    assert len(drawn.peer()) == 5


def test_without_a_gpu_its_benchmark_says_so(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit, match="torch sees no CUDA GPU here"):
        importlib.import_module("gpu").main([])


@pytest.mark.gpu
def test_a_gpu_is_measured(run, tmp_path):
    from aeslib.report import gpu

    out = tmp_path / "gpu.json"
    for only in ("scan-*", "aestheticnet-cnn-*"):
        importlib.import_module("gpu").main(["--quick", "--out", str(out), "--only", only])
        check(json.loads(out.read_text(encoding="utf-8")), gpu.SCHEMA, out)
