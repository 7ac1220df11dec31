"""Archives that are listed before they are believed: what is unpacked, what is refused, and what damage is called."""

import contextlib
import hashlib
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aeslib.archives import unpack
from aeslib.errors import AeslibError, DataError


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def make_zip(path: Path, *members: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, body)
    return path


def make_tar(path: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(body), kind, "/etc/hostname"
            archive.addfile(info, io.BytesIO(body))
    return path


@pytest.mark.parametrize(("make", "name"), [(make_zip, "a.zip"), (make_tar, "a.tar.gz"), (make_tar, "a.tgz")])
def test_an_archive_is_unpacked(tmp_path, make, name):
    path = make(tmp_path / name, ("lists/train.csv", b"a"), ("./b.txt", b"b" * 1000), ("..c", b"c"))
    folder = tmp_path / "out"
    assert unpack(path, folder) == [folder / "lists/train.csv", folder / "b.txt", folder / "..c"]
    assert left(folder) == ["..c", "b.txt", "lists/train.csv"]
    assert (folder / "b.txt").read_bytes() == b"b" * 1000


OUTSIDE, TWICE, BOTH = "points outside its folder", "is there twice", "is both a file and a folder"
GOOD = ("good.txt", b"x")


@pytest.mark.parametrize(
    ("make", "members", "special", "named", "fault"),
    [
        (make_zip, [GOOD, ("../evil", b"")], {}, "../evil", OUTSIDE),
        (make_tar, [GOOD, ("../evil", b"")], {}, "../evil", OUTSIDE),
        (make_zip, [GOOD, ("a/../../evil", b"")], {}, "a/../../evil", OUTSIDE),
        (make_zip, [GOOD, ("/evil", b"")], {}, "/evil", OUTSIDE),
        (make_tar, [GOOD, ("/evil", b"")], {}, "/evil", OUTSIDE),
        (make_zip, [GOOD, ("C:evil", b"")], {}, "C:evil", OUTSIDE),
        (make_zip, [GOOD, ("..\\evil", b"")], {}, "..\\evil", OUTSIDE),
        (make_tar, [GOOD, ("\\\\host\\share\\evil", b"")], {}, "\\\\host\\share\\evil", OUTSIDE),
        (make_zip, [("link", b"/etc/hostname")], {"mode": stat.S_IFLNK | 0o777}, "link", "is a link, not a file"),
        (make_tar, [("link", b"")], {"kind": tarfile.SYMTYPE}, "link", "is a link, not a file"),
        (make_tar, [("hard", b"")], {"kind": tarfile.LNKTYPE}, "hard", "is a link, not a file"),
        (make_tar, [("tty", b"")], {"kind": tarfile.CHRTYPE}, "tty", "is a device, not a file"),
        (make_tar, [("pipe", b"")], {"kind": tarfile.FIFOTYPE}, "pipe", "is a device, not a file"),
        (make_zip, [("pipe", b"")], {"mode": stat.S_IFIFO | 0o600}, "pipe", "is a device, not a file"),
        (make_zip, [GOOD, ("./good.txt", b"y")], {}, "./good.txt", TWICE),
        (make_tar, [GOOD, GOOD], {}, "good.txt", TWICE),
        (make_zip, [GOOD, ("good.txt/inner", b"y")], {}, "good.txt/inner", BOTH),
        (make_zip, [("a/b", b"y"), ("a", b"y")], {}, "a", BOTH),
        (make_zip, [GOOD, ("good.txt/", b"")], {}, "good.txt/", BOTH),
        (make_zip, [GOOD, (".", b"y")], {}, ".", BOTH),
        (
            make_zip, [GOOD, ("bomb", bytes(3 << 20))], {}, "bomb",
            "makes the archive unpack to more than 100 times its size",
        ),
        (
            make_tar, [GOOD, ("bomb", bytes(3 << 20))], {}, "bomb",
            "makes the archive unpack to more than 100 times its size",
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_refused(tmp_path, make, members, special, named, fault):
    path = make(tmp_path / ("a.zip" if make is make_zip else "a.tar.gz"), *members, **special)
    with pytest.raises(DataError) as caught:
        unpack(path, tmp_path / "out")
    assert str(caught.value) == (
        f"{path.name}: member {named!r} {fault}. Nothing was unpacked; get it from its owners."
    )
    assert left(tmp_path) == [path.name]


def test_a_name_with_a_null_byte_is_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", ("goodXevil", b""))
    path.write_bytes(path.read_bytes().replace(b"goodXevil", b"good\x00evil"))
    with pytest.raises(DataError) as caught:
        unpack(path, tmp_path / "out")
    assert str(caught.value) == (
        "a.zip: member 'good\\x00evil' points outside its folder. Nothing was unpacked; get it from its owners."
    )


def test_a_link_already_in_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (folder / "lists").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError) as caught:
        unpack(make_zip(tmp_path / "a.zip", ("lists/train.csv", b"a")), folder)
    assert str(caught.value) == f"'lists/train.csv' points outside {folder}; names must stay inside their folder."
    assert left(tmp_path / "elsewhere") == []


CUT = "EOFError: Compressed file ended before the end-of-stream marker was reached"


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("a.zip", lambda raw: raw[:-30], "BadZipFile: File is not a zip file"),
        ("a.zip", lambda raw: raw.replace(b"xxxx", b"xxyx", 1), "BadZipFile: Bad CRC-32 for file 'stored.txt'"),
        ("a.zip", lambda raw: b"<html>", "BadZipFile: File is not a zip file"),
        ("a.tar.gz", lambda raw: raw[:-3], CUT),
        ("a.tar.gz", lambda raw: raw[:2000], CUT),
        (
            "a.tar", lambda raw: b"",
            "ReadError: file could not be opened successfully: - method gz: ReadError('empty file') - method bz2: "
            "ReadError('not a bzip2 file') - method xz: ReadError('not an lzma file') - method tar: "
            "ReadError('empty file')",
        ),
    ],
)  # fmt: skip
def test_damaged_archives(tmp_path, name, damage, message):
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("stored.txt", "xxxx")
    else:
        make_tar(path, ("noise", hashlib.shake_128(b"").digest(4000)))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        unpack(path, tmp_path / "out")
    assert str(caught.value) == f"{name}: not a whole archive ({message}); download it again."
    assert left(tmp_path / "out") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["a.zip", "a.tar.gz", "a.tar"]), seed=st.data())
def test_random_damage_raises_only_our_errors(tmp_path, kind, seed):
    path = tmp_path / kind
    members = [("lists/train.csv", b"image,score\n" * 40), ("images/a.jpg", hashlib.shake_128(b"a").digest(600))]
    if kind == "a.tar":
        with tarfile.open(path, "w") as archive:
            for name, body in members:
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
    else:
        (make_zip if kind == "a.zip" else make_tar)(path, *members)
    raw = bytearray(path.read_bytes())
    for _ in range(seed.draw(st.integers(1, 6))):
        raw[seed.draw(st.integers(0, len(raw) - 1))] = seed.draw(st.integers(0, 255))
    path.write_bytes(raw[: seed.draw(st.integers(0, len(raw)))] if seed.draw(st.booleans()) else raw)
    with contextlib.suppress(AeslibError):
        unpack(path, tmp_path / "out")
    assert set(tmp_path.iterdir()) <= {tmp_path / name for name in ("a.zip", "a.tar.gz", "a.tar", "out")}
