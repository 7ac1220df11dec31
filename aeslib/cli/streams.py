"""Standard output and error: every terminal's encoding takes every text, and a reader that has gone is no error."""

import codecs
import contextlib
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            with contextlib.suppress(OSError):  # in a fork, where a pipe has taken the place of a file
                stream.reconfigure(errors="aeslib.spell")


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
