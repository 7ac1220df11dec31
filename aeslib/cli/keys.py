"""What is up to date: a key over the contents of everything that a notebook or the report is made from.

A finished job leaves the empty file `.done/NAME.KEY` in the results folder. It has to run when that file is not there:
no clock is asked, and a changed notebook, library file, lock or data set means another key. A key is that of what the
job itself is made from, followed by that of the other jobs whose results it looks at.
"""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from aeslib import code
from aeslib.errors import StateError, unknown
from aeslib.numerics import installed, switches
from aeslib.paths import ROOT, data_root, results_dir, state, walk

REPORT = "report"
REPORT_SECONDS = 20.0
"""That the report usually takes."""


@dataclass(frozen=True)
class Plan:
    """The jobs of one run and their keys."""

    profile: str
    notebooks: dict[str, str]
    report: str
    after: dict[str, list[str]]
    """Notebook → those of this run that it comes after, as it looks at their results."""

    usual: dict[str, float] = field(default_factory=dict)
    """Job → seconds that it takes on two cores, where that is known: for the order, and first estimates."""

    def urgency(self, name: str) -> float:
        """Seconds from its start until the last that comes after it ends, were each started at once."""
        later = [other for other, before in self.after.items() if name in before]
        return self.usual.get(name, 0.0) + max(map(self.urgency, later), default=0.0)

    def marker(self, name: str) -> Path:
        """The file that says that `name`, in this state, is done."""
        key = self.report if name == REPORT else self.notebooks[name]
        return results_dir(self.profile) / ".done" / f"{name}.{key}"


def notebook_path(name: str) -> Path:
    """The source of a notebook; `ParameterError` names the nearest when there is none of that name."""
    if name not in notebook_names():
        raise unknown("notebook", name, notebook_names())
    return ROOT / "notebooks" / f"{name}.ipynb"


def notebook_names(pattern: str = "*") -> list[str]:
    """Notebooks that one of the shell patterns matches, sorted; `ParameterError` names a pattern that matches none."""
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("[!.]*.ipynb"))
    if not names:
        raise StateError(f"no notebooks in {ROOT / 'notebooks'}; is this a whole checkout?")
    chosen: set[str] = set()
    for one in pattern.split(","):
        matching = [name for name in names if fnmatchcase(name, one)]
        if not matching:
            raise unknown("notebook", one, names)
        chosen |= set(matching)
    return sorted(chosen)


def plan(profile: str, pattern: str = "*") -> Plan:
    """Keys of the chosen notebooks, and of a report over them and over what ran before."""
    chosen = {name: notebook_key(name, profile) for name in notebook_names(pattern)}
    before = dict(done.name.split(".", 1) for done in (results_dir(profile) / ".done").glob("*.*"))
    shown = {name: key for name, key in before.items() if name in notebook_names()} | chosen
    seen = {name: [other for other in shown if other != name and fnmatchcase(other, looks_at(name))] for name in chosen}
    for name, others in seen.items():
        if others:
            chosen[name] += code.digest(json.dumps({other: shown[other] for other in sorted(others)}))
    shown |= chosen
    key = job_key(REPORT, profile) + code.digest(json.dumps(shown, sort_keys=True))
    after = {name: sorted(chosen.keys() & set(others)) for name, others in seen.items()}
    usual = {name: _said(name).get("seconds", {}) for name in chosen}
    known = {name: float(seconds[profile]) for name, seconds in usual.items() if profile in seconds}
    return Plan(profile, chosen, key, after, known | {REPORT: REPORT_SECONDS})


def looks_at(name: str) -> str:
    """The pattern of the notebooks whose results this one looks at: `"after": PATTERN` in its metadata."""
    return str(_said(name).get("after", ""))


def _said(name: str) -> dict[str, Any]:
    """What a notebook tells the run: `"aeslib": {"after": PATTERN, "seconds": {PROFILE: NUMBER}}` in its metadata."""
    found: dict[str, Any] = code.read_notebook(notebook_path(name))["metadata"].get("aeslib", {})
    return found


def job_inputs(name: str) -> list[Path]:
    """Return the library's files that a notebook, or the report, is made from."""
    if name == REPORT:  # it has a page on every module
        return sorted({*code.package_modules(), *_inputs("import aeslib.report")})
    return _inputs(code.notebook_source(notebook_path(name)))


def job_key(name: str, profile: str) -> str:
    """Return the key of what one job itself is made from."""
    if name != REPORT:
        return notebook_key(name, profile)
    around = [ROOT / "pyproject.toml", *sorted((ROOT / "benchmarks").glob("*.json"))]
    return code.digest(_common(profile), *around, *job_inputs(REPORT))


@contextmanager
def unchanged_job(name: str, profile: str, key: str | None) -> Iterator[None]:
    """Check before the block and after it that a job is still made from what its key stands for.

    Args:
        name: a notebook's, or "report".
        profile: of the run.
        key: from the run's plan; None where the job is run alone.

    Raises:
        StateError: when its notebook, the library, the data or what is installed has changed.
    """
    key = key or job_key(name, profile)

    def check() -> None:
        code.check_unchanged(job_inputs(name))
        _common.cache_clear()
        if not key.startswith(job_key(name, profile)):
            notebook = "" if name == REPORT else f"{name}.ipynb, "
            raise StateError(
                f"{name} does not count as done: {notebook}the library, the data in {data_root()} or what is "
                "installed changed while the run was going on. Start the run again."
            )

    check()
    yield
    check()


def notebook_key(name: str, profile: str) -> str:
    """Key of one notebook: its cells, the code it reaches, data, profile, pins, and what is installed."""
    path = notebook_path(name)
    return code.digest(_common(profile), _cells(path), *job_inputs(name))


def _inputs(source: str) -> list[Path]:
    """`code.inputs`; all code for source that is not Python, as it may reach anything; running it says more."""
    try:
        return code.inputs(source)
    except SyntaxError:
        return code.package_modules()


def _cells(path: Path) -> str:
    """What a person wrote into a notebook: outputs and other traces of opening it do not count."""
    cells = code.read_notebook(path)["cells"]
    return json.dumps([(c["cell_type"], "".join(c["source"]), c["metadata"].get("tags")) for c in cells])


@cache
def _common(profile: str) -> str:
    """What every job depends on."""
    python = ".".join(platform.python_version_tuple()[:2])
    compiled = os.environ.get("AESLIB_COMPILED", "")
    facts = [profile, python, compiled, *switches(), *installed()]
    return code.digest(*facts, ROOT / "requirements.txt", *fingerprint(data_root()))


def fingerprint(root: Path) -> Iterator[str]:
    """Yield the name and state of every file in the data folder, also of those in folders that it links to."""
    for folder, names in walk(root):
        place = os.path.relpath(folder, root)
        for name in names:
            yield f"{place}/{name} {state(os.path.join(folder, name))}"
