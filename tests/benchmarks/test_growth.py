"""Growth is measured with tiny sizes; the plan's operations are counted a second way."""

import importlib
import json

import pytest
import torch
from torch import nn

from aeslib.backbones import build
from aeslib.paths import ROOT
from aeslib.report.growth import SCHEMA
from aeslib.schema import validate


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("AESLIB_DATA", "AESLIB_RESULTS", "AESLIB_ARTIFACTS", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "put back after the test")
    threads = torch.get_num_threads()
    yield importlib.import_module
    torch.set_num_threads(threads)


def test_operations_agree_with_layers_counted_by_hand(benchmark):
    with torch.device("meta"):
        net = build("vgg16", "paper").eval()
    total = 0

    def count(module, _, out):
        nonlocal total
        total += module.weight.numel() * (out.shape[2] * out.shape[3] if out.ndim == 4 else 1)

    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.empty(1, 3, 224, 224, device="meta"))
    assert benchmark("planning").multiply_adds("vgg16", 224) == total


@pytest.mark.slow
def test_the_plan_counts_every_training_on_ava(benchmark):
    from aeslib.studies.core import find_study

    planning = benchmark("planning")
    rows = planning.plan()
    assert {row.images for row in rows} == {229_979}
    sweep = [row for row in rows if row.study == "elta.sweep"]
    grid = find_study("elta.sweep").grid(planning.PAPER)
    assert sum(row.runs for row in sweep) == sum(cell.data == "ava" for cell in grid) > 0
    assert {row.side for row in rows if row.paper == "aesmamba"} == {224}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labels", "decoded", "users", "found"])
def test_a_path_is_measured(benchmark, name, tmp_path):
    out = tmp_path / "growth.json"
    out.write_text(json.dumps({"paths": [], "plan": []}), encoding="utf-8")
    benchmark("growth").main(["--quick", "--only", name, "--out", str(out)])
    record = json.loads(out.read_text(encoding="utf-8"))
    validate(record, SCHEMA)
    (path,) = record["paths"]
    assert path["name"] == name
    assert [p["size"] for p in path["points"]] == list(benchmark("growth").PATHS[name].sizes[:2])
    assert str(ROOT) not in out.read_text(encoding="utf-8")
