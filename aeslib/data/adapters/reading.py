"""Reading the owners' files: whatever cannot be used is named with its file and line.

A reader stops at the first kind of trouble with a `DataError`. Inside `collecting()` it goes on and gathers every
finding instead, which is how a folder is examined as a whole.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial, wraps
from itertools import islice
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


NAMES_OF_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", " ": "blanks", "=": "equals signs", "|": "bars"}
BLANKS = r"\s+"
"""Stands between fields where blanks do, in runs of any length."""
UNEVEN = r"\t|  |^ | $"
"""What tells that fields stand apart by more than one blank each, somewhere."""
DECIMAL_COMMA = r"[-+]?\d+,\d+"
FEW = 0.02
"""Largest share of rows that may be left out, or averaged, with a note; more is an error."""

_notes: ContextVar[list[str] | None] = ContextVar("notes", default=None)
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


Reader = Callable[[Path, str, Level], LabelTable]


def with_notes(read: Reader) -> Reader:
    """Decorate a reader: what is passed to `note` while it reads is added to the notes of its table."""

    @wraps(read)
    def noted(folder: Path, family: str, level: Level) -> LabelTable:
        notes: list[str] = []
        token = _notes.set(notes)
        try:
            table = read(folder, family, level)
        finally:
            _notes.reset(token)
        return replace(table, notes=(*table.notes, *dict.fromkeys(notes)))

    return noted


def note(text: str) -> None:
    """Add a note to the table that is being read; nothing happens outside `with_notes`."""
    notes = _notes.get()
    if notes is not None:
        notes.append(text)


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


def readable_families(adapter: Adapter, folder: Path, level: Level = "image") -> list[str]:
    """Return the families of splits whose label files are all in `folder`, in the adapter's order."""

    def complete(layouts: Sequence[Layout]) -> bool:
        try:
            return choose(folder, layouts) is not None
        except DataError:
            return False  # a part of the files, or a link that leads outside

    return [family for family, levels in adapter.LAYOUTS.items() if complete(levels.get(level, ()))]


def main_family(adapter: Adapter, folder: Path, level: Level = "image") -> str:
    """Return the family that is read unless another is asked for: the first readable one, else the first of all.

    `load`, `data status` and `data verify` all follow this rule.
    """
    return next(iter(readable_families(adapter, folder, level) or adapter.LAYOUTS))


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
    if raw.data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise DataError(
            f"{raw.name}: is UTF-16 text, as Excel writes it; expected UTF-8. Save it again as CSV UTF-8, or fetch the "
            "owners' file."
        )
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
    sep = _separator(raw.name, text, columns, sep, header=header, skip=skip)
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
    if sep == BLANKS or not header:  # a field that is missing shifts those behind it
        short = frame.index[frame[columns[-1]].isna()]
        between = NAMES_OF_SEPARATORS[" " if sep == BLANKS else sep]
        report(raw.name, [(line, f"fewer than {len(columns)} fields separated by {between}.") for line in short])
    return frame


def _separator(file: str, text: str, columns: Sequence[str], sep: str, *, header: bool, skip: int) -> str:
    """Return what stands between fields: `sep`, or `BLANKS` where blanks are expected and stand in runs.

    Raises:
        DataError: when the first lines fit another separator and not this one.
    """
    rows = [line for line in islice(io.StringIO(text), skip, skip + 100) if line.strip()]
    rows, enough = (rows[:1], lambda fields: set(columns) <= set(fields)) if header else (
        rows, lambda fields: len(fields) == len(columns)
    )  # fmt: skip

    def fits(fields: Callable[[str], list[str]]) -> bool:
        return 2 * sum(enough([field.strip() for field in fields(row)]) for row in rows) > len(rows)

    if sep == " " and fits(str.split) and re.search(UNEVEN, text, re.MULTILINE):
        return BLANKS
    if len(columns) < 2 or not rows or fits(partial(_fields, sep=sep)):
        return sep
    for other, name in NAMES_OF_SEPARATORS.items():
        if other != sep and fits(partial(_fields, sep=other)):
            cells = [field for line in islice(io.StringIO(text), skip, skip + 5) for field in _fields(line, other)]
            decimal = next((field for field in cells if re.fullmatch(DECIMAL_COMMA, field)), None)
            comma = f" and decimals are written with commas ({decimal})" if decimal else ""
            points = " and decimal points" if decimal else ""
            raise DataError(
                f"{file}: fields are separated by {name}{comma}; expected {NAMES_OF_SEPARATORS[sep]} between fields"
                f"{points}. Save it again like that, or fetch the owners' file."
            )
    return sep


def _fields(line: str, sep: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=sep), [])
    except csv.Error:  # the line is no row of such a table; the reader says what is wrong with it
        return []


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


def image_number(name: str) -> str:
    """Return the id of a numbered image from any way of writing it: "953619.0", "000953619", "ava/953619.jpg".

    A name that holds no number alone is returned without folder and ending.
    """
    stem = re.sub(
        r"\.(?:jpe?g|png|bmp|gif|webp|tiff?|avif|hei[cf])$", "", re.split(r"[/\\]", name)[-1], flags=re.IGNORECASE
    )
    match = re.fullmatch(r"0*(\d+)(?:\.0*)?", stem)
    return match[1] if match else stem


def numbered_ids(frame: pd.DataFrame, column: str, *, unique: bool = True) -> pd.Series:
    """Like `ids`, for images that are known by a number: every way of writing it gives the same id."""
    return ids(frame, column, unique=unique, key=image_number)


def ids(frame: pd.DataFrame, column: str, *, unique: bool = True, key: Callable[[str], str] | None = None) -> pd.Series:
    """A column of names: present, without blanks around them, and each only once.

    Args:
        frame: a table of `read_csv` and the like.
        column: its column.
        unique: whether a name that occurs again is reported.
        key: from a name as written to the id that it stands for, before ids are compared.
    """
    written = frame[column].astype("string").str.strip().fillna("").astype(str)
    names = written.map(key) if key else written
    empty = names == ""
    problems: list[tuple[Hashable, str]] = [(line, f"{column} is empty.") for line in frame.index[empty]]
    if unique:
        again = names.duplicated() & ~empty
        first = dict(zip(names[::-1], frame.index[::-1], strict=True)) if again.any() else {}
        problems += [
            (line, f"{column} {_spelling(text, name)} occurs again; its first line is {first[name]}.")
            for (line, name), text in zip(names[again].items(), written[again], strict=True)
        ]
    report(frame.attrs["file"], problems)
    return names


def _spelling(written: str, name: str) -> str:
    return repr(name) if written == name else f"{name!r} (written {written!r})"


def numbers(
    frame: pd.DataFrame, column: str, low: float, high: float = np.inf, *, whole: bool = False, within: float = 0.0
) -> np.ndarray:
    """(N,) values of a column: numbers from `low` to `high` (give or take `within`), whole ones where asked."""
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    bad = ~np.isfinite(values)
    if bad.any() and not whole:
        _refuse_decimal_commas(frame, column)
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


def _refuse_decimal_commas(frame: pd.DataFrame, column: str) -> None:
    """Raise `DataError` when most cells of a column are numbers with a decimal comma: the whole file is like that."""
    cells = frame[column].dropna().astype(str).str.strip()
    comma = cells[cells.str.fullmatch(DECIMAL_COMMA)]
    if 2 * len(comma) > len(cells):
        raise DataError(
            f"{frame.attrs['file']}, line {comma.index[0]}: {column} is {comma.iloc[0]!r}: a decimal comma; expected "
            f"{comma.iloc[0].replace(',', '.')!r}. Save the file again with decimal points, or fetch the owners' file."
        )


def rated(frame: pd.DataFrame, column: str, values: Sequence[str]) -> pd.DataFrame:
    """Leave out, with a note, the few rows of a release that hold no rating: one score of -1, or votes all 0 or -1.

    Where they are more than a share of `FEW`, all rows are kept, and whoever checks the values reports them.

    Args:
        frame: a table of `read_csv` and the like.
        column: the names of images, for the note.
        values: one column of scores, or all columns of votes.
    """
    suspects = pd.to_numeric(frame[values[0]], errors="coerce").isin([0, -1])  # few: the other columns cost time
    cells = frame.loc[suspects, list(values)].apply(pd.to_numeric, errors="coerce")
    unrated = (cells == -1).all(axis=1) | ((cells == 0).all(axis=1) & (len(values) > 1))
    empty = unrated.reindex(frame.index, fill_value=False)
    if not 0 < empty.sum() <= FEW * len(frame):
        return frame
    note(f"{count_and_names(frame[column][empty])} of {len(frame)} left out of {frame.attrs['file']}: no rating")
    return _kept(frame, ~empty)


def _kept(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    part = frame[rows]
    part.attrs["file"] = frame.attrs["file"]
    return part


def count_and_names(names: pd.Series) -> str:
    """Return how many images there are and which are the first, for a note."""
    first = ", ".join(map(str, names[:3])) + (" …" if len(names) > 3 else "")
    return f"{len(names)} image{'s' if len(names) > 1 else ''} ({first})"


def single_ratings(ratings: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return one rating for each image and user, at every level that is made from it.

    A rating that stands twice counts once. Different ratings by one user of one image become their mean, which does
    not depend on the order of rows; where that befalls more than a share of `FEW`, they are reported as errors.

    Args:
        ratings: columns image_id, user_id, score and perhaps attr_NAME and split; the index is the line.
        file: for messages.
    """
    by = ["image_id", "user_id"]
    single = ratings.drop_duplicates()
    if repeats := len(ratings) - len(single):
        note(f"{repeats} rating(s) that stand twice counted once")
    again = single.duplicated(by)
    if not again.any():
        return single.reset_index(drop=True)
    if again.sum() > FEW * len(single):
        rows = single[again].iterrows()
        problem = "user {0.user_id!r} has rated image {0.image_id!r} before, and not the same."
        report(file, [(line, problem.format(row)) for line, row in rows])
    note(f"{int(again.sum())} further rating(s) of an image by the same user: the mean of them counts once")
    how = {name: "first" if name in {*by, "split"} else "mean" for name in single if name not in by}
    return single.groupby(by, sort=False, as_index=False).agg(how)[list(single)]


def vote_table(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Whole, non-negative votes as `votes_1 … votes_K`; a row without any vote is reported."""
    votes = np.column_stack([numbers(frame, column, 0, whole=True) for column in columns])
    report(
        frame.attrs["file"],
        [(line, "no votes at all; expected at least one.") for line in frame.index[votes.sum(axis=1) == 0]],
    )
    return pd.DataFrame(votes, columns=[f"votes_{k}" for k in range(1, votes.shape[1] + 1)])


def spread_lists(frame: pd.DataFrame, column: str, names: Sequence[str], kind: str = "votes") -> pd.DataFrame:
    """Return a table with a further column for each place of the lists in `column`.

    A list of another length is reported.

    Args:
        frame: a table of `read_csv` and the like.
        column: the column of lists.
        names: names of the new columns.
        kind: what the lists hold, for the message.
    """
    lists = [one if isinstance(one, list) else [] for one in frame[column]]
    off = [line for line, one in zip(frame.index, lists, strict=True) if len(one) != len(names)]
    report(frame.attrs["file"], [(line, f"{column} is not a list of {len(names)} {kind}.") for line in off])
    filled = [one if len(one) == len(names) else [1] * len(names) for one in lists]  # the others have been reported
    spread = frame.join(pd.DataFrame(filled, frame.index, list(names)))
    spread.attrs["file"] = frame.attrs["file"]
    return spread


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
    total = counts.sum(axis=1).round().astype(int)
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
