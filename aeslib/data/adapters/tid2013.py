"""TID2013: 25 reference images, 24 kinds of distortion in 5 steps, mean scores 0 to 9 [ponomarenko2015tid].

[ponomarenko2015tid]  Ponomarenko et al., Image database TID2013, Signal Processing: Image Communication 2015.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    Raw,
    ids,
    moments,
    need,
    numbers,
    rated,
    read_bytes,
    read_csv,
    read_records,
    report,
    spread_lists,
    stack,
    with_notes,
)
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

DEVIATIONS = "mos_std.txt"
NAMED = Layout("named", ("mos_with_names.txt",))
NAMED_STD = Layout("named, with deviations", (*NAMED.files, DEVIATIONS))
BARE = Layout("bare", ("mos.txt",))
BARE_STD = Layout("bare, with deviations", (*BARE.files, DEVIATIONS))
LISTED = Layout("listed", ("IQA-Dataset_TID2013.txt",))
FITTED = Layout("fitted", ("idealo_tid_labels_train.json", "idealo_tid_labels_test.json"))
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "all": {"image": [NAMED_STD, NAMED, BARE_STD, BARE, LISTED]},
    "idealo": {"image": [FITTED]},
}
IMAGES = ("distorted_images", "images")
SHARES = [f"votes_{k}" for k in range(1, 11)]
PATTERN = r"^I(\d\d)_(\d\d)_(\d)$"


def image_key(name: str) -> str:
    """Images are known by their name in capitals, without ending: I01_01_1 (copies differ in case)."""
    return Path(name).stem.upper()


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Mean scores of all images, or (family `idealo`) distributions fitted to them, with a split."""
    layout, paths = need(folder, LAYOUTS[family][level])
    if family == "idealo":
        return _fitted(paths)
    if layout is LISTED:
        raw = rated(read_csv(read_bytes(paths[0]), ["dis_img_path", "score"]), "dis_img_path", ["score"])
        names = ids(raw, "dis_img_path").str.split("/").str[-1]
    elif layout in (NAMED, NAMED_STD):
        raw = rated(read_csv(read_bytes(paths[0]), ["score", "image"], sep=" ", header=False), "image", ["score"])
        names = ids(raw, "image")
    else:
        raw = read_csv(read_bytes(paths[0]), ["score"], header=False)
        raw["image"] = _in_order(len(raw))
        raw = rated(raw, "image", ["score"])
        names = raw["image"]
    frame = pd.DataFrame({"image_id": _plain(names), "split": "all", "mos": numbers(raw, "score", 0, 9)})
    if DEVIATIONS in layout.files:
        frame["std"] = _deviations(read_bytes(paths[1]), raw)
    return LabelTable(_parts(frame, raw), (0, 9))


def _deviations(file: Raw, scores: pd.DataFrame) -> np.ndarray:
    """(N,) standard deviations of the votes, one a line, in the order of the lines of the scores."""
    table = read_csv(file, ["std"], header=False)
    if not scores.index.isin(table.index).all() or len(table) < scores.index.max():
        problem = f"{len(table)} deviations for {scores.index.max()} scores in {scores.attrs['file']}"
        raise DataError(f"{file.name}: {problem}; both have one line an image.")
    return numbers(table.loc[scores.index].rename_axis(index=None), "std", 0, 9)


def _plain(names: pd.Series) -> np.ndarray:
    return names.str.upper().str.removesuffix(".BMP").to_numpy()


def _in_order(count: int) -> list[str]:
    """Names in the order of `mos.txt`: references, in each the kinds, in each the steps."""
    names = [f"I{i:02d}_{kind:02d}_{step}" for i in range(1, 26) for kind in range(1, 25) for step in range(1, 6)]
    return names[:count] + [""] * (count - len(names))


def _parts(frame: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """Add reference, kind (number) and step, read off the name.

    The kind is a number because one list gives two of the 24 kinds the same name.
    """
    parts = frame["image_id"].str.extract(PATTERN)
    off = parts.isna().any(axis=1).to_numpy()
    problems = [
        (n, f"{name!r} is not a name like I01_01_1.")
        for n, name in zip(raw.index[off], frame["image_id"][off], strict=True)
    ]
    report(raw.attrs["file"], problems)
    whole = parts.fillna("0")
    return frame.assign(reference="I" + whole[0], distortion=whole[1].astype(int), step=whole[2].astype(int))


def _fitted(paths: list[Path]) -> LabelTable:
    """Ten shares an image, fitted so that their mean is MOS + 1: no votes. Bins 0 to 9 give the mean back."""
    bins = tuple(map(float, range(10)))
    parts = {}
    for split, path in zip(("train", "test"), paths, strict=True):
        raw = spread_lists(read_records(read_bytes(path), ["image_id", "label"]), "label", SHARES, kind="shares")
        raw = rated(raw, "image_id", SHARES)
        shares = np.column_stack([numbers(raw, column, -np.inf) for column in SHARES])
        fits = np.array([isinstance(one, list) and len(one) == len(SHARES) for one in raw["label"]])
        off = fits & (~(np.abs(shares.sum(axis=1) - 1) < 1e-3) | (shares < 0).any(axis=1))
        report(raw.attrs["file"], [(n, "the ten shares do not sum to 1.") for n in raw.index[off]])
        frame = pd.DataFrame({"image_id": _plain(ids(raw, "image_id")), "mos": moments(shares, bins)[0]})
        parts[split] = _parts(frame.join(pd.DataFrame(shares, columns=SHARES)), raw)
    note = "the ten shares are fitted to the mean score, they are no votes"
    return LabelTable(stack(parts), (0, 9), bins=bins, notes=(note,))
