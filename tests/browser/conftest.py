"""The report that all browser tests open, and pages of it that must not complain."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


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


@pytest.fixture
def open_page(chromium: Any, report: Path) -> Iterator[Callable[[str], Any]]:
    """Opens a page of the report; in the end, fails when the console or the network had anything to say."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), list[tuple[str, str]]()
    page.on("console", lambda message: said.append((page.url, message.text)))
    page.on("pageerror", lambda error: said.append((page.url, str(error))))
    page.on("requestfailed", lambda request: said.append((page.url, f"failed: {request.url}")))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else said.append((page.url, request.url)),
    )

    def go(name: str) -> Any:
        page.goto(f"{report.as_uri()}/{name}")
        return page

    yield go
    context.close()
    assert said == []
