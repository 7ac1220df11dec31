"""The smaller words: `test`, `lab`, `data`, `weights`, `claims`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from aeslib.cli.clean import VERIFY
from aeslib.cli.process import cores, own_environment
from aeslib.paths import ROOT, data_root, named_weights, results_dir, weights_home

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ("aeslib", "tests", "notebooks", "benchmarks")
WIDTH = shutil.get_terminal_size((140, 40)).columns
SHOWN = 40
"""Findings printed; the CSV file has all."""


def test(options: argparse.Namespace) -> int:
    """Every check, the tests last; 1 when one of them failed."""
    own_environment()
    failed = [name for name, command in checks().items() if not passes(name, command)]
    if failed:
        print(f"FAILED before the tests: {', '.join(failed)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AESLIB_RESULTS": f"{folder}/results", "AESLIB_ARTIFACTS": f"{folder}/artifacts"}
        kept = kept_cells(Path(folder)) if not options.rest else []
        tests = subprocess.run([*pytest(), *(options.rest or ["tests"]), *kept], cwd=ROOT, check=False)
    return 1 if failed or tests.returncode else 0


def pytest() -> list[str]:
    """The pytest command: two processes on two cores, each file in one of them."""
    workers = ["-n", str(min(cores(), 8)), "--dist", "loadfile"]
    return [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), *workers]


def checks() -> dict[str, list[str]]:
    """Name → command of the checks that come before the tests."""
    ruff = [sys.executable, "-m", "ruff"]
    sources = [name for name in SOURCES if (ROOT / name).is_dir()]
    return {
        "ruff check": [*ruff, "check", *sources],
        "ruff format": [*ruff, "format", "--check", *sources],
        "mypy": [sys.executable, "-m", "mypy", "--num-workers", str(cores())],
        "lint-imports": [str(Path(sys.executable).with_name("lint-imports"))],
    }


def passes(name: str, command: list[str]) -> bool:
    """Run one check; its output is shown only when it fails."""
    start = time.monotonic()
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stdout + run.stderr)
    print(f"{'FAILED' if run.returncode else 'ok':6} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    return run.returncode == 0


def kept_cells(folder: Path) -> list[str]:
    """pytest's arguments for nbval over copies, at the smoke profile, of the notebooks that keep outputs to compare."""
    import nbformat

    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if any("NBVAL_CHECK_OUTPUT" in cell.source for cell in notebook.cells):
            place = 1 + next(i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", []))
            notebook.cells.insert(place, nbformat.v4.new_code_cell('PROFILE = "smoke"'))
            nbformat.write(notebook, folder / path.name)
    return ["--nbval-lax", "--nbval-current-env", str(folder)] if list(folder.glob("*.ipynb")) else []


def lab(options: argparse.Namespace) -> int:
    """JupyterLab on the notebooks, in this process's place."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    root = ["--allow-root"] if os.geteuid() == 0 else []
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(ROOT / "notebooks"), *root, *options.rest])


def data(options: argparse.Namespace) -> int:
    """What is there, whether it is sound, and how to get it."""
    if options.action == "verify":
        return verify(options.key)
    if options.action == "fetch":
        from aeslib.data.fetch import fetch

        for path in fetch(options.key, accept_terms=options.accept_terms):
            print(path)
        return 0
    from aeslib.data.status import status

    print(f"Data sets under {data_root()}")
    show_frame(status()[["key", "level", "images", "rows", "unlocks", "note"]])
    return 0


def verify(key: str) -> int:
    """Examine one data set and change nothing; 1 when something is wrong. All findings go to a CSV file."""
    from aeslib.data.doctor import report_csv
    from aeslib.data.doctor import verify as examine

    findings = examine(key)
    if findings:
        show_frame(findings.frame().head(SHOWN))
        path = report_csv(findings, results_dir(VERIFY) / f"{key}.csv")
        print(f"{len(findings)} findings, {len(findings.errors)} of them errors: {path}")
    else:
        print(f"{key}: nothing to say against it.")
    return 1 if findings.errors else 0


def weights(options: argparse.Namespace) -> int:
    """What of the published weights is there, whether it is whole, and how to get it; 1 when something is wrong."""
    if options.action == "fetch":
        from aeslib.weights.fetch import fetch, set_up

        if options.set_up:
            set_up()
            return 0
        for path in fetch(options.name):
            print(path)
        return 0
    from aeslib.weights import status

    if options.action == "verify":
        faults = status.verify(options.name)
        print("\n".join(faults) or f"{options.name}: whole, and fits its network.")
        return 1 if faults else 0
    print(f"Weights in {named_weights() or '$AESLIB_WEIGHTS (not set)'} and {weights_home()}")
    show_frame(status.status()[["name", "state", "size", "source", "license"]])
    return 0


def show_frame(frame: "pd.DataFrame") -> None:
    """Print a table, long cells wrapped to the terminal's width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for number, column in enumerate(frame.columns):
        table.add_column(str(column), no_wrap=number == 0)
    for row in frame.astype("string").fillna("").itertuples(index=False):
        table.add_row(*map(Text, row))
    Console(width=WIDTH).print(table)


def claims(options: argparse.Namespace) -> int:
    """Print the ledger, what is stale marked and judged now where it holds no verdict; `diff` compares two ledgers."""
    from aeslib.ledger.core import format_table, ledger

    if options.action == "diff":
        return claims_diff(options)
    found = ledger(options.paper, options.verdict, options.item, profile=options.profile)
    print(format_table(found, width=WIDTH))
    return 0


def claims_diff(options: argparse.Namespace) -> int:
    """Print which verdicts differ between two ledgers, and how many of them are flipped."""
    from aeslib.ledger.compare import changes, ledger_file, summary

    first, second = ledger_file(options.first), ledger_file(options.second)
    table = changes(first, second)
    if len(table):
        show_frame(table)
    print(summary(first, second, table))
    return 0
