"""PARA: scores in half steps from 1 to 5 and eight attributes, with the ratings behind them [yang2022personalized].

[yang2022personalized]  Yang et al., Personalized image aesthetics assessment with rich attributes, CVPR 2022.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    from_votes,
    ids,
    need,
    numbers,
    rated,
    read_bytes,
    read_csv,
    report,
    single_ratings,
    stack,
    vote_table,
    with_notes,
)
from aeslib.data.table import LabelTable, Level

BINS = tuple(1 + step / 2 for step in range(9))
COLUMNS = {
    **{name: f"{name}Score" for name in ("quality", "composition", "color", "dof", "light", "content")},
    "contentPreference": "contentPreference",
    "willingnessToShare": "willingnessToShare",
}
"""Attribute → the owners' column, to which `_mean` is added in the tables of means."""
GENERIC = Layout("generic", ("annotation/PARA-GiaaTrain.csv", "annotation/PARA-GiaaTest.csv"))
PERSONAL = Layout("personal", (*GENERIC.files, "annotation/PARA-Images.csv"))
PEOPLE = "annotation/PARA-UserInfo.csv"
PEOPLE_COLUMNS = [
    "userId", "age", "gender", "EducationalLevel", "artExperience", "photographyExperience",
    *(f"personality-{trait}" for trait in "EANOC"),
]  # fmt: skip
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"official": {"image": [GENERIC], "rating": [PERSONAL]}}
IMAGES = ("imgs",)


def image_key(name: str) -> str:
    """Images are known by session and file name: session1/iaa_pub1_.jpg."""
    return "/".join(Path(name).parts[-2:])


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Histograms and means of the official split (28,220 + 3,000), or single ratings with the split of their image."""
    _, paths = need(folder, LAYOUTS[family][level])
    means = stack({split: _generic(path) for split, path in zip(("train", "test"), paths[:2], strict=True)})
    attributes = {name: (1.0, 5.0) for name in COLUMNS}
    if level == "image":
        return LabelTable(means, (1, 5), bins=BINS, attributes=attributes)
    ratings = _ratings(paths[2])
    unlisted = ~ratings["image_id"].isin(means["image_id"])
    report(
        "PARA-Images.csv",
        [(None, f"image {name!r} is in neither split.") for name in ratings["image_id"][unlisted].unique()],
    )
    splits = means.set_index("image_id")["split"]
    ratings = ratings.assign(split=ratings["image_id"].map(splits).fillna(""))
    return LabelTable(ratings, (1, 5), level="rating", attributes=attributes)


def _generic(path: Path) -> pd.DataFrame:
    """Nine columns hold the votes for 1.0, 1.5 … 5.0; the printed mean must be theirs."""
    steps = [f"aestheticScore_{score}" for score in BINS]
    means = {name: f"{column}_mean" for name, column in COLUMNS.items()}
    raw = read_csv(
        read_bytes(path), ["imageName", "sessionId", "semantic", *steps, "aestheticScore_mean", *means.values()]
    )
    raw = rated(raw, "imageName", steps)
    frame = from_votes(_names(raw), vote_table(raw, steps), BINS)
    off = ~(np.abs(numbers(raw, "aestheticScore_mean", 1, 5) - frame["mos"].to_numpy()) < 1e-6)
    report(
        raw.attrs["file"], [(line, "aestheticScore_mean is not the mean of the histogram.") for line in raw.index[off]]
    )
    for name, column in means.items():
        frame[f"attr_{name}"] = numbers(raw, column, 1, 5)
    return frame.assign(theme=raw["semantic"].fillna("").to_numpy())


def _names(raw: pd.DataFrame, *, unique: bool = True) -> pd.Series:
    sessions = ids(raw, "sessionId", unique=False)
    named = pd.DataFrame({"imageName": sessions + "/" + raw["imageName"].fillna("")}, raw.index)
    named.attrs["file"] = raw.attrs["file"]
    return ids(named, "imageName", unique=unique)


def _ratings(path: Path) -> pd.DataFrame:
    raw = read_csv(read_bytes(path), ["sessionId", "imageName", "userId", "aestheticScore", *COLUMNS.values()])
    raw = rated(raw, "imageName", ["aestheticScore"])
    columns = {"image_id": _names(raw, unique=False), "user_id": ids(raw, "userId", unique=False)}
    ratings = pd.DataFrame(columns | {"score": numbers(raw, "aestheticScore", 1, 5)})
    for name, column in COLUMNS.items():
        ratings[f"attr_{name}"] = numbers(raw, column, 1, 5)
    return single_ratings(ratings, raw.attrs["file"])


def people(folder: Path) -> pd.DataFrame:
    """One row per person: `user_id`, age, gender, education, experience in art and photography, five traits."""
    _, paths = need(folder, [Layout("people", (PEOPLE,))])
    raw = read_csv(read_bytes(paths[0]), PEOPLE_COLUMNS)
    traits = {column: numbers(raw, column, 1, 10) for column in PEOPLE_COLUMNS[6:]}
    words = raw[PEOPLE_COLUMNS[1:6]].fillna("").reset_index(drop=True)
    return pd.DataFrame({"user_id": ids(raw, "userId").to_numpy()}).join(words).assign(**traits)
