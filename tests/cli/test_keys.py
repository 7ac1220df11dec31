"""What makes a job due."""

import shutil

from aeslib.cli import keys
from aeslib.paths import ROOT


def test_a_benchmark_measured_again_makes_the_report_due_and_nothing_else(tmp_path, monkeypatch):
    for path in ROOT.iterdir():
        if path.name != "benchmarks":
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    before, again = keys.plan("smoke", "0*"), keys.plan("smoke", "0*")
    assert again == before
    (tmp_path / "benchmarks" / "gpu.json").write_text("{}", encoding="utf-8")
    after = keys.plan("smoke", "0*")
    assert after.report != before.report
    assert after.notebooks == before.notebooks
