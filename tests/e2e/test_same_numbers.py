"""The same numbers to the last byte: with one and two threads, in JupyterLab and headless, with the same SEED."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aeslib.numerics import THREADS
from aeslib.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(2400)]

STUDIES = ("elta.ablation", "taskvec.tasks", "aesmamba.persons", "aestheticnet.search")
RUN = """
import json, sys
from dataclasses import replace
from aeslib.paths import artifacts_dir
from aeslib.profiles import get_profile
from aeslib.studies.core import compute, find_study, origins, read_run
profile, digests = replace(get_profile("smoke"), pretext_images=96), {}
for name in sys.argv[1:]:
    study, folder = find_study(name), artifacts_dir("smoke") / name / "first"
    compute(study, study.grid(profile)[-1], profile, folder, origins(study, profile))
    record = read_run(folder)
    digests[name] = [record["arrays"], {k: v for k, v in record["metrics"].items() if "seconds" not in k}]
print(json.dumps(digests))
"""
"""The last run of each study's grid, computed with everything that it needs."""
KERNEL = """
import sys
import nbformat
from nbclient import NotebookClient
source, target, seed = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
(parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
parameters.source = f'PROFILE = "smoke"\\nSEED = {seed}'
folder = {"metadata": {"path": source.rpartition("/")[0]}}
NotebookClient(notebook, kernel_name="python3", timeout=1200, resources=folder).execute()
nbformat.write(notebook, target)
"""
"""A notebook in a kernel as JupyterLab starts it: with the user's environment, and nothing set for the run."""
CHAPTER = "11_elta_tail_feature_augmentation"
DRAWN = "mean distance from the mean score"
"""Words of the cell that shows a draw of the chapter itself."""


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """A user's environment with folders of its own; nothing says how many threads to use."""
    own = {name: str(folder / name) for name in ("AESLIB_RESULTS", "AESLIB_ARTIFACTS", "AESLIB_DATA", "XDG_CACHE_HOME")}
    return {name: value for name, value in os.environ.items() if name not in THREADS} | own | changes


def output(*words: str, env: dict[str, str]) -> str:
    run = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_runs_of_studies_are_equal_with_one_and_two_threads(tmp_path):
    made = []
    for threads in ("1", "2"):
        env = environment(tmp_path / threads, OMP_NUM_THREADS=threads)
        made.append(json.loads(output("-c", RUN, *STUDIES, env=env).splitlines()[-1]))
    assert set(made[0]) == set(STUDIES)
    assert [name for name in STUDIES if made[0][name] != made[1][name]] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("same")


@pytest.fixture(scope="module")
def headless(folder: Path) -> Path:
    """Results of the chapter from a run; what it computed lies beside it."""
    env = environment(folder / "headless")
    output("-m", "aeslib", "notebook", CHAPTER, "--profile", "smoke", env=env)
    return folder / "headless" / "AESLIB_RESULTS" / "smoke"


def tables(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / "tables").glob("*.csv")}


def drawn(path: Path) -> str:
    """What the chapter shows of its own draw."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if cell["cell_type"] == "code" and DRAWN in "".join(cell["source"]))
    return "".join(cell["outputs"][-1]["data"]["text/plain"])


def in_jupyterlab(env: dict[str, str], folder: Path, seed: int) -> Path:
    target = folder / f"jupyterlab-{seed}.ipynb"
    output("-c", KERNEL, str(ROOT / "notebooks" / f"{CHAPTER}.ipynb"), str(target), str(seed), env=env)
    return target


def test_a_chapter_is_equal_in_jupyterlab_and_headless(headless, folder):
    """Everything is computed anew by a kernel that may use all cores."""
    env = environment(folder / "lab")
    executed = in_jupyterlab(env, folder, 0)
    assert drawn(executed) == drawn(headless / "notebooks" / f"{CHAPTER}.ipynb")
    ours = tables(headless)
    assert ours
    assert tables(Path(env["AESLIB_RESULTS"]) / "smoke") == ours


def test_the_seed_of_a_chapter_reaches_its_draws(headless, folder):
    env = environment(folder / "headless", AESLIB_RESULTS=str(folder / "other-seed"))
    assert drawn(in_jupyterlab(env, folder, 1)) != drawn(headless / "notebooks" / f"{CHAPTER}.ipynb")
