"""TAD66K: mean scores in 47 themes; two families of split lists that must not be mixed [he2022rethinking].

[he2022rethinking]  He, Zhang, Xie, Jiang and Ming, Rethinking image aesthetics assessment, IJCAI 2022.
"""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    Raw,
    ids,
    need,
    numbers,
    rated,
    read_bytes,
    read_csv,
    read_zip,
    stack,
    with_notes,
)
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

THEMES = (
    "art", "beach", "bird", "black", "blue", "bridge", "car", "cat", "city", "citysky", "clouds", "dog", "family",
    "flower", "food", "garden", "green", "grey", "holiday", "house", "lake", "light", "macro", "moon", "music",
    "nature", "night", "old", "orange", "park", "people", "pink", "portrait", "river", "scene", "sea", "sky", "snow",
    "street", "summer", "sun", "sunset", "tree", "water", "white", "winter", "yellow",
)  # fmt: skip
MERGED = tuple(f"merge/{split}.csv" for split in ("train", "test"))
THEMED = tuple(f"unmerge/{split}/{theme}.csv" for split in ("train", "test") for theme in THEMES)
ARCHIVE = Layout("archive", ("dataset.zip",))


def _folders(names: tuple[str, ...]) -> list[Layout]:
    return [Layout("folders", tuple(f"{top}{name}" for name in names)) for top in ("", "dataset/", "labels/")]


LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "merged": {"image": [ARCHIVE, *_folders(MERGED)]},
    "themes": {"image": [ARCHIVE, *_folders(THEMED)]},
}
IMAGES = ("TAD66K", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The merged lists (52,248 + 14,079) or those of the 47 themes (52,726 + 13,601), which add the column `theme`."""
    layout, paths = need(folder, LAYOUTS[family][level])
    names = MERGED if family == "merged" else THEMED
    files = _unpack(paths[0], names) if layout is ARCHIVE else [read_bytes(path) for path in paths]
    parts: dict[str, list[pd.DataFrame]] = {"train": [], "test": []}
    for name, raw in zip(names, files, strict=True):
        frame = rated(read_csv(raw, ["image", "score"]), "image", ["score"])
        part = pd.DataFrame({"image_id": ids(frame, "image").to_numpy(), "mos": numbers(frame, "score", 0, 10)})
        if family == "themes":
            part["theme"] = Path(name).stem
        parts["train" if "train" in name else "test"].append(part)
    return LabelTable(stack({split: pd.concat(some) for split, some in parts.items()}), score_range=(0, 10))


def _unpack(path: Path, names: tuple[str, ...]) -> list[Raw]:
    members = read_zip(path)
    missing = [name for name in names if f"dataset/{name}" not in members]
    if missing:
        raise DataError(f"{path.parent.name}/{path.name}: no member 'dataset/{missing[0]}' ({len(missing)} missing).")
    return [members[f"dataset/{name}"] for name in names]
