"""Every hot path beside its peer: `python benchmarks/run.py [--only GLOB] [--quick]`.

Writes `benchmarks/results.json` (schema: `aeslib/report/speed.schema.json`), which the report shows. One thread, CPU
seconds; ours and its peer run in turn in one process, each row in its own, since memory that earlier rows held or gave
back makes calls faster or slower. Ratios are medians over turns with 95% bootstrap intervals. Peers are plain forms of
the same written here: a loop, a broadcast, a call of scipy. `--quick` uses tiny shapes, to see that everything runs:
its numbers mean nothing and are written only where `--out` says.
"""

import argparse
import datetime
import json
import math
import multiprocessing
import platform
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import aesmamba
import aestheticnet
import elta
import taskvec
import torch
import world
from timing import MORE, Comparison, Machine, measure

from aeslib.aesmamba.scan import compiled_library
from aeslib.paths import write_text
from aeslib.report.speed import SCHEMA, met
from aeslib.schema import validate

HERE = Path(__file__).resolve().parent
ALL: dict[str, Callable[[bool], Comparison]] = {
    name: made for module in (world, aesmamba, taskvec, aestheticnet, elta) for name, made in module.COMPARISONS.items()
}


def facts(machine: Machine) -> dict[str, object]:
    """What the numbers depend on; no names of hosts or people."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.machine(), "threads": torch.get_num_threads(), "torch": torch.__version__,
        "python": platform.python_version(), "scan": compiled_library()[1], "gflops": machine.flops / 1e9,
        "gb_per_second": machine.bandwidth / 1e9, "exponentials_per_second": machine.exponentials,
    }  # fmt: skip


def row_of(name: str, quick: bool, machine: Machine) -> dict:
    """Measure one comparison."""
    torch.set_num_threads(1)
    row = measure(name, ALL[name](quick), machine, turns=3 if quick else 9)
    return row | {"value": row["value"] if math.isfinite(row["value"]) else None}


def shown(row: dict) -> str:
    """One line of the console."""
    low, high = ("" if row[end] is None else f"{row[end]:.3g}" for end in ("low", "high"))
    interval, sign = f"[{low}, {high}]" if low else "", ">=" if row["unit"] in MORE else "<="
    value = "never" if row["value"] is None else f"{row['value']:.3g}"
    mark = "met" if met(row) else "MISSED"
    return f"{row['name']:22s} {value:>8s} {interval:18s} {row['unit']:9s} target {sign} {row['target']:<6g} {mark}"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="GLOB", help="names of comparisons, such as 'scan-*'")
    parser.add_argument("--quick", action="store_true", help="tiny shapes, one turn")
    parser.add_argument("--out", type=Path, help="default: results.json beside this file; none with --quick")
    asked = parser.parse_args(arguments)
    chosen = [name for name in ALL if fnmatch(name, asked.only)]
    if not chosen:
        parser.error(f"--only {asked.only!r} fits none of {', '.join(ALL)}.")
    torch.set_num_threads(1)
    machine, out = Machine(), asked.out or (None if asked.quick else HERE / "results.json")
    old = out is not None and out.is_file() and not asked.quick
    known = {row["name"]: row for row in json.loads(out.read_text(encoding="utf-8"))["rows"]} if old else {}
    facts(machine)  # measured once, before the children
    processes = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    for name in chosen:
        with processes.Pool(1) as pool:
            known[name] = pool.apply(row_of, (name, asked.quick, machine))
        print(shown(known[name]), flush=True)
        if out is not None:  # after each, so that what is interrupted is not lost
            save(out, asked.quick, machine, [known[name] for name in ALL if name in known])


def save(out: Path, quick: bool, machine: Machine, rows: list[dict]) -> None:
    """Check and write the record."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    made = {"measured": today, "quick": quick, "machine": facts(machine), "rows": rows}
    validate(made, SCHEMA)
    write_text(out, json.dumps(made, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
