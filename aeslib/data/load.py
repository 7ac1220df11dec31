"""`load(key)`: the real data where it is there, its labels where only they are, else the synthetic stand-in."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from aeslib.code import digest
from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import Adapter, choose, tracking
from aeslib.data.cards import DatasetCard, load_card
from aeslib.data.table import LabelTable, Level, Source
from aeslib.errors import DataError, unknown
from aeslib.paths import data_root, inside, state

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}


class ImagePaths(Mapping[str, Path]):
    """image_id → image file; every file lies inside `folder`."""

    def __init__(self, folder: Path, names: Mapping[str, str]) -> None:
        self.folder = folder
        self._names = names

    def __getitem__(self, image_id: str) -> Path:
        return inside(self.folder, self._names[image_id])

    def state(self, ids: Iterable[str]) -> str:
        """Digest that changes when one of these pictures does; looks at sizes and times only."""
        top = str(self.folder)
        return digest("\n".join(f"{name} {state(os.path.join(top, self._names[name]))}" for name in sorted(ids)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Dataset:
    """Labels of one data set with its card and its origin."""

    card: DatasetCard
    table: LabelTable
    source: Source
    """`real`: images and labels; `labels`: the owners' labels only; `synthetic`: our stand-in."""
    detail: str
    """What exactly was read, for provenance: files with digests, or the generator with its seed and size."""
    images: Mapping[str, Path] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """The card's key."""
        return self.card.key

    def image_paths(self) -> Mapping[str, Path]:
        """image_id → image file of every image of the table; `DataError` unless `source` is "real"."""
        if self.source != "real":
            raise DataError(f"{self.key}: no images at hand ({self.detail}). See `aeslib data status`.")
        return self.images


def load(key: str, *, family: str | None = None, level: Level = "image", size: int = 4000, seed: int = 0) -> Dataset:
    """Labels of `key` in native units, from the best source at hand.

    Args:
        key: a card's key, such as "aadb".
        family: which family of splits (AVA has several); None: the card's first.
        level: one row per image, or per rating where users are published.
        size: images of the synthetic stand-in; real data are never cut.
        seed: seed of the synthetic stand-in.

    Raises:
        ParameterError: for an unknown key, family or level.
        DataError: when files are there but damaged; never falls back to synthetic then.
    """
    card, adapter, folder = load_card(key), ADAPTERS[key], data_root() / key
    family = family if family is not None else card.splits[0].family
    if family not in adapter.LAYOUTS:
        raise unknown(f"family of {key}", family, adapter.LAYOUTS)
    if level not in get_args(Level):
        raise unknown("level", level, get_args(Level))
    if not published(adapter, folder, family, level):
        return synthetic(card, size=size, seed=seed, level=level)
    try:
        with tracking() as opened:
            table = adapter.read(folder, family, level)
    except DataError as error:
        raise DataError(f"{key}: {error} See `aeslib data verify {key}`.") from error
    images = find_images(adapter, folder)
    files = ", ".join(f"{name} {sha[:12]}" for name, sha in opened.items())
    source, told = level_of(table, images)
    if source == "real":
        told += f" {images.state(set(table.frame['image_id']))[:12]}"
    detail = "; ".join([f"{family}: {files}", *table.notes, told])
    return Dataset(card, table, source, detail, images if source == "real" else {})


def pictured(key: str, *, size: int = 4000, seed: int = 0) -> Dataset:
    """`load(key)` where its images are at hand too, else the stand-in, whose pictures always are."""
    found = load(key, size=size, seed=seed)
    return found if found.source == "real" else synthetic(found.card, size=size, seed=seed, level="image")


def origin(key: str, *, size: int = 4000, seed: int = 0) -> str:
    """`pictured(key).detail`, without making a stand-in for it."""
    card = load_card(key)
    if published(ADAPTERS[key], data_root() / key, card.splits[0].family, "image"):
        return pictured(key, size=size, seed=seed).detail
    return made_from(card, size, seed)


def made_from(card: DatasetCard, size: int, seed: int) -> str:
    """What is told of a stand-in."""
    return f"synthetic stand-in for {card.title}: size {size}, seed {seed}"


def published(adapter: Adapter, folder: Path, family: str, level: Level) -> bool:
    """Whether the owners' labels of this family and level are to be read from `folder`.

    False when the folder is empty or absent, or when the owners publish no such level.

    Raises:
        DataError: when the folder holds something, but not the files that are needed.
    """
    layouts = adapter.LAYOUTS[family].get(level)
    if not layouts or not folder.is_dir() or not any(path for path in folder.iterdir() if path.name[0] != "."):
        return False
    advice = f"Run `aeslib data verify {folder.name}`."
    try:
        chosen = choose(folder, layouts)
    except DataError as error:
        raise DataError(f"{error} {advice}") from error
    if chosen is None:
        ways = " or ".join(", ".join(layout.files[:3]) + (" …" if len(layout.files) > 3 else "") for layout in layouts)
        raise DataError(f"{folder.name}: {folder} holds files, but not {ways} ({family}, {level}). {advice}")
    return True


def synthetic(card: DatasetCard, *, size: int, seed: int, level: Level) -> Dataset:
    """The stand-in for a data set that is not at hand."""
    from aeslib.data.synthetic.standins import standin

    table = standin(card.key, size=size, seed=seed, level=level)
    return Dataset(card, table, "synthetic", made_from(card, size, seed))


def find_images(adapter: Adapter, folder: Path) -> ImagePaths:
    """Every picture in the first of the adapter's image folders that is there, by image_id."""
    for name in adapter.IMAGES:
        top = folder / name
        if top.is_dir():
            found = (os.path.relpath(os.path.join(at, file), top) for at, _, files in os.walk(top) for file in files)
            pictures = [path for path in found if os.path.splitext(path)[1].lower() in PICTURES]
            return ImagePaths(top, {adapter.image_key(path): path for path in sorted(pictures)})
    return ImagePaths(folder, {})


def level_of(table: LabelTable, images: ImagePaths) -> tuple[Source, str]:
    """`real` only when every image of the table is there; otherwise how many are missing is told."""
    wanted = set(table.frame["image_id"])
    missing = len(wanted - images.keys())
    if not missing:
        return "real", f"{len(wanted)} images"
    return "labels", "no images" if missing == len(
        wanted
    ) else f"{missing} of {len(wanted)} images missing: labels only"
