"""`data verify KEY`: what is wrong with a data set's folder, file by file and row by row. It changes nothing.

The readers of `aeslib.data.adapters` do the looking: inside `collecting()` they report every bad row instead of
stopping at the first. Lines that would stop them all the same (not text, too many fields) are named here and blanked
in a copy, so that what stands behind them is read too.
"""

import hashlib
import re
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Literal

from aeslib.archives import ARCHIVES, faults, open_archive, sha256
from aeslib.data._findings import Finding, Findings, report_csv
from aeslib.data._lines import TABLES, bad_lines, count_rows
from aeslib.data._pictures import Tables, check_images, image_folders
from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import Adapter, Layout, choose, collecting, find, read_bytes, tracking
from aeslib.data.cards import DatasetCard, File, load_card
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError
from aeslib.paths import data_root, walk

__all__ = ["Finding", "Findings", "report_csv", "verify"]


def verify(key: str, root: Path | None = None, *, progress: bool = True) -> Findings:
    """Examine the folder of `key` under `root` (None: `data_root()`); the findings, errors first.

    Args:
        key: a card's key.
        root: where data sets lie.
        progress: show a bar with an estimate while images are looked at.
    """
    card, adapter = load_card(key), ADAPTERS[key]
    folder = (root or data_root()) / key
    if not folder.is_dir():
        return Findings([_missing(f"{key}/", f"no folder {folder}; `aeslib data fetch {key}` says how to get it.")])
    tables, opened, found = check_labels(card, adapter, folder)
    found += check_splits(card, tables) + check_names(card, tables) + check_links(card, adapter, folder)
    found += check_images(adapter, folder, tables, progress=progress) + check_extra(card, adapter, folder, opened)
    return Findings(sorted(dict.fromkeys(found), key=lambda finding: finding.severity))


def check_labels(card: DatasetCard, adapter: Adapter, folder: Path) -> tuple[Tables, set[str], list[Finding]]:
    """The tables that could be read, the files opened for them, and what is wrong with label files and their rows."""
    spoilt, found = structure(adapter, folder)
    with _mended(card, adapter, folder, spoilt) as place, tracking() as opened:
        tables, trouble, used = read_all(adapter, place)
    here = {name for name in _read_names(adapter) if _there(folder, name)}
    other_form = bool(here) and here.isdisjoint(file.path for file in card.files)
    files = check_files(card, folder, otherwise=bool(used) or other_form)
    if any(finding.check == "missing" and finding.severity == "error" for finding in files):
        same = f"{card.key}/", "missing"  # said less exactly
        trouble = [finding for finding in trouble if (finding.file, finding.check) != same]
    elif not used and not trouble and not check_links(card, adapter, folder):
        names = " or ".join(sorted({layout.files[0] for layout in _layouts(adapter)}))
        lost = f"no labels; expected {names}. `aeslib data fetch {card.key}` says how to get them."
        trouble = [_missing(f"{card.key}/", lost)]
    return tables, set(opened), found + trouble + files


def _missing(file: str, message: str, severity: Literal["error", "note"] = "error") -> Finding:
    return Finding(file, None, "", "missing", message, severity)


def _layouts(adapter: Adapter) -> Iterator[Layout]:
    for levels in adapter.LAYOUTS.values():
        for layouts in levels.values():
            yield from layouts


def _there(folder: Path, name: str) -> Path | None:
    """`find`, where a name that leads outside counts as absent: the reader says what is wrong with it."""
    try:
        return find(folder, name)
    except DataError:
        return None


def _read_names(adapter: Adapter) -> list[str]:
    return list(dict.fromkeys(name for layout in _layouts(adapter) for name in layout.files))


def structure(adapter: Adapter, folder: Path) -> tuple[dict[str, set[int]], list[Finding]]:
    """Lines of text files that no reader can use: file → line numbers, and the findings about them."""
    spoilt: dict[str, set[int]] = {}
    found = []
    for name in _read_names(adapter):
        path, form = _there(folder, name), Path(name.removesuffix(".gz")).suffix
        if path is None or form not in {*TABLES, ".json"}:
            continue
        try:
            data = read_bytes(path).data
        except DataError:
            continue  # cannot be unpacked: the reader says so
        if data[:512].lstrip()[:1] == b"<":
            found.append(Finding(name, 1, "", "structure", "is a web page, not a table; fetch it again."))
            continue
        bad = bad_lines(data, table=form in TABLES)
        if bad:
            spoilt[name] = set(bad)
            found += [Finding(name, line, "", "structure", message) for line, message in bad.items()]
    return spoilt, found


@contextmanager
def _mended(card: DatasetCard, adapter: Adapter, folder: Path, spoilt: Mapping[str, set[int]]) -> Iterator[Path]:
    """The folder itself, or a copy of its label files in which the spoilt lines are blank."""
    if not spoilt:
        yield folder
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch).resolve() / folder.name
        for name in {*_read_names(adapter), *(file.path for file in card.files if file.kind != "images")}:
            if path := _there(folder, name):
                target = place / (name.removesuffix(".gz") if name in spoilt else path.relative_to(folder.resolve()))
                target.parent.mkdir(parents=True, exist_ok=True)
                if name in spoilt:
                    lines = enumerate(read_bytes(path).data.splitlines(keepends=True), 1)
                    target.write_bytes(b"".join(b"\n" if n in spoilt[name] else line for n, line in lines))
                else:
                    shutil.copyfile(path, target)
        yield place


def read_all(adapter: Adapter, folder: Path) -> tuple[Tables, list[Finding], set[str]]:
    """Every family and level that the files allow, all that its reader has to say, and the files of complete ones."""
    tables: Tables = {}
    found: list[Finding] = []
    partial: list[tuple[Finding, set[str]]] = []
    used: set[str] = set()
    for family, levels in adapter.LAYOUTS.items():
        for level, layouts in levels.items():
            try:
                chosen = choose(folder, layouts)
            except DataError as error:
                here = {name for layout in layouts for name in layout.files if _there(folder, name)}
                if here:  # else: a link, which `check_links` names
                    partial.append((_told(error, folder, "missing"), here))
                continue
            if chosen:
                used |= set(chosen[0].files)
                table, trouble = _read(adapter, folder, family, level)
                found += trouble
                if table is not None:
                    tables[family, level] = table
    for finding, here in partial:  # files of a complete family are no sign that another was meant to be there
        found.append(replace(finding, severity="note" if here <= used else "error"))
    return tables, found, used


def _read(adapter: Adapter, folder: Path, family: str, level: Level) -> tuple[LabelTable | None, list[Finding]]:
    table, stopped = None, None
    with collecting() as gathered, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bad rows, reported already, become NaN on the way
        try:
            table = adapter.read(folder, family, level)
        except DataError as error:
            stopped = _told(error, folder, "unreadable")
        except Exception as error:  # third-party parsers raise anything on damaged bytes; the finding names it
            stopped = Finding(f"{folder.name}/", None, "", "unreadable", f"{type(error).__name__}: {error}")
    found = [Finding(_relative(one.file, folder), _number(one.line), "", "labels", one.problem) for one in gathered]
    if table is not None:
        found += [Finding(f"{folder.name}/", None, "", "release", f"{family}: {n}.", "note") for n in table.notes]
    if stopped and not (found and stopped.file in {"label table", f"{folder.name}/"}):  # else: because of the rows
        found.append(stopped)
    return table, found


def _relative(file: str, folder: Path) -> str:
    return f"{file}/" if file == folder.name else file.removeprefix(f"{folder.name}/")


def _number(line: object) -> int | None:
    return None if line is None else int(str(line))


def _told(error: DataError, folder: Path, check: str) -> Finding:
    """A reader's message, "FILE[, line N]: what is wrong", as a finding."""
    match = re.match(r"(?P<file>.+?)(?:, (?:line|entry|row|image) (?P<row>\d+))?: (?P<rest>.+)", str(error), re.DOTALL)
    if not match:
        return Finding("", None, "", check, str(error))
    row = int(match["row"]) if match["row"] else None
    return Finding(_relative(match["file"], folder), row, "", check, match["rest"])


def check_files(card: DatasetCard, folder: Path, *, otherwise: bool) -> list[Finding]:
    """Files that the card names: there, of the right size, checksum and number of rows, archives safe to unpack.

    Args:
        card: whose files.
        folder: where they should lie.
        otherwise: labels lie here in another form than the card's; what is missing of the card's is only noted then.
    """
    found = []
    for file in card.files:
        path = _there(folder, file.path)
        if path is not None:
            found += [Finding(file.path, None, "", check, message) for check, message in _differences(file, path)]
        elif file.required and file.kind != "images" and not (folder / file.path).exists():
            message = f"is not here; `aeslib data fetch {card.key}` says how to get it."
            found.append(_missing(file.path, message, "note" if otherwise else "error"))
    return found


def _differences(file: File, path: Path) -> Iterator[tuple[str, str]]:
    """(check, message) for what the card says otherwise; of size and checksum only the first."""
    packed = path.suffix == ".gz" and not file.path.endswith(".gz")
    try:
        data = read_bytes(path).data if packed else b""
    except DataError:
        return  # cannot be unpacked: the reader says so
    size = len(data) if packed else path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        why = "it is cut off" if size < file.bytes else "it is not the file that the card describes"
        yield "size", f"{size:,} bytes, the card says {file.bytes:,}: {why}; fetch it again."
    elif file.sha256 and (came := hashlib.sha256(data).hexdigest() if packed else sha256(path)) != file.sha256:
        yield "checksum", f"sha256 {came[:12]}…, the card says {file.sha256[:12]}…: other content; fetch it again."
    rows = None if file.rows is None else count_rows(path)
    if rows is not None and rows != file.rows:
        yield "rows", f"{rows:,} rows, the card says {file.rows:,}; fetch it again."
    if path.name.lower().endswith(ARCHIVES):
        try:
            with open_archive(path) as archive:
                for name, fault in faults(archive, packed=path.stat().st_size):
                    yield "archive", f"member {name!r} {fault}; do not unpack it."
        except DataError as error:
            yield "archive", str(error).removeprefix(f"{path.name}: ")


def check_splits(card: DatasetCard, tables: Tables) -> list[Finding]:
    """Sizes of splits against the card's."""
    found = []
    for split in card.splits:
        table = tables.get((split.family, "image"))
        here = int((table.frame["split"] == split.name).sum()) if table is not None else 0
        if split.rows is not None and here not in {0, split.rows}:
            message = f"{split.family}, split {split.name!r}: {here:,} images, the card says {split.rows:,}."
            found.append(Finding(f"{card.key}/", None, "", "rows", message))
    return found


def check_names(card: DatasetCard, tables: Tables) -> list[Finding]:
    """Names of images that would lead out of their folder."""
    columns = [table.frame["image_id"] for table in tables.values()]
    suspects = sorted({name for names in columns for name in names[names.str.contains(r"\.\.|^[/\\]|^.:")]})
    outside = [name for name in suspects if (path := PureWindowsPath(name)).anchor or ".." in path.parts]
    return [
        Finding(f"{card.key}/", None, name, "names", f"image {name!r} points outside its folder.") for name in outside
    ]


def check_links(card: DatasetCard, adapter: Adapter, folder: Path) -> list[Finding]:
    """Label files that lie outside, behind a link: nobody follows it."""
    named = {*_read_names(adapter), *(file.path for file in card.files)}
    names = sorted(end for name in named for end in (name, f"{name}.gz") if (folder / end).exists())
    message = "is a link that leads outside the data set's folder; put the file itself here."
    outside = [name for name in names if not (folder / name).resolve().is_relative_to(folder.resolve())]
    return [Finding(name, None, "", "names", message) for name in outside]


def check_extra(card: DatasetCard, adapter: Adapter, folder: Path, opened: set[str]) -> list[Finding]:
    """Files that nobody reads: often a wrong name, or an archive unpacked one folder too deep.

    Args:
        card: whose files are known.
        adapter: whose files and image folders are known.
        folder: where to look.
        opened: "FOLDER/FILE" of what the readers opened, also where neither card nor layouts name it.
    """
    known = {file.path for file in card.files} | set(_read_names(adapter))
    spared = [*image_folders(adapter, folder), *(folder / name for name in known if (folder / name).is_dir())]
    unknown = Counter[str]()
    for path in (Path(place, name) for place, names in walk(folder) for name in names):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and not hidden and not any(place in path.parents for place in spared):
            listed = {name, name.removesuffix(".gz")} & known or f"{path.parent.name}/{path.name}" in opened
            if not listed:
                unknown[name if path.parent == folder else f"{name.partition('/')[0]}/"] += 1
    many = f"of its files nobody reads; pictures belong in {' or '.join(adapter.IMAGES)}."
    return [
        Finding(
            name, None, "", "extra", f"{count:,} {many}" if name.endswith("/") else "nobody reads this file.", "note"
        )
        for name, count in sorted(unknown.items())
    ]
