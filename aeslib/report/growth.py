"""How time and memory grow with the work, and what training on all of AVA would take: measured, and estimated."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from aeslib.paths import ROOT
from aeslib.report.gather import Book, check, read_json
from aeslib.report.gpu import on_a_gpu
from aeslib.report.parts import TITLES, grid, inline, inline_values, minutes, plural, raw

SCHEMA = json.loads(Path(__file__).with_name("growth.schema.json").read_text(encoding="utf-8"))
GPUS = {"T4 class": (65, "float16"), "RTX 4090 class": (165, "float16"), "A100 class": (312, "bfloat16"),
        "H100 class": (989, "bfloat16")}  # fmt: skip
"""Kind of GPU → dense matrix products at their nominal best, in TFLOP/s, and in what numbers."""
SUSTAINED = 0.25
"""Assumed share of the nominal best that a training keeps up; not measured."""
LEAST_MB = 1.0
"""Peaks below it are noise of the allocator and take no part in a fit."""
Fit = tuple[float, float, float]


def results_file() -> Path:
    """What `benchmarks/growth.py` wrote."""
    return ROOT / "benchmarks" / "growth.json"


def exponent(points: Sequence[tuple[float, float]], level: float = 0.95) -> Fit | None:
    """Slope of log y on log x by least squares with its t interval: y grows as x to that power.

    None from fewer than three points, whose slope has no interval.
    """
    from scipy import stats

    if len(points) < 3:
        return None
    x, y = ([math.log(v) for v in side] for side in zip(*points, strict=True))
    line = stats.linregress(x, y)
    half = float(stats.t.ppf((1 + level) / 2, len(points) - 2) * line.stderr)
    return float(line.slope), float(line.slope) - half, float(line.slope) + half


def growth(book: Book) -> str:
    """Both, as one page.

    Raises:
        DataError: when `benchmarks/growth.json` is damaged.
    """
    path = results_file()
    if not path.is_file():
        return "# Growth and plans\n\nNothing has been measured here; `python benchmarks/growth.py` does it."
    record = read_json(path)
    check(record, SCHEMA, path)
    parts = ["# Growth and plans", *grown(record), "## On a GPU: measured", *on_a_gpu()]
    return "\n\n".join([*parts, "## AVA at full size: an estimate", *planned(record)])


def grown(record: Mapping[str, Any]) -> Iterable[str]:
    """Time and memory against size, with fitted exponents."""
    paths, machine = record["paths"], inline_values(record["machine"])
    yield (
        "Each path was given more and more to do, on one thread. Time *t* and peak memory *m* are fitted as a power of "
        "the size *n* by least squares on both logarithms over all sizes; the intervals are 95% t intervals of the "
        "slope. An exponent of 1 is growth in proportion, 0 none; a fixed cost that small sizes pay makes it smaller. "
        "`python benchmarks/growth.py` measures again."
    )
    if record["quick"]:
        yield ":::{warning}\nThese come from `--quick`: two sizes of each, which fit no exponent.\n:::"
    yield raw(f'<figure class="wide">{picture(paths)}</figure>')
    yield raw(grid(("path", "sizes", "time grows as", "at the largest size", "memory grows as", "peak there"),
                   map(cells, paths)))  # fmt: skip
    yield (
        f"Measured {inline(record['measured'])} on {machine['processor']}, {plural(machine['threads'], 'thread')}, "
        f"torch {machine['torch']}, Python {machine['python']}: CPU seconds, the best of up to three calls, and the "
        "peak beyond what was held before the call, pages of mapped files among it. Peaks below "
        f"{LEAST_MB:g} MB take no part in a fit."
    )


def cells(path: Mapping[str, Any]) -> list[str]:
    """One row of the table."""
    points = path["points"]
    last = points[-1]
    sizes = f"{points[0]['size']:,} to {last['size']:,} {escape(path['unit'])}"
    time = exponent([(p["size"], p["seconds"]) for p in points])
    memory = exponent([(p["size"], p["mb"]) for p in big(points)])
    peak = "not told" if last["mb"] is None else f"{last['mb']:,.1f} MB"
    return [escape(path["what"]), sizes, power(time), minutes(last["seconds"]), power(memory), peak]


def big(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Points whose peak says something."""
    return [p for p in points if p["mb"] is not None and p["mb"] >= LEAST_MB]


def power(fit: Fit | None) -> str:
    """ "n^0.98 [0.95, 1.01]" as HTML."""
    if fit is None:
        return "no fit"
    value, low, high = (f"{v:.2f}".replace("-", "−") for v in fit)
    return f"<i>n</i><sup>{value}</sup> <small>[{low}, {high}]</small>"


def picture(paths: Sequence[Mapping[str, Any]]) -> str:
    """Time and memory against size on logarithmic axes, as SVG."""
    import matplotlib.pyplot as plt

    from aeslib.plots.style import finish

    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.8))
    for k, path in enumerate(paths):
        look = {"marker": "osD^vP*Xp<>hd"[k % 13], "ls": ("-", "--", ":")[k // 8 % 3], "ms": 4.5, "lw": 1.2}
        for ax, name, points in zip(axes, ("seconds", "mb"), (path["points"], big(path["points"])), strict=True):
            sizes, values = [p["size"] for p in points], [p[name] for p in points]
            ax.loglog(sizes, values, label=f"{path['what']} ({path['unit']})".replace("$", r"\$"), **look)
    for ax, label in zip(axes, ("CPU time (s)", "peak memory (MB)"), strict=True):
        ax.set(xlabel="size n (rows, pictures, users, runs …)", ylabel=label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    text = StringIO()
    finish(figure).savefig(text, format="svg")
    svg = re.sub("<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)  # a date, and addresses
    title = "Time and peak memory against size, both on logarithmic axes; the table below has the numbers."
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def operations(row: Mapping[str, Any]) -> float:
    """FLOPs of a row's trainings: two a multiply-add, and twice as many backward as forward."""
    return 6.0 * row["multiply_adds"] * row["images"] * row["passes"] * row["runs"]


def hours(flops: float, tera: float) -> float:
    """Hours on one GPU of that nominal speed in TFLOP/s, at the assumed share of it."""
    return flops / (tera * 1e12 * SUSTAINED) / 3600


def planned(record: Mapping[str, Any]) -> Iterable[str]:
    """Hours of every study on all of AVA, by kind of GPU."""
    rows = record["plan"]
    if not rows:
        yield "Nothing has been counted; `python benchmarks/growth.py --only plan` does it."
        return
    images = sorted({row["images"] for row in rows})
    kinds = ", ".join(f"{name} {tera} TFLOP/s ({numbers})" for name, (tera, numbers) in GPUS.items())
    yield (
        ":::{admonition} An estimate, not a measurement\n:class: caution\n\nNone of these trainings has been run. "
        "Operations are counted from the paper-size networks as built here; the hours divide them by an **assumed** "
        f"{SUSTAINED:.0%} of the GPU's nominal best for dense matrix products ({kinds}). Networks of many small steps, "
        "such as searched cells and scans, keep up less, large transformers more: expect to be off by a factor of two "
        "or three, and by more in float32, in which the chapters train.\n:::"
    )
    yield (
        f"What the `paper` profile trains when AVA is in place, with {' or '.join(f'{n:,}' for n in images)} pictures "
        "to train on. FLOPs = 6 × multiply-adds forward × pictures × passes × runs: two a multiply-add, and twice as "
        "many backward as forward. ELTA's rounds with pseudo-labels pass over as many unlabelled pictures again. Left "
        "out: text encoders, heads, the search of cells (published ones stand for them), element-wise work, "
        "validation, test, decoding. The multi-task network learns from AADB and EVA, not from AVA."
    )
    head = ("study", "network", "side", "multiply-adds", "passes", "runs", "FLOPs", *(f"{name}, h" for name in GPUS))
    yield raw(grid(head, list(plan_rows(rows))))


def plan_rows(rows: Sequence[Mapping[str, Any]]) -> Iterable[list[str]]:
    """Every study, then a sum for each paper and for all."""

    def told(flops: float) -> list[str]:
        long = [hours(flops, tera) for tera, _ in GPUS.values()]
        return [f"{flops:.1e}", *(f"{h:,.0f}" if h >= 1 else "&lt; 1" for h in long)]

    for paper in TITLES:
        own = [row for row in rows if row["paper"] == paper]
        for row in own:
            yield [
                f"<code>{escape(row['study'])}</code>", f"<code>{escape(row['network'])}</code>", f"{row['side']} px",
                f"{row['multiply_adds'] / 1e9:.2f} G", str(row["passes"]), str(row["runs"]), *told(operations(row)),
            ]  # fmt: skip
        if own:
            total = [f"<b>{cell}</b>" for cell in told(sum(map(operations, own)))]
            yield [f"<b>{paper}</b>", "", "", "", "", str(sum(row["runs"] for row in own)), *total]
    everything = [f"<b>{cell}</b>" for cell in told(sum(map(operations, rows)))]
    yield ["<b>all</b>", "", "", "", "", str(sum(row["runs"] for row in rows)), *everything]
