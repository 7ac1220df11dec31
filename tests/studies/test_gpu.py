"""Every study's smoke runs where there is a GPU: training goes to it, and no tensor meets one of the other side."""

from importlib import import_module
from itertools import chain

import pytest
from accelerate import PartialState

from aeslib.profiles import get_profile
from aeslib.studies.core import STUDIES, Study, run_study

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Pictures and runs that one study leaves for the next."""
    return tmp_path_factory.getbasetemp().parent / "shared"


@pytest.mark.parametrize("module", [*chain.from_iterable(STUDIES.values())])
def test_studies_run_with_a_gpu(module, shared, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
    monkeypatch.setenv("AESLIB_ARTIFACTS", str(shared / "artifacts"))
    assert PartialState().device.type == "cuda"
    studies = [value for value in vars(import_module(f"aeslib.studies.{module}")).values() if isinstance(value, Study)]
    assert studies
    for study in studies:
        assert len(run_study(study, get_profile("smoke"), progress=False).frame), study.name
