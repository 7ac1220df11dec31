"""kill -9 at 100 random moments: each time the next run completes, with the result of a run that nobody disturbed.

A job runs once undisturbed in a process of its own, which gives its result and how long it takes. Then it is started
afresh, killed with all its children at a random moment of that time, and run again to its end. What is compared is
said at each job: bytes of files wherever they are promised to be the same, numbers without times elsewhere.
"""

import hashlib
import importlib.util
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import makers
import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
import torch

from aeslib import code, results
from aeslib.cli.parser import main
from aeslib.data import fetch
from aeslib.data.cards import File, load_card
from aeslib.data.images import open_store
from aeslib.data.synthetic import pictures
from aeslib.paths import ROOT, artifacts_dir, cache_home, data_root, results_dir
from aeslib.plots import style  # noqa: F401 - with it the same figure is the same file
from aeslib.profiles import PROFILES
from aeslib.studies import core, frozen, training
from aeslib.studies.parts import parts

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]
SEED = int(os.environ.get("AESLIB_DRILL_SEED", "2026"))
SMALL = replace(PROFILES["smoke"], images=120, test_images=60, pretext_images=96, epochs=1)
FOLDERS = {
    "AESLIB_RESULTS": "results",
    "AESLIB_ARTIFACTS": "artifacts",
    "XDG_CACHE_HOME": "cache",
    "AESLIB_DATA": "data",
}


def digests(*folders: Path, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Path → SHA-256 of every file below, but for names that begin with a dot or are listed."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_file() and path.name not in skip and not any(part[0] == "." for part in place.parts):
                found[place.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


# --- jobs: what is run, and what came out ---


def a_study() -> None:
    """Cells of a real study: each encoder is trained with a checkpoint an epoch, here for several epochs."""
    cells = [training.Cell("cnn", "scratch", 0), training.Cell(training.COLOUR, "", 0)]
    study = replace(training.BACKBONE_STUDY, grid=lambda _: cells)
    core.run_study(study, replace(SMALL, epochs=3), progress=False)


def of_a_study() -> object:
    """Metrics and every array of every run, to the bit; the times that they took are not compared."""
    found = {}
    for folder in sorted((artifacts_dir("smoke") / "training.backbones").glob("[!.]*")):
        assert core.is_whole(folder)
        record = core.read_run(folder)
        with np.load(folder / "arrays.npz") as arrays:
            found[folder.name] = record["metrics"], {name: value.tobytes() for name, value in arrays.items()}
    assert len(found) == 2
    return found


def features() -> None:
    """Weights of the pretext, then features of frozen pictures."""
    frozen.start_of.cache_clear()
    frozen.features("cnn", parts("ava", SMALL).val, SMALL)


def of_features() -> object:
    """The array's bytes; of the weights every tensor."""
    from aeslib.training.checkpoint import read_weights

    (weights,) = (artifacts_dir("smoke") / "pretext").glob("[!.]*.safetensors")
    tensors, note = read_weights(weights)
    (array,) = (artifacts_dir("smoke") / "features").glob("[!.]*.npy")
    return {name: value.numpy().tobytes() for name, value in tensors.items()}, note, array.read_bytes()


def a_save() -> None:
    """A table and a figure of an item, with their origin."""
    import matplotlib.pyplot as plt

    made = results.start("14_elta_ablation", profile="smoke", seed=0)
    data = [SimpleNamespace(key="aadb", source="synthetic", detail="a stand-in")]
    frame = pd.DataFrame({"row": [f"row {k}" for k in range(300)], "SRCC": np.linspace(0, 1, 300)})
    made.save(item="elta.T4", table=frame, data=data, caption="A table.")
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot(np.linspace(0, 1, 50))
    made.save(item="elta.T4", part="lines", figure=figure, data=data)
    plt.close(figure)


def of_a_save() -> object:
    """All files, byte for byte; nothing else is left beside them but hidden files, which the next run removes."""
    return digests(results_dir("smoke"))


def a_store() -> None:
    """Pictures decoded into one array."""
    folder = Path(os.environ["DRILL_PICTURES"])
    open_store({path.name: path for path in sorted(folder.iterdir())}, size=64, progress=False)


def of_a_store() -> object:
    """The array's bytes, and what is told of each picture."""
    before = list((cache_home() / "images").glob("[!.]*"))
    folder = Path(os.environ["DRILL_PICTURES"])
    store = open_store({path.name: path for path in sorted(folder.iterdir())}, size=64, progress=False)
    assert sorted(path.suffix for path in before) == [".json", ".lock", ".npy"]
    return store.array.tobytes(), store.shapes.tolist(), dict(store.unreadable)


def a_stand_in() -> None:
    """Pictures of a stand-in, rendered."""
    pictures("ava", size=250, seed=0, px=64)


def of_a_stand_in() -> object:
    """The array's bytes, and that nothing half-made is left."""
    (array,) = (cache_home() / "world").glob("*.npy")
    assert not list((cache_home() / "world").glob(".*"))
    return array.read_bytes()


BODY = b"image,score\n" + b"".join(b"%05d.jpg,5.0\n" % n for n in range(30_000))


def a_download() -> None:
    """Three files from a server that takes its time."""
    fetch.fetch("tad66k", accept_terms=True, base=os.environ["DRILL_SERVER"], pause=0.01, progress=False, tell=len)


def of_a_download() -> object:
    """Every file in the data set's folder, byte for byte."""
    return digests(data_root() / "tad66k")


def a_report() -> None:
    """The report over a run made by hand; pages of the library show no modules, which would take most of the time."""
    from aeslib.report import api, build

    api.modules = lambda room: [room]
    build("smoke")


def of_a_report() -> object:
    """Every page and file of the report, byte for byte, but for the search index, whose order Sphinx leaves open."""
    found = digests(results_dir("smoke") / "report", skip=("searchindex.js",))
    assert len(found) > 50
    return found


def a_notebook() -> None:
    """A notebook through papermill: what it saves, its executed copy and its record."""
    assert main(["notebook", "01_one", "--profile", "smoke"]) == 0


def of_a_notebook() -> object:
    """Its saved files byte for byte, the outputs of its copy, and that its record fits them."""
    from aeslib.cli.records import damaged, read_record

    record = read_record("smoke", "01_one")
    assert record is not None
    assert record["status"] == "done"
    assert damaged("smoke", record) == ""
    return saved()


def saved() -> object:
    """Tables byte for byte, and what each executed notebook shows."""
    shown = {}
    for path in sorted((results_dir("smoke") / "notebooks").glob("[!.]*.ipynb")):
        shown[path.name] = [cell.get("outputs") for cell in nbformat.read(path, 4).cells]
    assert shown
    return digests(results_dir("smoke") / "tables"), shown


def a_run() -> None:
    """`aeslib report`: Snakemake over two notebooks, one of which runs a study, and the report's job."""
    words = [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", "--cores", "2"]
    done = subprocess.run(words, cwd=os.environ["AESLIB_HOME"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def of_a_run() -> object:
    """What both notebooks saved and show, all done marks, and that a further run finds nothing to do."""
    words = [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", "--dry-run"]
    again = subprocess.run(words, cwd=os.environ["AESLIB_HOME"], capture_output=True, text=True, check=True)
    assert again.stdout == "Nothing to do: everything is up to date.\n"
    return saved(), sorted(path.name for path in (results_dir("smoke") / ".done").iterdir())


@dataclass(frozen=True)
class Job:
    """What is killed how often, what it needs, and what may be kept from kill to kill."""

    run: Callable[[], None]
    outcome: Callable[[], object]
    kills: int
    keep: tuple[str, ...] = ()
    """Folders that are not made anew before each kill: what this job only reads."""


JOBS = {
    "study": Job(a_study, of_a_study, 16, keep=("cache",)),
    "pretext and features": Job(features, of_features, 6, keep=("cache",)),
    "save": Job(a_save, of_a_save, 18),
    "picture store": Job(a_store, of_a_store, 18),
    "stand-in pictures": Job(a_stand_in, of_a_stand_in, 15),
    "download": Job(a_download, of_a_download, 14),
    "report": Job(a_report, of_a_report, 3, keep=("cache",)),
    "notebook": Job(a_notebook, of_a_notebook, 6, keep=("cache",)),
    "whole run": Job(a_run, of_a_run, 4, keep=("cache",)),
}


def test_there_are_a_hundred():
    assert sum(job.kills for job in JOBS.values()) == 100


# --- the drill ---


def start(job: Job, log: Path) -> int:
    """The job in a process of its own, which has everything imported already."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        with log.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        torch.set_num_threads(1)
        warnings.simplefilter("ignore")
        job.run()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def finish(job: Job, log: Path) -> float:
    """Run the job to its end; the seconds it took."""
    begun = time.monotonic()
    _, status = os.waitpid(start(job, log), 0)
    assert status == 0, log.read_text(errors="replace")[-3000:]
    return time.monotonic() - begun


def kill(pid: int) -> bool:
    """End a process and all its children at once; whether it was still at work."""
    family = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    psutil.wait_procs(family[1:], timeout=20)
    return os.WIFSIGNALED(status)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that jobs write lies in `tmp_path/own`."""
    for name, folder in FOLDERS.items():
        monkeypatch.setenv(name, str(tmp_path / "own" / folder))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(results, "commit", lambda: "drill")  # that of a checkout may change while we compare
    return tmp_path / "own"


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hands out `BODY` in ten pieces, whatever is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            with suppress(OSError):
                for at in range(0, len(BODY), len(BODY) // 10):
                    self.wfile.write(BODY[at : at + len(BODY) // 10])
                    time.sleep(0.01)

        def log_message(self, *words: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    sha = hashlib.sha256(BODY).hexdigest()
    files = [File(path=f"lists/{name}.csv", sha256=sha, url="https://owners.example/x") for name in "abc"]
    tiny = load_card("tad66k").model_copy(update={"files": files})
    monkeypatch.setattr(fetch, "load_card", lambda key: tiny)
    monkeypatch.setenv("DRILL_SERVER", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


SOURCE = """import numpy as np
import pandas as pd
from aeslib.paths import results_dir, write_text
rng = np.random.default_rng(SEED)
frame = pd.DataFrame({"x": rng.random(50)})
folder = results_dir(PROFILE) / "tables"
write_text(folder / "NAME.csv", frame.to_csv())
_ = write_text(folder / "NAME.json", '{"notebook": "NAME", "outputs": ["tables/NAME.csv"]}')
print(frame["x"].sum())"""
STAND_IN = '''"""Stands in for the report, which has kills of its own."""
from aeslib.paths import results_dir, write_text


def build(profile):
    write_text(results_dir(profile) / "report" / "index.html", "done")
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small project: two notebooks, and the library with a report that takes no time."""
    home = tmp_path / "project"
    shutil.copytree(ROOT / "aeslib", home / "aeslib", ignore=shutil.ignore_patterns("__pycache__", "report"))
    (home / "aeslib" / "report").mkdir()
    (home / "aeslib" / "report" / "__init__.py").write_text(STAND_IN)
    for name in ("Snakefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, home)
    (home / "notebooks").mkdir()
    v4 = nbformat.v4
    for name in ("01_one", "02_two"):
        cells = [v4.new_markdown_cell(f"# {name}"), v4.new_code_cell('PROFILE = "smoke"\nSEED = 0')]
        cells += [v4.new_code_cell(line) for line in SOURCE.replace("NAME", name).splitlines()]
        cells[1].metadata["tags"] = ["parameters"]
        book = v4.new_notebook(cells=cells)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, home / "notebooks" / f"{name}.ipynb")
    monkeypatch.setenv("AESLIB_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(home))
    from aeslib.cli import keys

    monkeypatch.setattr(keys, "ROOT", home)


@pytest.fixture
def fabricated() -> Any:
    """The module that makes a run by hand for the tests of the report."""
    spec = importlib.util.spec_from_file_location("fabricated_drill", ROOT / "tests" / "report" / "fabricated.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    import sphinx.application  # noqa: F401 - the jobs find it imported

    return module


@pytest.fixture
def prepare(request: pytest.FixtureRequest, tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`prepare(job)` makes the folders as they are before the job's first run."""
    name = request.node.callspec.params["name"]
    monkeypatch.setenv("DRILL_PICTURES", str(tmp_path / "pictures"))
    for number in range(160 if name == "picture store" else 0):
        makers.jpeg(tmp_path / "pictures" / f"{number:03}.jpg", number, (300, 200))
    needs = {"download": "slow_server", "notebook": "project", "whole run": "project", "report": "fabricated"}
    made = request.getfixturevalue(needs[name]) if name in needs else None

    def anew(job: Job) -> None:
        for folder in FOLDERS.values():
            if folder not in job.keep:
                shutil.rmtree(folders / folder, ignore_errors=True)
        if name == "report":
            made.fabricate(folders / "results" / "smoke")

    return anew


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", JOBS)
def test_kill_9_at_random_moments(name: str, prepare: Callable[[Job], None], tmp_path: Path) -> None:
    code.closure("import aeslib.studies.training, aeslib.studies.frozen")  # read once for all processes
    job, rng, log = JOBS[name], random.Random(f"{SEED} {name}"), tmp_path / "log.txt"
    if job.keep:
        prepare(job)
        finish(job, log)
    seconds = math.inf
    for _ in range(2):  # the shorter of two: on a busy machine one of them may have waited
        prepare(job)
        seconds = min(seconds, finish(job, log))
    undisturbed = job.outcome()
    moments, at_work = sorted(rng.uniform(0, seconds) for _ in range(job.kills)), 0
    for moment in moments:
        prepare(job)
        pid = start(job, log)
        time.sleep(moment)
        at_work += kill(pid)
        finish(job, log)
        assert job.outcome() == undisturbed, f"differs after a kill at {moment:.3f} s of {seconds:.3f} s (seed {SEED})"
    told = " ".join(f"{moment:.3f}" for moment in moments)
    print(f"{name}: {job.kills} kills over {seconds:.2f} s, {at_work} while at work, seed {SEED}: {told}")
    assert at_work >= job.kills // 2
