"""KonIQ-10k: technical quality by 1,459 workers; votes 1 to 5 [hosu2020koniq].

Two scales are both called MOS: 1 to 5 (the mean of the votes) and 1 to 100 (rescaled). This reader answers in the
first, computed from the votes, whichever file they come from.

[hosu2020koniq]  Hosu, Lin, Sziranyi and Saupe, KonIQ-10k, IEEE TIP 2020.
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
    rated,
    read_bytes,
    read_csv,
    report,
    vote_table,
    with_notes,
)
from aeslib.data.table import LabelTable, Level

BINS = (1.0, 2.0, 3.0, 4.0, 5.0)
COLUMNS = [f"c{k}" for k in range(1, 6)]
SPLITS = {"training": "train", "validation": "validation", "test": "test"}
COUNTED = "koniq10k_scores_and_distributions.csv"
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "official": {"image": [Layout("sets", (f"{top}koniq10k_distributions_sets.csv",)) for top in ("", "metadata/")]}
}
IMAGES = ("1024x768", "512x384", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """The official split; where the file with counts is there too, both must tell the same votes."""
    _, paths = need(folder, LAYOUTS[family][level])
    raw = read_csv(read_bytes(paths[0]), ["image_name", *COLUMNS, "c_total", "MOS", "set"])
    raw = rated(raw, "image_name", COLUMNS)
    shares = np.column_stack([numbers(raw, column, 0, 1) for column in COLUMNS])
    numbers(raw, "MOS", 1, 100)
    total = numbers(raw, "c_total", 1, whole=True)
    votes = shares * total[:, None]
    off = (np.abs(shares.sum(axis=1) - 1) > 1e-6) | (np.abs(votes - np.round(votes)) > 1e-3).any(axis=1)
    report(raw.attrs["file"], [(line, "c1 … c5 are not shares of c_total votes.") for line in raw.index[off]])
    unknown = ~raw["set"].isin(SPLITS)
    known = ", ".join(SPLITS)
    report(raw.attrs["file"], [(n, f"set is {one!r}; expected {known}.") for n, one in raw["set"][unknown].items()])
    counts = pd.DataFrame(np.round(votes), columns=[f"votes_{k}" for k in range(1, 6)])
    frame = from_votes(ids(raw, "image_name"), counts, BINS)
    if path := find(folder, COUNTED):
        _agree(frame, path)
    return LabelTable(frame.assign(split=raw["set"].map(SPLITS).fillna("").to_numpy()), (1, 5), bins=BINS)


def _agree(frame: pd.DataFrame, path: Path) -> None:
    """The other file holds counts, and MOS from 1 to 5."""
    raw = read_csv(read_bytes(path), ["image_name", *COLUMNS, "MOS", "MOS_zscore"])
    raw = rated(raw, "image_name", COLUMNS)
    votes = vote_table(raw, COLUMNS).assign(image_id=ids(raw, "image_name").to_numpy(), given=numbers(raw, "MOS", 1, 5))
    both = frame.merge(votes, on="image_id", how="outer", suffixes=("", "_there"))
    differ = np.zeros(len(both), bool)
    for k in range(1, 6):
        differ |= ~(both[f"votes_{k}"] == both[f"votes_{k}_there"])
    differ |= ~((both["mos"] - both["given"]).abs() < 1e-6)
    problems = [
        (None, f"image {name!r} has other votes here than in the file with the split.")
        for name in both["image_id"][differ]
    ]
    report(raw.attrs["file"], problems)
