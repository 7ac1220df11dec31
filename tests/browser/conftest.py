"""Headless Chromium for all browser tests; they are skipped, saying so, where it is absent."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running browser (playwright's `Browser`)."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (development set)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report over the run that the report's own tests make by hand."""
    path = Path(__file__).parents[1] / "report" / "fabricated.py"
    spec = importlib.util.spec_from_file_location("fabricated", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault("fabricated", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module.make(tmp_path_factory.mktemp("run"))
