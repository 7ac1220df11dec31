"""AVA-Captions: cleaned comments on some 230,000 images of AVA [ghosal2019aesthetic]. No scores: those are AVA's.

[ghosal2019aesthetic]  Ghosal, Rana and Smolic, Aesthetic image captioning from weakly-labelled photographs, ICCVW 2019.
"""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters.ava import image_key
from aeslib.data.adapters.reading import Layout, need, numbered_ids, read_bytes, read_json, report, with_notes
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "official": {"image": [Layout("owners", ("CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json",))]}
}
IMAGES = ("images",)
SPLITS = {"train": "train", "val": "validation", "test": "test"}
__all__ = ["IMAGES", "LAYOUTS", "image_key", "read"]


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Image, split and `text`: the cleaned comments, one a line."""
    _, paths = need(folder, LAYOUTS[family][level])
    raw = read_bytes(paths[0])
    content = read_json(raw)
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list) or not images:
        raise DataError(f"{raw.name}: expected an object with a list 'images'.")
    frame = pd.DataFrame([_row(raw.name, number, image) for number, image in enumerate(images, 1)])
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    frame.attrs["file"] = raw.name
    frame["image_id"] = numbered_ids(frame, "image_id")
    report(raw.name, [(n, "no comment left on this image.") for n in frame.index[frame["text"] == ""]])
    odd = frame["split"][~frame["split"].isin(SPLITS)]
    report(raw.name, [(n, f"split is {one!r}; expected {', '.join(SPLITS)}.") for n, one in odd.items()])
    table = frame.assign(split=frame["split"].map(SPLITS).fillna("")).reset_index(drop=True)
    return LabelTable(table, (1, 10), scored=False, notes=("comments only; the votes are AVA's",))


def _row(file: str, number: int, image: object) -> dict[str, str]:
    try:
        comments = [sentence["clean"] for sentence in image["sentences"]]  # type: ignore[index]
        return {"image_id": str(image["filename"]), "split": str(image["split"]), "text": "\n".join(comments)}  # type: ignore[index]
    except (KeyError, TypeError) as error:
        raise DataError(f"{file}, image {number}: no {error}; expected filename, split and sentences.") from error
