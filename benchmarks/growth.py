"""How time and memory grow with what there is to do, and what full AVA would ask: `python benchmarks/growth.py`.

Writes `benchmarks/growth.json` (schema: `aeslib/report/growth.schema.json`), which the report shows and fits exponents
to. One thread, CPU seconds, the best of up to three calls; memory is the peak beyond what was held before the call, in
megabytes, with pages of mapped files that were touched. All files go to a folder that is removed at the end.
`--only GLOB` measures some paths again, `--quick` the two smallest sizes of each and writes only where `--out` says.
"""

import argparse
import datetime
import json
import os
import platform
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import numpy as np
import torch
from planning import plan
from timing import extra_mb, sample

from aeslib.data import load
from aeslib.data.adapters.tad66k import THEMED
from aeslib.data.images import open_store
from aeslib.data.synthetic import pictures
from aeslib.imbalance import Bins, measure
from aeslib.ledger.core import judge_all, stale, write
from aeslib.paths import write_text
from aeslib.profiles import get_profile
from aeslib.report.gather import read_outputs
from aeslib.report.growth import SCHEMA, exponent, results_file
from aeslib.results import start
from aeslib.schema import validate
from aeslib.studies.core import Outcome, Study, run_study
from aeslib.taskvec import Personal
from aeslib.taskvec.solve import Tangent, solve_tangent

SIDE = 32
"""Pixels a side of the pictures here."""
Call = Callable[[], object]


@dataclass(frozen=True)
class Growing:
    """One thing whose growth is measured."""

    what: str
    unit: str
    sizes: tuple[int, ...]
    make: Callable[[int, Path], Call]
    """(size, an empty folder) → the call that is timed; what it prepares is not."""


# --- labels ---


def labels(size: int, home: Path) -> Call:
    """Lists of scores in the form of TAD66K's owners."""
    rng = np.random.default_rng(0)
    scores = rng.beta(6, 4, size) * 10
    rows = [f"picture{k}.jpg,{s:.3f}" for k, s in enumerate(scores)]
    members = {"merge/train": rows[: size * 4 // 5], "merge/test": rows[size * 4 // 5 :]}
    members |= {name.removesuffix(".csv"): [] for name in THEMED}
    (home / "tad66k").mkdir(parents=True)
    with zipfile.ZipFile(home / "tad66k" / "dataset.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in members.items():
            archive.writestr(f"dataset/{name}.csv", "\n".join(["image,score", *lines, ""]))
    os.environ["AESLIB_DATA"] = str(home)

    def read() -> None:
        table = load("tad66k").table
        assert len(table) == size
        measure(Bins(tuple(range(11))).count(table.mos))

    return read


# --- pictures ---


def rendered(size: int, home: Path) -> Call:
    """Pictures of the generated world, drawn into the cache."""
    os.environ["XDG_CACHE_HOME"] = str(home)
    return lambda: pictures("ava", size=size, seed=0, px=SIDE)


def decoded(size: int, home: Path) -> Call:
    """Files of one photograph under so many names, decoded into the cache."""
    from PIL import Image

    os.environ["XDG_CACHE_HOME"] = str(home)
    first = home / "0.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(first)
    paths = {"0": first}
    for k in range(1, size):
        paths[str(k)] = home / f"{k}.jpg"
        paths[str(k)].symlink_to(first)
    return lambda: open_store(paths, size=SIDE, progress=False)


def shuffled(size: int, home: Path) -> Call:
    """One pass over cached pictures in random order, 64 at a time."""
    store = np.lib.format.open_memmap(home / "store.npy", "w+", np.uint8, (size, 3, SIDE, SIDE))
    store[:] = 1
    store.flush()
    order = np.random.default_rng(0).permutation(size)

    def read() -> float:
        seen = np.load(home / "store.npy", mmap_mode="r", allow_pickle=False)
        return sum(float(torch.from_numpy(seen[rows]).float().mean()) for rows in np.array_split(order, size // 64))

    return read


# --- users ---


def users(size: int, home: Path) -> Call:
    """Coefficients of so many users at once, to first order: 6 tasks, 18 layers, 100 of 1,000 pictures, 20 steps."""
    torch.manual_seed(0)
    known = Tangent(torch.rand(1000), torch.randn(1000, 6, 18), torch.full((6, 18), 1 / 6))
    rows = torch.randint(1000, (size, 100))
    truth, begin = torch.randint(1, 6, (size, 100)).float(), known.centre.expand(size, 6, 18)
    config = Personal(steps=20)
    return lambda: solve_tangent(known, rows, truth, begin, config, torch.Generator().manual_seed(0))


# --- runs, results and claims ---


@dataclass(frozen=True)
class Cell:
    """A run that costs nothing: what is left is the bookkeeping."""

    number: int


def study(size: int, home: Path) -> Study:
    """A grid of such runs, kept in `home`."""
    os.environ["AESLIB_ARTIFACTS"] = str(home)
    outcome = Outcome({"SRCC": 0.5}, {"pred": np.zeros(1500, np.float32)})
    return Study("growth.none", lambda _: [Cell(k) for k in range(size)], lambda *_: outcome)


def computed(size: int, home: Path) -> Call:
    """Keys, locks, folders, digests and records of a study's runs."""
    made = study(size, home)
    return lambda: run_study(made, get_profile("smoke"), progress=False)


def found(size: int, home: Path) -> Call:
    """The same study asked for again: every run is there, and is checked."""
    made = study(size, home)
    run_study(made, get_profile("smoke"), progress=False)
    return lambda: run_study(made, get_profile("smoke"), progress=False)


def outputs(size: int, home: Path) -> Call:
    """What the report reads first: so many saved tables with their provenance."""
    import pandas as pd

    os.environ["AESLIB_RESULTS"] = str(home)
    notebook = start("02_long_tail", profile="smoke", seed=0)
    notebook.save(item="elta.F1", table=pd.DataFrame({"a": [1]}))
    folder = home / "smoke" / "tables"
    record = json.loads((folder / "elta.F1.json").read_text(encoding="utf-8"))
    for k in range(1, size):
        own = record | {"part": f"p{k}"}
        (folder / f"elta.F1-p{k}.json").write_text(json.dumps(own), encoding="utf-8")
    return lambda: read_outputs(home / "smoke")


def ledger(size: int, home: Path) -> Call:
    """Asking of so many judged claims which are stale: the five papers' own, repeated under other names."""
    judged = judged_claims()
    rows = [judged[k % len(judged)] | {"id": f"elta.ordering.copy-{k}"} for k in range(size)]
    path = home / "claims.json"
    path.write_text(json.dumps({"profile": "smoke", "claims": rows}), encoding="utf-8")
    return lambda: stale(path)


@cache
def judged_claims() -> list[dict]:
    """Claims judged from published numbers."""
    chosen = judge_all("elta", profile="smoke")
    with tempfile.TemporaryDirectory() as folder:
        path = write(chosen[chosen["basis"] == "arithmetic"], Path(folder) / "claims.json", profile="smoke")
        return json.loads(path.read_text(encoding="utf-8"))["claims"]


LABELS = (1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
PICTURES = LABELS[:5]
PATHS = {
    "labels": Growing("labels read, validated, binned and measured", "rows", LABELS, labels),
    "rendered": Growing(f"pictures of {SIDE} px rendered into the cache", "pictures", PICTURES, rendered),
    "decoded": Growing(f"JPEG files decoded to {SIDE} px into the cache", "pictures", PICTURES, decoded),
    "shuffled": Growing("one pass over cached pictures in random order", "pictures", PICTURES, shuffled),
    "users": Growing("users personalised at once, to first order", "users", (10, 32, 100, 316, 1000, 3162), users),
    "computed": Growing("bookkeeping of runs that are computed", "runs", (10, 32, 100, 316, 1000), computed),
    "found": Growing("runs that are there already, found and checked", "runs", (10, 32, 100, 316, 1000), found),
    "outputs": Growing(
        "saved tables with provenance, read for the report", "tables", (10, 32, 100, 316, 1000), outputs
    ),
    "ledger": Growing("judged claims asked whether they are stale", "claims", (10, 32, 100, 316, 1000, 3162), ledger),
}


def points(one: Growing, quick: bool) -> list[dict[str, float | None]]:
    """Seconds and megabytes at each size, from small to large, each in a folder of its own."""
    with tempfile.TemporaryDirectory() as warm:  # imports and first calls are no part of growth
        one.make(one.sizes[0], Path(warm))()
    rows: list[dict[str, float | None]] = []
    for size in one.sizes[:2] if quick else one.sizes:
        spent: list[float] = []
        began = time.perf_counter()
        memory = measured(one, size, spent, told=True)
        while len(spent) < 3 and time.perf_counter() - began < 20:
            measured(one, size, spent)
        rows.append({"size": size, "seconds": min(spent), "mb": memory})
    return rows


def measured(one: Growing, size: int, spent: list[float], *, told: bool = False) -> float | None:
    """Add the seconds of one fresh call to `spent`; the megabytes it took, where they are to be told."""
    with tempfile.TemporaryDirectory() as folder:
        call = one.make(size, Path(folder))
        timed = lambda: spent.append(sample(call))  # noqa: E731
        return extra_mb(timed) if told else timed()


def facts() -> dict[str, object]:
    """What the numbers depend on; no names of hosts or people."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {"processor": model or platform.machine(), "threads": torch.get_num_threads(),
            "torch": torch.__version__, "python": platform.python_version()}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="GLOB", help="names of paths, such as 'pic*'; plan for the plan")
    parser.add_argument("--quick", action="store_true", help="two sizes of each")
    parser.add_argument("--out", type=Path, help="default: growth.json beside this file; none with --quick")
    asked = parser.parse_args(arguments)
    chosen = [name for name in PATHS if fnmatch(name, asked.only)]
    if not chosen and asked.only != "plan":
        parser.error(f"--only {asked.only!r} fits none of {', '.join(PATHS)}, plan.")
    torch.set_num_threads(1)
    out = asked.out or (None if asked.quick else results_file())
    old = (
        json.loads(out.read_text(encoding="utf-8")) if out is not None and out.is_file() else {"paths": [], "plan": []}
    )
    known = {row["name"]: row for row in old["paths"]}
    planned = [asdict(row) for row in plan()] if asked.only in ("*", "plan") else old["plan"]
    for name in [*chosen, None]:
        if name is not None:
            one = PATHS[name]
            known[name] = {"name": name, "what": one.what, "unit": one.unit, "points": points(one, asked.quick)}
            last = known[name]["points"][-1]
            fit = exponent([(p["size"], p["seconds"]) for p in known[name]["points"]])
            power = "" if fit is None else f", exponent {fit[0]:.2f} [{fit[1]:.2f}, {fit[2]:.2f}]"
            print(f"{name}: {last['size']:,} {one.unit} {last['seconds']:.3g} s{power}", flush=True)
        if out is not None:  # after each, so that what is interrupted is not lost
            about = {
                "measured": datetime.datetime.now(datetime.UTC).date().isoformat(), "quick": asked.quick,
                "machine": facts(),
            }  # fmt: skip
            if not chosen:  # the plan alone: no path is measured
                about |= {name: old[name] for name in about if name in old}
            record = about | {"paths": [known[n] for n in PATHS if n in known], "plan": planned}
            validate(record, SCHEMA)
            write_text(out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
