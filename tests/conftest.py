"""Shared fixtures. Every test gets its own data, results and artifacts folders; real labels are asked for by name."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cluster
import pytest
import torch
from hypothesis import settings

from aeslib.paths import weights_home
from aeslib.seeding import seeded
from aeslib.weights.store import available

settings.register_profile("aeslib", deadline=None, print_blob=True)  # a shared machine is slow at times: no timed tests
settings.load_profile("aeslib")

REAL = os.environ.get("AESLIB_DATA")
FOLDERS_OF_WEIGHTS = [os.environ.get("AESLIB_WEIGHTS"), str(weights_home())]
"""Where published weights may lie on this machine; every test has other folders."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file comes first: one worker takes it while the others share the rest. No GPU: its tests skip."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a CUDA GPU; torch sees none"))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's caches, results, data or answers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("AESLIB_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("AESLIB_TASTE", str(tmp_path / "taste"))
    monkeypatch.delenv("AESLIB_DATA", raising=False)
    monkeypatch.delenv("AESLIB_WEIGHTS", raising=False)


@pytest.fixture(autouse=True)
def same_draws() -> Iterator[None]:
    """Every test meets the same random tensors, whatever ran before it."""
    with seeded(0):
        yield


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`real_data("aadb")`: that data set's folder with AESLIB_DATA set to its root; skips, saying so, when absent."""

    def folder(key: str) -> Path:
        path = Path(REAL or "nowhere").resolve() / key
        if not path.is_dir():
            pytest.skip(f"needs the owners' label files of {key!r} under AESLIB_DATA")
        monkeypatch.setenv("AESLIB_DATA", str(path.parent))
        return path

    return folder


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`published("minilm")`: AESLIB_WEIGHTS names a folder with those weights; skips, saying so, without one."""

    def find(name: str) -> None:
        for folder in filter(None, FOLDERS_OF_WEIGHTS):
            monkeypatch.setenv("AESLIB_WEIGHTS", folder)
            if available(name):
                return
        pytest.skip(f"needs the weights {name!r}: `./run_all.sh weights fetch {name}`, or AESLIB_WEIGHTS")

    return find


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Slurm]:
    """A real SLURM of one node; skips, saying why, where it cannot be started."""
    if why := cluster.missing():
        pytest.skip(why)
    with cluster.single_node(tmp_path_factory.mktemp("slurm")) as node:
        yield node


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running headless browser (playwright's `Browser`); skips, saying so, where Chromium is absent."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (development set)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
