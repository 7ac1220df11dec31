"""REAL-CUR: 14 people's own albums, each photograph rated 1 to 5 by its owner [ren2017personalized].

How the owners' archive is laid out inside is not known here; this reads one table that is made from it by hand, in the
columns of its sister FLICKR-AES.

[ren2017personalized]  Ren, Shen, Lin, Mech and Foran, Personalized image aesthetics, ICCV 2017.
"""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters.reading import Layout, ids, need, numbers, read_bytes, read_csv
from aeslib.data.table import LabelTable, Level

TABLE = [Layout("table", ("ratings.csv",))]
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"all": {"image": TABLE, "rating": TABLE}}
IMAGES = ("images",)


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


def read(folder: Path, family: str, level: Level) -> LabelTable:
    """One rating an image: that of the person whose album it is in."""
    _, paths = need(folder, LAYOUTS[family][level])
    raw = read_csv(read_bytes(paths[0]), ["worker", "imagePair", "score"])
    frame = pd.DataFrame({"image_id": ids(raw, "imagePair").to_numpy(), "split": "test"})
    frame["user_id"] = ids(raw, "worker", unique=False).to_numpy()
    scores = numbers(raw, "score", 1, 5)
    if level == "rating":
        return LabelTable(frame.assign(score=scores), (1, 5), level="rating")
    return LabelTable(frame.assign(mos=scores, n_votes=1), (1, 5))
