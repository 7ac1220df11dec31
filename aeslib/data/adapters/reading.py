"""Reading the owners' files: whatever cannot be used is named with its file and line.

A reader stops at the first kind of trouble with a `DataError`. Inside `collecting()` it goes on and gathers every
finding instead, which is how a folder is examined as a whole.
"""

import gzip
import hashlib
import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError
from aeslib.paths import inside


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one line of one file."""

    file: str
    line: Hashable
    """Line of a text file, entry of a JSON list, row of a workbook; None where there is none to name."""
    problem: str


@dataclass(frozen=True)
class Raw:
    """The bytes of a file, with the name that messages use."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Layout:
    """One way in which label files lie in a data set's folder; all of `files` are needed."""

    name: str
    files: tuple[str, ...]


class Adapter(Protocol):
    """What every module of this package offers."""

    @property
    def LAYOUTS(self) -> Mapping[str, Mapping[Level, Sequence[Layout]]]:  # noqa: N802
        """Family of splits → level → the layouts it can be read from, best first."""

    @property
    def IMAGES(self) -> Sequence[str]:  # noqa: N802
        """Folders that may hold the images."""

    def image_key(self, name: str) -> str:
        """From an image file's path, relative to its image folder, to `image_id`."""

    def read(self, folder: Path, family: str, level: Level) -> LabelTable:
        """The labels of a folder, a family and a level."""


_findings: ContextVar[list[Finding] | None] = ContextVar("findings", default=None)
_opened: ContextVar[dict[str, str] | None] = ContextVar("opened", default=None)


@contextmanager
def tracking() -> Iterator[dict[str, str]]:
    """Note every file that is read meanwhile: its name → SHA-256 (as it lies on disk)."""
    opened: dict[str, str] = {}
    token = _opened.set(opened)
    try:
        yield opened
    finally:
        _opened.reset(token)


@contextmanager
def collecting() -> Iterator[list[Finding]]:
    """Gather findings in the list that is handed out, instead of raising at the first."""
    gathered: list[Finding] = []
    token = _findings.set(gathered)
    try:
        yield gathered
    finally:
        _findings.reset(token)


def report(file: str, problems: Sequence[tuple[Hashable, str]]) -> None:
    """Raise for the first of `problems` (line, what is wrong), telling how many there are; or gather all of them."""
    if not problems:
        return
    gathered = _findings.get()
    if gathered is not None:
        gathered.extend(Finding(file, line, problem) for line, problem in problems)
        return
    line, problem = problems[0]
    where = "" if line is None else f", line {line}"
    more = f" ({len(problems)} such lines in all.)" if len(problems) > 1 else ""
    raise DataError(f"{file}{where}: {problem}{more}")


def find(folder: Path, name: str) -> Path | None:
    """`folder/name`, or the same with `.gz` behind it; None when neither is there."""
    for candidate in (inside(folder, name), inside(folder, f"{name}.gz")):
        if candidate.is_file():
            return candidate
    return None


def choose(folder: Path, layouts: Sequence[Layout]) -> tuple[Layout, list[Path]] | None:
    """The first layout whose files are all there; None when no file of any of them is.

    Raises:
        DataError: when only a part of a layout's files is there, naming those that are missing.
    """
    partial: tuple[list[str], Layout] | None = None
    for layout in layouts:
        found = {name: find(folder, name) for name in layout.files}
        missing = [name for name, path in found.items() if path is None]
        if not missing:
            return layout, [path for path in found.values() if path is not None]
        if len(missing) < len(layout.files) and (partial is None or len(missing) < len(partial[0])):
            partial = missing, layout
    if partial is None:
        return None
    missing, layout = partial
    some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    raise DataError(
        f"{folder.name}: {some} missing; {len(layout.files) - len(missing)} of {len(layout.files)} files there."
    )


def need(folder: Path, layouts: Sequence[Layout]) -> tuple[Layout, list[Path]]:
    """Like `choose`, for a reader: no layout at all is an error too."""
    chosen = choose(folder, layouts)
    if chosen is None:
        ways = " or ".join(", ".join(layout.files[:3]) + (" …" if len(layout.files) > 3 else "") for layout in layouts)
        raise DataError(f"{folder.name}: no label file found; expected {ways}.")
    return chosen


def read_bytes(path: Path) -> Raw:
    """The (unpacked) bytes of a file."""
    name = f"{path.parent.name}/{path.name}"
    try:
        data = path.read_bytes()
        opened = _opened.get()
        if opened is not None:
            opened[name] = hashlib.sha256(data).hexdigest()
        return Raw(name, gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: cannot be unpacked ({error}); it is cut off or damaged, fetch it again.") from error


def read_zip(path: Path) -> dict[str, Raw]:
    """Every file of a zip archive, by its path inside; nothing is written to disk."""
    raw = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(raw.data)) as archive:
            members = [member for member in archive.namelist() if not member.endswith("/")]
            return {member: Raw(f"{raw.name}:{member}", archive.read(member)) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error) as error:
        raise DataError(
            f"{raw.name}: not a whole zip archive ({error}); it is cut off or damaged, fetch it again."
        ) from error


def read_text(raw: Raw) -> str:
    """UTF-8 text, with or without byte-order mark."""
    try:
        text = raw.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.data[: error.start].count(b"\n") + 1
        raise DataError(f"{raw.name}, line {line}: not UTF-8 text; fetch it again in its original encoding.") from error
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise DataError(f"{raw.name}, line {line}: holds NUL bytes; it is damaged or not a text file.")
    if not text.strip():
        raise DataError(f"{raw.name}: is empty; fetch it again.")
    return text


def read_csv(raw: Raw, columns: Sequence[str], *, sep: str = ",", header: bool = True, skip: int = 0) -> pd.DataFrame:
    """A table of text whose index is the line number in the file.

    Args:
        raw: the file.
        columns: columns that must be there (with `header`), or the names of all columns in order (without).
        sep: what stands between fields.
        header: whether the first line names the columns.
        skip: lines to leave out at the top.
    """
    text = read_text(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # more fields than names: never drop them silently
            frame = pd.read_csv(
                io.StringIO(text), sep=sep, dtype=str, keep_default_na=False, na_values=[""], skiprows=skip,
                skip_blank_lines=False, header=0 if header else None, names=None if header else list(columns),
                index_col=False, on_bad_lines="error",
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        why = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{raw.name}: not a table separated by {sep!r} ({why}).") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = np.arange(len(frame)) + 1 + skip + header
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(
            f"{raw.name}: no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, frame.columns[:12]))}."
        )
    frame = frame.dropna(how="all")
    if not len(frame):
        raise DataError(f"{raw.name}: has a header and no rows; fetch it again.")
    frame.attrs["file"] = raw.name
    return frame


def read_json(raw: Raw) -> object:
    """The content of a JSON file."""
    try:
        return json.loads(read_text(raw))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{raw.name}, line {error.lineno}: not JSON ({error.msg}); it is cut off or damaged, fetch it again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{raw.name}: not JSON ({error}); it is cut off or damaged, fetch it again.") from error


def read_records(raw: Raw, fields: Sequence[str]) -> pd.DataFrame:
    """A JSON list of objects as a table; the index counts the entries from 1."""
    entries = read_json(raw)
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{raw.name}: expected a list of objects with {', '.join(fields)}.")
    wanted = set(fields)
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not wanted <= entry.keys():
            raise DataError(f"{raw.name}, entry {number}: expected an object with {', '.join(fields)}.")
    frame = pd.DataFrame({field: [entry[field] for entry in entries] for field in fields})
    frame.index = np.arange(len(frame)) + 1
    frame.attrs["file"] = raw.name
    return frame


def ids(frame: pd.DataFrame, column: str, *, unique: bool = True) -> pd.Series:
    """A column of names: present, without blanks around them, and each only once."""
    names = frame[column].astype("string").str.strip().fillna("").astype(str)
    empty = names == ""
    problems: list[tuple[Hashable, str]] = [(line, f"{column} is empty.") for line in frame.index[empty]]
    if unique:
        again = names.duplicated() & ~empty
        first = dict(zip(names[::-1], frame.index[::-1], strict=True)) if again.any() else {}
        problems += [
            (line, f"{column} {name!r} occurs again; its first line is {first[name]}.")
            for line, name in names[again].items()
        ]
    report(frame.attrs["file"], problems)
    return names


def numbers(
    frame: pd.DataFrame, column: str, low: float, high: float = np.inf, *, whole: bool = False, within: float = 0.0
) -> np.ndarray:
    """(N,) values of a column: numbers from `low` to `high` (give or take `within`), whole ones where asked."""
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    bad = ~np.isfinite(values)
    bad |= (values < low - within) | (values > high + within)
    if whole:
        bad |= values != np.round(values)
    kind = "a whole number" if whole else "a number"
    span = f"from {low:g} up" if np.isinf(high) else f"from {low:g} to {high:g}"
    if bad.any():
        rows = frame[column][bad]
        report(
            frame.attrs["file"],
            [
                (line, f"{column} is {'empty' if pd.isna(cell) else repr(cell)}; expected {kind} {span}.")
                for line, cell in rows.items()
            ],
        )
    return values


def vote_table(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Whole, non-negative votes as `votes_1 … votes_K`; a row without any vote is reported."""
    votes = np.column_stack([numbers(frame, column, 0, whole=True) for column in columns])
    report(
        frame.attrs["file"],
        [(line, "no votes at all; expected at least one.") for line in frame.index[votes.sum(axis=1) == 0]],
    )
    return pd.DataFrame(votes, columns=[f"votes_{k}" for k in range(1, votes.shape[1] + 1)])


def vote_lists(frame: pd.DataFrame, column: str, bins: int) -> pd.DataFrame:
    """Lists of `bins` votes in one column, as `votes_1 … votes_K`."""
    lists = [one if isinstance(one, list) else [] for one in frame[column]]
    fits = np.array([len(one) == bins for one in lists])
    report(frame.attrs["file"], [(line, f"{column} is not a list of {bins} votes.") for line in frame.index[~fits]])
    names = [f"votes_{k}" for k in range(1, bins + 1)]
    whole = pd.DataFrame([one for one, fit in zip(lists, fits, strict=True) if fit], columns=names)
    votes = whole.set_index(frame.index[fits]).reindex(frame.index, fill_value=1)  # misfits have been reported
    votes.attrs["file"] = frame.attrs["file"]
    return vote_table(votes, names)


def moments(votes: np.ndarray, bins: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) means and (N,) standard deviations (population) of (N, K) votes or shares over `bins`.

    One division of exact sums: votes that balance round 5 give 5.0, not 5.000000000000001, so "above 5" can be asked.
    """
    scores = np.asarray(bins, float)
    with np.errstate(invalid="ignore", divide="ignore"):  # a row without votes has been reported already
        total = votes.sum(axis=1)
        mean = votes @ scores / total
        return mean, np.sqrt(np.maximum(votes @ scores**2 / total - mean**2, 0))


def from_votes(image_id: pd.Series, votes: pd.DataFrame, bins: Sequence[float]) -> pd.DataFrame:
    """An image table from vote counts: mean, standard deviation, number of votes and the votes themselves."""
    counts = votes.to_numpy(float)
    mean, std = moments(counts, bins)
    total = counts.sum(axis=1).astype(int)
    return pd.DataFrame(
        {"image_id": image_id.to_numpy(), "mos": mean, "std": std, "n_votes": total} | {k: votes[k] for k in votes}
    )


def stack(parts: Mapping[str, pd.DataFrame], *, apart: bool = True) -> pd.DataFrame:
    """The tables of several splits as one, with the column `split`; `apart`: no image may be in two of them."""
    frame = pd.concat([part.assign(split=name) for name, part in parts.items()], ignore_index=True)
    if apart:
        once = frame.drop_duplicates(["image_id", "split"])["image_id"]
        twice = once[once.duplicated()]
        report(" and ".join(parts), [(None, f"image {name!r} is in more than one split.") for name in twice])
    return frame
