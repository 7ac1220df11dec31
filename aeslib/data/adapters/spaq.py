"""SPAQ: quality of 11,125 smartphone photographs with five attributes and shares of nine scenes [fang2020perceptual].

[fang2020perceptual]  Fang, Zhu, Zeng, Ma and Wang, Perceptual quality assessment of smartphone photography, CVPR 2020.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import Layout, ids, need, numbers, rated, read_bytes, read_csv, report, with_notes
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

COLUMNS = {name.lower(): name for name in ("Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness")}
SCENES = ("Animal", "Cityscape", "Human", "Indoor scene", "Landscape", "Night scene", "Plant", "Still-life", "Others")
SCENE_BOOK = "Scene category labels.xlsx"
MEANS = [f"{top}MOS and Image attribute scores.xlsx" for top in ("Annotations/", "")] + ["SPAQ_annotations.csv"]
"""The owners' workbook, and its comma separated export."""
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "all": {"image": [Layout(name, (name,)) for name in MEANS]},
    "scenes": {"image": [Layout(name, (name, f"{name.rpartition('M')[0]}{SCENE_BOOK}")) for name in MEANS[:2]]},
}
IMAGES = ("TestImage", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Mean score and attributes; `scenes` adds the shares of nine scenes as columns `scene_NAME`."""
    _, paths = need(folder, LAYOUTS[family][level])
    header = ["Image name", "MOS", *COLUMNS.values()]
    raw = (read_sheet if paths[0].suffix == ".xlsx" else _read_export)(paths[0], header)
    raw = rated(raw, "Image name", ["MOS"])
    frame = pd.DataFrame(
        {"image_id": ids(raw, "Image name").to_numpy(), "split": "all", "mos": numbers(raw, "MOS", 0, 100)}
    )
    for name, column in COLUMNS.items():
        frame[f"attr_{name}"] = numbers(raw, column, 0, 100)
    if family == "scenes":
        frame = frame.join(_scenes(paths[1], frame["image_id"]), on="image_id")
    return LabelTable(frame, (0, 100), attributes=dict.fromkeys(COLUMNS, (0, 100)))


def _read_export(path: Path, columns: list[str]) -> pd.DataFrame:
    return read_csv(read_bytes(path), columns)


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
    import openpyxl

    raw = read_bytes(path)
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw.data), read_only=True, data_only=True)
        header, *rows = book.worksheets[0].iter_rows(values_only=True)
    except Exception as error:  # openpyxl raises anything on damaged bytes
        raise DataError(
            f"{raw.name}: not a whole workbook ({error}); it is cut off or damaged, fetch it again."
        ) from error
    frame = pd.DataFrame(rows, columns=[str(column).strip() for column in header], index=np.arange(len(rows)) + 2)
    missing = [column for column in columns if column not in frame]
    if missing:
        there = ", ".join(map(repr, frame.columns[:12]))
        raise DataError(f"{raw.name}: no column {', '.join(map(repr, missing))}; it has {there}.")
    frame = frame.dropna(how="all")
    frame.attrs["file"] = raw.name
    return frame
