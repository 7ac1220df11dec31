"""`data status`: what of every data set is at hand, and what it unlocks."""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import Adapter, choose, readable_families
from aeslib.data.cards import KEYS, load_card
from aeslib.data.image_files import ImageFiles, find_images
from aeslib.data.load import level_of
from aeslib.data.table import LabelTable
from aeslib.errors import DataError
from aeslib.paths import data_root


def status() -> pd.DataFrame:
    """Return one row per data set, in the order of the cards; nothing is hashed or changed.

    Columns: key · title · level (`real`, `labels`, `none`) · images (found) · rows (of the first family that can be
    read) · families (that can be read) · unlocks (items) · note (what is damaged or left out) · folder.
    """
    return pd.DataFrame([_row(key, data_root() / key) for key in KEYS])


def _row(key: str, folder: Path) -> dict[str, object]:
    card, adapter = load_card(key), ADAPTERS[key]
    families, note = _families(adapter, folder)
    images = find_images(adapter, folder)
    level, rows = "none", 0
    if families:
        try:
            table = adapter.read(folder, families[0], "image")
        except DataError as error:
            note = f"damaged: {error} See `aeslib data verify {key}`."
        else:
            level, rows, note = _level(key, table, images)
    return {
        "key": key, "title": card.title, "level": level, "images": len(images), "rows": rows,
        "families": " ".join(families), "unlocks": " ".join(card.unlocks), "note": note, "folder": str(folder),
    }  # fmt: skip


def _level(key: str, table: LabelTable, images: ImageFiles) -> tuple[str, int, str]:
    """Return level, rows and note; the level is `none` where `load` refuses the images."""
    try:
        found = level_of(key, table, images)
    except DataError as error:
        return "none", len(table), "; ".join([*table.notes, f"refused: {error}"])
    rows = len(table) - len(found.missing) if found.source == "real" else len(table)
    return found.source, rows, "; ".join([*table.notes, found.note, *found.left_out])


def _families(adapter: Adapter, folder: Path) -> tuple[list[str], str]:
    """Families whose files are all there; else why none is."""
    readable, note = readable_families(adapter, folder), "no label files"
    for levels in adapter.LAYOUTS.values() if not readable else ():
        try:
            choose(folder, levels["image"])
        except DataError as error:
            note = f"incomplete: {error}"
    return readable, note
