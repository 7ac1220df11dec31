"""Smoke chapters on a real SLURM of one node end as they do without one, also when the node dies on the way.

Two chapters, as each job costs Snakemake's start twice: one on data alone, one that trains and can resume.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import until

from aeslib.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1800)]

QUICK, TRAINS = "10_elta_feature_confusion", "50_aestheticnet_search"
BOTH = "[15]0*"
ON_SLURM = ("--cluster", "slurm", "--partition", "main")


class Place:
    """Where one run keeps everything that it makes."""

    def __init__(self, folder: Path, **env: str) -> None:
        own = {"AESLIB_RESULTS": "results", "AESLIB_ARTIFACTS": "artifacts", "XDG_CACHE_HOME": "cache"}
        own |= {"AESLIB_DATA": "no data"}
        self.env = os.environ | {name: str(folder / value) for name, value in own.items()} | env
        self.results = folder / "results" / "smoke"
        self.runs: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", *options]
        self.runs.append(
            subprocess.Popen(words, cwd=ROOT, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        )
        return self.runs[-1]

    def statuses(self, run: subprocess.Popen[str], code: int = 0) -> dict[str, str]:
        """Name → status of the table that ends a run."""
        out = run.communicate(timeout=900)[0]
        assert run.returncode == code, out + "".join(p.read_text() for p in (self.results / "logs").rglob("*.log"))
        return dict(re.findall(r"^(\S+) +(done|unchanged|FAILED) ", out.partition("peak MB\n")[2], re.MULTILINE))

    def saved(self, *notebooks: str) -> dict[str, bytes]:
        """Contents of the tables and figures that notebooks saved, with the side-cars that say how they were made."""
        files = sorted(path for kind in ("tables", "figures") for path in (self.results / kind).iterdir())
        stems = {
            path.stem for path in files if path.suffix == ".json" and any(n in path.read_text() for n in notebooks)
        }
        return {path.name: path.read_bytes() for path in files if path.stem in stems}


@pytest.fixture(scope="module")
def local(slurm, tmp_path_factory):
    """The same chapters without a cluster."""
    place = Place(tmp_path_factory.mktemp("local"))
    assert set(place.statuses(place.start("--only", BOTH)).values()) == {"done"}
    return place


@pytest.fixture
def place(slurm, tmp_path):
    """A place whose runs reach the cluster; none outlives its test."""
    place = Place(tmp_path, **slurm.env)
    yield place
    for run in place.runs:
        run.kill()


def test_every_table_and_figure_is_the_same(slurm, local, place):
    run = place.start("--only", BOTH, *ON_SLURM)
    until(lambda: len(slurm.jobs()) == 2)
    assert place.statuses(run) == {QUICK: "done", TRAINS: "done", "report": "done"}
    saved = place.saved(QUICK, TRAINS)
    assert {Path(name).suffix for name in saved} == {".csv", ".tex", ".html", ".json", ".svg", ".png"}
    assert saved == local.saved(QUICK, TRAINS)
    pages = [{page.name for page in (p.results / "report").rglob("*.html")} for p in (place, local)]
    assert f"{TRAINS}.html" in pages[0]
    assert pages[0] == pages[1]


def test_a_run_whose_node_dies_ends_complete_after_resume(slurm, local, place):
    run = place.start("--only", TRAINS, *ON_SLURM)
    until(lambda: list(Path(place.env["AESLIB_ARTIFACTS"]).rglob("*.safetensors")), 300)  # it has begun to train
    slurm.kill_node()
    slurm.start("slurmd", "-D")
    assert place.statuses(run, code=1) == {TRAINS: "FAILED", "report": "done"}
    slurm.until_idle()
    assert place.statuses(place.start("--only", TRAINS, *ON_SLURM, "--resume")) == {TRAINS: "done", "report": "done"}
    assert place.saved(TRAINS) == local.saved(TRAINS) != {}
