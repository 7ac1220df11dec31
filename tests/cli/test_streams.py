"""What commands print, on terminals of other encodings and into pipes that nobody reads."""

import os
import subprocess
import sys

import pytest

from aeslib.cli.streams import spell
from aeslib.paths import ROOT


def test_characters_that_an_encoding_lacks_are_spelt(monkeypatch):
    import codecs

    codecs.register_error("aeslib.spell", spell)
    text = "τ ≥ 1 – é… → \udce9 漢"
    assert text.encode("latin-1", "aeslib.spell").decode("latin-1") == "t > 1 - é. > ? ?"
    assert text.encode("ascii", "aeslib.spell") == b"t > 1 - e. > ? ?"
    assert "\udce9".encode("utf-8", "aeslib.spell") == b"?"  # of a file name that is no text
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "aeslib.spell")


def aeslib(words, **options):
    command = [sys.executable, "-m", "aeslib", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_a_terminal_of_another_encoding_gets_the_claims():
    """Ended in a traceback at the first character that the encoding lacks."""
    run = aeslib(["claims", "--paper", "elta"], env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    out, error = run.communicate(timeout=120)
    assert (run.returncode, error) == (0, b"")
    assert " claims: " in out.decode("latin-1")


@pytest.mark.parametrize("words", [["help"], ["data", "status"]])
def test_a_reader_that_has_gone_is_no_error(words):
    """Under `| head -1`, Python printed a traceback."""
    run = aeslib(words)
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait(120) == 141


def test_without_an_output_or_with_a_full_one_nothing_ends_in_a_traceback():
    command = f"{sys.executable} -m aeslib help"
    closed = subprocess.run(["sh", "-c", f"{command} >&-"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    full = subprocess.run(["sh", "-c", f"{command} >/dev/full"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr == "aeslib: the output cannot be written: No space left on device.\n"
