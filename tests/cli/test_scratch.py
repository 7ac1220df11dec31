"""Folders for temporary files: short paths for sockets, and nothing left by runs that were killed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from aeslib.cli import scratch
from aeslib.cli.scratch import PREFIX, remove_remains, scratch_folder
from aeslib.errors import StateError


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """`temporary(length)` makes the user's temporary folder one with a path of that many characters."""

    def use(length):
        folder = tmp_path / ("t" * max(1, length - len(str(tmp_path)) - 1))
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        return folder

    return use


@pytest.mark.parametrize("length", [10, 67, 120, 200])
def test_sockets_fit_however_long_the_path_of_the_temporary_folder(temporary, length):
    """A TMPDIR of 67 characters and more made every chapter fail with "File name too long"."""
    place = temporary(length)
    with scratch_folder() as folder:
        with scratch_folder(room=len("/kernel-5")) as inner, socket.socket(socket.AF_UNIX) as door:
            door.bind(str(inner / "kernel-5"))
        name = "/pymp-12345678/listener-12345678"  # what multiprocessing makes in TMPDIR
        assert len(os.fsencode(folder)) + len(name) <= scratch.LONGEST_SOCKET
        (folder / "large.bin").write_bytes(b"x")
        assert list(place.glob(f"{PREFIX}*/large.bin"))  # large files lie where the user wants them
        assert folder.resolve().parent == place
        assert folder.resolve().stat().st_mode & 0o777 == 0o700
        beside = folder.parent
    assert list(place.iterdir()) == []
    assert not folder.exists()
    assert beside == place or not beside.exists()


def test_a_folder_for_sockets_is_looked_for_where_one_can_be_made(temporary, tmp_path, monkeypatch):
    temporary(150)
    monkeypatch.setattr(scratch, "SHORT_PLACES", (str(tmp_path / "absent"), "/tmp"))
    with scratch_folder() as folder:
        assert str(folder).startswith(f"/tmp/{PREFIX}")
    monkeypatch.setattr(scratch, "SHORT_PLACES", (str(tmp_path / "absent"), "/none"))
    with pytest.raises(StateError) as caught, scratch_folder():
        pytest.fail("there is no place")
    assert str(caught.value) == (
        f"no folder for sockets can be made in {tmp_path / 'absent'}, /none; free or unlock one of them."
    )


def test_without_any_temporary_folder_it_says_so(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/a', '/b']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(StateError) as caught, scratch_folder():
        pytest.fail("there is no place")
    assert str(caught.value) == (
        "No usable temporary directory found in ['/a', '/b']; set TMPDIR to a folder that can be written."
    )


KILLED = """import os, signal, sys, tempfile
from aeslib.cli.scratch import scratch_folder
tempfile.tempdir = sys.argv[1]
with scratch_folder() as folder:
    (folder / "litter").write_text("x")
    print(folder, flush=True)
    sys.stdin.read() if len(sys.argv) > 2 else os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_and_nothing_else(temporary):
    place = temporary(150)
    dead = subprocess.run([sys.executable, "-c", KILLED, place], capture_output=True, text=True, check=False)
    assert dead.returncode == -signal.SIGKILL
    link = Path(dead.stdout.strip())
    assert (link / "litter").exists()
    command = [sys.executable, "-c", KILLED, place, "waits"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living:
        folder = Path(living.stdout.readline().strip())
        assert not link.parent.exists()  # the one that lives has removed what the dead one left
        for name in ("aeslib-of-somebody-else", "other"):
            (place / name).mkdir()
        (place / "aeslib-link").symlink_to(folder)
        remove_remains()
        assert (folder / "litter").exists()
        assert {path.name for path in place.iterdir()} == {
            folder.resolve().name, "aeslib-of-somebody-else", "other", "aeslib-link",
        }  # fmt: skip
        living.stdin.close()
    assert not folder.exists()
