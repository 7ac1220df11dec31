"""Controls in JupyterLab: those of the chapter on long tails must react to a reader, at once or after running cells."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

from aeslib.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(500)]
EXPLORER = ".aeslib-bins"
READY = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
"""Commands that come before the kernel answers open a dialog that asks for one."""


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """A JupyterLab on `folder` with settings of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / f".{name.lower()}") for name in ("CONFIG", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / f".{name.lower()}") for name in ("SETTINGS", "WORKSPACES")}
    options = [f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token=", "--port-retries=0",
               f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    environment = os.environ | own | {"IPYTHONDIR": str(folder / ".ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}/lab"
        wait_for(address, server, folder / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(address: str, server: subprocess.Popen, log: Path, patience: float = 60) -> None:
    """Return when the server answers; fail with its log when it ends or takes too long."""
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def open_lab(chromium, tmp_path):
    """Opens a notebook in JupyterLab, runs all of it, and gives the page as soon as it shows an element."""
    with lab(tmp_path) as address:
        context = chromium.new_context(viewport={"width": 1400, "height": 1200})

        def go(notebook: nbformat.NotebookNode, element: str):
            nbformat.write(notebook, tmp_path / "opened.ipynb")
            page = context.new_page()
            page.goto(f"{address}/tree/opened.ipynb")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
            page.wait_for_function(READY, timeout=60_000)
            page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")  # not awaited
            page.wait_for_selector(element, timeout=180_000)
            return page

        yield go
        context.close()


@pytest.fixture
def open_chapter(open_lab):
    """The chapter at the smoke profile."""
    notebook = nbformat.read(ROOT / "notebooks" / "02_long_tail.ipynb", as_version=4)
    notebook.cells[1].source = notebook.cells[1].source.replace('"default"', '"smoke"')
    return open_lab(notebook, EXPLORER)


def line(page) -> str:
    return page.locator(f"{EXPLORER} b").first.inner_text()


def wait_for_line(page, words: str) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(page.locator(f"{EXPLORER} b").first).to_contain_text(words, timeout=180_000)


BESIDE_A_CELL = """
import ipywidgets
buttons = ipywidgets.ToggleButtons(options=["first", "second", "third"])
chosen = ipywidgets.HTML()
buttons.observe(lambda change: setattr(chosen, "value", f"<i>{change['new']} it is</i>"), "value")
ipywidgets.VBox([buttons, chosen]).add_class("beside-a-cell")
"""


def test_a_control_moved_beside_a_waiting_cell_goes_on(open_lab):
    """ipykernel 7.4 answers such a message without saying that it is done: JupyterLab then sends no other."""
    cells = BESIDE_A_CELL, "import asyncio\nawait asyncio.sleep(5)\nprint('slept')"
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}  # else a dialog asks for one
    page = open_lab(notebook, ".beside-a-cell")
    for choice in ("second", "third"):
        page.get_by_role("button", name=choice).click()
        page.get_by_text(f"{choice} it is").wait_for(timeout=20_000)
        page.get_by_text("slept", exact=True).wait_for(timeout=20_000)


def test_the_explorer_reacts(open_chapter):
    page = open_chapter
    explorer, picture = page.locator(EXPLORER), page.locator(f"{EXPLORER} img")
    assert "bins match the published row" in line(page)
    before = picture.get_attribute("src")
    explorer.get_by_role("button", name="right-closed").click()
    page.wait_for_function(f"document.querySelector('{EXPLORER} img').src !== {before!r}")
    edges = explorer.get_by_label("edges", exact=True)
    edges.fill("0, 5, 10")
    edges.press("Enter")
    wait_for_line(page, "2 bins: the published row has another number of bins")
    explorer.locator("select").select_option("AADB test")
    wait_for_line(page, "of 10 bins match the published row")


@pytest.mark.real
def test_the_published_row_appears(real_data, open_chapter):
    page = open_chapter
    explorer = page.locator(EXPLORER)
    assert line(page) == "5 of 8 bins match the published row"
    explorer.get_by_role("button", name="right up to 5, then left").click()
    wait_for_line(page, "matches the published row")
    explorer.locator("select").select_option("AADB test")
    explorer.get_by_role("button", name="left-closed").click()
    wait_for_line(page, "6 of 10 bins match the published row")
    explorer.get_by_label("scores stored as float32").check()
    wait_for_line(page, "matches the published row")


@pytest.fixture(autouse=True)
def real_first(request):
    """The owners' labels must be in place before JupyterLab starts."""
    if request.node.get_closest_marker("real"):
        request.getfixturevalue("real_data")("aadb")
