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
    need,
    numbers,
    read_bytes,
    read_csv,
    read_records,
    report,
    vote_lists,
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
    """Images are known by their AVA id: the file name without `.jpg`."""
    return Path(name).stem


def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The owners' filtered votes; from the counted copy, which has lost the votes of 0, only where those are absent."""
    layout, paths = need(folder, LAYOUTS[family][level])
    if level == "rating":
        return _ratings(_votes(paths[0]))
    if layout is COUNTED:
        return _counted(folder, paths)
    votes = _votes(paths[0])
    by_image = votes.groupby("image_id", sort=False)
    scores = pd.crosstab(votes["image_id"], votes["score"]).reindex(columns=range(11), fill_value=0)
    scores = scores.reindex(by_image.ngroup().groupby(votes["image_id"], sort=False).first().index)
    counts = pd.DataFrame(scores.to_numpy(float), columns=[f"votes_{k}" for k in range(1, 12)])
    frame = from_votes(pd.Series(scores.index), counts, range(11))
    means = by_image[[f"attr_{name}" for name in ATTRIBUTES]].mean()
    frame = frame.join(means, on="image_id").assign(split="all")
    return LabelTable(_themed(frame, folder), (0, 10), bins=tuple(map(float, range(11))), attributes=dict(ATTRIBUTES))


def _votes(path: Path) -> pd.DataFrame:
    """The owners' table of votes, separated by "=": one row per image and person."""
    frame = read_csv(read_bytes(path), ["image_id", "user_id", "score", *COLUMNS.values()], sep="=")
    columns = {"image_id": ids(frame, "image_id", unique=False), "user_id": ids(frame, "user_id", unique=False)}
    votes = pd.DataFrame(columns | {"score": numbers(frame, "score", 0, 10, whole=True)})
    for name, span in ATTRIBUTES.items():
        votes[f"attr_{name}"] = numbers(frame, COLUMNS[name], *span, whole=True)
    again = votes.duplicated(["image_id", "user_id"])
    report(
        frame.attrs["file"],
        [
            (line, f"user {row.user_id!r} has voted on image {row.image_id!r} before.")
            for line, row in votes[again].iterrows()
        ],
    )
    return votes


def _ratings(votes: pd.DataFrame) -> LabelTable:
    frame = votes.assign(split="all").reset_index(drop=True)
    return LabelTable(frame, (0, 10), level="rating", attributes=dict(ATTRIBUTES))


def _counted(folder: Path, paths: list[Path]) -> LabelTable:
    """Sum two files that split the votes (not the images) four to one and count the values 1 to 10 only."""
    total = pd.DataFrame()
    for path in paths:
        frame = read_records(read_bytes(path), ["image_id", "label"])
        votes = vote_lists(frame, "label", 10).set_index(ids(frame, "image_id").to_numpy())
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
    names, sorts = ids(listed, "image_id"), numbers(listed, "sort", 1, 6, whole=True)
    themes = pd.Series([CATEGORIES.get(f"{value:g}", "") for value in np.nan_to_num(sorts)], names)
    unlisted = frame["image_id"][~frame["image_id"].isin(themes.index)]
    report(listed.attrs["file"], [(None, f"image {name!r} has votes and no category.") for name in unlisted])
    return frame.assign(theme=frame["image_id"].map(themes).fillna(""))
