"""What is said when a cluster does not answer, or does not let go of a job: SLURM's commands are stand-ins here."""

import pytest

from aeslib.cli import slurm
from aeslib.errors import StateError


@pytest.fixture
def says(tmp_path, monkeypatch):
    """`says("squeue", "echo 1")`: from now on that command runs this line of shell."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(name, line):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)

    return write


def test_a_controller_that_does_not_answer_is_told_in_its_own_words(says):
    says("sinfo", "echo 'sinfo: error: Unable to contact\n  slurm controller' >&2; exit 1")
    with pytest.raises(StateError) as told:
        slurm.check_partition(None)
    assert str(told.value) == (
        "`sinfo --noheader --format=%R` failed: sinfo: error: Unable to contact slurm controller"
    )


def test_only_jobs_of_this_folder_count(says, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    says("squeue", f"echo '7 {slurm.prefix(here)}_a'; echo '8 {slurm.prefix(there)}_b'; echo '9 my job of my own'")
    assert slurm.queued(here) == ["7"]
    assert slurm.queued(tmp_path) == []
    assert len(slurm.prefix(here)) <= 50  # the plugin's limit


def test_a_job_that_does_not_end_is_told(says, tmp_path):
    results = tmp_path / "smoke"
    says("squeue", f"echo '7 {slurm.prefix(results)}_a'")
    says("scancel", f"echo $* >> {tmp_path}/cancelled")
    with pytest.raises(StateError) as told, slurm.queue(results, resume=True, patience=0):
        pytest.fail("the run has begun")
    assert str(told.value) == "cancelled jobs do not end (7); ask `squeue` why, then use --resume again."
    assert (tmp_path / "cancelled").read_text() == "7\n"
