"""The scan in C against the scan in torch; and what happens where it cannot be had."""

import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import torch

from aeslib.aesmamba import compiled, scan
from aeslib.aesmamba.scan import selective_scan, torch_scan
from aeslib.code import digest
from aeslib.paths import cache_home

needs_compiler = pytest.mark.skipif(not any(map(shutil.which, compiled.COMPILERS)), reason="no C compiler here")


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Nothing built or remembered yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("AESLIB_COMPILED", raising=False)
    for known in (compiled.load, scan.compiled_library):
        known.cache_clear()
    yield
    for known in (compiled.load, scan.compiled_library):
        known.cache_clear()


def drawn(steps, batch, scans, channels, states):
    g = torch.Generator().manual_seed(1)
    u, delta = torch.randn(2, steps, batch, scans, channels, generator=g)
    A = -torch.randn(scans, states, channels, generator=g).exp()
    both = torch.randn(steps, batch, scans, 2 * states + 1, generator=g)
    B, C = both[..., :states], both[..., states:-1]  # views, as VMamba's projection gives them
    return [t.requires_grad_() for t in (u, (delta - 1).exp(), A, B, C, torch.randn(scans, channels, generator=g))]


def both_ways(way, args):
    y = way(*args)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(2))
    return [y, *torch.autograd.grad(y, args, weight)]


def no_room(**_):
    raise OSError(errno.ENOSPC, "No space left on device")


@needs_compiler
@pytest.mark.parametrize(
    "sizes",
    [(1, 1, 1, 1, 1), (7, 1, 1, 16, 1), (8, 2, 1, 17, 16), (9, 2, 4, 15, 4), (33, 3, 4, 40, 5), (256, 2, 1, 96, 16)],
)
def test_values_and_gradients_are_those_of_torch(fresh, sizes):
    args = drawn(*sizes)
    assert scan.compiled_library()[1].startswith("compiled by ")
    assert type(selective_scan(*args).grad_fn).__name__ == "CompiledScanBackward"
    for mine, other in zip(both_ways(selective_scan, args), both_ways(torch_scan, args), strict=True):
        scale = max(float(other.detach().abs().max()), 1.0)
        torch.testing.assert_close(mine / scale, other / scale, atol=1e-5, rtol=0)


@needs_compiler
def test_the_first_scan_of_a_process_may_be_a_prediction(fresh):
    with torch.inference_mode():
        selective_scan(*drawn(3, 1, 1, 4, 2))
    assert scan.compiled_library()[1].startswith("compiled by ")


@needs_compiler
def test_the_exponential_at_its_ends(fresh):
    # one channel, one state, h_1 = 1 and u_2 = 0: y_2 is exp(delta_2 A)
    for power in (0.0, -1e-7, -0.3465, -0.3467, -1.0, -87.0, -88.0, -1e4, 88.0):
        u, delta = torch.tensor([1.0, 0]).view(2, 1, 1, 1), torch.tensor([1.0, abs(power)]).view(2, 1, 1, 1)
        sign, one = torch.full((1, 1, 1), -1.0 if power < 0 else 1.0), torch.ones(2, 1, 1, 1)
        y = selective_scan(u, delta, sign, one, one, torch.zeros(1, 1))[1].item()
        wanted = torch.tensor(power).exp().item()
        assert y == pytest.approx(wanted if power >= -87.3 else 0.0, rel=1e-6, abs=0)


@needs_compiler
def test_a_nan_stays_one(fresh):
    u, delta, *rest = drawn(9, 1, 1, 3, 2)
    delta = delta.detach().clone()
    delta[4, 0, 0, 1] = float("nan")
    y = selective_scan(u, delta, *rest)
    assert torch.equal(y.isnan(), torch_scan(u, delta, *rest).isnan())


@needs_compiler
def test_it_is_built_once_into_the_cache(fresh):
    compiler = next(filter(None, map(shutil.which, compiled.COMPILERS)))
    folder = compiled.private_folder(cache_home() / "compiled")
    made = compiled.build(compiler, folder)
    assert made.parent == cache_home() / "compiled"
    before = made.stat().st_mtime_ns
    assert compiled.build(compiler, folder) == made
    assert made.stat().st_mtime_ns == before
    assert [path.name for path in made.parent.iterdir()] == [made.name]
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700


def plant(compiler, path, tmp_path):
    """Build another library in place of the scan; a process that loads it leaves a file."""
    code = f'#include <stdio.h>\n__attribute__((constructor)) void run(void) {{ fopen("{tmp_path}/ran", "w"); }}\n'
    subprocess.run([compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(path)], input=code.encode(), check=True)


@needs_compiler
@pytest.mark.parametrize("how", ["content", "link", "writable", "folder", "folder above", "linked folder"])
def test_a_planted_library_is_never_loaded(fresh, tmp_path, how):
    compiler, folder = next(filter(None, map(shutil.which, compiled.COMPILERS))), cache_home() / "compiled"
    assert compiled.load()[1].startswith("compiled by ")
    library = next(folder.glob("scan-*.so"))
    library.unlink()
    if how == "link":
        plant(compiler, tmp_path / "evil.so", tmp_path)
        library.symlink_to(tmp_path / "evil.so")
    else:
        plant(compiler, library, tmp_path)
    if how != "content":  # its name fits its content
        library.rename(folder / f"{library.stem.rpartition('-')[0]}-{digest(library)}.so")
    if how == "writable":
        next(folder.glob("scan-*.so")).chmod(0o777)
    elif how == "folder":
        folder.chmod(0o777)
    elif how == "folder above":
        folder.parent.chmod(0o777)
    elif how == "linked folder":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    compiled.load.cache_clear()
    assert scan.compiled_library()[1].startswith("compiled by ")
    assert not (tmp_path / "ran").exists()


@needs_compiler
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_library_of_another_user_is_never_loaded(fresh, tmp_path):
    compiler, folder = next(filter(None, map(shutil.which, compiled.COMPILERS))), cache_home() / "compiled"
    compiled.load()
    library = next(folder.glob("scan-*.so"))
    library.unlink()
    plant(compiler, library, tmp_path)
    theirs = library.rename(folder / f"{library.stem.rpartition('-')[0]}-{digest(library)}.so")
    os.chown(theirs, 12345, 12345)
    compiled.load.cache_clear()
    assert compiled.load()[1].startswith("compiled by ")
    os.chown(folder, 12345, 12345)
    compiled.load.cache_clear()
    assert compiled.load()[1].startswith("compiled by ")
    assert not (tmp_path / "ran").exists()


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(fresh, monkeypatch, tmp_path):
    def refuse(self, *args, **kwargs):
        if self.is_relative_to(cache_home()):
            raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    assert scan.compiled_library()[1].startswith("compiled by ")
    assert set(tmp_path.iterdir()) == before


def test_other_kinds_and_empty_sequences_take_torch(fresh):
    args = [t.detach() for t in drawn(4, 1, 1, 3, 2)]
    assert compiled.suits(*args)
    assert not compiled.suits(*(t.double() for t in args))
    assert not compiled.suits(*(t.to("meta") for t in args))
    assert not compiled.suits(args[0][:0])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("off", "pure torch: AESLIB_COMPILED is 0"),
        ("none", "pure torch: no C compiler (gcc, clang, cc)"),
        ("broken", "pure torch: gcc could not build scan.c (CalledProcessError)"),
        ("read-only", "pure torch: gcc could not build scan.c (PermissionError)"),
        ("nowhere to write", "pure torch: gcc could not build scan.c (OSError)"),
    ],
)
def test_without_it_torch_goes_on_and_says_why(fresh, monkeypatch, how, message):
    def run(*args, **kwargs):
        raise subprocess.CalledProcessError(1, "gcc") if how == "broken" else PermissionError("cache")

    if how == "off":
        monkeypatch.setenv("AESLIB_COMPILED", "0")
    monkeypatch.setattr(shutil, "which", lambda name: None if how == "none" else f"/usr/bin/{name}")
    if how == "nowhere to write":
        monkeypatch.setattr(compiled, "private_folder", lambda folder: Path("/proc/none"))
        monkeypatch.setattr(compiled.tempfile, "TemporaryDirectory", no_room)
    if how in ("broken", "read-only"):
        monkeypatch.setattr(compiled.subprocess, "run", run)
    assert scan.compiled_library() == (None, message)
    args = drawn(5, 1, 1, 3, 2)
    assert type(selective_scan(*args).grad_fn).__name__ == "_ScanBackward"


@needs_compiler
def test_a_library_that_is_wrong_is_not_used(fresh, monkeypatch, tmp_path):
    wrong = tmp_path / "scan.c"
    wrong.write_text(compiled.SOURCE.read_text(encoding="utf-8").replace("0.16666578f", "0.1677f"), encoding="utf-8")
    monkeypatch.setattr(compiled, "SOURCE", wrong)
    assert scan.compiled_library() == (
        None,
        "pure torch: the compiled scan does not agree with torch on this machine",
    )
