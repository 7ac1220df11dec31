"""Runs from end to end on a small project: what runs again, what a failure or a kill leaves, one run at a time."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

WAIT = "import os, time\nopen({flag!r}, 'w').write(str(os.getpid()))\ntime.sleep(60 if os.path.exists({slow!r}) else 0)"
SAVE = """import json, pathlib
from aeslib.paths import results_dir, write_text
folder = results_dir(PROFILE) / "tables"
write_text(folder / "x.T1.csv", "a\\n1\\n")
claims = [{"verdict": verdict} for verdict in ("exact", "exact", "x")]
write_text(results_dir(PROFILE) / "claims.json", json.dumps({"notebook": "01_one", "claims": claims}))
_ = write_text(folder / "x.T1.json", json.dumps({"notebook": "01_one", "outputs": ["tables/x.T1.csv"]}))"""


def starts(home, *names):
    return [home.record(name)["started"] for name in names]


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_only_what_changed_runs_again(home):
    one = home.notebook("01_one", SAVE, "from aeslib.tiny_one import VALUE\nVALUE")
    home.notebook("02_two", "def later():\n    import aeslib.tiny_two")
    first = home.report()
    assert home.table(first) == {"01_one": "done", "02_two": "done", "report": "done"}
    assert "\nClaims: 2 exact, 1 x\nReport: results/smoke/report/index.html\n" in first
    assert list(home.record("01_one")["files"]) == [
        "notebooks/01_one.ipynb", "tables/x.T1.json", "tables/x.T1.csv", "claims.json",
    ]  # fmt: skip
    done = starts(home, "01_one", "02_two")

    again = home.report()
    assert home.table(again) == {"01_one": "unchanged", "02_two": "unchanged", "report": "unchanged"}
    assert starts(home, "01_one", "02_two") == done
    assert home.run("report", "--profile", "smoke", "--dry-run") == "Nothing to do: everything is up to date.\n"

    opened = json.loads(one.read_text())  # what JupyterLab leaves in a notebook that was only looked at
    opened["cells"][2] |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]}
    one.write_text(json.dumps(opened))
    assert "Nothing to do" in home.report("--dry-run")

    (home.path / "aeslib" / "tiny_two.py").write_text("VALUE = 2\n")
    assert home.table(home.report()) == {"01_one": "unchanged", "02_two": "done", "report": "done"}

    home.notebook("01_one", SAVE, "1 + 1")
    assert home.table(home.report()) == {"01_one": "done", "02_two": "unchanged", "report": "done"}

    report = home.path / "aeslib" / "report" / "__init__.py"
    report.write_text(report.read_text() + "\n# edited\n")
    assert home.table(home.report()) == {"01_one": "unchanged", "02_two": "unchanged", "report": "done"}

    (home.path / "results/smoke/tables/x.T1.csv").unlink()
    assert "would run 01_one: tables/x.T1.csv is missing or changed (took" in home.report("--dry-run")
    assert home.table(home.report()) == {"01_one": "done", "02_two": "unchanged", "report": "done"}
    assert (home.path / "results/smoke/tables/x.T1.csv").read_text() == "a\n1\n"

    (home.path / "results/smoke/report/index.html").unlink()
    assert home.table(home.report()) == {"01_one": "unchanged", "02_two": "unchanged", "report": "done"}


EDIT = """from aeslib.tiny_one import VALUE
from pathlib import Path
import aeslib, os
library = Path(aeslib.__file__).with_name("tiny_one.py")
if library.read_text() == "VALUE = 1\\n":
    _ = library.write_text("VALUE = 2\\n")"""


def test_a_library_edited_under_a_run_is_never_marked_done_with_the_old_codes_results(home):
    home.notebook("01_one", EDIT, "VALUE")
    home.notebook("02_two", "import aeslib.tiny_two")
    output = home.report(code=1)
    assert home.table(output) == {"01_one": "FAILED", "02_two": "done", "report": "done"}
    assert "StateError: aeslib.errors" not in output
    assert "tiny_one.py changed since this process imported the library" in output
    assert sorted(path.name.partition(".")[0] for path in home.path.glob("results/smoke/.done/*")) == ["02_two"]
    assert home.table(home.report()) == {"01_one": "done", "02_two": "unchanged", "report": "done"}
    assert "Nothing to do" in home.report("--dry-run")


def test_the_claims_belong_to_the_notebook_that_wrote_them(home):
    """Another that ran meanwhile used to take them for its own, and to remove them when it ran again."""
    claims = home.path / "results/smoke/claims.json"
    wait = f"import os, time\nwhile not os.path.exists({str(claims)!r}):\n    time.sleep(0.1)"
    home.notebook("01_one", SAVE)
    home.notebook("02_two", wait)
    home.report()
    assert "claims.json" in home.record("01_one")["files"]
    assert "claims.json" not in home.record("02_two")["files"]
    home.notebook("02_two", "1")
    home.report()
    assert claims.is_file()


def test_a_notebook_that_looks_at_others_runs_after_them(home):
    see = "from aeslib.paths import results_dir\ntext = (results_dir(PROFILE) / 'tables/x.T1.csv').read_text()"
    back = home.notebook("60_back", see, f"open({str(home.path / 'seen.txt')!r}, 'w').write(text)")
    source = json.loads(back.read_text())
    source["metadata"]["aeslib"] = {"after": "[0-5]*"}
    back.write_text(json.dumps(source))
    home.notebook("50_late", "import time; time.sleep(3)", SAVE.replace("01_one", "50_late"))
    home.notebook("51_other", "1")
    assert home.table(home.report()) == {"50_late": "done", "51_other": "done", "60_back": "done", "report": "done"}
    assert (home.path / "seen.txt").read_text() == "a\n1\n"
    assert "Nothing to do" in home.report("--dry-run")

    home.notebook("51_other", "2")
    assert home.table(home.report()) == {
        "50_late": "unchanged",
        "51_other": "done",
        "60_back": "done",
        "report": "done",
    }

    (home.path / "results/smoke/tables/x.T1.csv").unlink()
    assert "\nwould run 60_back: chapters change (took" in home.report("--dry-run")
    assert home.table(home.report()) == {
        "50_late": "done",
        "51_other": "unchanged",
        "60_back": "done",
        "report": "done",
    }

    home.notebook("51_other", "1 / 0")  # one fails: what looks back sees the rest
    table = home.table(home.report(code=1))
    assert table == {"50_late": "unchanged", "51_other": "FAILED", "60_back": "done", "report": "done"}
    home.notebook("51_other", "2")
    assert home.table(home.report()) == {
        "50_late": "unchanged",
        "51_other": "done",
        "60_back": "done",
        "report": "done",
    }


def test_only_and_force_choose_what_runs(home):
    home.notebook("01_one", "1")
    home.notebook("02_two", "2")
    assert home.table(home.report("--only", "01*")) == {"01_one": "done", "report": "done"}
    assert home.report("--dry-run", "--force").startswith("would run 01_one: forced (took")
    assert home.table(home.report("--only", "01*", "--force")) == {"01_one": "done", "report": "done"}
    assert home.report("--only", "1_one", code=2) == (
        "aeslib: no notebook named '1_one'. Did you mean '01_one'? Known: 01_one, 02_two.\n"
    )


def test_a_failing_notebook_is_kept_and_the_others_go_on(home):
    home.notebook("01_one", SAVE, "print('this far')", "raise ValueError('two\\nlines')", "print('never')")
    home.notebook("02_two", "2")
    out = home.report(code=1)
    assert home.table(out) == {"01_one": "FAILED", "02_two": "done", "report": "done"}
    assert "\n  ValueError: two lines\n" in out
    assert "Failed notebooks as far as they came: results/smoke/notebooks, logs: results/smoke/logs\n" in out
    copy = (home.path / "results/smoke/notebooks/01_one.ipynb").read_text()
    assert "this far" in copy
    assert "ValueError" in copy
    assert home.record("01_one")["status"] == "failed"
    assert home.record("01_one")["error"] == "ValueError: two\nlines"
    assert (home.path / "results/smoke/report/index.html").read_text() == "01_one 02_two"

    home.notebook("01_one", "print('mended')")
    assert home.table(home.report()) == {"01_one": "done", "02_two": "unchanged", "report": "done"}
    assert not (home.path / "results/smoke/tables/x.T1.csv").exists()  # it no longer makes this table


def test_a_dead_kernel_a_misspelt_line_and_a_failing_report_are_told(home):
    home.notebook("01_one", "import os\nos._exit(3)")
    home.notebook("02_two", "1 +")
    report = home.path / "aeslib" / "report" / "__init__.py"
    report.write_text("def build(profile):\n    raise OSError('disk full')\n")
    out = home.report(code=1)
    assert home.table(out) == {"01_one": "FAILED", "02_two": "FAILED", "report": "FAILED"}
    assert "\n  SyntaxError: invalid syntax" in out
    assert "DeadKernelError: Kernel died\n" in out
    assert "\n  OSError: disk full\n" in out


@pytest.mark.parametrize("victim", ["run", "aeslib.cli.dag", "aeslib.cli.warm", "everything"])
def test_after_kill_9_the_next_run_goes_on_and_nothing_of_the_old_one_stays(home, tmp_path, victim):
    flag, slow = tmp_path / "pid", tmp_path / "slow"
    slow.touch()
    home.notebook("01_one", "1")
    home.report()
    home.notebook("02_two", WAIT.format(flag=str(flag), slow=str(slow)))
    home.notebook("03_three", "3")
    run = subprocess.Popen(home.command("report", "--profile", "smoke", "--cores", "1"), cwd=home.path, env=home.env)
    until(lambda: flag.exists() and flag.read_text())
    family = psutil.Process(run.pid).children(recursive=True)
    chosen = {"run": [run], "everything": [run, *family]}
    for process in chosen.get(victim) or [next(p for p in family if victim in p.cmdline())]:
        process.send_signal(signal.SIGKILL)
    run.wait(60)
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family))
    litter = home.path / "results/smoke/notebooks/.01_one-half.json"
    litter.write_text("{")
    slow.unlink()
    out = home.report()
    table = home.table(out)
    assert table.pop("03_three") in {"done", "unchanged"}  # it may have come before the kill
    assert table == {"01_one": "unchanged", "02_two": "done", "report": "done"}
    assert not litter.exists()


@pytest.mark.parametrize("starter", ["here", "gone"])
def test_a_job_whose_run_ended_while_it_started_does_nothing(home, tmp_path, starter):
    flag, gone = tmp_path / "pid", subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    home.notebook("01_one", WAIT.format(flag=str(flag), slow=""))
    home.env["AESLIB_RUN_STARTER"] = str({"here": os.getpid(), "gone": gone.pid}[starter])
    home.run("notebook", "01_one", "--profile", "smoke", code=int(starter == "gone"))
    assert flag.exists() == (starter == "here")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_run_at_the_same_time_says_so_and_a_stopped_one_leaves_nothing_behind(home, tmp_path, how):
    flag, slow = tmp_path / "pid", tmp_path / "slow"
    slow.touch()
    home.notebook("01_one", WAIT.format(flag=str(flag), slow=str(slow)))
    home.notebook("02_two", "import time; time.sleep(600)")  # with two, both are forks
    temporary = tmp_path / ("t" * 100)  # its path is too long for sockets
    temporary.mkdir()
    home.env["TMPDIR"] = str(temporary)
    run = home.start("report", "--profile", "smoke")
    until(lambda: flag.exists() and flag.read_text())
    family = psutil.Process(run.pid).children(recursive=True)
    busy = f"aeslib: another run of 'smoke' is going on (process {run.pid}); wait for it or stop it.\n"
    assert home.report(code=1) == busy
    assert home.run("clean", code=1) == busy
    run.send_signal(how)
    assert run.communicate(timeout=60)[1] == "aeslib: stopped; what is finished is kept, run again to go on.\n"
    assert run.returncode == 130
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)
    assert list(temporary.iterdir()) == []


def test_a_broken_snakefile_is_told(home):
    home.notebook("01_one", "1")
    (home.path / "Snakefile").write_text("rule report:\n    nonsense\n")
    out = home.report(code=1)
    assert home.table(out) == {"01_one": "FAILED", "report": "done"}
    assert (
        "ended without a word (killed, or out of memory?); see results/smoke/logs/01_one.log and snakemake.log" in out
    )
    log = (home.path / "results/smoke/logs/snakemake.log").read_text()  # it was empty
    assert "SyntaxError: Unexpected keyword nonsense in rule definition" in log


def test_odd_folders(home, tmp_path):
    """Braces, brackets, blanks, quotes and letters in every path of a run; results and artifacts named relatively."""
    odd = tmp_path / "a {x} [y] it's ü %s"
    home.path.rename(odd)
    home.path = odd
    home.env |= {"AESLIB_HOME": str(odd), "PYTHONPATH": str(odd), "AESLIB_RESULTS": "{name} {}/r"}
    home.env |= {"AESLIB_ARTIFACTS": "{key}/a", "XDG_CACHE_HOME": str(tmp_path / "{cache}" / ("c" * 120))}
    for name in ("01_one", "02_two"):
        home.notebook(
            name,
            "from aeslib.paths import results_dir\n(results_dir(PROFILE) / NAME).touch()".replace("NAME", f"'{name}'"),
        )
    out = home.run("report", "--profile", "smoke", "--cores", "2")
    assert home.table(out) == {"01_one": "done", "02_two": "done", "report": "done"}
    assert {"01_one", "02_two"} <= {path.name for path in (odd / "{name} {}/r/smoke").iterdir()}
    assert "Report: {name} {}/r/smoke/report/index.html\n" in out


def test_checkpoints_of_jupyterlab_in_the_results_disturb_nothing(home):
    home.notebook("01_one", "print(1)")
    home.report()
    folders = [
        home.path / "results" / "smoke" / name / ".ipynb_checkpoints" for name in ("tables", "figures", "notebooks")
    ]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "01_one-checkpoint.ipynb").write_text("{")
        (folder / "01_one-checkpoint.json").write_text("{")
    assert home.table(home.report("--force")) == {"01_one": "done", "report": "done"}
    assert home.table(home.report()) == {"01_one": "unchanged", "report": "unchanged"}
    assert [len(list(folder.iterdir())) for folder in folders] == [2, 2, 2]
