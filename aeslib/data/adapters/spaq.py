"""SPAQ: quality of 11,125 smartphone photographs with five attributes and shares of nine scenes [fang2020perceptual].

[fang2020perceptual]  Fang, Zhu, Zeng, Ma and Wang, Perceptual quality assessment of smartphone photography, CVPR 2020.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import Layout, find, ids, need, numbers, read_bytes, read_csv, report
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

COLUMNS = {name.lower(): name for name in ("Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness")}
SCENES = ("Animal", "Cityscape", "Human", "Indoor scene", "Landscape", "Night scene", "Plant", "Still-life", "Others")
SCENE_BOOK = "Scene category labels.xlsx"
BOOKS = [Layout("workbook", (f"{top}MOS and Image attribute scores.xlsx",)) for top in ("Annotations/", "")]
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "all": {"image": [*BOOKS, Layout("export", ("SPAQ_annotations.csv",))]}
}
IMAGES = ("TestImage", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The owners' workbook, or its comma separated export; with the scenes' shares, `scene_NAME`, if there."""
    layout, paths = need(folder, LAYOUTS[family][level])
    header = ["Image name", "MOS", *COLUMNS.values()]
    raw = read_csv(read_bytes(paths[0]), header) if layout.name == "export" else read_sheet(paths[0], header)
    frame = pd.DataFrame(
        {"image_id": ids(raw, "Image name").to_numpy(), "split": "all", "mos": numbers(raw, "MOS", 0, 100)}
    )
    for name, column in COLUMNS.items():
        frame[f"attr_{name}"] = numbers(raw, column, 0, 100)
    path = find(folder, f"Annotations/{SCENE_BOOK}") or find(folder, SCENE_BOOK)
    if path:
        frame = frame.join(_scenes(path, frame["image_id"]), on="image_id")
    return LabelTable(frame, (0, 100), attributes=dict.fromkeys(COLUMNS, (0, 100)))


def _scenes(path: Path, wanted: pd.Series) -> pd.DataFrame:
    """(N, 9) shares: an image with several scenes splits its weight, these are no flags."""
    raw = read_sheet(path, ["Image name", *SCENES])
    shares = pd.DataFrame({f"scene_{name}": numbers(raw, name, 0, 1) for name in SCENES}, ids(raw, "Image name"))
    off = np.abs(shares.sum(axis=1).to_numpy() - 1) > 1e-5
    report(raw.attrs["file"], [(row, "the nine shares do not sum to 1.") for row in raw.index[off]])
    missing = wanted[~wanted.isin(shares.index)]
    report(raw.attrs["file"], [(None, f"image {name!r} has a score and no scene.") for name in missing])
    return shares[~shares.index.duplicated()]


def read_sheet(path: Path, columns: list[str]) -> pd.DataFrame:
    """The first sheet of a workbook; the index is the row number as the spreadsheet shows it."""
    raw = read_bytes(path)
    try:
        frame = pd.read_excel(io.BytesIO(raw.data), engine="openpyxl", dtype=object)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise DataError(
            f"{raw.name}: not a whole workbook ({error}); it is cut off or damaged, fetch it again."
        ) from error
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = np.arange(len(frame)) + 2
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(
            f"{raw.name}: no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, frame.columns[:12]))}."
        )
    frame = frame.dropna(how="all")
    frame.attrs["file"] = raw.name
    return frame
