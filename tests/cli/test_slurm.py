"""Small runs on a real SLURM of one node: what it is asked for, what it refuses, what stays in its queue."""

import signal
import subprocess

import psutil
import pytest
from cluster import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HOLD = "import os, time\nopen({flag!r}, 'w').write('here')\nwhile os.path.exists({slow!r}):\n    time.sleep(0.1)"
ON_SLURM = ("--cluster", "slurm")


@pytest.fixture
def home(home, slurm):
    home.env |= slurm.env
    yield home
    for process in psutil.Process().children():
        if "aeslib" in process.cmdline():
            process.kill()
    slurm.ask("scancel", "--me")
    until(lambda: not slurm.jobs())


def test_jobs_end_as_they_do_at_home(home):
    """One is done, one fails and leaves a log, the report follows; an unknown partition is refused before."""
    home.notebook("01_one", "print('done')")
    home.notebook("02_two", "print('this far')", "raise ValueError('two\\nlines')")
    assert home.report(*ON_SLURM, "--partition", "mian", code=2) == (
        "aeslib: no partition named 'mian'. Did you mean 'main'? Known: main, other.\n"
    )
    assert not (home.path / "results").exists()
    out = home.report(*ON_SLURM, "--partition", "main", code=1)
    assert home.table(out) == {"01_one": "done", "02_two": "FAILED", "report": "done"}
    assert "\n  ValueError: two lines\n" in out
    assert home.record("02_two")["error"] == "ValueError: two\nlines"
    (kept,) = (home.path / "results/smoke/logs/slurm").rglob("*.log")
    assert "rule_notebook/02_two_" in str(kept)


def test_a_job_that_the_cluster_refuses_is_told_in_its_words(home, slurm):
    home.notebook("01_one", "1")
    snakefile = home.path / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace('"mem_mb": 4000', '"mem_mb": 400000'))
    out = home.report(*ON_SLURM, code=1)
    assert home.table(out) == {"01_one": "FAILED", "report": "done"}
    assert "snakemake.log" in out
    assert "Memory specification can not be satisfied" in (home.path / "results/smoke/logs/snakemake.log").read_text()


def test_what_a_killed_run_leaves_in_the_queue_is_told_and_taken_over(home, slurm, tmp_path):
    flag, slow = tmp_path / "flag", tmp_path / "slow"
    slow.touch()
    home.notebook("01_one", HOLD.format(flag=str(flag), slow=str(slow)))
    accounts = slurm.folder / "bin" / "sacctmgr"  # the plugin asks the database whether the account is ours
    accounts.write_text("#!/bin/sh\necho lab7\n")
    accounts.chmod(0o755)
    start = home.command("report", "--profile", "paper", *ON_SLURM, "--partition", "other", "--account", "lab7")
    run = subprocess.Popen(start, cwd=home.path, env=home.env)
    until(flag.exists)
    ((name, *asked),) = slurm.jobs()
    assert asked == ["RUNNING", "8", "62.50G", "gres:gpu:1", "3-00:00:00", "other"]
    assert name.startswith("aeslib-")
    account, number = slurm.ask("squeue", "-h", "-o", "%a %i").split()
    assert account == "lab7"

    run.kill()
    run.wait()
    assert home.run("report", "--profile", "paper", *ON_SLURM, code=1) == (
        f"aeslib: jobs of an earlier run of 'paper' are in the queue ({number}); "
        "wait for them, or let --resume cancel them and go on.\n"
    )
    assert len(slurm.jobs()) == 1
    slow.unlink()
    out = home.run("report", "--profile", "paper", *ON_SLURM, "--partition", "other", "--resume")
    assert f"Cancelling jobs of an earlier run: {number}\n" in out
    assert home.table(out) == {"01_one": "done", "report": "done"}


def test_a_stopped_run_leaves_no_job_behind(home, slurm, tmp_path):
    flag, slow = tmp_path / "flag", tmp_path / "slow"
    slow.touch()
    home.notebook("01_one", HOLD.format(flag=str(flag), slow=str(slow)))
    run = home.start("report", "--profile", "smoke", *ON_SLURM)
    until(flag.exists)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=60)[1] == "aeslib: stopped; what is finished is kept, run again to go on.\n"
    assert run.returncode == 130
    until(lambda: not slurm.jobs())
