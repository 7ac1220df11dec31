"""Facts that decide the last digits of a number, for the keys of kept results; and one thread, which decides the rest.

The same code gives other digits under other package versions, on another processor (torch, oneDNN and BLAS choose their
kernels by its instructions), and with another number of threads (sums are split elsewhere). Facts enter every key
(`numerics`); the number of threads is fixed at one (`one_thread`, `use_one_thread`).
"""

import os
import platform
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "numpy", "pandas", "scipy", "scikit-learn", "torch", "torchvision", "timm", "accelerate", "transformers", "captum",
    "pillow",
)  # fmt: skip
"""Packages that compute what is kept."""
SWITCHES = (
    "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "MKL_CBWR", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE",
)  # fmt: skip
"""Environment variables by which a user chooses other kernels of torch, oneDNN, MKL, numpy or OpenBLAS."""
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM")}
"""Environment of a process with one thread; libraries read it when they are loaded."""
BACKENDS: dict[Path, Callable[[], str]] = {}
"""File of a module with several implementations → function that says which one this process uses. The module adds
itself when it is imported."""


@cache
def versions() -> dict[str, str]:
    """Return the installed version of each of `PACKAGES`."""
    return {name: metadata.version(name) for name in PACKAGES}


def installed() -> list[str]:
    """Return name and version of every package of this environment, from the names of folders: no file is opened."""
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    return sorted(path.name for folder in folders for path in Path(folder).glob("*.dist-info"))


def switches() -> list[str]:
    """Return NAME=VALUE of those of `SWITCHES` that are set."""
    return [f"{name}={os.environ[name]}" for name in SWITCHES if os.environ.get(name)]


@cache
def _blas() -> str:
    """Return the processor types that the BLAS libraries of numpy and scipy chose their kernels for."""
    import scipy.linalg  # noqa: F401  it brings its own BLAS, which counts whether it was imported before or not
    from threadpoolctl import threadpool_info

    kernels = {str(library.get("architecture")) for library in threadpool_info() if library["user_api"] == "blas"}
    return "+".join(sorted(kernels)) or "unknown"


def processor() -> str:
    """Return which kernels numpy and torch use on this machine."""
    import torch

    on = torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    facts = [platform.machine(), f"torch {torch.backends.cpu.get_cpu_capability()}"]
    facts += [f"oneDNN {'on' if on else 'off'}", f"BLAS {_blas()}", *switches()]
    if torch.cuda.is_available():
        facts += [torch.cuda.get_device_name(), f"cuDNN {torch.backends.cudnn.version()}"]
    return ", ".join(facts)


def numerics(files: Iterable[Path] = ()) -> str:
    """Return everything beside code, data and config that changes the digits of a result, as one line.

    Args:
        files: of the code that computes the result; those with several implementations (`BACKENDS`) say which is used.
    """
    backends = [BACKENDS[file]() for file in sorted(BACKENDS.keys() & set(files))]
    packages = [f"{name} {version}" for name, version in versions().items()]
    return ", ".join([f"python {platform.python_version()}", *packages, processor(), *backends])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread in torch, BLAS and OpenMP while the block runs; the earlier numbers are put back."""
    import torch
    from threadpoolctl import threadpool_limits

    threads, before = torch.get_num_threads(), {name: os.environ.get(name) for name in THREADS}
    with threadpool_limits(1):
        os.environ.update(THREADS)  # libraries that are loaded in the block
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def use_one_thread() -> None:
    """Compute with one thread in torch, BLAS and OpenMP from now on, also in what this process loads or starts."""
    from threadpoolctl import threadpool_limits

    os.environ.update(THREADS)
    threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
