"""Paths: overridden by the environment, written whole or not at all, never outside their folder."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aeslib import paths
from aeslib.cli import main
from aeslib.errors import DataError, StateError
from aeslib.paths import (
    ROOT,
    artifacts_dir,
    atomic_path,
    cache_home,
    check_folder,
    data_root,
    exclusive,
    inside,
    named_weights,
    portable,
    results_dir,
    weights_home,
    write_text,
)
from aeslib.results import start


def test_root_is_the_project():
    assert (ROOT / "pyproject.toml").is_file()


def test_folders_follow_the_environment(tmp_path, monkeypatch):
    assert results_dir("smoke") == tmp_path / "results" / "smoke"
    assert artifacts_dir("smoke") == tmp_path / "artifacts" / "smoke"
    assert cache_home() == tmp_path / "cache" / "aeslib"
    assert data_root() == tmp_path / "cache" / "aeslib" / "data"
    for name in ("XDG_CACHE_HOME", "AESLIB_RESULTS", "AESLIB_ARTIFACTS"):
        monkeypatch.delenv(name)
    assert results_dir("paper") == ROOT / "results" / "paper"
    assert artifacts_dir("paper") == ROOT / "artifacts" / "paper"
    assert cache_home() == Path.home() / ".cache" / "aeslib"
    monkeypatch.setenv("AESLIB_DATA", "~/sets")
    assert data_root() == Path.home() / "sets"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AESLIB_DATA", "sets")
    assert data_root() == tmp_path.resolve() / "sets"
    assert weights_home() == cache_home() / "weights"
    assert named_weights() is None
    monkeypatch.setenv("AESLIB_WEIGHTS", "~/nets")
    assert named_weights() == Path.home() / "nets"
    assert weights_home() == cache_home() / "weights"  # nothing is written to the other


def test_a_file_is_replaced_whole_and_gets_ordinary_rights(tmp_path):
    path = tmp_path / "new" / "a.txt"
    assert write_text(path, "ä") == path
    assert path.read_bytes() == "ä".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    with atomic_path(path) as temporary:
        temporary.write_text("b")
        assert path.read_text(encoding="utf-8") == "ä"
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
    assert path.read_text() == "b"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_kill_9_while_writing_leaves_the_old_file(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    code = (
        "import sys, time, pathlib; from aeslib.paths import atomic_path\n"
        "with atomic_path(pathlib.Path(sys.argv[1])) as t: t.write_text('half'); print('ready', flush=True); "
        "time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert writer.stdout.readline() == b"ready\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", ["a", "a/b.txt", "./a", "a/../b", ""])
def test_inside(tmp_path, name):
    assert inside(tmp_path, name) == (tmp_path / name).resolve()


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/etc/passwd", "link/x", "a\x00b"])
def test_outside_is_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(DataError) as error:
        inside(folder, name)
    assert str(error.value) == f"{name!r} points outside {folder}; names must stay inside their folder."


def test_a_neighbour_with_the_same_beginning_is_outside(tmp_path):
    with pytest.raises(DataError):
        inside(tmp_path / "ava", "../ava_captions/x")


def test_a_lock_is_let_go_when_its_holder_dies(tmp_path):
    path = tmp_path / "new" / "lock"
    code = (
        "import sys, time, pathlib; from aeslib.paths import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout.readline() == b"held\n"
    waiter = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    time.sleep(0.5)
    assert waiter.poll() is None
    holder.kill()
    holder.wait()
    assert waiter.stdout.readline() == b"held\n"
    waiter.kill()
    waiter.wait()
    with exclusive(path):
        assert path.is_file()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Another copy of the project, and the folder one works in."""
    (tmp_path / "copy/notebooks").mkdir(parents=True)
    write_text(tmp_path / "copy/aeslib/paths.py", "")
    return tmp_path / "copy"


@pytest.mark.parametrize("where", ["", "notebooks"])
def test_code_of_another_copy_is_refused_where_one_works(copy, monkeypatch, where):
    """A copied project ran the code of the folder that it was copied from."""
    check_folder()
    monkeypatch.chdir(copy / where)
    message = (
        f"the code of {ROOT} was to run in the project folder {copy}. Run `./run_all.sh lab` or another word in {copy} "
        "once: it sets its environment up for this folder. PYTHONPATH and AESLIB_HOME must not name another copy."
    )
    with pytest.raises(StateError) as caught:
        check_folder()
    assert str(caught.value) == message
    with pytest.raises(StateError) as caught:
        start("02_long_tail", profile="smoke", seed=0)
    assert str(caught.value) == message
    assert main(["clean"]) == 1


def test_a_project_folder_of_another_copy_is_refused(copy, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", copy)
    with pytest.raises(StateError, match="was to run in the project folder"):
        check_folder()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (f"File \x1b[32m{ROOT}/aeslib/x.py:12\x1b[39m", "File \x1b[32maeslib/x.py:12\x1b[39m"),
        (f"see {ROOT}", "see ."),
        (f"{ROOT}.bak/x", f"{ROOT}.bak/x"),
        ("('/homes/ada/n.txt')", "('~/n.txt')"),
        ("/homes/ada:/homes/ada/b", "~:~/b"),
        ("file:///homes/ada/x", "file://~/x"),
        ("/homes/adam/x and /mnt/homes/ada/x", "/homes/adam/x and /mnt/homes/ada/x"),
        ("base64,iVBO/homes/ada/x", "base64,iVBO/homes/ada/x"),
        ("/homes/ada/sets/ava/AVA.txt", "AESLIB_DATA/ava/AVA.txt"),
        ("/homes/ada/nets/vgg.safetensors", "AESLIB_WEIGHTS/vgg.safetensors"),
        ("/homes/ada/out/smoke/tables, /homes/ada/runs", "results/smoke/tables, artifacts"),
    ],
)
def test_texts_for_others_name_no_folder_of_this_machine(monkeypatch, text, short):
    for name, folder in {
        "HOME": "",
        "AESLIB_DATA": "/sets",
        "AESLIB_WEIGHTS": "/nets",
        "AESLIB_RESULTS": "/out",
        "AESLIB_ARTIFACTS": "/runs",
    }.items():
        monkeypatch.setenv(name, f"/homes/ada{folder}")
    assert portable({"/homes/ada": [text, 1, None]}) == {"/homes/ada": [short, 1, None]}
