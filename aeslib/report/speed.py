"""How fast the hot paths are beside their peers, and where the minutes of this run went."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from aeslib.paths import ROOT
from aeslib.report.gather import Book, check, read_json
from aeslib.report.parts import grid, inline, inline_values, link, minutes, plural, raw
from aeslib.studies.core import run_folders

SCHEMA = json.loads(Path(__file__).with_name("speed.schema.json").read_text(encoding="utf-8"))
WORDS = {"x": "{:,g} ×", "overhead": "+{:.1%}", "s": "{:.1f} s", "MB": "{:.1f} MB", "share": "{:.2f} of it",
         "exponent": "L^{:.2f}"}  # fmt: skip
"""Unit of a row → how its numbers are written."""


def results_file() -> Path:
    """What `benchmarks/run.py` wrote."""
    return ROOT / "benchmarks" / "results.json"


def met(row: Mapping[str, Any]) -> bool:
    """Whether a row's value reaches its target: ratios are to be large, all else small."""
    if row["value"] is None:
        return False
    return row["value"] >= row["target"] if row["unit"] == "x" else row["value"] <= row["target"]


def speed(book: Book) -> str:
    """Both, as one page.

    Raises:
        DataError: when `benchmarks/results.json` or a run's `run.json` is damaged.
    """
    return "\n\n".join(["# Speed", *hot_paths(), "## Where the minutes go", *spent(book)])


def hot_paths() -> Iterable[str]:
    """The benchmarks: targets beside what was measured."""
    path = results_file()
    if not path.is_file():
        yield "No benchmark has been run here; `python benchmarks/run.py` measures every hot path beside its peer."
        return
    record = read_json(path)
    check(record, SCHEMA, path)
    rows, machine = record["rows"], inline_values(record["machine"])
    reached = sum(map(met, rows))
    yield (
        "Each hot path beside a plain form of the same (a loop, a broadcast, a call of scipy), on one thread, in CPU "
        "seconds; ours and the peer ran in turn in one process, each row in its own. Ratios are medians over turns "
        "with 95% bootstrap intervals; they carry over to other machines better than seconds do. "
        f"**{reached} of {len(rows)}** targets "
        "are met. `python benchmarks/run.py` measures again."
    )
    if record["quick"]:
        yield ":::{warning}\nThese come from `--quick`: tiny shapes, whose numbers mean nothing.\n:::"
    head = ("hot path", "against", "target", "measured", "", "ours", "peer", "extra memory", "share of the limit")
    yield raw(grid(head, map(cells, rows)))
    yield (
        f"Measured {inline(record['measured'])} on {machine['processor']}, {plural(machine['threads'], 'thread')}, "
        f"torch {machine['torch']}, Python {machine['python']}; scan: {machine['scan']}. Limits of one thread, "
        f"measured in the same run: matrix product {machine['gflops']:.0f} GFLOP/s, copying "
        f"{machine['gb_per_second']:.1f} GB/s, {machine['exponentials_per_second'] / 1e9:.2f} billion exponentials a "
        "second. The share of the limit is the time that the limit alone would take over the time taken. Exponentials "
        "are torch's; the compiled scan has quicker ones of its own, so that its share can pass 100%. Extra memory is "
        "the peak beyond what was held before the call, ours and the peer's."
    )


def cells(row: Mapping[str, Any]) -> list[str]:
    """One row of the table."""

    def said(number: float) -> str:
        return WORDS[row["unit"]].format(float(f"{number:.3g}"))

    value, sign = "never reached" if row["value"] is None else said(row["value"]), "≥" if row["unit"] == "x" else "≤"
    if row["low"] is not None:
        value += f" <small>[{said(row['low'])}, {said(row['high'])}]</small>"
    memory = " / ".join("–" if row[k] is None else f"{row[k]:.1f} MB" for k in ("ours_mb", "peer_mb"))
    share = "" if row["share"] is None else f"{row['share']:.0%} <small>{escape(row['limit'])}</small>"
    return [
        escape(row["path"]), escape(row["against"]), f"{sign} {said(row['target'])}", value,
        "✓ met" if met(row) else "<b>✗ missed</b>", took(row["ours_s"]), took(row["peer_s"]),
        memory if row["ours_mb"] is not None else "", share,
    ]  # fmt: skip


def took(seconds: float | None) -> str:
    """Seconds, milliseconds where short."""
    return "" if seconds is None else f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def spent(book: Book) -> Iterable[str]:
    """Chapters by wall clock, studies by CPU time, the longest first."""
    chapters = {run.name: run.seconds for run in book.runs.values() if run.seconds is not None}
    if not chapters:
        yield "No chapter of this profile has been timed."
        return
    yield (
        f"The chapters of this **{book.profile.name}** run took {minutes(sum(chapters.values()))} together; several "
        "run side by side, so the clock on the wall shows less. A chapter whose runs were there already is short."
    )
    names = {name: link(f"notebooks/{name}.html", escape(name)) for name in chapters}
    yield raw(grid(("chapter", "time", "share"), shares(chapters, names)))
    studies, counts = studied(book)
    if studies:
        yield "The training runs behind them, by study: CPU time when they were computed, perhaps by an earlier run."
        named = {name: f"<code>{escape(name)}</code> ({plural(counts[name], 'run')})" for name in studies}
        yield raw(grid(("study", "CPU time", "share"), shares(studies, named)))


def shares(seconds: Mapping[str, float], names: Mapping[str, str]) -> Iterable[list[str]]:
    """Rows of name, time and share, the largest first."""
    total = sum(seconds.values()) or 1.0
    for name, value in sorted(seconds.items(), key=lambda pair: -pair[1]):
        yield [names[name], minutes(value), f"{value / total:.0%}"]


def studied(book: Book) -> tuple[dict[str, float], dict[str, int]]:
    """Return CPU seconds and the number of the runs behind this profile's outputs, by study; lost runs do not count."""
    seconds, counts = defaultdict[str, float](float), defaultdict[str, int](int)
    folders = run_folders(book.profile.name)
    for key in sorted({run for output in book.outputs for run in output.record["runs"]} & folders.keys()):
        path = folders[key] / "run.json"
        if path.is_file():
            record, study = read_json(path), folders[key].parent.name
            seconds[study] += record.get("cpu_seconds", record["seconds"])
            counts[study] += 1
    return dict(seconds), dict(counts)
