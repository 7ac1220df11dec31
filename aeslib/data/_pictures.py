"""The image files of a data set: whole, and one for every label."""

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pandas as pd
from PIL import Image
from tqdm.auto import tqdm

from aeslib.data._findings import Finding
from aeslib.data.adapters.reading import Adapter, main_family
from aeslib.data.image_files import (
    UNFETCHED,
    Coverage,
    ImageFiles,
    cover,
    find_images,
    list_images,
    shortfall,
)
from aeslib.data.images import open_image
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

Tables = dict[tuple[str, Level], LabelTable]


@dataclass(frozen=True)
class _Place:
    """One image folder, matched with the labels of the family in use."""

    where: str
    """The folder, relative to that of the data set."""
    files: ImageFiles
    family: str
    frame: pd.DataFrame
    """`image_id` and `split` of the family's labels; empty where they cannot be read."""
    coverage: Coverage
    faults: Mapping[str, str]
    """Relative path → why the file cannot be used."""
    used: bool
    """Whether `load` reads this folder."""

    @property
    def damaged(self) -> list[str]:
        """The labelled images that cannot be read."""
        return [image for image, name in self.coverage.images.names.items() if name in self.faults]

    @property
    def refused(self) -> bool:
        """Whether so much is missing or damaged that these images are not used."""
        return self.frame.empty or bool(shortfall(self.frame, [*self.damaged, *self.coverage.missing]))

    def finding(self, name: str, image: str, message: str, *, error: bool = False) -> Finding:
        """Return what to say about one file, or with an empty name about the folder."""
        return Finding(f"{self.where}/{name}", None, image, "images", message, "error" if error else "note")


def check_images(adapter: Adapter, folder: Path, tables: Tables, *, progress: bool = True) -> list[Finding]:
    """Return what is wrong with the images, each decoded once and matched with the labels by the rules of `load`.

    Images that are missing or unreadable are errors where they are more than `load` accepts, else notes.
    """
    family = main_family(adapter, folder)
    rows = [table.frame[["image_id", "split"]] for (name, _), table in tables.items() if name == family]
    frame = pd.concat(rows) if rows else pd.DataFrame({"image_id": [], "split": []})
    read_by_load = find_images(adapter, folder).folder
    findings: list[Finding] = []
    for path in image_folders(adapter, folder):
        files = list_images(adapter, path)
        faults = find_faults(files, progress=progress)
        where, coverage = path.relative_to(folder).as_posix(), cover(files, frame["image_id"])
        place = _Place(where, files, family, frame, coverage, faults, path == read_by_load)
        findings += [*_damage(adapter, place), *_absence(place), *_doubles(place), *_others(place, tables)]
    return findings


def image_folders(adapter: Adapter, folder: Path) -> list[Path]:
    """Those of the adapter's that are there, without one inside which another lies that was named before."""
    places: list[Path] = []
    for name in adapter.IMAGES:
        place = folder / name
        if place.is_dir() and not any(place in other.parents for other in places):
            places.append(place)
    return places


def find_faults(files: ImageFiles, *, progress: bool) -> dict[str, str]:
    """Return relative path → why it cannot be used, of the damaged files."""
    names = sorted(name for paths in files.names.values() for name in paths)
    with ThreadPool(min(4, os.cpu_count() or 1)) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd EXIF fields
        checks = pool.imap(image_fault, (files.folder / name for name in names), chunksize=8)
        bar = tqdm(checks, f"looking at {files.folder.name}", len(names), disable=not progress)
        return {name: fault for name, fault in zip(names, bar, strict=True) if fault}


def _damage(adapter: Adapter, place: _Place) -> Iterator[Finding]:
    """Yield the files that cannot be read, and links to files that are not here."""
    labelled = {*place.coverage.images.names.values()}
    for name, fault in place.faults.items():
        error = place.refused and (place.frame.empty or name in labelled)
        yield place.finding(name, adapter.image_key(name), fault, error=error)
    for key, name in place.files.unfetched.items():
        yield place.finding(name, key, UNFETCHED, error=place.refused and place.used)
    if place.damaged and not place.refused:
        total = place.frame["image_id"].nunique()
        yield place.finding("", "", f"{len(place.damaged)} of {total} images unreadable: their rows are left out.")


def _absence(place: _Place) -> Iterator[Finding]:
    """Yield labels without image."""
    if not len(place.files) and not place.files.unfetched:
        yield place.finding("", "", "holds no image: only the labels are used.")
        return
    for image in place.coverage.missing:
        if image not in place.files.unfetched:
            message = f"no picture for image {image!r} of {place.family}."
            yield place.finding("", image, message, error=place.refused and place.used)


def _doubles(place: _Place) -> Iterator[Finding]:
    """Yield two files for one image: an error where nothing says which one is meant."""
    for image, first, second in place.coverage.clashes:
        message = f"is image {image!r} a second time; the first is {place.where}/{first}."
        yield place.finding(second, image, message, error=place.used)
    if deeper := place.coverage.deeper:
        image, first, second = deeper[0]
        message = f"{len(deeper):,} files are an image a second time, such as {second}; {first} is used."
        yield place.finding("", image, message)


def _others(place: _Place, tables: Tables) -> Iterator[Finding]:
    """Yield what other families lack, and images without label."""
    labelled = {*place.coverage.images.names.values()}
    for (family, _), table in tables.items():
        coverage = cover(place.files, table.frame["image_id"])
        labelled |= {*coverage.images.names.values()}
        if family != place.family and len(place.files) and coverage.missing:
            absent = list(coverage.missing)
            yield place.finding("", "", f"no picture for {len(absent):,} images of {family}, such as {absent[0]!r}.")
    extra = [key for key, names in place.files.names.items() if names[0] not in labelled]
    if tables and extra:
        yield place.finding("", "", f"{len(extra):,} pictures without label, such as {extra[0]!r}.")


def image_fault(path: Path) -> str | None:
    """Why a picture cannot be used; None when it decodes to its last row."""
    if not path.stat().st_size:
        return "is empty (0 bytes); fetch it again."
    with path.open("rb") as file:
        if file.read(512).lstrip()[:1] == b"<":
            return "is a web page, not a picture; fetch it again."
    try:
        with open_image(path) as image:
            image.verify()
        with open_image(path) as image:
            image.draft("L", (1, 1))  # JPEG: reads every byte, decodes an eighth
            image.load()
    except Image.UnidentifiedImageError:
        return "is not a picture: no known format begins like this."
    except DataError as error:
        return f"is not used: {error}."
    except Exception as error:  # decoders raise anything on damaged bytes; the finding names it
        return f"is cut off or damaged ({error}); fetch it again."
    return None
