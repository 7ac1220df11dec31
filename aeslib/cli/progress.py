"""What a run shows: one line that moves on a terminal, plain lines elsewhere, and the table at the end."""

import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from aeslib.cli.keys import REPORT, Plan
from aeslib.cli.records import read_record
from aeslib.paths import results_dir

QUIET = 60.0
"""Seconds without a line, where no line moves, after which one says what is going on."""


def duration(seconds: float) -> str:
    """A time as people say it: "8 s", "3 min 05 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def seconds_left(
    due: Iterable[str], spent: Mapping[str, float], earlier: Mapping[str, float], lanes: int, took: Mapping[str, float]
) -> float:
    """How long the jobs in `due` still take.

    Args:
        due: that have not ended.
        spent: seconds that some of them run by now.
        earlier: seconds that jobs took before; one never timed counts as the average one.
        lanes: jobs at a time.
        took: seconds of those that ended in this run, which tell how fast this machine is today.
    """
    average = sum(earlier.values()) / len(earlier)
    known = [name for name in took if name in earlier]
    pace = sum(took[name] for name in known) / max(sum(earlier[name] for name in known), 1.0) if known else 1.0
    left = [max(0.0, pace * earlier.get(name, average) - spent.get(name, 0.0)) for name in due]
    return max([sum(left) / lanes, *left])


class Progress:
    """Follows the jobs of a run by the files they write: cells while they run, a record when they end."""

    def __init__(self, plan: Plan, due: Iterable[str], earlier: dict[str, float], lanes: int) -> None:
        self.plan, self.earlier, self.lanes = plan, earlier, lanes
        self.due = dict.fromkeys(due)
        self.total = len(self.due)
        self.begun = time.time()
        self.starts: dict[str, float] = {}
        self.took: dict[str, float] = {}
        self.moving = sys.stdout.isatty()
        self.told = 0.0
        self._line(self._status())

    def finished(self, name: str) -> bool:
        """Whether a job has ended in this run, well or not."""
        record = read_record(self.plan.profile, name)
        return record is not None and record["started"] >= self.begun

    def update(self) -> None:
        """Look again, and show what changed."""
        for name in [name for name in self.due if self.finished(name)]:
            del self.due[name]
            record = read_record(self.plan.profile, name) or {}
            word = "done  " if record["status"] == "done" else "FAILED"
            self.took |= {name: record["seconds"]} if record["status"] == "done" else {}
            self._event(f"{word} {name} ({duration(record['seconds'])}){self._left()}")
        status = self._status()  # it notes who has started, so that what is left is known
        if self.moving or time.time() - self.told >= QUIET:
            self._line(status)

    def close(self) -> None:
        """Leave the terminal's line empty."""
        if self.moving:
            self._line("")

    def _status(self) -> str:
        running = []
        for path in sorted((results_dir(self.plan.profile) / ".run").glob("*.cell")):
            self.starts.setdefault(path.stem, time.time())
            try:
                running.append(f"{path.stem} {path.read_text(encoding='utf-8')}")
            except FileNotFoundError:
                continue
        if list(self.due) == [REPORT]:  # it comes last, and alone
            self.starts.setdefault(REPORT, time.time())
            running = [REPORT]
        doing = " · ".join(running) or ("starting" if self.due else "finishing")
        return (
            f"[{self.total - len(self.due)}/{self.total}] {doing} · {duration(time.time() - self.begun)}{self._left()}"
        )

    def _left(self) -> str:
        if not self.earlier or not self.due:
            return ""
        spent = {name: time.time() - start for name, start in self.starts.items()}
        return f", about {duration(seconds_left(self.due, spent, self.earlier, self.lanes, self.took))} left"

    def _event(self, text: str) -> None:
        if self.moving:
            self._line("")
        self._print(text)

    def _print(self, text: str) -> None:
        print(text, flush=True)
        self.told = time.time()

    def _line(self, text: str) -> None:
        if self.moving:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", flush=True)
        else:
            self._print(text)


def show_reasons(reasons: Mapping[str, str], earlier: Mapping[str, float]) -> None:
    """What a run would do, and why."""
    for name, why in reasons.items():
        took = f" (took {duration(earlier[name])} before)" if name in earlier else ""
        print(f"would run {name}: {why}{took}")
    if not reasons:
        print("Nothing to do: everything is up to date.")


def show_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """The end of a run: a line for each job, and under a failed one the last line of its traceback."""
    rows = list(rows)
    width = max(len(name) for name in ("notebook", *(row["name"] for row in rows)))
    print(f"\n{'notebook':{width}}  {'status':9}  {'seconds':>8}  {'peak MB':>8}")
    for row in rows:
        numbers = [f"{row[key]:8.{digits}f}" if row[key] is not None else f"{'-':>8}" for key, digits in COLUMNS]
        print(f"{row['name']:{width}}  {row['status']:9}  {'  '.join(numbers)}")
        if row["error"]:
            print("  " + " ".join(row["error"].split())[:300])
    print()


COLUMNS = (("seconds", 1), ("peak_mb", 0))
