"""How each job of a run fared: one small JSON file a job, checked against a schema."""

import hashlib
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aeslib.cli.keys import REPORT
from aeslib.cli.process import peak_memory
from aeslib.paths import portable, results_dir, write_text
from aeslib.schema import fits, validate

SCHEMA = Path(__file__).parent / "record.schema.json"


def record_path(profile: str, name: str) -> Path:
    """`results/PROFILE/notebooks/NAME.json`, for the report `results/PROFILE/report.json`."""
    return results_dir(profile) / ("" if name == REPORT else "notebooks") / f"{name}.json"


def read_record(profile: str, name: str) -> dict[str, Any] | None:
    """How the last run of `name` went; None when there was none or its file is damaged."""
    try:
        record: dict[str, Any] = json.loads(record_path(profile, name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if fits(record, json.loads(SCHEMA.read_text(encoding="utf-8"))) else None


def file_digest(path: Path) -> str:
    """SHA-256 of a file; empty when it is not there or cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""


def damaged(profile: str, record: dict[str, Any]) -> str:
    """The first file of a record that is missing or not as it was written; empty when all are well."""
    results = results_dir(profile)
    return next((name for name, was in record["files"].items() if file_digest(results / name) != was), "")


def run_job(
    profile: str, name: str, job: Callable[[], None], files: Callable[[], list[Path]], parameters: dict[str, Any]
) -> int:
    """Run a job, time it and write its record, also when it fails; 0 or 1.

    Args:
        profile: whose results folder.
        name: a notebook's, or "report".
        job: does the work.
        files: asked in the end for what it wrote.
        parameters: for the record.
    """
    started, clock, error = time.time(), time.perf_counter(), ""
    with peak_memory() as peak:
        try:
            job()
        except Exception as problem:
            error = portable(last_line(problem))
            traceback.print_exc()
    results = results_dir(profile)
    record = {
        "name": name,
        "profile": profile,
        "parameters": parameters,
        "status": "failed" if error else "done",
        "started": started,
        "seconds": round(time.perf_counter() - clock, 2),
        "peak_mb": round(peak.mb, 1),
        "error": error,
        "files": {path.relative_to(results).as_posix(): file_digest(path) for path in files()},
    }
    validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
    write_text(record_path(profile, name), json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return 1 if error else 0


def last_line(problem: Exception) -> str:
    """A traceback's last line: of an error inside a notebook that of the cell's own error."""
    name, value = getattr(problem, "ename", None), getattr(problem, "evalue", "")  # papermill keeps the cell's error
    return f"{name}: {value}" if name else "".join(traceback.format_exception_only(problem)).strip()
