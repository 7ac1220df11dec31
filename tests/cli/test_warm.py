"""Notebooks as forks: like those that were started, and nothing outlives what it works for."""

import os
import signal
import socket
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from aeslib.cli import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
ASK = """import sys
import matplotlib, pandas, psutil
from IPython import get_ipython
from tqdm.auto import tqdm
made_by = "aeslib.cli.warm" in psutil.Process().cmdline()
looks = [matplotlib.get_backend(), pandas.options.display.max_columns, tqdm.__mro__[1].__name__, sys.path[0]]
print([*looks, get_ipython().kernel.shell.__class__.__name__, "get_ipython" in dir(__builtins__), PROFILE])
print(made_by)"""
QUIET = ("", "[IPKernelApp] ERROR | KeyboardInterrupt caught in kernel.\n")
"""What a log may hold: a kernel that is told to end may say how it was told."""


def said(home, name):
    copy = nbformat.read(home.path / f"results/smoke/notebooks/{name}.ipynb", as_version=4)
    return "".join(o.text for cell in copy.cells for o in cell.get("outputs", []) if o.output_type == "stream")


def test_a_forked_notebook_is_like_one_that_was_started(home):
    home.notebook("01_one", ASK)
    home.report()  # alone: started
    started, forked = said(home, "01_one").splitlines()
    assert forked == "False"
    log = home.path / "results/smoke/logs/01_one.log"
    assert log.read_text() in QUIET
    for name in ("01_one", "02_two"):
        home.notebook(name, ASK, "assert sys.modules['__main__'].PROFILE == 'smoke'")
    home.report()
    for name in ("01_one", "02_two"):
        assert said(home, name).splitlines() == [started, "True"]
        assert home.record(name)["peak_mb"] > 50
        assert log.with_stem(name).read_text() in QUIET


def test_what_notebooks_share_is_imported_before(home):
    one = home.notebook("01_one", "import json, os\nfrom aeslib.plots import elta as plots\n%matplotlib inline")
    two = home.notebook("02_two", "import json\nfrom aeslib.plots import mtcnn, elta", "def f():\n    import csv")
    three = home.notebook("03_three", "import csv\nimport os.path")
    broken = home.notebook("04_four", "import json\nimport (")
    assert warm.shared([one, two, three, broken]) == ["aeslib.plots", "aeslib.plots.elta", "json"]


def test_without_a_process_that_forks_the_caller_does_it_itself(monkeypatch, tmp_path):
    monkeypatch.delenv(warm.DOOR, raising=False)
    assert warm.ask(["notebook", "x"]) is None
    monkeypatch.setenv(warm.DOOR, str(tmp_path / "door"))
    assert warm.ask(["notebook", "x"]) is None
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as entrance:
        entrance.bind(str(tmp_path / "door"))
        assert warm.ask(["notebook", "x"]) is None
        entrance.listen()
        monkeypatch.setenv("LONG", "x" * 100_000)
        for k in range(9):
            monkeypatch.setenv(f"LONG{k}", "x" * 100_000)
        assert warm.ask(["notebook", "x"]) is None


@pytest.fixture
def server(tmp_path):
    """A process that forks, and its door."""
    door = tmp_path / "door"
    command = [sys.executable, "-m", "aeslib.cli.warm", str(door), "no.such.module", "json"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    while not door.exists():
        time.sleep(0.02)
    yield process, door
    process.kill()
    process.wait()


def asking(door, *words, folder=None, **env):
    command = [sys.executable, "-c", "import sys; from aeslib.cli import warm; sys.exit(warm.ask(sys.argv[1:]))"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    own = os.environ | {warm.DOOR: str(door)} | env
    return subprocess.Popen([*command, *words], cwd=folder, env=own, text=True, **pipes)


def gone(process):
    until = time.monotonic() + 20
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.05)
    return True


def test_output_and_exit_code_come_back(server):
    asked = asking(server[1], "help")
    assert asked.communicate()[0].startswith("usage: ./run_all.sh")
    assert asked.returncode == 0
    asked = asking(server[1], "hepl")
    assert "Did you mean 'help'?" in asked.communicate()[1]
    assert asked.returncode == 2


SLEEPS = """import time
def lab(options):
    print("begun", flush=True)
    time.sleep(600)
"""


def sleeper(home, tmp_path):
    """A process that forks in a project whose `lab` sleeps, one who asked for that, and the family at work."""
    (home.path / "aeslib" / "cli" / "commands.py").write_text(SLEEPS)
    command = [sys.executable, "-m", "aeslib.cli.warm", str(tmp_path / "door")]
    forker = subprocess.Popen(command, cwd=home.path, env=home.env, stdin=subprocess.PIPE)
    while not (tmp_path / "door").exists():
        time.sleep(0.02)
    asked = asking(tmp_path / "door", "lab", folder=home.path, PYTHONPATH=str(home.path))
    line = asked.stdout.readline()
    assert line == "begun\n", asked.stderr.read()
    family = psutil.Process(forker.pid).children(recursive=True)
    assert len(family) == 2  # the job, and the kernel that waits
    return forker, asked, family


def test_who_asks_and_dies_takes_the_job_along(home, tmp_path):
    forker, asked, family = sleeper(home, tmp_path)
    asked.kill()
    assert all(map(gone, family))
    asked = asking(tmp_path / "door", "help", folder=home.path)  # the others are served
    asked.communicate()
    assert asked.returncode == 0
    forker.kill()


def test_a_killed_job_has_failed(home, tmp_path):
    forker, asked, family = sleeper(home, tmp_path)
    os.kill(family[0].pid, signal.SIGKILL)
    asked.communicate()
    assert asked.returncode == 1
    assert all(map(gone, family))
    forker.kill()


def test_without_its_run_the_process_that_forks_ends_with_all_its_children(home, tmp_path):
    forker, asked, family = sleeper(home, tmp_path)
    forker.stdin.close()
    forker.wait(20)
    assert all(map(gone, family))
    asked.communicate()
    assert asked.returncode == 1


STARTS = """import subprocess, sys, time
door = sys.argv[1]
server = subprocess.Popen([sys.executable, "-m", "aeslib.cli.warm", door, "imports_slowly"], stdin=subprocess.PIPE)
print(server.pid, flush=True)
time.sleep(600)
"""


def test_while_it_still_imports_it_ends_with_its_run(tmp_path):
    """It outlived a killed run by the ten seconds that it imports, and held the lock of the results all that time."""
    (tmp_path / "imports_slowly.py").write_text(
        f"import time\nopen({str(tmp_path / 'flag')!r}, 'w').close()\ntime.sleep(600)\n"
    )
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path / "door")], env=env, stdout=subprocess.PIPE, text=True
    )
    server = psutil.Process(int(run.stdout.readline()))
    while not (tmp_path / "flag").exists():
        time.sleep(0.02)
    run.kill()
    run.communicate()
    assert gone(server)
