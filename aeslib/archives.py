"""Files that come from elsewhere: their digest, and archives that are listed and unpacked without being trusted."""

import errno
import hashlib
import lzma
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Any

from aeslib.errors import DataError
from aeslib.paths import inside

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ZIPS = (".zip", ".whl")
"""Suffixes of zip files; a wheel is one."""
BROKEN = (  # what zipfile and tarfile raise on damaged, encrypted or unsupported archives
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error,
    EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
SMALL = 1 << 20
"""Archives that unpack to less (bytes) are never taken for bombs."""


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
    """The entry of the format's own module."""


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
        with zipfile.ZipFile(path) if path.suffix.lower() in ZIPS else tarfile.open(path) as opened:
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
