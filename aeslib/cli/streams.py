"""Standard output and error: every terminal's encoding takes every text, and a reader that has gone is no error."""

import codecs
import contextlib
import errno
import os
import select
import sys
import unicodedata
from io import TextIOWrapper

UNREAD = 141
"""Exit code when the reader of the output has gone, as under `| head`: that of a shell's own tools."""
SPELLINGS = {"–": "-", "—": "-", "−": "-", "…": ".", "·": "-", "×": "x", "→": ">", "≥": ">", "≤": "<", "τ": "t"}
"""Character → one ASCII character in its place, so that columns stay as wide."""


def spell(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks: by a plain spelling or a letter without its accent, else by a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(SPELLINGS.get(char) or _letter(char) for char in text), error.end


def _letter(char: str) -> str:
    first = unicodedata.normalize("NFKD", char)[0]
    return first if first.isascii() else "?"


def print_anything() -> None:
    """Let standard output and error take every character, whatever their encoding."""
    codecs.register_error("aeslib.spell", spell)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed before we began, as by `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the process's life
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            with contextlib.suppress(OSError):  # in a fork, where a pipe has taken the place of a file
                stream.reconfigure(errors="aeslib.spell")


def is_full(error: OSError) -> bool:
    """Tell whether standard output lies on a full disk, the cause of `error`; then nothing more is written there."""
    if error.errno != errno.ENOSPC or error.filename is not None:  # an error of a file of ours names it
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def reader_is_gone() -> bool:
    """Tell whether standard output or error leads into a pipe that nobody reads; then nothing more is written there."""
    gone = False
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a stream without a file, as in tests
            number = stream.fileno()
            watch = select.poll()
            watch.register(number, select.POLLOUT)
            if any(event & select.POLLERR for _, event in watch.poll(0)):
                gone = True
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return gone
