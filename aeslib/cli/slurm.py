"""The run on a SLURM cluster: what Snakemake is told, and what an earlier run has left in the queue.

The Snakefile says what a job asks for.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aeslib import code
from aeslib.cli.keys import REPORT
from aeslib.errors import StateError, unknown

LOGS = "logs/slurm"
"""In a results folder: what the cluster printed for jobs that failed."""
CHECK_SECONDS = 5
"""Until the first look at the queue; Snakemake looks less and less often while nothing ends."""
SLOW_DISK_SECONDS = 60
"""How long a file that another machine wrote may take to appear on a shared disk."""


def prefix(results: Path) -> str:
    """How the names of all jobs for one results folder begin."""
    return f"aeslib-{code.digest(str(results.resolve()))}"


def arguments(results: Path) -> list[str]:
    """Snakemake's arguments: submit every job, ask `squeue` how it fares, keep what failed jobs said.

    A job on a node that died counts as failed, whatever the cluster's habit: the run ends and says so.
    """
    return [
        "--executor", "slurm", "--slurm-status-command", "squeue", "--slurm-no-requeue",
        "--slurm-init-seconds-before-status-checks", str(CHECK_SECONDS), "--latency-wait", str(SLOW_DISK_SECONDS),
        "--slurm-jobname-prefix", prefix(results), "--slurm-logdir", str((results / LOGS).resolve()),
    ]  # fmt: skip


def logs(results: Path, name: str) -> list[str]:
    """What the cluster printed for the failed job of a notebook or the report, relative to `results/logs`."""
    found = (results / LOGS).glob(f"rule_notebook/{name}_*/*.log" if name != REPORT else "rule_report/**/*.log")
    return [path.relative_to(results / "logs").as_posix() for path in sorted(found)]


def ask(*command: str) -> list[str]:
    """The lines that one of SLURM's commands prints.

    Raises:
        StateError: with SLURM's own words, when it fails.
    """
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StateError(f"`{' '.join(command)}` failed: {' '.join(run.stderr.split())}")
    return run.stdout.splitlines()


def check_partition(name: str | None) -> None:
    """Raise `ParameterError` for a partition that the cluster does not have, `StateError` when it does not answer."""
    known = [line.strip() for line in ask("sinfo", "--noheader", "--format=%R")]
    if name is not None and name not in known:
        raise unknown("partition", name, known)


def queued(results: Path) -> list[str]:
    """Numbers of the jobs for a results folder that wait, run or are about to end."""
    jobs = [line.split(maxsplit=1) for line in ask("squeue", "--noheader", "--me", "--format=%i %j")]
    return [number for number, name in jobs if name.startswith(prefix(results))]


@contextmanager
def queue(results: Path, *, resume: bool, patience: float = 120) -> Iterator[None]:
    """The queue holds no job for a results folder when the block begins, and is asked to drop what is left at its end.

    Args:
        results: the folder that the jobs write into.
        resume: cancel what an earlier run left there.
        patience: seconds that cancelled jobs get to end.

    Raises:
        StateError: when there are such jobs and `resume` is not given, or they do not end.
    """
    if left := queued(results):
        if not resume:
            raise StateError(
                f"jobs of an earlier run of {results.name!r} are in the queue ({', '.join(left)}); "
                "wait for them, or let --resume cancel them and go on."
            )
        print(f"Cancelling jobs of an earlier run: {', '.join(left)}", flush=True)
        ask("scancel", *left)
    until = time.monotonic() + patience
    while left := queued(results):
        if time.monotonic() > until:
            raise StateError(
                f"cancelled jobs do not end ({', '.join(left)}); ask `squeue` why, then use --resume again."
            )
        time.sleep(1)
    try:
        yield
    finally:
        if left := queued(results):
            ask("scancel", *left)
