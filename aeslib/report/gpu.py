"""What a GPU did with the scan and with the paper-size networks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aeslib.paths import ROOT
from aeslib.report.gather import check, read_json
from aeslib.report.parts import grid, inline, inline_values, raw

SCHEMA = json.loads(Path(__file__).with_name("gpu.schema.json").read_text(encoding="utf-8"))
WAYS = {"torch": "ours, pure torch", "unbound": "loop, time unbound once", "indexed": "loop that indexes time",
        "fused": "official kernel"}  # fmt: skip
CUT = {"cpu": "CPU by one process, which holds the faster networks back", "cuda": "GPU"}


def results_file() -> Path:
    """What `benchmarks/gpu.py` wrote."""
    return ROOT / "benchmarks" / "gpu.json"


def on_a_gpu() -> Iterable[str]:
    """Both tables, as parts of a page.

    Raises:
        DataError: when `benchmarks/gpu.json` is damaged.
    """
    path = results_file()
    if not path.is_file():
        yield "Nothing has been measured on a GPU; `python benchmarks/gpu.py` does it where there is one."
        return
    record = read_json(path)
    check(record, SCHEMA, path)
    machine = inline_values(record["machine"])
    if record["quick"]:
        yield ":::{warning}\nThese come from `--quick`: few small steps, whose numbers mean nothing.\n:::"
    kernel = f"; official scan: {machine['kernel']}" if machine["kernel"] else ""
    yield (
        f"Measured {inline(record['measured'])} on one {machine['gpu']}, torch {machine['torch']}, CUDA "
        f"{machine['cuda']}, Python {machine['python']}{kernel}. At best it multiplied matrices at "
        f"{machine['teraflops']['float32']:.0f} TFLOP/s in float32 and {machine['teraflops']['bfloat16']:.0f} in "
        "bfloat16. Medians with 95% bootstrap intervals. "
        "`python benchmarks/gpu.py` measures again."
    )
    if record["scan"]:
        yield "The selective scan, forward and backward, in float32:"
        yield raw(grid(("L × B × D × N", "way", "time", "", "extra memory", "against ours"), scans(record["scan"])))
    if record["training"]:
        yield (
            "Training paper-size networks through `aeslib.training.fit`: random weights and pictures, the paper's "
            "batch, crops and flips, everything but reading files. The chapters train in float32. Pictures were cut "
            f"and turned on the {CUT[record['augmented']]}. The share is of the best product of matrices in "
            "the same numbers; the last column, the time of a million pictures."
        )
        head = ("network", "side", "batch", "numbers", "pictures/s", "", "TFLOP/s", "share", "memory", "a million, min")
        yield raw(grid(head, trainings(record)))


def interval(row: Mapping[str, Any], scale: float, form: str) -> str:
    """ "[1.0, 1.2]", or nothing where there is none."""
    if row["low"] is None:
        return ""
    return f"<small>[{row['low'] * scale:{form}}, {row['high'] * scale:{form}}]</small>"


def scans(rows: Sequence[Mapping[str, Any]]) -> Iterable[list[str]]:
    """A row for each shape and way; the last column is that way's time over ours."""
    ours = {str(row["shape"]): row["value"] for row in rows if row["way"] == "torch"}
    for row in rows:
        reference = ours.get(str(row["shape"]))
        yield [
            " × ".join(f"{n:,}" for n in row["shape"].values()), WAYS[row["way"]], f"{row['value'] * 1e3:,.2f} ms",
            interval(row, 1e3, ",.2f"), f"{row['mb']:,.0f} MB",
            "" if reference is None or row["way"] == "torch" else f"{row['value'] / reference:.2g} ×",
        ]  # fmt: skip


def trainings(record: Mapping[str, Any]) -> Iterable[list[str]]:
    """A row for each network and kind of numbers."""
    for row in record["training"]:
        tera = 6 * row["multiply_adds"] * row["value"] / 1e12
        kernel = ", official scan" if row["kernel"] else ", scan in torch" if row["network"] == "vmamba" else ""
        yield [
            f"<code>{escape(row['network'])}</code>{kernel}", f"{row['side']} px", str(row["batch"]), row["precision"],
            f"{row['value']:,.0f}", interval(row, 1, ",.0f"), f"{tera:.1f}",
            f"{tera / record['machine']['teraflops'][row['precision']]:.0%}", f"{row['mb'] / 1024:,.1f} GB",
            f"{1e6 / row['value'] / 60:,.0f}",
        ]  # fmt: skip
