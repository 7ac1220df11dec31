"""`report`: run what is not up to date through Snakemake, show progress, and say how everything fared."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from aeslib.cli import keys, progress, slurm, warm
from aeslib.cli.process import LOGGING, STARTER, cores, own_environment, stop
from aeslib.cli.records import damaged, read_record
from aeslib.locks import folder_lock
from aeslib.paths import ROOT, artifacts_dir, results_dir

Reasons = dict[str, str]
"""Job → why it has to run."""
NO_ROOM = 1 << 20
"""Bytes; with less a disk counts as full."""


def report(options: argparse.Namespace) -> int:
    """Bring notebooks and report up to date; 1 when one of them failed."""
    own_environment()
    plan = keys.plan(options.profile, options.only)
    if options.dry_run:
        progress.show_reasons(reasons(plan, options.force), estimates(plan))
        return 0
    results = results_dir(options.profile)
    if options.cluster:
        slurm.check_partition(options.partition)
    with (
        folder_lock(results) as lock,
        folder_lock(artifacts_dir(options.profile), shared=True) as artifacts_lock,
        slurm.queue(results, resume=options.resume) if options.cluster else nullcontext(),
    ):
        due = reasons(plan, options.force)
        tidy(plan, due)
        before = records(plan)
        if due:
            run_due(plan, options, due, (lock, artifacts_lock))
        after = records(plan)
    rows = [row(name, due, plan, before[name], after[name]) for name in before]
    progress.show_table(rows)
    failed = [r for r in rows if r["status"] == "FAILED"]
    if failed:
        print(f"Failed notebooks as far as they came: {short(results / 'notebooks')}, logs: {short(results / 'logs')}")
    show_claims(results)
    if (results / "report" / "index.html").is_file():
        print(f"Report: {short(results / 'report' / 'index.html')}")
    return 1 if failed else 0


def reasons(plan: keys.Plan, force: bool) -> Reasons:
    """Jobs that are not up to date, in order, each with the reason; the report follows the notebooks."""
    found = {name: reason(plan, name, force) for name in (*plan.notebooks, keys.REPORT)}
    for name, others in (plan.after | {keys.REPORT: list(plan.notebooks)}).items():
        if not found[name] and any(found[other] for other in others):
            found[name] = "chapters change"
    return {name: why for name, why in found.items() if why}


def reason(plan: keys.Plan, name: str, force: bool) -> str:
    """Why a job has to run; empty when it is up to date."""
    record = read_record(plan.profile, name)
    if record is None:
        return "not run yet"
    if record["status"] != "done":
        return "failed last time"
    if not plan.marker(name).is_file():
        earlier = list(plan.marker(name).parent.glob(f"{name}.*"))
        return "it, or something it is made from, changed" if earlier else "did not finish last time"
    if gone := damaged(plan.profile, record):
        return f"{gone} is missing or changed"
    return "forced" if force else ""


def tidy(plan: keys.Plan, due: Reasons) -> None:
    """Take the done marks of what has to run, and what a killed run left half-written."""
    results = results_dir(plan.profile)
    for name in due:
        plan.marker(name).unlink(missing_ok=True)
    for folder in (".run", slurm.LOGS):
        shutil.rmtree(results / folder, ignore_errors=True)
    for folder in ("tables", "figures", "notebooks"):
        for leftover in (results / folder).glob(".*"):
            if not leftover.is_dir():  # JupyterLab keeps .ipynb_checkpoints beside what it opens
                leftover.unlink()


def records(plan: keys.Plan) -> dict[str, dict[str, Any] | None]:
    """The record of every job of the plan, None where there is none."""
    return {name: read_record(plan.profile, name) for name in (*plan.notebooks, keys.REPORT)}


def estimates(plan: keys.Plan) -> dict[str, float]:
    """Seconds that each job took when it last went well."""
    return {name: r["seconds"] for name, r in records(plan).items() if r and r["status"] == "done"}


def run_due(plan: keys.Plan, options: argparse.Namespace, due: Reasons, locks: Sequence[int]) -> None:
    """Run Snakemake over the plan; when a notebook fails, what looks back at it works from what there is."""
    logs = results_dir(plan.profile) / "logs"
    at_a_time = options.cores or (len(due) if options.cluster else cores())
    shown = progress.Progress(plan, due, plan.usual | estimates(plan), at_a_time)
    local = [keys.notebook_path(name) for name in due if name != keys.REPORT and not options.cluster]
    with warm.serving(local, locks) as environment:
        watch(snakemake(options, at_a_time), logs / "snakemake.log", locks, shown, environment)
    last = {name: ["notebook", name] for name in due if plan.after.get(name)} | {keys.REPORT: ["book"]}
    for name, words in last.items():
        if not plan.marker(name).is_file() and not shown.finished(name):
            command = [sys.executable, "-m", "aeslib", *words, "--profile", plan.profile]
            watch(command, logs / f"{name}.log", locks, shown)
    shown.close()


def snakemake(options: argparse.Namespace, at_a_time: int) -> list[str]:
    """Snakemake's command line: without the user's own profiles, going on past failures, errors alone in its log."""
    given = {name: getattr(options, name) for name in ("profile", "only", "partition", "account")}
    quiet = ["progress"] if options.cluster else ["progress", "rules", "host", "reason"]  # "all" would hide errors, too
    return [
        sys.executable, "-m", "aeslib.cli.dag", "--snakefile", str(ROOT / "Snakefile"), "--jobs", str(at_a_time),
        *(slurm.arguments(results_dir(options.profile)) if options.cluster else []),
        "--config", *(f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None),
        "--keep-going", "--rerun-incomplete", "--nolock", "--rerun-triggers", "mtime", "--scheduler", "greedy",
        "--quiet", *quiet, "--profile", "none", "--workflow-profile", "none",
    ]  # fmt: skip


def watch(
    command: list[str], log: Path, locks: Sequence[int], shown: progress.Progress, environment: Mapping[str, str] = {}
) -> None:
    """Run a command with its output in `log`, showing progress; whatever stops us stops it too."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **LOGGING, STARTER: str(os.getpid()), **environment}, pass_fds=locks,
        )  # fmt: skip
        try:
            while process.poll() is None:
                shown.update()
                time.sleep(0.1)
        finally:
            stop(process)
            shown.update()


def row(
    name: str, due: Reasons, plan: keys.Plan, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> dict[str, Any]:
    """One line of the final table: name, status (done, unchanged or FAILED), seconds, peak_mb, error."""
    if after is None or (name in due and after == before):
        log = short(results_dir(plan.profile) / "logs" / f"{name}.log")
        told = " and ".join(["snakemake.log", *slurm.logs(results_dir(plan.profile), name)])
        error = f"ended without a word (killed, or out of memory?); see {log} and {told} beside it"
        if shutil.disk_usage(results_dir(plan.profile)).free < NO_ROOM:
            error = f"no room on the disk of {short(results_dir(plan.profile))}; make some, what is finished is kept"
        return {"name": name, "status": "FAILED", "seconds": None, "peak_mb": None, "error": error}
    status = "FAILED" if after["status"] != "done" else "done" if name in due else "unchanged"
    return {"name": name, "status": status} | {key: after[key] for key in ("seconds", "peak_mb", "error")}


def show_claims(results: Path) -> None:
    """Print how many claims have which verdict, when they have been judged."""
    path = results / "claims.json"
    if path.is_file():
        try:
            judged = json.loads(path.read_text(encoding="utf-8"))["claims"]
            counts = Counter(str(claim["verdict"]) for claim in judged)
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            print(f"Claims: {short(path)} is damaged ({error}); it is made again by `./run_all.sh --only '60*'`.")
            return
        print("Claims: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def short(path: Path) -> str:
    """A path as seen from the folder one is in."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
