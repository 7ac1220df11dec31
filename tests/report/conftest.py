"""A report over a run made by hand, built once."""

import importlib.util
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fabricated() -> ModuleType:
    """The module that makes the run."""
    spec = importlib.util.spec_from_file_location("fabricated", Path(__file__).with_name("fabricated.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault("fabricated", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def report(fabricated: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished report; what was written to standard error lies in `complaints.txt` of the run."""
    root = tmp_path_factory.mktemp("run")
    with redirect_stderr(StringIO()) as said:
        made = fabricated.make(root)
    (root / "complaints.txt").write_text(said.getvalue(), encoding="utf-8")
    return made
