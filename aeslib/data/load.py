"""`load(key)`: the real data where it is there, its labels where only they are, else the synthetic stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pandas as pd

from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import Adapter, choose, main_family, readable_families, tracking
from aeslib.data.cards import DatasetCard, load_card
from aeslib.data.image_files import (
    ENOUGH,
    Coverage,
    ImageFiles,
    ImagePaths,
    cover,
    find_images,
    first_few,
    leads_outside,
    shortfall,
)
from aeslib.data.sources import Origin, note, origin_of, stand_in_origin
from aeslib.data.table import LabelTable, Level, Source
from aeslib.errors import DataError, unknown
from aeslib.paths import data_root

if TYPE_CHECKING:
    from aeslib.data.images import Fit, ImageStore

NO_IMAGES = pd.DataFrame({"image_id": pd.Series(dtype=str), "split": pd.Series(dtype=str)})


@dataclass(frozen=True)
class Dataset:
    """Labels of one data set with its card and its origin."""

    card: DatasetCard
    table: LabelTable
    """With `source` "real" only the rows whose image is there, else all rows."""
    source: Source
    """`real`: images and labels; `labels`: the owners' labels only; `synthetic`: our stand-in."""
    detail: str
    """What exactly was read, for provenance: files with digests, or the generator with its seed and size."""
    images: Mapping[str, Path] = field(default_factory=dict, repr=False)
    missing: pd.DataFrame = field(default_factory=NO_IMAGES.copy, repr=False)
    """`image_id` and `split` of the rows that were left out because their image is missing."""
    family: str = ""
    """Which family of splits was read; empty for a stand-in."""

    @property
    def key(self) -> str:
        """The card's key."""
        return self.card.key

    def image_paths(self) -> Mapping[str, Path]:
        """image_id → image file of every image of the table; `DataError` unless `source` is "real"."""
        if self.source != "real":
            raise DataError(f"{self.key}: no images at hand ({self.detail}). See `aeslib data status`.")
        return self.images

    def split(self, *names: str) -> "Dataset":
        """Return the data set with only the rows of these splits."""
        missing = self.missing[self.missing["split"].isin(names)]
        return replace(self, table=self.table.split(*names), missing=missing)

    def decoded(self, *, size: int, fit: "Fit", progress: bool = True) -> tuple["Dataset", "ImageStore"]:
        """Return the data set with only the rows whose image can be read, and the store that holds these images.

        Args:
            size: side S of the decoded images in pixels.
            fit: how an image is made square, see `open_store`.
            progress: show a bar while images are decoded for the first time.

        Raises:
            DataError: without images, or where more than 2 % of the images of the data set or of one of its splits
                are missing or cannot be read.
        """
        from aeslib.data.images import open_store

        paths, rows = self.image_paths(), self.table.frame[["image_id", "split"]]
        store = open_store(
            {name: paths[name] for name in rows["image_id"].unique()}, size=size, fit=fit, progress=progress
        )
        if not store.unreadable:
            return self, store
        lost = {**store.unreadable, **dict.fromkeys(self.missing["image_id"], "missing")}
        if few := shortfall(pd.concat([rows, self.missing]), lost):
            raise DataError(
                f"{self.key}: {few} missing or unreadable, such as {_named(store.unreadable)} {_mend(self.key)}"
            )
        note = f"{len(store.unreadable)} unreadable images left out: {first_few(store.unreadable)}"
        return replace(self, table=self.table.of_images(store.ids), detail=f"{self.detail}; {note}"), store


def load(
    key: str,
    *,
    family: str | None = None,
    level: Level = "image",
    size: int = 4000,
    seed: int = 0,
    images: bool = True,
) -> Dataset:
    """Return the labels of `key` in native units, from the best source at hand.

    Where images are at hand, rows without one are left out and named in `detail`. Without any image all rows are
    returned, with the source "labels".

    Args:
        key: a card's key, such as "aadb".
        family: which family of splits (AVA has several); None: the card's first that the files at hand allow.
        level: one row per image, or per rating where users are published.
        size: images of the synthetic stand-in; real data are never cut.
        seed: seed of the synthetic stand-in.
        images: False asks for the labels alone: all rows, whatever images are there.

    Raises:
        ParameterError: for an unknown key, family or level.
        DataError: when files are there but damaged, or when images are there but fewer than 98 % of those that the
            first family, or one of its splits, needs; never falls back to synthetic then.
    """
    return noted(_load(key, family, level, size, seed, images))


def _load(key: str, family: str | None, level: Level, size: int, seed: int, images: bool = True) -> Dataset:
    card, adapter, folder = load_card(key), ADAPTERS[key], data_root() / key
    family = family if family is not None else main_family(adapter, folder, level)
    if family not in adapter.LAYOUTS:
        raise unknown(f"family of {key}", family, adapter.LAYOUTS)
    if level not in get_args(Level):
        raise unknown("level", level, get_args(Level))
    if not published(adapter, folder, family, level):
        return _stand_in(card, size, seed, level)
    try:
        with tracking() as opened:
            table = adapter.read(folder, family, level)
    except DataError as error:
        raise DataError(f"{key}: {error} See `aeslib data verify {key}`.") from error
    read = f"{family}: {', '.join(f'{name} {sha[:12]}' for name, sha in opened.items())}"
    if not images:
        return Dataset(card, table, "labels", "; ".join([read, *table.notes, "labels alone"]), family=family)
    found = level_of(key, table, find_images(adapter, folder), strict=family == main_family(adapter, folder))
    if found.source == "labels":
        return Dataset(card, table, "labels", "; ".join([read, *table.notes, found.note]), family=family)
    state = f"{found.note} {found.images.state(found.images)[:12]}"
    detail = "; ".join([read, *table.notes, state, *found.left_out])
    return Dataset(card, table.of_images(found.images), "real", detail, found.images, found.missing, family)


def noted(data: Dataset) -> Dataset:
    """Return the data set after noting its origin (see `aeslib.data.sources`)."""
    note(origin_of(data))
    return data


def pictured(
    key: str,
    *,
    family: str | None = None,
    level: Level = "image",
    size: int = 4000,
    seed: int = 0,
    split: str = "",
    stand_in: bool = True,
) -> Dataset:
    """Return `load(key)` where its images are at hand too, else the stand-in, whose images always are.

    Args:
        key: a card's key.
        family: family of splits, as in `load`.
        level: a row per image, or per rating.
        size: images of the stand-in.
        seed: seed of the stand-in.
        split: a split that is needed; labels without it give way to the stand-in.
        stand_in: False where no stand-in may take the place of labels that are at hand (the paper profile): then
            labels without images are a `DataError`.
    """
    data = _load(key, family, level, size, seed)
    if data.source == "labels" and not stand_in:
        raise DataError(
            f"{data.key}: labels without images ({data.detail}). In the paper profile no stand-in takes the place of "
            f"a data set that is there: put its images beside the labels (data_cards/{data.key}.md says where), or "
            f"move {data_root() / data.key} away."
        )
    usable = data.source == "synthetic" or _usable(data, split)
    if not usable and not stand_in:
        there = ", ".join(sorted(data.table.frame["split"].unique()))
        raise DataError(
            f"{data.key}: no images of a split {split!r}; the files at hand have {there}. In the paper profile no "
            f"stand-in takes their place: data_cards/{data.key}.md says which files bring it."
        )
    return noted(data if usable else _stand_in(data.card, size, seed, level))


def _usable(data: Dataset, split: str) -> bool:
    return data.source == "real" and (not split or bool((data.table.frame["split"] == split).any()))


def describe_source(
    key: str, *, family: str | None = None, level: Level = "image", size: int = 4000, seed: int = 0, split: str = ""
) -> Origin:
    """Return the origin of `pictured` with the same arguments, without generating a stand-in or noting anything."""
    load_card(key)
    adapter, folder = ADAPTERS[key], data_root() / key
    if published(adapter, folder, family or main_family(adapter, folder, level), level):
        data = _load(key, family, level, size, seed)
        if _usable(data, split):
            return origin_of(data)
    return stand_in_origin(key, size=size, seed=seed)


def families(key: str, level: Level = "image") -> list[str]:
    """Return the families of splits of `key` that can be read from the files at hand; the first is `load`'s own."""
    return readable_families(ADAPTERS[key], data_root() / key, level)


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
        others = " or ".join(map(repr, readable_families(adapter, folder, level)))
        hint = f" Without these lists, what is there can be read as family {others}." if others else ""
        raise DataError(f"{folder.name}: {folder} holds files, but not {ways} ({family}, {level}).{hint} {advice}")
    return True


def synthetic(card: DatasetCard, *, size: int, seed: int, level: Level, tail: float = 1.0) -> Dataset:
    """The stand-in for a data set that is not at hand; `tail` as in `standin`."""
    return noted(_stand_in(card, size, seed, level, tail))


def _stand_in(card: DatasetCard, size: int, seed: int, level: Level, tail: float = 1.0) -> Dataset:
    from aeslib.data.synthetic.standins import standin

    table = standin(card.key, size=size, seed=seed, level=level, tail=tail)
    return Dataset(card, table, "synthetic", stand_in_origin(card.key, size=size, seed=seed, tail=tail).detail)


@dataclass(frozen=True)
class Found:
    """What the image files at hand make of a label table."""

    source: Source
    note: str
    """How many images are there, in words."""
    images: ImagePaths
    missing: pd.DataFrame
    """`image_id` and `split` of the rows without image."""
    left_out: tuple[str, ...] = ()
    """Which rows are left out, in words."""


def level_of(key: str, table: LabelTable, files: ImageFiles, *, strict: bool = True) -> Found:
    """Return `real` where enough of the table's images are there and `labels` where none is.

    Args:
        key: the card's key, for messages.
        table: the labels.
        files: the image files at hand.
        strict: whether some images, but fewer than 98 %, are an error; for families other than the first they
            mean `labels`.

    Raises:
        DataError: for too few images, for two different images of one name at the same depth, and for an id without
            image that points outside the folder.
    """
    coverage, rows = cover(files, table.frame["image_id"]), table.frame[["image_id", "split"]]
    missing = rows[rows["image_id"].isin(set(coverage.missing))]
    if not files.names:
        links = f": {len(files.unfetched):,} links to files that are not here ({_named(coverage.missing)})"
        return Found("labels", "no images" + (links if files.unfetched else ""), coverage.images, missing)
    few = _refused(key, rows, coverage, strict=strict)
    total, lost = rows["image_id"].nunique(), len(coverage.missing)
    if few:
        return Found("labels", f"{lost} of {total} images missing: labels only", coverage.images, missing)
    every = f" (all: `aeslib data verify {key}`)" if lost > 3 else ""
    left_out = f"{lost} of {total} images missing, their rows left out: {first_few(coverage.missing)}{every}"
    return Found("real", f"{total - lost} images", coverage.images, missing, (left_out,) if lost else ())


def _refused(key: str, rows: pd.DataFrame, coverage: Coverage, *, strict: bool) -> str:
    """Return what is missing where that is too much, or raise `DataError`."""
    for image, first, second in coverage.clashes:
        raise DataError(
            f"{key}: {first} and {second} differ and are both image {image!r}. Remove one of them, or put it into a "
            f"deeper folder: of two files the one in the shallower folder is used. See `aeslib data verify {key}`."
        )
    for image in coverage.missing:
        if leads_outside(image):
            raise DataError(f"{key}: image {image!r} points outside its folder. See `aeslib data verify {key}`.")
    few = shortfall(rows, coverage.missing)
    if few and strict:
        raise DataError(
            f"{key}: {few} missing in {coverage.images.folder.name}/: {_named(coverage.missing)} {_mend(key)} Move "
            "the image folder away to use the labels alone."
        )
    return few


def _named(why: Mapping[str, str]) -> str:
    """Return the first names and why the first is lost, as a sentence."""
    return f"{first_few(why)}; {next(iter(why))!r}: {next(iter(why.values())).rstrip('.')}."


def _mend(key: str) -> str:
    return f"At least {ENOUGH:.0%} are needed: fetch them again; `aeslib data verify {key}` lists all."
