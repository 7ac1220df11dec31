"""A library file that is edited while a process lives: no result is ever kept under the key of other code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aeslib import code
from aeslib.studies import core

LIBRARY = """
from dataclasses import dataclass
from aeslib.studies.core import Outcome, Study


@dataclass(frozen=True)
class Cell:
    seed: int


def compute(cell, profile, checkpoint):
    from aeslib.studies import toylate
    return Outcome({"srcc": toylate.VALUE})


GRID = Study("toys.grid", lambda _: [Cell(0)], compute)
"""
PROCESS = """
import importlib, json, sys
from pathlib import Path
import aeslib
from aeslib.errors import StateError
from aeslib.profiles import PROFILES
late = Path(sys.argv[1])
exec(sys.argv[2])
from aeslib.studies.core import run_key, run_study
from aeslib.studies.toys import GRID, Cell
first = run_key(GRID, Cell(0), PROFILES["smoke"])
exec(sys.argv[3])
try:
    value = run_study(GRID, PROFILES["smoke"], progress=False).frame["srcc"].tolist()
except StateError as error:
    value = str(error)
print(json.dumps([first, run_key(GRID, Cell(0), PROFILES["smoke"]), value]))
"""
MOVED = (
    "studies/toylate.py changed since this process imported the library, so a result would be kept under the key of "
    "code that did not make it. Nothing was kept: restart the kernel, or start the run again."
)
NEW = 'late.write_text("VALUE = 0.75")'
RELOAD = f"{NEW}; importlib.reload(aeslib); importlib.reload(importlib.import_module('aeslib.snapshot'))"


@pytest.fixture
def late(tmp_path):
    """Return the last file that a small study imports, in a copy of the library."""
    package = tmp_path / "project" / "aeslib"
    shutil.copytree(code.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "studies" / "toys.py").write_text(LIBRARY)
    (package / "studies" / "toylate.py").write_text("VALUE = 0.25")
    return package / "studies" / "toylate.py"


def live(late, at_start="", after_import=""):
    """Return key at first, key at last and the study's value (or why there is none) from a new process."""
    environment = os.environ | {"PYTHONPATH": str(late.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROCESS, str(late), at_start, after_import]
    run = subprocess.run(command, env=environment, cwd=late.parent, capture_output=True, text=True, check=False)
    assert not run.returncode, run.stderr
    return json.loads(run.stdout)


def kept_runs():
    folder = core.artifacts_dir("smoke") / "toys.grid"
    return [path.name for path in folder.glob("[!.]*")]


@pytest.mark.parametrize(
    "edit",
    [
        {"at_start": NEW},  # imported late, after the edit
        {"after_import": NEW},
        {"after_import": f"import aeslib.studies.toylate; {NEW}"},  # the old code is in memory
        {"after_import": f"import aeslib.studies.toylate; {RELOAD}"},
        {"after_import": "late.unlink()"},
    ],
)
def test_an_edited_file_stops_a_study_before_it_begins(late, edit):
    first, last, value = live(late, **edit)
    assert value == MOVED
    assert first == last
    assert kept_runs() == []


def test_what_was_kept_is_that_of_its_key(late):
    first, _, value = live(late)
    assert value == [0.25]
    assert live(late, after_import=NEW) == [first, first, [0.25]]  # this process is the old code, as are its results
    key, _, value = live(late)
    assert key != first
    assert value == [0.75]
    assert live(late, after_import="late.touch(); late.write_text(late.read_text())") == [key, key, [0.75]]


def test_an_edit_during_a_run_ends_it_without_a_result(late):
    study = late.with_name("toys.py")
    study.write_text(
        study.read_text().replace("    return", f"    open({str(late)!r}, 'a').write(' # more')\n    return")
    )
    assert live(late)[2] == MOVED
    assert kept_runs() == []


def test_arrays_and_weights_too(tmp_path, monkeypatch):
    """What `kept` keeps for code that was edited meanwhile is not kept."""
    import numpy as np

    from aeslib.data.kept import kept
    from aeslib.errors import StateError

    source, path = tmp_path / "m.py", tmp_path / "a.npy"
    source.write_text("x = 1")
    monkeypatch.setitem(code.CONTENTS, source, b"x = 1")

    def make(target: Path) -> None:
        with target.open("wb") as out:
            np.save(out, np.ones(2))
        source.write_text("x = 2")

    for _ in range(2):
        with pytest.raises(StateError, match=r"m\.py changed since this process imported the library"):
            kept(path, make, [source])
        assert not path.exists()
    source.write_text("x = 1")
    assert kept(path, lambda target: np.save(target.open("wb"), np.ones(2)), [source]).tolist() == [1, 1]
