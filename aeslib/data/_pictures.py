"""The picture files of a data set: whole, and one for every label."""

import os
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

from PIL import Image
from tqdm.auto import tqdm

from aeslib.data._findings import Finding
from aeslib.data.adapters.reading import Adapter
from aeslib.data.images import FORMATS
from aeslib.data.load import PICTURES
from aeslib.data.table import LabelTable, Level

Tables = dict[tuple[str, Level], LabelTable]


def check_images(adapter: Adapter, folder: Path, tables: Tables, *, progress: bool = True) -> list[Finding]:
    """Every picture decoded once, and held against the labels; nothing to say where there is no image folder."""
    found: list[Finding] = []
    for place in image_folders(adapter, folder):
        paths = sorted(path for path in place.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
        with ThreadPool(min(4, os.cpu_count() or 1)) as pool, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF fields
            looked = tqdm(
                pool.imap(image_fault, paths, chunksize=8), f"looking at {place.name}", len(paths), disable=not progress
            )
            for path, fault in zip(paths, looked, strict=True):
                if fault:
                    name = adapter.image_key(path.relative_to(place).as_posix())
                    found.append(Finding(path.relative_to(folder).as_posix(), None, name, "images", fault))
        found += _match(adapter, folder, place, paths, tables)
    return found


def image_folders(adapter: Adapter, folder: Path) -> list[Path]:
    """Those of the adapter's that are there, without one inside which another lies that was named before."""
    places: list[Path] = []
    for name in adapter.IMAGES:
        place = folder / name
        if place.is_dir() and not any(place in other.parents for other in places):
            places.append(place)
    return places


def _match(adapter: Adapter, folder: Path, place: Path, paths: Sequence[Path], tables: Tables) -> Iterator[Finding]:
    """Labels without picture, pictures without label, two pictures for one label."""
    where = place.relative_to(folder).as_posix()
    here: dict[str, Path] = {}
    for path in paths:
        name = adapter.image_key(path.relative_to(place).as_posix())
        if name in here:
            message = f"is image {name!r} a second time; the first is {here[name].relative_to(folder).as_posix()}."
            yield Finding(path.relative_to(folder).as_posix(), None, name, "images", message)
        here.setdefault(name, path)
    labelled: set[str] = set()
    used = _used_family(adapter, folder, tables)
    for (family, _), table in tables.items():
        absent = [name for name in dict.fromkeys(table.frame["image_id"]) if name not in here]
        if family == used:
            for name in absent:
                yield Finding(f"{where}/", None, name, "images", f"no picture for image {name!r} of {family}.")
        elif absent:
            message = f"no picture for {len(absent):,} images of {family}, such as {absent[0]!r}."
            yield Finding(f"{where}/", None, "", "images", message, "note")
        labelled.update(table.frame["image_id"])
    extra = [name for name in here if name not in labelled]
    if labelled and extra:
        message = f"{len(extra):,} pictures without label, such as {extra[0]!r}."
        yield Finding(f"{where}/", None, "", "images", message, "note")


def _used_family(adapter: Adapter, folder: Path, tables: Tables) -> str:
    """The family that is used unless another is asked for: the first, or where none of its files is here the next."""
    first = next(iter(adapter.LAYOUTS))
    files = [name for layouts in adapter.LAYOUTS[first].values() for layout in layouts for name in layout.files]
    if any(family == first for family, _ in tables) or any((folder / name).exists() for name in files):
        return first
    return next((family for family, _ in tables), first)


def image_fault(path: Path) -> str | None:
    """Why a picture cannot be used; None when it decodes to its last row."""
    if not path.stat().st_size:
        return "is empty (0 bytes); fetch it again."
    with path.open("rb") as file:
        if file.read(512).lstrip()[:1] == b"<":
            return "is a web page, not a picture; fetch it again."
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.verify()
        with Image.open(path, formats=FORMATS) as image:
            image.draft("L", (1, 1))  # JPEG: reads every byte, decodes an eighth
            image.load()
    except Image.UnidentifiedImageError:
        return "is not a picture: no known format begins like this."
    except Exception as error:  # decoders raise anything on damaged bytes; the finding names it
        return f"is cut off or damaged ({error}); fetch it again."
    return None
