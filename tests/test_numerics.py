"""What decides the last digits is in every key, and the number of threads is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_info

from aeslib import code, numerics
from aeslib.studies import core

SCAN = code.PACKAGE / "aesmamba" / "scan.py"
ROOMS = sorted({module for modules in core.STUDIES.values() for module in modules})


def test_the_line_says_versions_and_the_kernels_of_this_processor():
    line = numerics.numerics()
    for fact in (f"torch {torch.__version__.partition('+')[0]}", "numpy 2.", "timm ", "scikit-learn ", "python 3.1"):
        assert fact in line
    assert f", torch {torch.backends.cpu.get_cpu_capability()}, oneDNN on" in line
    architectures = {library["architecture"] for library in threadpool_info() if library["user_api"] == "blas"}
    assert all(name in line for name in architectures)


def test_the_line_changes_with_kernels_and_switches(monkeypatch):
    lines = [numerics.numerics()]
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    lines.append(numerics.numerics())
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    lines.append(numerics.numerics())
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    lines.append(numerics.numerics())
    assert len(set(lines)) == 4


def test_packages_of_the_environment_are_read_from_the_names_of_folders():
    assert any(name.startswith(f"torch-{torch.__version__.partition('+')[0]}") for name in numerics.installed())


@pytest.mark.parametrize("room", ROOMS)
def test_every_study_that_can_reach_the_scan_knows_which_one_it_is(room):
    """In a new process: what a key says must not depend on what else was imported."""
    source = f"""
import aeslib.studies.{room}
from aeslib import code, numerics
files = code.closure("import aeslib.studies.{room}")
print({str(SCAN)!r} in map(str, files), "scan in" in numerics.numerics(files))
"""
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    reaches, says = run.stdout.split()
    assert reaches == says


def test_the_key_tells_the_scan_in_c_from_the_one_in_torch(monkeypatch):
    from aeslib.aesmamba import scan

    lines = []
    for library in (None, type("Library", (), {"_name": "/cache/scan-1.so"}), type("Library", (), {"_name": "scan-2"})):
        monkeypatch.setattr(scan, "compiled_library", lambda library=library: (library, ""))
        lines.append(numerics.numerics([SCAN]))
    assert [line.rpartition(", ")[2] for line in lines] == ["scan in torch", "scan in C (scan-1)", "scan in C (scan-2)"]
    assert "scan" not in numerics.numerics([Path(core.__file__)])


def threads() -> set[int]:
    return {torch.get_num_threads(), *(library["num_threads"] for library in threadpool_info())}


def test_one_thread_is_put_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with numerics.one_thread():
            assert threads() == {1}
            assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
        assert torch.get_num_threads() == 2
        assert os.environ["OMP_NUM_THREADS"] == "3"
        assert "MKL_NUM_THREADS" not in os.environ
    finally:
        torch.set_num_threads(before)


def test_a_notebook_computes_with_one_thread_as_soon_as_it_starts():
    source = """
import torch, numpy
from aeslib.results import start
torch.set_num_threads(2)
start("02_long_tail", profile="smoke", seed=0)
import scipy.linalg, sklearn.metrics
from threadpoolctl import threadpool_info
print(torch.get_num_threads(), *(library["num_threads"] for library in threadpool_info()))
"""
    environment = {name: value for name, value in os.environ.items() if name not in numerics.THREADS}
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, env=environment)
    assert set(run.stdout.split()) == {"1"}
