"""Photo.net: votes 1 to 7 on some 20,000 photographs [datta2008algorithmic].

[datta2008algorithmic]  Datta, Li and Wang, Algorithmic inferencing of aesthetics and emotion, ICIP 2008.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    from_votes,
    image_number,
    need,
    numbered_ids,
    numbers,
    rated,
    read_bytes,
    read_csv,
    report,
    spread_lists,
    stack,
    vote_table,
    with_notes,
)
from aeslib.data.table import LabelTable, Level

BINS = tuple(map(float, range(1, 8)))
VOTES = [f"votes_{k}" for k in range(1, 8)]
OWNERS = Layout("owners", ("photonet_dataset.txt",))
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "aesmamba": {"image": [Layout("both", ("train.csv", "test.csv")), Layout("test", ("test_labels_nocomments.csv",))]},
    "all": {"image": [OWNERS]},
}
IMAGES = ("images",)


def image_key(name: str) -> str:
    """Images are known by their number, however a file name writes it."""
    return image_number(name)


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The lists that AesMamba used, or the owners' list of all photographs."""
    layout, paths = need(folder, LAYOUTS[family][level])
    if layout is OWNERS:
        return LabelTable(_owners(paths[0]).assign(split="all"), (1, 7), bins=BINS)
    splits = ("train", "test") if len(paths) > 1 else ("test",)
    return LabelTable(stack({s: listed(p) for s, p in zip(splits, paths, strict=True)}), (1, 7), bins=BINS)


def listed(path: Path, *more: str) -> pd.DataFrame:
    """Seven votes in one field, separated by blanks; the printed score must be their mean.

    Args:
        path: a list with the columns index, label and score.
        more: further columns that must be there, handed on as they are.
    """
    raw = read_csv(read_bytes(path), ["index", "label", "score", *more])
    raw["label"] = [label.split() for label in raw["label"].fillna("")]
    raw = rated(rated(spread_lists(raw, "label", VOTES), "index", VOTES), "index", ["score"])
    frame = from_votes(numbered_ids(raw, "index"), vote_table(raw, VOTES), BINS)
    fits = raw["label"].map(len) == len(VOTES)
    off = fits & ~(np.abs(numbers(raw, "score", 1, 7) - frame["mos"].to_numpy()) < 1e-6)
    report(raw.attrs["file"], [(line, "score is not the mean of the votes.") for line in raw.index[off]])
    return frame.assign(**{column: raw[column].fillna("").to_numpy() for column in more})


def _owners(path: Path) -> pd.DataFrame:
    """No header: number, photograph, number of votes, mean, deviation, votes of 1 to 7."""
    names = ["number", "image_id", "total", "mean", "deviation", *VOTES]
    raw = rated(read_csv(read_bytes(path), names, sep=" ", header=False), "image_id", VOTES)
    frame = from_votes(numbered_ids(raw, "image_id"), vote_table(raw, VOTES), BINS)
    off = ~(np.abs(numbers(raw, "mean", 1, 7) - frame["mos"].to_numpy()) < 0.01)
    report(raw.attrs["file"], [(line, "the mean is not that of the votes.") for line in raw.index[off]])
    return frame
