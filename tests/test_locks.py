"""Locks of results and artifacts folders."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from aeslib.cli import clean, main, notebook
from aeslib.cli.parser import parse
from aeslib.errors import StateError
from aeslib.locks import folder_lock
from aeslib.paths import artifacts_dir, results_dir, write_text
from aeslib.profiles import PROFILES
from aeslib.studies import core

HOLD = """import sys
from pathlib import Path
from aeslib.locks import folder_lock
with folder_lock(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder():
    """`holder(folder, "shared")`: a process that holds the lock of a folder until the test ends."""
    processes = []

    def hold(folder, how):
        command = [sys.executable, "-c", HOLD, str(folder), how]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


def test_nothing_is_removed_under_a_run_with_other_results(holder, capsys):
    """The artifacts were removed under a living run, whose results lay elsewhere."""
    for folder in (results_dir("smoke"), artifacts_dir("smoke")):
        write_text(folder / "a.txt", "x")
    run = holder(artifacts_dir("smoke"), "shared")
    with folder_lock(artifacts_dir("smoke"), shared=True):
        pass  # runs share artifacts
    assert main(["clean"]) == 1
    assert capsys.readouterr() == (
        "",
        f"aeslib: another run of 'smoke' uses {artifacts_dir('smoke')} (process {run.pid}); wait for it or stop it.\n",
    )
    assert (results_dir("smoke") / "a.txt").exists()  # all or nothing
    assert (artifacts_dir("smoke") / "a.txt").exists()


@dataclass(frozen=True)
class Config:
    """One run of a study that computes nothing."""


def test_runs_hold_the_lock_of_their_artifacts(holder, monkeypatch):
    """Chapters that run alone, and studies in JupyterLab, too."""
    process = holder(artifacts_dir("smoke"), "alone")
    monkeypatch.setattr(notebook, "own_environment", lambda: None)
    message = rf"uses .*artifacts/smoke \(process {process.pid}\)"
    with pytest.raises(StateError, match=message):
        core.run_study(core.Study("toy.lock", lambda _: [Config()], pytest.fail), PROFILES["smoke"], progress=False)
    with pytest.raises(StateError, match=message):
        notebook.main(parse(["notebook", "01_data_cards", "--profile", "smoke"])[1])


def test_a_run_that_waited_for_clean_locks_the_new_folder(tmp_path):
    """`clean` used to remove the lock with the folder: the run that came next held a file that was no longer there."""
    folder = tmp_path / "smoke"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waits = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), "alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        lock.write("999999999")
        lock.flush()
        folder.rename(tmp_path / "away")
        shutil.rmtree(tmp_path / "away")
    assert waits.stdout.readline() == "held\n"
    with pytest.raises(StateError, match=f"process {waits.pid}"), folder_lock(folder):
        pytest.fail("two hold the lock")
    waits.communicate()


def test_clean_takes_a_folder_away_at_one_stroke(tmp_path, monkeypatch, capsys):
    """A run that starts while files are being removed loses nothing."""
    write_text(results_dir("smoke") / "old.txt", "x")
    rmtree = shutil.rmtree

    def meanwhile(path, **options):
        with folder_lock(results_dir("smoke")):
            write_text(results_dir("smoke") / "new.txt", "x")
        rmtree(path, **options)

    monkeypatch.setattr(clean.shutil, "rmtree", meanwhile)
    assert main(["clean"]) == 0
    assert sorted(path.name for path in results_dir("smoke").iterdir()) == [".lock", "new.txt"]
    assert [path.name for path in results_dir("smoke").parent.iterdir()] == ["smoke"]


def test_clean_removes_what_a_killed_clean_left_and_refuses_links(tmp_path, capsys):
    left = results_dir("smoke").with_name(".smoke-removed-7")
    write_text(left / "a.txt", "x")
    assert main(["clean"]) == 0
    assert not left.exists()
    (tmp_path / "disk").mkdir()
    results_dir("smoke").symlink_to(tmp_path / "disk")
    assert main(["clean"]) == 1
    assert capsys.readouterr().err == (
        f"aeslib: {results_dir('smoke')} is a link to {tmp_path / 'disk'}; remove the link or the folder by hand.\n"
    )


def test_remains_of_an_ended_run_are_told_apart_from_a_run(tmp_path):
    folder: Path = tmp_path / "smoke"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        lock.write("999999999")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StateError) as caught, folder_lock(folder, patience=0.2):
            pytest.fail("two hold the lock")
    assert str(caught.value) == (
        f"processes of an ended run (process 999999999) still use {folder}; `fuser {folder / '.lock'}` lists them: "
        "stop them, then run again."
    )
    with folder_lock(folder) as number:
        assert (folder / ".lock").read_text() == str(os.getpid())
        assert os.fstat(number).st_ino == (folder / ".lock").stat().st_ino
