"""Pictures decoded once into a memory-mapped array, whatever their format; bad files are named and set apart.

An array on disk is (N, 3, S, S) uint8. Building it takes memory for a few pictures only, goes on where a killed process
stopped, and is safe when two processes want the same one: the second waits and finds it done.
"""

import json
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps, features
from tqdm.auto import tqdm

from aeslib.code import digest, unchanged
from aeslib.data.kept import as_left
from aeslib.errors import DataError
from aeslib.paths import cache_home, exclusive, reserve, state, write_text, writing

Fit = Literal["squash", "crop", "pad"]
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "AVIF", "HEIF")
"""All that is decoded, whatever a file is called: for others Pillow would start programs (Ghostscript)."""
MAX_PIXELS = 300_000_000
"""An image that claims more is set apart: decoding it could take all memory. A JPEG is decoded at a fraction."""
TOGETHER = 64
"""Images in memory at once."""
CODE = (Path(__file__).resolve(),)
"""The files whose code decides the pixels of a store."""
_OPENING = threading.Lock()


@cache
def readable_formats() -> tuple[str, ...]:
    """Return the names of `FORMATS` that this environment decodes."""
    with suppress(ImportError):  # an environment from before the lock had it
        from pillow_heif import register_heif_opener

        register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open an image file of one of `FORMATS`, not yet decoded.

    Raises:
        DataError: a side-car file of macOS, HEIC without its decoder, or more than `MAX_PIXELS`.
        Image.UnidentifiedImageError: anything else that is no image.
    """
    with _OPENING:
        formats, limit = readable_formats(), Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None  # Pillow's limit is lower than what telephones take; ours is checked below
        try:
            image = Image.open(path, formats=formats)
        except Image.UnidentifiedImageError as error:
            if reason := _not_an_image(path):
                raise DataError(reason) from error
            raise
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise DataError(f"{image.width} × {image.height} pixels; at most {MAX_PIXELS:,}")
        if image.format == "JPEG" and _ends_in_zeros(path):
            raise DataError("a download that broke off: the file ends in zeros and not as a JPEG does; fetch it again")
        yield image


def _ends_in_zeros(path: Path) -> bool:
    """Tell whether a JPEG ends in room that was reserved and never filled, which decoders take for grey."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 512))
        if any(file.read()):
            return False
    return not path.read_bytes().rstrip(b"\0").endswith(b"\xff\xd9")


def _not_an_image(path: Path) -> str:
    """Return why a file that looks like an image is none, where that is known."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"\x00\x05\x16\x07":
        return "a side-car file of macOS, not an image; leave out files whose name begins with `._`"
    if head[4:8] == b"ftyp" and "HEIF" not in readable_formats():
        return "HEIC needs the package pillow-heif; `./run_all.sh test` sets it up"
    return ""


@dataclass(frozen=True)
class ImageStore:
    """The readable images of one data set at one size; there is no row for an image that could not be read."""

    ids: tuple[str, ...]
    """N image_ids, in the order of the rows."""
    array: np.ndarray
    """(N, 3, S, S) uint8, memory-mapped."""
    shapes: np.ndarray
    """(N, 2) height and width that an image takes of its row; smaller than S only with fit="pad"."""
    unreadable: Mapping[str, str]
    """image_id → why it could not be read."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """image_id → row."""
        return {name: k for k, name in enumerate(self.ids)}

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """Return the (n,) rows of these images; `DataError` for one that is not here or could not be read."""
        ids = list(ids)
        for name in ids:
            if name in self.unreadable:
                raise DataError(f"picture {name!r} could not be read: {self.unreadable[name]}. Mend or drop it.")
            if name not in self.row:
                raise DataError(f"no picture {name!r} in this store of {len(self)}; run `aeslib data verify KEY`.")
        return np.array([self.row[name] for name in ids], dtype=np.int64)

    def images(self, ids: Iterable[str]) -> np.ndarray:
        """Return the (n, 3, S, S) uint8 images of these ids, in their order; `DataError` as `rows` does."""
        return self.array[self.rows(ids)]

    def picture(self, row: int) -> np.ndarray:
        """(3, h, w) one picture without padding."""
        height, width = self.shapes[row]
        return self.array[row, :, :height, :width]


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode as 8-bit RGB, upright: 16-bit is scaled, transparency laid on white, EXIF rotation applied."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        with np.errstate(invalid="ignore"):  # what is no number is black
            values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0, neginf=0)
        top = 65535.0 if image.mode.startswith("I") else max(float(values.max()), 1.0)
        image = Image.fromarray((values.clip(0, top) * (255 / top) + 0.5).astype(np.uint8))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image if image.mode == "RGB" else image.convert("RGB")


def decode(path: Path, size: int, fit: Fit) -> np.ndarray:
    """(3, h, w) uint8 of one file, h and w at most `size` (equal to it but for fit="pad").

    Raises:
        DataError: missing, empty, truncated, not an image, or claiming more than `MAX_PIXELS`.
    """
    if not path.is_file():
        why = "a link to a file that is not here; fetch its content" if path.is_symlink() else "the file is missing"
        raise DataError(f"{path.name}: {why}")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty")
    try:
        with open_image(path) as image:
            if image.format == "JPEG":
                image.draft(None, (2 * size, 2 * size))  # decodes at a fraction of the size, same picture
            picture = _fitted(to_rgb(image), size, fit)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error
    except Exception as error:  # decoders raise anything on damaged bytes
        raise DataError(f"{path.name}: not a whole picture ({error})") from error
    return np.asarray(picture).transpose(2, 0, 1)


def _fitted(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    if fit == "squash":
        return image.resize((size, size), Image.Resampling.BICUBIC)
    if fit == "crop":
        return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def open_store(paths: Mapping[str, Path], *, size: int, fit: Fit = "squash", progress: bool = True) -> ImageStore:
    """The pictures at `paths` (image_id → file), decoded at most once on this machine.

    Args:
        paths: files; the cache is keyed by their names and `paths.state`, by the code that decodes and by its
            libraries, so a change of any makes a new one.
        size: side S in pixels.
        fit: "squash" to S × S, centre "crop", or "pad" (long side S, aspect kept, see `ImageStore.shapes`).
        progress: show a bar with an estimate while building.
    """
    folder = cache_home() / "images"
    made_by = json.dumps([size, fit, *_decoders()])
    key = digest(made_by, *CODE, *(f"{name}\0{path} {state(path)}" for name, path in paths.items()))
    done, note = folder / f"{key}.npy", folder / f"{key}.json"
    about = _about(done, note)
    if about is None:
        with exclusive(folder / f"{key}.lock"), unchanged(CODE):
            about = _about(done, note) or _build(paths, size, fit, done, note, progress)
    bad = about["unreadable"]
    if bad:
        first, why = next(iter(bad.items()))
        warnings.warn(
            f"{len(bad)} of {len(paths)} pictures could not be read and are set apart; "
            f"first {first!r}: {why}. All: {note}", stacklevel=2,
        )  # fmt: skip
    ids = tuple(name for name in paths if name not in bad)
    array = np.load(done, mmap_mode="r", allow_pickle=False)[: len(ids)]
    return ImageStore(ids, array, np.array(about["shapes"], int).reshape(-1, 2), bad)


@cache
def _decoders() -> list[str]:
    """Return the versions of the libraries that decode and resize images: with others pixels may differ."""
    own = [f"{name} {features.version(name)}" for name in ("pil", "jpg", "webp", "avif", "zlib", "libtiff")]
    return [*own, f"heif {metadata.version('pillow-heif') if find_spec('pillow_heif') else None}"]


def _about(done: Path, note: Path) -> dict[str, Any] | None:
    """The note beside a finished array; None when there is none, or one of the two was changed since."""
    try:
        text = note.read_text(encoding="utf-8")
        about: dict[str, Any] = json.loads(text)
        mark = about.pop("mark")
        return about if mark == digest(as_left(done), json.dumps(about)) else None
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None


def _build(paths: Mapping[str, Path], size: int, fit: Fit, done: Path, note: Path, progress: bool) -> dict[str, Any]:
    """Decode into a part file; `made` remembers, per picture, (height, width) once it is stored."""
    part, made_part = done.with_suffix(".part.npy"), done.with_suffix(".made.npy")
    with writing(part):
        if not made_part.is_file():  # rows of such a part may have moved
            part.unlink(missing_ok=True)
        array, goes_on = _scratch(part, np.uint8, (len(paths), 3, size, size))
        if not goes_on:  # what `made` remembers is in an array that is finished, or lost
            made_part.unlink(missing_ok=True)
        made, _ = _scratch(made_part, np.int32, (len(paths), 2))
    bad: dict[str, str] = {}
    todo = [(row, name, path) for row, (name, path) in enumerate(paths.items()) if not made[row].all()]

    def one(job: tuple[int, str, Path]) -> None:
        row, name, path = job
        try:
            picture = decode(path, size, fit)
        except DataError as error:
            bad[name] = str(error)
            return
        array[row, :, : picture.shape[1], : picture.shape[2]] = picture
        made[row] = picture.shape[1:]

    bar = tqdm(total=len(paths), initial=len(paths) - len(todo), desc="pictures", disable=not progress, leave=False)
    with bar, ThreadPoolExecutor(2) as pool:
        for start in range(0, len(todo), TOGETHER):
            jobs = todo[start : start + TOGETHER]
            list(pool.map(one, jobs))
            bar.update(len(jobs))
    if bad:
        made_part.unlink()  # from here on rows move: a build that is killed now begins again
        _close_gaps(array, made)
    array.flush()
    about: dict[str, Any] = {"unreadable": dict(sorted(bad.items())), "shapes": made[made.all(axis=1)].tolist()}
    os.replace(part, done)
    write_text(note, json.dumps({**about, "mark": digest(as_left(done), json.dumps(about))}))
    made_part.unlink(missing_ok=True)
    return about


def _close_gaps(array: np.ndarray, made: np.ndarray) -> None:
    """Move the rows of readable images up, so that the first N rows are theirs."""
    for row, source in enumerate(np.flatnonzero(made.all(axis=1))):
        if row != source:
            array[row] = array[source]


def _scratch(path: Path, dtype: type, shape: tuple[int, ...]) -> tuple[np.memmap, bool]:
    """The array that a killed build left, or a new one of zeros; and whether it is an old one."""
    if path.is_file():
        try:
            found = np.lib.format.open_memmap(path, mode="r+")
            if found.shape == shape and found.dtype == dtype:
                reserve(path)
                return found, True
        except ValueError:
            pass  # killed while it was being made: begin again
    made = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    reserve(path)
    return made, False
