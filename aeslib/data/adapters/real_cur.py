"""REAL-CUR: 14 people's own albums, each photograph rated 1 to 5 by its owner [ren2017personalized].

How the owners' archive is laid out inside is not known here; this reads one table that is made from it by hand, in the
columns of its sister FLICKR-AES.

[ren2017personalized]  Ren, Shen, Lin, Mech and Foran, Personalized image aesthetics, ICCV 2017.
"""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    ids,
    need,
    numbers,
    rated,
    read_bytes,
    read_csv,
    report,
    single_ratings,
    with_notes,
)
from aeslib.data.table import LabelTable, Level

TABLE = [Layout("table", ("ratings.csv",))]
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"all": {"image": TABLE, "rating": TABLE}}
IMAGES = ("images",)


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """One rating an image: that of the person whose album it is in."""
    _, paths = need(folder, LAYOUTS[family][level])
    raw = rated(read_csv(read_bytes(paths[0]), ["worker", "imagePair", "score"]), "imagePair", ["score"])
    who = {"image_id": ids(raw, "imagePair", unique=False), "user_id": ids(raw, "worker", unique=False)}
    ratings = pd.DataFrame(who).assign(score=numbers(raw, "score", 1, 5))
    _same_owner(ratings, raw.attrs["file"])
    frame = single_ratings(ratings, raw.attrs["file"]).assign(split="test")
    if level == "rating":
        return LabelTable(frame, (1, 5), level="rating")
    return LabelTable(frame.rename(columns={"score": "mos"}).assign(n_votes=1), (1, 5))


def _same_owner(ratings: pd.DataFrame, file: str) -> None:
    """Report images that stand in the albums of two people."""
    first = ratings.drop_duplicates("image_id")
    lines = dict(zip(first["image_id"], first.index, strict=True))
    owner = ratings["image_id"].map(first.set_index("image_id")["user_id"])
    names = ratings["image_id"][ratings["user_id"] != owner]
    report(
        file, [(n, f"imagePair {name!r} occurs again; its first line is {lines[name]}.") for n, name in names.items()]
    )
