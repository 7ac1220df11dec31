"""Lines of text files, before anybody knows what they mean: which are spoilt, how many there are."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from aeslib.data.adapters.reading import read_bytes, read_json, read_text
from aeslib.errors import DataError

TABLES = {".csv", ".txt", ".lst", ".jpgl"}
SEPARATORS = (";", ",", "=", "\t", " ")


def bad_lines(data: bytes, *, table: bool) -> dict[int, str]:
    """Line number → why no reader can use it; empty when most lines are like that (then it is not a text at all).

    Args:
        data: the file.
        table: whether lines hold fields; then all must have as many as most have.
    """
    lines = data.splitlines(keepends=True)
    bad = _not_text(lines)
    if 2 * len(bad) > len(lines):
        return {}
    if table:
        text = b"".join(b"\n" if number in bad else line for number, line in enumerate(lines, 1)).decode("utf-8-sig")
        bad |= _ragged(text)
    return dict(sorted(bad.items()))


def _not_text(lines: list[bytes]) -> dict[int, str]:
    bad: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            bad[number] = f"not UTF-8 text at byte {error.start + 1}; fetch it again in its original encoding."
        else:
            if b"\x00" in line:
                bad[number] = "holds NUL bytes; it is damaged."
    return bad


def _ragged(text: str) -> dict[int, str]:
    sep, usual = _separator(text)
    return {
        line: f"{len(row)} fields separated by {sep!r}; most lines have {usual}."
        for line, row in _rows(text, sep)
        if line > 1 and len(row) != usual and usual > 1
    }


def _separator(text: str) -> tuple[str, int]:
    """What stands between the fields of most lines, and how many fields that makes."""
    for sep in SEPARATORS:
        tally = Counter(len(row) for line, row in islice(_rows(text, sep), 200) if line > 1)
        usual, often = tally.most_common(1)[0] if tally else (1, 0)
        if usual > 1 and 2 * often >= tally.total():
            return sep, usual
    return ",", 1


def _rows(text: str, sep: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of every row that is not blank; a quoted field may run over several lines."""
    if sep == " ":
        text = re.sub(r"[ \t]+(\r?\n|$)", r"\1", text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, skipinitialspace=sep == " ")
    line = 1
    with suppress(csv.Error):  # a quote that never ends: the reader says so
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1


def count_rows(path: Path) -> int | None:
    """Rows of a text table (its header not counted) or entries of a JSON list; None for anything else."""
    form = Path(path.name.removesuffix(".gz")).suffix
    try:
        text = read_text(read_bytes(path)) if form in {*TABLES, ".json"} else ""
        entries = read_json(read_bytes(path)) if form == ".json" else None
    except DataError:
        return None  # the reader says why
    if form not in TABLES:
        return len(entries) if isinstance(entries, list) else None
    rows = _rows(text, _separator(text)[0])
    _, first = next(rows, (1, []))
    numeric = sum(bool(re.fullmatch(r"\s*-?[\d.]+(e-?\d+)?\s*", cell)) for cell in first)
    body = bool(first) and 2 * numeric >= len(first)  # EVA's header has numbers too, but more words
    return sum(1 for _ in rows) + body
