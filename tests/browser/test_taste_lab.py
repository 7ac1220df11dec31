"""The Taste Lab in JupyterLab: rate, see the model form, undo, reload, start anew; nothing is lost."""

import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import pytest

from aeslib.paths import ROOT
from aeslib.taskvec.sessions import SessionStore

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
LAB = ".aeslib-lab"
KEPT = 6
"""Cells up to and with the lab: the rest of the chapter would only take time."""


def beside(name: str):
    """The module of another browser test (test files are no package)."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def chapter(tmp_path) -> Path:
    """The chapter at the smoke profile, up to its lab."""
    notebook = nbformat.read(ROOT / "notebooks" / "33_taste_lab.ipynb", as_version=4)
    cells = notebook.cells[:KEPT]
    cells[1].source = cells[1].source.replace('"default"', '"smoke"')
    assert any("TasteLab(gallery" in cell.source for cell in cells)
    notebook.cells = cells
    nbformat.write(notebook, tmp_path / "33_taste_lab.ipynb")
    return tmp_path


def run_all(page, address: str, ready: str) -> None:
    """Open the chapter and run it; returns when the lab is there."""
    page.goto(f"{address}/tree/33_taste_lab.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(ready, timeout=60_000)
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")  # not awaited
    page.wait_for_selector(f"{LAB} b", timeout=400_000)


def press(page, word: str, answers: int) -> None:
    """Click a button and wait for the count of answers."""
    page.locator(LAB).get_by_role("button", name=word, exact=True).click()
    told = re.compile(rf"^{answers} answers? so far")
    page.locator(f"{LAB} b", has_text=told).first.wait_for(timeout=60_000)


def order(page, of: str) -> list[str]:
    """Names of the pictures in one strip of the report."""
    return page.locator(f"{LAB} .{of} img").evaluate_all("all => all.map(one => one.alt)")


def test_rate_fit_undo_reload_nothing_lost(chromium, chapter):
    harness = beside("test_lab")
    with harness.lab(chapter) as address:
        context = chromium.new_context(viewport={"width": 1400, "height": 1600})
        page = context.new_page()
        run_all(page, address, harness.READY)
        press(page, "rate it", 1)
        press(page, "rate it", 2)
        crowd = order(page, "best-by-the-crowd")
        assert len(crowd) == 6
        assert order(page, "best-by-you"), "a ranking of one's own"
        press(page, "simulate 10", 12)
        assert order(page, "best-by-the-crowd") == crowd
        mine = order(page, "best-by-you")
        assert mine != crowd, "ten answers change the order"
        assert page.locator(f"{LAB} .how-well-it-is-known img").count() == 1
        press(page, "undo", 11)
        press(page, "simulate 10", 21)
        mine = order(page, "best-by-you")
        page.locator(LAB).get_by_role("button", name="duel").click()
        page.wait_for_function(f"document.querySelectorAll('{LAB} button:not([disabled])').length > 0")
        press(page, "left", 22)
        mine = order(page, "best-by-you")
        store = SessionStore.of("generated images of the Taste Lab")
        (name,) = store.names()
        assert len(store.open(name)) == 22
        page.reload()
        run_all(page, address, harness.READY)
        page.locator(f"{LAB} b", has_text="22 answers so far").first.wait_for(timeout=60_000)
        assert order(page, "best-by-you") == mine
        press(page, "start anew", 0)
        press(page, "rate it", 1)
        assert [len(store.open(session)) for session in store.names()] == [1, 22]
        page.locator(f"{LAB} select").first.select_option(label=name)
        page.locator(f"{LAB} b", has_text="22 answers so far").first.wait_for(timeout=60_000)
        context.close()
