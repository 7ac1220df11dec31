"""What the report says of a GPU, from a record written by hand and the one that is committed."""

import json

import pytest

from aeslib.errors import DataError
from aeslib.report import gpu

SCAN = {"way": "torch", "shape": {"L": 1024, "B": 8, "D": 2, "N": 1}, "value": 0.002, "low": 0.001, "high": 0.003,
        "mb": 4.0}  # fmt: skip
TRAINING = {"paper": "elta", "network": "swinv2", "side": 256, "precision": "float32", "kernel": False, "batch": 48,
            "multiply_adds": 10**10, "value": 200.0, "low": 190.0, "high": 210.0, "mb": 2048.0}  # fmt: skip
MACHINE = {"gpu": "a <card>", "memory_gb": 80.0, "torch": "2", "cuda": "13", "python": "3", "kernel": "mamba-ssm 2",
           "teraflops": {"float32": 48.0, "bfloat16": 700.0}}  # fmt: skip
RECORD = {"measured": "2026-01-31", "quick": False, "augmented": "cuda", "machine": MACHINE, "training": [TRAINING],
          "scan": [SCAN, SCAN | {"way": "unbound", "value": 0.01, "low": None, "high": None}]}  # fmt: skip


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "gpu.json"
    monkeypatch.setattr(gpu, "results_file", lambda: path)
    return path


def test_rows_by_hand(file):
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    page = "\n".join(gpu.on_a_gpu())
    assert "one a \\<card\\>" in page
    assert "turned on the GPU." in page
    assert "<td>ours, pure torch</td><td>2.00 ms</td><td><small>[1.00, 3.00]</small></td><td>4 MB</td><td></td>" in page
    assert "<td>loop, time unbound once</td><td>10.00 ms</td><td></td><td>4 MB</td><td>5 ×</td>" in page
    # 6 · 10^10 · 200 = 12 TFLOP/s, a quarter of 48; a million / 200 / 60 = 83 min
    assert "<td>12.0</td><td>25%</td><td>2.0 GB</td><td>83</td>" in page


def test_without_a_record_it_says_how_to_make_one(file):
    assert "`python benchmarks/gpu.py` does it" in "".join(gpu.on_a_gpu())


@pytest.mark.parametrize("change", [{"training": [TRAINING | {"value": 0}]}, {"machine": {}}, {"host": "here"}])
def test_a_damaged_file_is_told(file, change):
    file.write_text(json.dumps(RECORD | change), encoding="utf-8")
    with pytest.raises(DataError, match=r"gpu\.json: \$.*delete it and run again"):
        list(gpu.on_a_gpu())


def test_in_what_is_committed_no_loop_is_faster_than_our_scan():
    record = json.loads(gpu.results_file().read_text(encoding="utf-8"))
    gpu.check(record, gpu.SCHEMA, gpu.results_file())
    assert not record["quick"]
    for shape in {str(row["shape"]) for row in record["scan"]}:
        taken = {row["way"]: row["value"] for row in record["scan"] if str(row["shape"]) == shape}
        assert taken["fused"] < taken["torch"] < min(taken.get("indexed", 1e9), taken["unbound"])
