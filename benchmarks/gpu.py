"""What a GPU does with the paper-size networks and with the selective scan: `python benchmarks/gpu.py`.

Writes `benchmarks/gpu.json` (schema: `aeslib/report/gpu.schema.json`), which the report sets beside its estimates.
Weights and pictures are random, which changes no speed. Trainings go through `aeslib.training.fit` with the paper's
batch, crops and flips; an epoch is a few steps here, and each after the first is one sample. Without a GPU it says so
and writes nothing. `--only GLOB` chooses rows, `--quick` takes few small steps; both write only where `--out`
says, so that a whole record is not lost to a part.
"""

import argparse
import datetime
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from fnmatch import fnmatch
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from aesmamba import arguments, both_ways, indexed, naive, unbound
from planning import multiply_adds, plan
from timing import median
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import aeslib.aesmamba.scan as scan_module
from aeslib.aesmamba.scan import fused_kernel, fused_scan, torch_scan
from aeslib.backbones import ScoreModel, build
from aeslib.data.transforms import get_recipe
from aeslib.paths import write_text
from aeslib.profiles import get_profile
from aeslib.report.gpu import SCHEMA
from aeslib.schema import validate
from aeslib.studies import aesmamba, aestheticnet, elta, mtcnn
from aeslib.taskvec.tasks import phases
from aeslib.training import Batches, FitConfig, fit
from aeslib.training.batches import Batch

HERE = Path(__file__).resolve().parent
BATCH = {
    "elta": elta.BATCH["paper"], "aesmamba": aesmamba.BATCH["paper"], "mtcnn": mtcnn.BATCH,
    "taskvec": phases(get_profile("paper"), 0).batch[1], "aestheticnet": aestheticnet.BATCH["paper"],
}  # fmt: skip
"""Pictures a step, as each paper's studies take them."""
Row = dict[str, object]


def sync() -> float:
    """Now, once the GPU has nothing left to do."""
    torch.cuda.synchronize()
    return time.perf_counter()


def summary(samples: list[float]) -> Row:
    """Median and its interval, as columns."""
    value, low, high = median(np.array(samples))
    return {"value": value, "low": low, "high": high}


# --- training ---


def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Any loss will do."""
    return cross_entropy(model(batch["image"]), batch["hist"]), {}


def training(paper: str, network: str, side: int, precision: str, kernel: bool, quick: bool) -> Row:
    """Pictures a second of one network in the loop that all chapters use."""
    size, recipe = (4 if quick else BATCH[paper]), get_recipe(paper)
    steps, epochs = (2, 4) if quick else (8, 6)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2 * size, 3, recipe.store, recipe.store), np.uint8)
    hist = rng.dirichlet(np.ones(10), steps * size).astype(np.float32)
    rows = np.arange(steps * size) % len(pictures)
    data = Batches(pictures, {"hist": hist}, [str(k) for k in rows], size, recipe.train, rows=rows)
    model, ends = ScoreModel(build(network, "paper"), range(1, 11)), []

    def told(_: nn.Module) -> float:
        ends.append(sync())
        return 0.0

    torch.cuda.reset_peak_memory_stats()
    config = FitConfig(epochs=epochs, lr=1e-5, precision="bf16" if precision == "bfloat16" else "no")
    with nullcontext() if kernel else patch.object(scan_module, "fused_kernel", lambda: None):
        fit(model, objective, data, config, validate=told, progress="")
    return {
        "paper": paper, "network": network, "side": side, "precision": precision, "kernel": kernel, "batch": size,
        "multiply_adds": multiply_adds(network, side), "mb": torch.cuda.max_memory_allocated() / 2**20,
        **summary([steps * size / (end - start) for start, end in pairwise(ends)]),
    }  # fmt: skip


def trainings(quick: bool) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Each network that a chapter trains, in both precisions; VMamba with and without the official kernel."""
    known = {(row.paper, row.network, row.side) for row in plan()} | {("mtcnn", "vgg16", get_recipe("mtcnn").side)}
    for paper, network, side in sorted(known):
        for precision in ("float32", "bfloat16"):
            for kernel in (False, True) if network == "vmamba" and fused_kernel() else (False,):
                name = f"{paper}-{network}-{precision}{'-kernel' * kernel}"
                yield name, partial(training, paper, network, side, precision, kernel, quick)


# --- the scan ---


def scan(way: str, shape: tuple[int, int, int, int], quick: bool) -> Row:
    """Seconds of one pass forward and backward."""
    L, B, D, N = shape
    args = [t.detach().cuda().requires_grad_() for t in arguments(*shape)]
    ways: dict[str, Callable[..., Tensor]] = {
        "torch": torch_scan, "indexed": naive(indexed), "unbound": naive(unbound),
    }  # fmt: skip
    if kernel := fused_kernel():
        ways["fused"] = partial(fused_scan, kernel)
    call = both_ways(ways[way], args)
    call()
    torch.cuda.reset_peak_memory_stats()
    before, samples = torch.cuda.memory_allocated(), []
    while len(samples) < (3 if quick else 15) and (len(samples) < 3 or sum(samples) < 3):
        start = sync()
        call()
        samples.append(sync() - start)
    extra = (torch.cuda.max_memory_allocated() - before) / 2**20
    return {"way": way, "shape": {"L": L, "B": B, "D": D, "N": N}, "mb": extra, **summary(samples)}


def scans(quick: bool) -> Iterator[tuple[str, Callable[[], Row]]]:
    """The shapes of the other benchmarks, and the first stage of VMamba at 224 px with its four paths in the batch."""
    shapes = [(16, 2, 8, 4)] if quick else [(256, 8, 96, 16), (1024, 8, 192, 16), (3136, 64, 192, 16)]
    for shape in shapes:
        slow = ("indexed", "unbound") if shape[0] <= 1024 else ("unbound",)  # indexing takes time and room as L²
        for way in ("torch", *slow, *(("fused",) if fused_kernel() else ())):
            yield f"scan-{way}-{shape[0]}", partial(scan, way, shape, quick)


# --- the record ---


def facts() -> Row:
    """The GPU, what it can do at most, and with which programs; no names of hosts or people."""
    a, b = torch.randn(2, 8192, 8192, device="cuda")

    def rate(x: Tensor, y: Tensor) -> float:
        x @ y
        start = sync()
        for _ in range(5):
            x @ y
        return 5 * 2 * 8192**3 / (sync() - start) / 1e12

    kernel = f"mamba-ssm {metadata.version('mamba-ssm')}" if fused_kernel() else None
    return {
        "gpu": torch.cuda.get_device_name(), "memory_gb": torch.cuda.get_device_properties(0).total_memory / 1e9,
        "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version(), "kernel": kernel,
        "teraflops": {"float32": rate(a, b), "bfloat16": rate(a.bfloat16(), b.bfloat16())},
    }  # fmt: skip


def main(given: list[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="GLOB", help="names of rows, such as 'scan-*'")
    parser.add_argument("--quick", action="store_true", help="fewest steps, smallest shapes")
    parser.add_argument("--out", type=Path, help="default: gpu.json beside this file; none with --quick or --only")
    asked = parser.parse_args(given)
    if not torch.cuda.is_available():
        sys.exit("torch sees no CUDA GPU here; this benchmark needs one.")
    out = asked.out or (None if asked.quick or asked.only != "*" else HERE / "gpu.json")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    made: Row = {"measured": today, "quick": asked.quick, "augmented": "cuda", "machine": facts()}
    made |= {"scan": [], "training": []}
    for part, rows in (("scan", scans(asked.quick)), ("training", trainings(asked.quick))):
        for name, call in rows:
            if fnmatch(name, asked.only):
                row = call()
                made[part].append(row)  # type: ignore[attr-defined]
                print(f"{name:36s} {row['value']:10.4g} {row['mb']:10,.0f} MB", flush=True)
                torch.cuda.empty_cache()
                if out is not None:  # after each, so that what is interrupted is not lost
                    validate(made, SCHEMA)
                    write_text(out, json.dumps(made, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
