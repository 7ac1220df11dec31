"""Image files of a data set: found by walking its image folder and matched with the ids of its labels.

`load`, `data status`, `data verify` and the Taste Lab share these rules:

- Hidden files and folders (`._IMG.JPG`, `.git`) are skipped.
- Links are followed, so images may lie in a store (git-annex, a hub's cache) or on another disk: whoever can write
  into the image folder could as well put the image itself there. Names that come from label files are only looked up
  among the files found by walking and never become part of a path; names from archives are confined by `paths.inside`.
- A file belongs to the id that it spells. What is left is matched where exactly one file and one id differ in
  Unicode form (NFC, NFD) or in the case of the ending only.
- Of several files for one image the one in the shallowest folder is used; several there must be equal byte by byte.
- At least `ENOUGH` of the images of a table, and of each of its splits, must be there and readable.
"""

import filecmp
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import pandas as pd

from aeslib.code import digest
from aeslib.data.adapters.reading import Adapter
from aeslib.errors import DataError
from aeslib.paths import state

ENDINGS = {
    ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif",
}  # fmt: skip
"""Endings, in lower case, of the files that are taken for images."""
ENOUGH = 0.98
"""Share of the labelled images that must be there and readable; rows of the others are left out."""
UNFETCHED = "is a link to a file that is not here; fetch its content first (git-annex: `datalad get`)."


def walk_images(top: Path) -> Iterator[tuple[str, bool]]:
    """Yield the path (relative to `top`) of every image file below, and whether it is there (False: a broken link)."""
    yield from _walk(str(top), "", {os.path.realpath(top)})


def _walk(top: str, below: str, linked: set[str]) -> Iterator[tuple[str, bool]]:
    """Walk one folder; `linked` holds the folders entered through a link, each of which is entered once."""
    with os.scandir(os.path.join(top, below)) as scan:
        entries = sorted((entry for entry in scan if entry.name[0] != "."), key=lambda entry: entry.name)
    for entry in entries:
        name = os.path.join(below, entry.name)
        if entry.is_dir():
            target = os.path.realpath(entry.path) if entry.is_symlink() else ""
            if target not in linked:
                linked |= {target} - {""}
                yield from _walk(top, name, linked)
        elif os.path.splitext(entry.name)[1].lower() in ENDINGS:
            yield name, not entry.is_symlink() or entry.is_file()


class ImagePaths(Mapping[str, Path]):
    """image_id → image file below `folder`; the file itself may be a link that leads elsewhere."""

    def __init__(self, folder: Path, names: Mapping[str, str]) -> None:
        self.folder = folder
        self.names = names

    def __getitem__(self, image_id: str) -> Path:
        name = self.names[image_id]
        if leads_outside(name):
            raise DataError(f"{name!r} points outside {self.folder}; names must stay inside their folder.")
        return self.folder / name

    def state(self, ids: Iterable[str]) -> str:
        """Digest that changes when one of these images does; looks at sizes and times only."""
        top = str(self.folder)
        return digest("\n".join(f"{name} {state(os.path.join(top, self.names[name]))}" for name in sorted(ids)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def leads_outside(name: str) -> bool:
    """Return whether a name, taken for a path, would leave its folder (`..`, absolute, a drive, NUL)."""
    path = PureWindowsPath(name)  # knows drives and both kinds of slash
    return bool(path.anchor) or ".." in path.parts or "\x00" in name


@dataclass(frozen=True)
class ImageFiles:
    """All image files of one image folder."""

    folder: Path
    names: Mapping[str, Sequence[str]]
    """Key of the adapter → relative paths of the files that spell it, the shallowest first."""
    unfetched: Mapping[str, str]
    """Key → relative path, for links whose target is not here."""

    def __len__(self) -> int:
        return len(self.names)


def list_images(adapter: Adapter, folder: Path) -> ImageFiles:
    """Return the image files below `folder` by the adapter's key."""
    names: dict[str, list[str]] = defaultdict(list)
    unfetched: dict[str, str] = {}
    for name, here in walk_images(folder) if folder.is_dir() else ():
        key = adapter.image_key(name)
        if here:
            names[key].append(name)
        else:
            unfetched[key] = name
    for paths in names.values():
        paths.sort(key=lambda path: (path.count(os.sep), path))
    return ImageFiles(folder, dict(names), {key: name for key, name in unfetched.items() if key not in names})


def find_images(adapter: Adapter, folder: Path) -> ImageFiles:
    """Return the files of the first of the adapter's image folders that holds any image."""
    files = ImageFiles(folder, {}, {})
    for name in adapter.IMAGES:
        found = list_images(adapter, folder / name)
        if found.names:
            return found
        files = found if found.unfetched and not files.unfetched else files
    return files


@dataclass(frozen=True)
class Coverage:
    """Which images of a table are there."""

    images: ImagePaths
    """image_id → file, of the images that are there."""
    missing: Mapping[str, str]
    """image_id → why there is no image."""
    clashes: Sequence[tuple[str, str, str]]
    """(image_id, file, other file) where two different files at the same depth claim to be one image."""
    deeper: Sequence[tuple[str, str, str]]
    """(image_id, file used, other file) where another file of that name is not used."""


def cover(files: ImageFiles, ids: Iterable[str]) -> Coverage:
    """Match the ids of a table with the image files."""
    keys = _matches(files, ids := list(dict.fromkeys(ids)))
    images: dict[str, str] = {}
    missing: dict[str, str] = {}
    clashes: list[tuple[str, str, str]] = []
    deeper: list[tuple[str, str, str]] = []
    for image in ids:
        paths = files.names.get(keys.get(image, ""), ())
        if not paths:
            unfetched = files.unfetched.get(image)
            missing[image] = f"{unfetched} {UNFETCHED}" if unfetched else "no file of that name"
            continue
        images[image] = paths[0]
        for other in paths[1:]:
            level = other.count(os.sep) == paths[0].count(os.sep)
            equal = level and filecmp.cmp(files.folder / paths[0], files.folder / other, shallow=False)
            (clashes if level and not equal else deeper).append((image, paths[0], other))
    return Coverage(ImagePaths(files.folder, images), missing, clashes, deeper)


def _matches(files: ImageFiles, ids: Sequence[str]) -> dict[str, str]:
    """Return id → key of its file: the same, or where that is clear one that is only spelt in another way."""
    keys = {image: image for image in ids if image in files.names}
    free, open_ids = defaultdict(list), defaultdict(list)
    rest = [image for image in ids if image not in keys]
    if rest:
        for key in files.names:
            if key not in keys:
                free[_spelling(key)].append(key)
        for image in rest:
            open_ids[_spelling(image)].append(image)
    for spelling, images in open_ids.items():
        if len(images) == len(free.get(spelling, ())) == 1:
            keys[images[0]] = free[spelling][0]
    return keys


def _spelling(name: str) -> str:
    """Return the name in Unicode's composed form (NFC), an image's ending in lower case."""
    stem, ending = os.path.splitext(unicodedata.normalize("NFC", name))
    return stem + (ending.lower() if ending.lower() in ENDINGS else ending)


def shortfall(frame: pd.DataFrame, lost: Iterable[str]) -> str:
    """Return "2 of 60 images" (or "… of split 'test'") where more than 2 % are lost, "" where enough are there.

    Args:
        frame: with the columns `image_id` and `split`.
        lost: ids of the images that are missing or cannot be read.
    """
    once = frame[["image_id", "split"]].drop_duplicates(ignore_index=True)
    gone = once["image_id"].isin(set(lost))
    total = once.drop_duplicates("image_id")
    groups = {"": gone[total.index]} | {f" of split {name!r}": part for name, part in gone.groupby(once["split"])}
    for name, part in groups.items():
        if part.mean() > 1 - ENOUGH + 1e-12:
            return f"{part.sum():,} of {len(part):,} images{name}"
    return ""


def first_few(names: Iterable[str], many: int = 3) -> str:
    """Return the first names, quoted, and how many more there are."""
    names = list(names)
    rest = f" and {len(names) - many:,} more" if len(names) > many else ""
    return ", ".join(map(repr, names[:many])) + rest
