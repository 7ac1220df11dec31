"""The page on speed, from records written by hand."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from aeslib.errors import DataError
from aeslib.profiles import get_profile
from aeslib.report import speed
from aeslib.report.gather import Run

ROW = {
    "name": "scan", "path": "a <scan>", "against": "a loop", "unit": "x", "target": 4, "value": 5.25, "low": 5.0,
    "high": 5.5, "turns": 9, "ours_s": 0.004, "peer_s": 2.1, "ours_mb": 1.5, "peer_mb": None, "limit": "exponentials",
    "share": 0.3,
}  # fmt: skip
SLOW = ROW | {"name": "training", "unit": "s", "target": 12, "value": None, "low": None, "high": None, "limit": None,
              "ours_s": None, "peer_s": None, "ours_mb": None, "share": None}  # fmt: skip
MACHINE = {"processor": "a processor", "threads": 1, "torch": "2", "python": "3", "scan": "compiled by gcc",
           "gflops": 80.0, "gb_per_second": 12.34, "exponentials_per_second": 2.5e9}  # fmt: skip
RECORD = {"measured": "2026-01-31", "quick": False, "machine": MACHINE, "rows": [ROW, SLOW]}


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    monkeypatch.setattr(speed, "results_file", lambda: path)
    monkeypatch.setenv("AESLIB_ARTIFACTS", str(tmp_path / "artifacts"))
    return path


def book(*runs, outputs=()):
    return SimpleNamespace(profile=get_profile("smoke"), runs={run.name: run for run in runs}, outputs=list(outputs))


def test_targets_stand_beside_what_was_measured(file):
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    page = speed.speed(book())
    assert "**1 of 2** targets are met" in page
    assert (
        "<td>a &lt;scan&gt;</td><td>a loop</td><td>≥ 4 ×</td><td>5.25 × <small>[5 ×, 5.5 ×]</small></td>"
        "<td>✓ met</td><td>4 ms</td><td>2.10 s</td><td>1.5 MB / –</td><td>30% <small>exponentials</small></td>"
    ) in page
    assert "<td>≤ 12.0 s</td><td>never reached</td><td><b>✗ missed</b></td>" in page
    assert "a processor, 1 thread, torch 2, Python 3; scan: compiled by gcc" in page
    assert "12.3 GB/s" in page


def test_without_benchmarks_the_page_says_how_to_run_them(file):
    page = speed.speed(book())
    assert "`python benchmarks/run.py` measures" in page
    assert "No chapter of this profile has been timed." in page


def test_numbers_of_tiny_shapes_are_marked(file):
    file.write_text(json.dumps(RECORD | {"quick": True}), encoding="utf-8")
    assert "tiny shapes, whose numbers mean nothing" in speed.speed(book())


@pytest.mark.parametrize("change", [{"rows": [ROW | {"unit": "miles"}]}, {"machine": {}}, {"host": "here"}])
def test_a_damaged_file_is_told(file, change):
    file.write_text(json.dumps(RECORD | change), encoding="utf-8")
    with pytest.raises(DataError, match=r"results\.json: \$.*delete it and run again"):
        speed.speed(book())


@pytest.mark.parametrize(
    ("unit", "value", "good"),
    [("x", 4, True), ("x", 3.9, False), ("overhead", 4, True), ("s", 4.1, False), ("share", 3, True)],
)
def test_ratios_are_to_be_large_and_all_else_small(unit, value, good):
    assert speed.met(ROW | {"unit": unit, "value": value}) == good


def test_the_longest_chapter_and_study_come_first(file, tmp_path):
    for run, cpu in (("elta.a/ava-1", 30.0), ("elta.a/ava-2", 30.0), ("mtcnn.b/eva-3", 180.0)):
        folder = tmp_path / "artifacts" / "smoke" / run
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"seconds": 1, "cpu_seconds": cpu}), encoding="utf-8")
    outputs = [SimpleNamespace(record={"runs": runs}) for runs in (["1", "2"], ["1", "3", "9"])]
    first = Run("10_short", "done", seconds=20.0)
    page = speed.speed(book(first, replace(first, name="20_long", seconds=60.0), outputs=outputs))
    assert "took 1 min 20 s together" in page
    chapters, studies = page.split("by study")
    assert chapters.index("20_long") < chapters.index("10_short")
    assert "</a></td><td>1 min 00 s</td><td>75%</td>" in chapters
    assert "<td><code>mtcnn.b</code> (1 run)</td><td>3 min 00 s</td><td>75%</td>" in studies
    assert "<td><code>elta.a</code> (2 runs)</td><td>1 min 00 s</td><td>25%</td>" in studies
    assert studies.count("<td><code>") == 2  # the run 9 is gone
