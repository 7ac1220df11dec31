"""A run and its report with the network cut: nothing is asked of it, and nothing is missed.

Where the system allows it, the run has a network of its own with nothing but itself in it. Everywhere, every Python
process of the run refuses to reach beyond this machine and notes the attempt, so that one that is swallowed fails too.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aeslib.paths import ROOT

GUARD = '''"""Refuses and notes what would reach beyond this machine; Python imports it first in every process."""
import os
import sys

HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "", None}


def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in HERE or host == OWN:
        return
    with open(os.environ["ATTEMPTS"], "a", encoding="utf-8") as log:
        log.write(f"{event} {host} by {sys.argv[:3]}\\n")
    raise OSError(f"the network is cut: {event} {host}")


OWN = os.uname().nodename
sys.addaudithook(refuse)
'''
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:  # the kernel of a notebook talks over the loopback
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 0x41))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Brings up the loopback of an empty network (SIOCSIFFLAGS with UP and RUNNING), then becomes the command."""
REACH = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"


def alone() -> list[str]:
    """What to put before a command so that it has no network; nothing where the system does not allow it."""
    for options in ("-n", "-rn"):
        words = ["unshare", options, sys.executable, "-c", ALONE]
        try:
            done = subprocess.run([*words, sys.executable, "-c", ""], capture_output=True, timeout=60, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return words
    return []


@pytest.fixture
def cut(tmp_path):
    """(command, environment) of a process with the network cut; attempts are noted in `attempts`."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    names = ("AESLIB_RESULTS", "AESLIB_ARTIFACTS", "AESLIB_DATA", "XDG_CACHE_HOME")
    env = os.environ | {name: str(tmp_path / name.lower()) for name in names}
    env |= {"PYTHONPATH": str(guard), "ATTEMPTS": str(tmp_path / "attempts")}
    return [*alone(), sys.executable], env


def attempts(env: dict[str, str]) -> str:
    path = Path(env["ATTEMPTS"])
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def test_the_guard_refuses_and_notes(cut):
    command, env = cut
    done = subprocess.run([*command, "-c", REACH], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "the network is cut: socket.getaddrinfo 192.0.2.1" in done.stderr
    assert attempts(env).startswith("socket.getaddrinfo 192.0.2.1 by")


def test_an_empty_network_reaches_nothing_even_unguarded():
    words = alone()
    if not words:
        pytest.skip("this system lets nobody have an empty network")
    done = subprocess.run(
        [*words, sys.executable, "-c", REACH], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Network is unreachable" in done.stderr


@pytest.mark.slow
def test_a_chapter_and_its_report_need_no_network(cut):
    command, env = cut
    words = ["-m", "aeslib", "report", "--profile", "smoke", "--only", "02_long_tail"]
    done = subprocess.run(
        [*command, *words], cwd=ROOT, env=env, text=True, timeout=900, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    results = Path(env["AESLIB_RESULTS"]) / "smoke"
    assert (results / "tables" / "elta.F1-ava.csv").is_file() or list((results / "figures").glob("elta.F1*.svg"))
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    assert re.search("02_long_tail", page)
    assert attempts(env) == ""
