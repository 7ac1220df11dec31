"""EVA: votes 0 to 10 and four attributes 1 to 4 on 4,070 images of AVA [kang2020eva].

[kang2020eva]  Kang, Valenzise and Dufaux, EVA: an explainable visual aesthetics dataset, ATQAM/MAST 2020.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    find,
    from_votes,
    ids,
    image_number,
    need,
    numbered_ids,
    numbers,
    rated,
    read_bytes,
    read_csv,
    read_records,
    report,
    single_ratings,
    spread_lists,
    vote_table,
    with_notes,
)  # fmt: skip
from aeslib.data.table import LabelTable, Level

ATTRIBUTES = {"light": (1, 4), "composition": (1, 4), "quality": (1, 4), "semantics": (1, 4)}
COLUMNS = {"light": "visual", "composition": "composition", "quality": "quality", "semantics": "semantic"}
"""Attribute → the owners' column."""
CATEGORIES = {
    "1": "animals", "2": "architecture and city", "3": "human", "4": "natural and rural", "5": "still life",
    "6": "other",
}  # fmt: skip
OWNERS = [Layout("owners", (f"{top}votes_filtered.csv",)) for top in ("data/", "")]
COUNTED = Layout("counted", ("iqs-digikam/samples_train.json", "iqs-digikam/samples_test.json"))
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"all": {"image": [*OWNERS, COUNTED], "rating": OWNERS}}
IMAGES = ("images/EVA_together", "EVA_together", "images")


def image_key(name: str) -> str:
    """Images are known by their AVA id, however a file name writes it."""
    return image_number(name)


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The owners' filtered votes, or (without votes of 0) those of the counted copy where the owners' are absent."""
    layout, paths = need(folder, LAYOUTS[family][level])
    file = f"{paths[0].parent.name}/{paths[0].name}"
    if level == "rating":
        return _ratings(single_ratings(_votes(paths[0]), file))
    if layout is COUNTED:
        return _counted(folder, paths)
    votes = _votes(paths[0])
    names = pd.Series(votes["image_id"].unique())
    frame = from_votes(names, _histograms(votes).loc[names].reset_index(drop=True), range(11))
    ratings = single_ratings(votes, file)
    means = ratings.groupby("image_id", sort=False)[[f"attr_{name}" for name in ATTRIBUTES]].mean()
    frame = frame.join(means, on="image_id").assign(split="all")
    return LabelTable(_themed(frame, folder), (0, 10), bins=tuple(map(float, range(11))), attributes=dict(ATTRIBUTES))


def _votes(path: Path) -> pd.DataFrame:
    """The owners' table of votes, separated by "=": one row per image and person."""
    frame = read_csv(read_bytes(path), ["image_id", "user_id", "score", *COLUMNS.values()], sep="=")
    frame = rated(frame, "image_id", ["score"])
    columns = {
        "image_id": numbered_ids(frame, "image_id", unique=False),
        "user_id": ids(frame, "user_id", unique=False),
    }
    votes = pd.DataFrame(columns | {"score": numbers(frame, "score", 0, 10, whole=True)})
    for name, span in ATTRIBUTES.items():
        votes[f"attr_{name}"] = numbers(frame, COLUMNS[name], *span, whole=True)
    return votes


def _histograms(votes: pd.DataFrame) -> pd.DataFrame:
    """Return votes of 0 to 10 by image; a user's several ratings of one image share one vote between them."""
    single = votes.drop_duplicates()
    share = 1 / single.groupby(["image_id", "user_id"])["score"].transform("size")
    counts = pd.crosstab(single["image_id"], single["score"], values=share, aggfunc="sum")
    return counts.reindex(columns=range(11)).fillna(0).set_axis([f"votes_{k}" for k in range(1, 12)], axis=1)


def _ratings(votes: pd.DataFrame) -> LabelTable:
    frame = votes.assign(split="all").reset_index(drop=True)
    return LabelTable(frame, (0, 10), level="rating", attributes=dict(ATTRIBUTES))


def _counted(folder: Path, paths: list[Path]) -> LabelTable:
    """Sum two files that split the votes (not the images) four to one and count the values 1 to 10 only."""
    total = pd.DataFrame()
    for path in paths:
        names = [f"votes_{k}" for k in range(1, 11)]
        frame = spread_lists(read_records(read_bytes(path), ["image_id", "label"]), "label", names)
        frame = rated(frame, "image_id", names)
        votes = vote_table(frame, names).set_index(numbered_ids(frame, "image_id").to_numpy())
        total = votes if not len(total) else total.add(votes, fill_value=0)
    frame = from_votes(pd.Series(total.index), total.reset_index(drop=True), range(1, 11)).assign(split="all")
    note = "votes of 0 are missing from this copy: means are too high where people voted 0"
    return LabelTable(_themed(frame, folder), (0, 10), bins=tuple(map(float, range(1, 11))), notes=(note,))


def _themed(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add the content category; its file is comma separated and lists 1,031 images more than there are votes for."""
    path = find(folder, "data/image_content_category.csv") or find(folder, "image_content_category.csv")
    if path is None:
        return frame
    listed = read_csv(read_bytes(path), ["image_id", "sort"])
    names, sorts = numbered_ids(listed, "image_id"), numbers(listed, "sort", 1, 6, whole=True)
    themes = pd.Series([CATEGORIES.get(f"{value:g}", "") for value in np.nan_to_num(sorts)], names)
    unlisted = frame["image_id"][~frame["image_id"].isin(themes.index)]
    report(listed.attrs["file"], [(None, f"image {name!r} has votes and no category.") for name in unlisted])
    return frame.assign(theme=frame["image_id"].map(themes).fillna(""))
