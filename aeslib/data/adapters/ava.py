"""AVA: votes 1 to 10 on 255,529 images, met in many copies and in split lists that all differ [murray2012ava].

The vote counts of every copy that is at hand are merged; two copies that disagree on an image are an error.

[murray2012ava]  Murray, Marchesotti and Perronnin, AVA: a large-scale database, CVPR 2012.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    FEW,
    Layout,
    choose,
    count_and_names,
    find,
    from_votes,
    image_number,
    moments,
    need,
    note,
    numbered_ids,
    numbers,
    rated,
    read_bytes,
    read_csv,
    read_records,
    report,
    spread_lists,
    stack,
    vote_table,
    with_notes,
)  # fmt: skip
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

BINS = tuple(map(float, range(1, 11)))
VOTES = [f"votes_{k}" for k in range(1, 11)]
OWNERS = "AVA.txt"
GENERIC_TEST = "official/aesthetics_image_lists/generic_test.jpgl"
MEANS = "q-align/test_ava.json"

SPLIT_FILES = {
    "tanet": {"train": "tanet/train.csv", "validation": "tanet/val.csv", "test": "tanet/test.csv"},
    "relic": {"train": "relic/train.csv", "validation": "relic/val.csv", "test": "relic/test.csv"},
    "idealo": {"train": "idealo/ava_labels_train.json", "test": "idealo/ava_labels_test.json"},
    "nima": {
        split: f"medghofran/{name}_labels.csv"
        for split, name in {"train": "train", "validation": "val", "test": "test"}.items()
    },
    "ilgnet": {"train": "ilgnet/AVA1_train.txt", "test": "ilgnet/AVA1_val.txt"},
    "mpada": {"train": "mpada/AVA_train.lst", "test": "mpada/AVA_test.lst"},
}
"""Who split AVA how: one file for each split. The training files of tanet, relic, idealo and nima are not public
everywhere; those families are read without them too."""

COUNTED = [
    OWNERS, "qiushiyang-nima/val.txt", "iqs-digikam/samples_train.json", "iqs-digikam/samples_test.json",
    *(name for family in ("tanet", "relic", "idealo") for name in SPLIT_FILES[family].values()),
]  # fmt: skip
"""Files with exact vote counts."""


def _one_each(names: list[str]) -> list[Layout]:
    return [Layout(name, (name,)) for name in names]


def _with_or_without_training(family: str) -> list[Layout]:
    names = tuple(SPLIT_FILES[family].values())
    return [Layout("all splits", names), Layout("without training", names[1:])]


LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    **{family: {"image": _with_or_without_training(family)} for family in ("tanet", "relic", "idealo", "nima")},
    **{family: {"image": [Layout("lists", tuple(SPLIT_FILES[family].values()))]} for family in ("ilgnet", "mpada")},
    "official": {"image": [Layout("lists", (GENERIC_TEST, *SPLIT_FILES["ilgnet"].values()))]},
    "counts": {"image": _one_each(COUNTED)},
    "known": {"image": _one_each([*COUNTED, *SPLIT_FILES["nima"].values(), MEANS])},
}
IMAGES = ("images", "image")


def image_key(name: str) -> str:
    """Images are known by their number, however a file name writes it."""
    return image_number(name)


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """One family of splits, or the merged votes of all copies (`counts`: exact ones, `known`: means too)."""
    need(folder, LAYOUTS[family][level])
    if family == "counts":
        return LabelTable(counts(folder).assign(split="all"), (1, 10), bins=BINS)
    if family == "known":
        return LabelTable(known(folder).assign(split="all"), (1, 10))
    if family in {"ilgnet", "mpada", "official"}:
        return _list(folder, family)
    paths = {split: find(folder, name) for split, name in SPLIT_FILES[family].items()}
    parts = {split: _scored(path) for split, path in paths.items() if path}
    return LabelTable(stack(parts), (1, 10), bins=BINS)


def counts(folder: Path) -> pd.DataFrame:
    """Every image whose exact votes any copy at hand tells, once."""
    paths = [path for name in COUNTED if (path := find(folder, name))]
    if not paths:
        raise DataError(f"{folder.name}: no file with vote counts; expected {OWNERS}.")
    frame = pd.concat([_scored(path) for path in paths], ignore_index=True).drop_duplicates(["image_id", *VOTES])
    _agree(frame["image_id"][frame["image_id"].duplicated()])
    return frame.reset_index(drop=True)


def known(folder: Path) -> pd.DataFrame:
    """Every image whose mean any copy at hand tells: from counts, else from shares, else as given (2 decimals)."""
    parts = [counts(folder).assign(rounding=0.0)] if any(find(folder, name) for name in COUNTED) else []
    shares = [path for name in SPLIT_FILES["nima"].values() if (path := find(folder, name))]
    parts += [_shares(path).assign(rounding=0.0) for path in shares]
    if path := find(folder, MEANS):
        parts.append(_means(path).assign(rounding=0.005))
    frame = pd.concat([part[["image_id", "mos", "rounding"]] for part in parts], ignore_index=True)
    again = frame["image_id"].duplicated()
    best = frame[~again]
    both = frame[again].merge(best, on="image_id", suffixes=("", "_best"))
    _agree(both["image_id"][(both["mos"] - both["mos_best"]).abs() > both["rounding"] + 1e-9])
    return best[["image_id", "mos"]].reset_index(drop=True)


def _agree(names: pd.Series | pd.Index) -> None:
    report("ava", [(None, f"two copies disagree on the votes of image {name!r}.") for name in names])


def _scored(path: Path) -> pd.DataFrame:
    """An image table from one file with votes, whatever its form; told by its name."""
    form = path.name.removesuffix(".gz")
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {".json": _records, ".txt": _rows, "_labels.csv": _shares}
    for ending, reader in readers.items():
        if form.endswith(ending):
            return reader(path)
    frame = read_csv(read_bytes(path), ["image_id", *(f"score{k}" for k in range(2, 12))])
    # TANet's and ReLIC's trap: score2 holds the votes for 1, score11 those for 10
    scores = [f"score{k}" for k in range(2, 12)]
    frame = rated(frame, "image_id", scores)
    return from_votes(numbered_ids(frame, "image_id"), vote_table(frame, scores), BINS)


def _rows(path: Path) -> pd.DataFrame:
    """The owners' form: index, image, ten counts, two tags, challenge."""
    names = ["index", "image_id", *VOTES, "tag_1", "tag_2", "challenge"]
    frame = rated(read_csv(read_bytes(path), names, sep=" ", header=False), "image_id", VOTES)
    return from_votes(numbered_ids(frame, "image_id"), vote_table(frame, VOTES), BINS)


def _records(path: Path) -> pd.DataFrame:
    """A JSON list of images with ten counts each."""
    frame = spread_lists(read_records(read_bytes(path), ["image_id", "label"]), "label", VOTES)
    frame = rated(frame, "image_id", VOTES)
    return from_votes(numbered_ids(frame, "image_id"), vote_table(frame, VOTES), BINS)


def _shares(path: Path) -> pd.DataFrame:
    """No header: image and ten shares that sum to 1; the number of votes is not told."""
    frame = rated(read_csv(read_bytes(path), ["image_id", *VOTES], header=False), "image_id", VOTES)
    shares = np.column_stack([numbers(frame, column, 0, 1) for column in VOTES])
    off = np.abs(shares.sum(axis=1) - 1) > 1e-6
    report(frame.attrs["file"], [(line, "the ten shares do not sum to 1.") for line in frame.index[off]])
    mean, std = moments(shares, BINS)
    names = numbered_ids(frame, "image_id").to_numpy()
    table = pd.DataFrame({"image_id": names, "mos": np.round(mean, 9), "std": std})  # shares are rounded themselves
    return table.join(pd.DataFrame(shares, columns=VOTES))


def _means(path: Path) -> pd.DataFrame:
    """Means rounded to two decimals, of images "ava_images/ID.jpg"."""
    frame = rated(read_records(read_bytes(path), ["image", "gt_score"]), "image", ["gt_score"])
    names = numbered_ids(frame, "image")
    return pd.DataFrame({"image_id": names.to_numpy(), "mos": numbers(frame, "gt_score", 1, 10)})


def _binary(path: Path) -> pd.DataFrame:
    """ILGnet's form: "ID.jpg 1" when the mean is above 5, else 0."""
    frame = read_csv(read_bytes(path), ["image", "high"], sep=" ", header=False)
    high = numbers(frame, "high", 0, 1, whole=True)
    return pd.DataFrame({"image_id": numbered_ids(frame, "image").to_numpy(), "high": high})


def _ids_only(path: Path) -> pd.DataFrame:
    frame = read_csv(read_bytes(path), ["image_id"], header=False)
    return pd.DataFrame({"image_id": numbered_ids(frame, "image_id").to_numpy()})


def _list(folder: Path, family: str) -> LabelTable:
    """A split list. Votes come from the owners' AVA.txt where that is there; else only `high`, from ILGnet's lists."""
    notes: tuple[str, ...] = ()
    binary = (
        stack({s: _binary(p) for s, n in SPLIT_FILES["ilgnet"].items() if (p := find(folder, n))})
        if _has_binary(folder)
        else None
    )
    if family == "mpada":
        paths = {split: find(folder, name) for split, name in SPLIT_FILES["mpada"].items()}
        frame = stack({split: _ids_only(path) for split, path in paths.items() if path})
    elif binary is not None and family == "official":
        frame, notes = _official(folder, binary)
    else:
        assert binary is not None
        frame = binary
    if find(folder, OWNERS):
        votes = counts(folder)
        absent = frame["image_id"][~frame["image_id"].isin(votes["image_id"])]
        if 0 < len(absent) <= FEW * len(frame):
            note(f"{count_and_names(absent)} of a split list left out: no votes in {OWNERS}")
        else:
            report(OWNERS, [(None, f"image {name!r} is in a split list and not in this file.") for name in absent])
        return LabelTable(frame.merge(votes, on="image_id", how="inner"), (1, 10), bins=BINS, notes=notes)
    if binary is not None and "high" not in frame:
        frame = frame.merge(binary[["image_id", "high"]], on="image_id", how="left")
    return LabelTable(frame, (1, 10), scored=False, notes=(*notes, "a list of images without vote counts"))


def _has_binary(folder: Path) -> bool:
    return choose(folder, LAYOUTS["ilgnet"]["image"]) is not None


def _official(folder: Path, images: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The owners' large-scale test list against all other images; 70 of its 20,000 ids are no images of AVA."""
    path = find(folder, GENERIC_TEST)
    assert path is not None
    listed = _ids_only(path)["image_id"]
    test = images["image_id"].isin(listed)
    gone = len(listed) - int(test.sum())
    notes = (f"{gone} of {len(listed)} listed test ids are not among AVA's images and left out",) if gone else ()
    return images.assign(split=np.where(test, "test", "train")), notes
