"""`data fetch KEY`: download what owners publish as plain files; unpack archives without trusting them.

A file is downloaded beside its place, compared with the card's SHA-256 and renamed, so that what lies there is right or
absent. Running it again skips what is right.
"""

import errno
import hashlib
import lzma
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Any
from urllib.parse import quote

from aeslib.data.cards import DatasetCard, File, load_card
from aeslib.errors import DataError
from aeslib.paths import atomic_path, data_root, inside

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BROKEN = (  # what zipfile and tarfile raise on damaged, encrypted or unsupported archives
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error,
    EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
SMALL = 1 << 20
"""Archives that unpack to less (bytes) are never taken for bombs."""


def fetch(
    key: str,
    *,
    accept_terms: bool = False,
    root: Path | None = None,
    base: str | None = None,
    tries: int = 4,
    pause: float = 1.0,
    timeout: float = 30.0,
    progress: bool = True,
    tell: Callable[[str], object] = print,
) -> list[Path]:
    """Download the files of `key` that its owners publish; the paths, in the card's order.

    Args:
        key: a card's key.
        accept_terms: the reader has seen the owners' terms and agrees; without it the terms are the error's text.
        root: where data sets lie; None: `aeslib.paths.data_root()`.
        base: address of a mirror that holds the card's paths; None: the owners' addresses.
        tries: attempts per file; cut connections and answers 429 and 5xx are tried again, nothing else is.
        pause: seconds before the second attempt, doubled before each further one.
        timeout: seconds without any byte after which an attempt counts as cut.
        progress: show a bar with an estimate.
        tell: takes the closing words: what came, and the steps that are left to do by hand.

    Raises:
        DataError: when terms are not accepted, files must be got by hand, or a download fails or is not what the
            card describes. Nothing half-made is left.
    """
    card = load_card(key)
    wanted = [file for file in card.files if file.url]
    if not wanted:
        raise DataError(by_hand(card))
    if not accept_terms:
        raise DataError(terms(card))
    folder = (root or data_root()) / key
    paths = [_fetch_file(file, card, folder, base, tries, pause, timeout, progress) for file in wanted]
    names = ", ".join(file.path for file in wanted)
    tell(f"In {folder}: {names}.\nThe owners' steps for everything:\n{_steps(card)}\nThen: aeslib data verify {key}")
    return paths


def terms(card: DatasetCard) -> str:
    """What to agree to before downloading, and how to say so."""
    return (
        f"{card.title} belongs to its owners.\nLicence: {card.license}\nTerms: {card.terms}\nCite: {card.citation}\n"
        f"Nothing was downloaded. If you agree: aeslib data fetch {card.key} --accept-terms"
    )


def by_hand(card: DatasetCard) -> str:
    """The steps to get what the owners do not publish as plain files."""
    return (
        f"{card.title} is not published as plain files and must be got by hand:\n{_steps(card)}\n"
        f"Terms: {card.terms}\nThen: aeslib data verify {card.key}"
    )


def _steps(card: DatasetCard) -> str:
    return "\n".join(f"  {number}. {step}" for number, step in enumerate(card.get, 1))


def _fetch_file(
    file: File,
    card: DatasetCard,
    folder: Path,
    base: str | None,
    tries: int,
    pause: float,
    timeout: float,
    progress: bool,
) -> Path:
    target = inside(folder, file.path)
    if file.sha256 is None:
        raise DataError(f"data_cards/{card.key}.md gives no sha256 for {file.path}; without it nothing is downloaded.")
    if target.is_file() and sha256(target) == file.sha256:
        return target
    url = f"{base.rstrip('/')}/{quote(file.path)}" if base else str(file.url)
    for attempt in range(1, tries + 1):
        try:
            _download(url, target, file.sha256, timeout, progress)
            break
        except _PassingError as error:
            if attempt == tries:
                raise DataError(
                    f"{url}: {error}, also at try {tries} of {tries}. Nothing was kept; run the command again later."
                ) from error
            time.sleep(pause * 2 ** (attempt - 1))
    return target


class _PassingError(Exception):
    """A failure of the network that may pass."""


def _download(url: str, target: Path, expected: str, timeout: float, progress: bool) -> None:
    import requests
    from pooch import HTTPDownloader
    from tqdm.auto import tqdm

    # pooch sets the total from the answer's header, but asks for the bar's truth first: it must not be None or 0
    bar = tqdm(total=1, desc=target.name, unit="B", unit_scale=True, disable=not progress)
    try:
        with atomic_path(target) as beside:
            HTTPDownloader(progressbar=bar, timeout=timeout)(url, str(beside), None)
            _same(url, sha256(beside), expected)
    except requests.HTTPError as error:
        code = getattr(error.response, "status_code", 0)
        answer = f"answered {code} {getattr(error.response, 'reason', '')}"
        if code == 429 or code >= 500:
            raise _PassingError(answer) from error
        raise DataError(
            f"{url} {answer}; the owners may have moved the file, the card's homepage says where to look."
        ) from error
    except requests.RequestException as error:
        raise _PassingError(f"the connection failed or was cut off ({type(error).__name__})") from error
    finally:
        bar.close()


def _same(url: str, came: str, expected: str) -> None:
    if came != expected:
        raise DataError(
            f"{url} has sha256 {came[:12]}…, the card says {expected[:12]}…: not the file it describes. "
            "Nothing was kept. Try another network; if it stays so, the owners have changed the file."
        )


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Member:
    """One entry of an archive, whatever its format."""

    name: str
    size: int
    kind: str
    """`file`, `folder`, `link` or `device`."""
    entry: Any
    """What the format's own module calls it."""


class Archive:
    """A zip or tar file that is listed before it is believed."""

    def __init__(self, opened: zipfile.ZipFile | tarfile.TarFile) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[Member]:
        if isinstance(self._opened, zipfile.ZipFile):
            for info in self._opened.infolist():
                form = stat.S_IFMT(info.external_attr >> 16)
                special = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
                kind = "folder" if info.orig_filename.endswith("/") else special.get(form, "device")
                yield Member(info.orig_filename, info.file_size, kind, info)
        else:
            for entry in self._opened:
                plain = "file" if entry.isreg() else "folder" if entry.isdir() else "device"
                yield Member(entry.name, entry.size, "link" if entry.issym() or entry.islnk() else plain, entry)
            while self._opened.fileobj and self._opened.fileobj.read(1 << 20):
                pass  # to the end, where gzip keeps its checksum: tarfile stops before

    def open(self, member: Member) -> IO[bytes]:
        """The bytes of a `file` member."""
        if isinstance(self._opened, zipfile.ZipFile):
            return self._opened.open(member.entry)
        stream = self._opened.extractfile(member.entry)
        assert stream is not None  # only links and folders give None
        return stream


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """A zip or tar file for reading; whatever its damage raises becomes one `DataError` that names it."""
    try:
        with zipfile.ZipFile(path) if path.suffix.lower() == ".zip" else tarfile.open(path) as opened:
            yield Archive(opened)
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL, errno.ENAMETOOLONG}:
            raise  # the disk's fault, not the archive's
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise DataError(f"{path.name}: not a whole archive ({why}); download it again.") from error


def faults(archive: Archive, *, packed: int, ratio: float = 100) -> Iterator[tuple[str, str]]:
    """(member, what is wrong with it) for each entry that must not be unpacked.

    Args:
        archive: the listing.
        packed: bytes of the archive itself.
        ratio: how many times `packed` the members may fill; more is taken for a bomb and ends the listing.
    """
    files: set[str] = set()
    folders = {"."}
    total = 0
    for member in archive:
        path = PureWindowsPath(member.name)  # knows drives and both kinds of slash
        name, above = path.as_posix(), {parent.as_posix() for parent in path.parents}
        if path.anchor or ".." in path.parts or "\x00" in member.name:
            yield member.name, "points outside its folder"
        elif member.kind in {"link", "device"}:
            yield member.name, f"is a {member.kind}, not a file"
        elif member.kind == "file" and name in files:
            yield member.name, "is there twice"
        elif above & files or name in (folders if member.kind == "file" else files):
            yield member.name, "is both a file and a folder"
        (files if member.kind == "file" else folders).add(name)
        folders |= above
        total += member.size
        if total > max(SMALL, ratio * packed):
            yield member.name, f"makes the archive unpack to more than {ratio:g} times its size"
            return


def unpack(path: Path, folder: Path, *, ratio: float = 100) -> list[Path]:
    """Unpack a zip or tar file into `folder`: all of it, or nothing when one member must be refused.

    Raises:
        DataError: for a member that points outside (`..`, absolute, drive), is a link or device, is there twice, or
            swells beyond `ratio` times the archive; and for a damaged archive.
    """
    with open_archive(path) as archive:
        for name, fault in faults(archive, packed=path.stat().st_size, ratio=ratio):
            raise DataError(f"{path.name}: member {name!r} {fault}. Nothing was unpacked; get it from its owners.")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.stem[:80]}-", dir=folder) as scratch:
            names = list(_extract(archive, Path(scratch)))
            for name in names:
                target = inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                (Path(scratch) / name).replace(target)
    return [folder / name for name in names]


def _extract(archive: Archive, scratch: Path) -> Iterator[str]:
    from shutil import copyfileobj

    for member in archive:
        if member.kind == "file":
            target = inside(scratch, member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as sink:
                copyfileobj(source, sink)
            yield target.relative_to(scratch.resolve()).as_posix()
