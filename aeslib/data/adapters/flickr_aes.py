"""FLICKR-AES: ratings 1 to 5 by 210 workers, 37 of them held out [ren2017personalized].

[ren2017personalized]  Ren, Shen, Lin, Mech and Foran, Personalized image aesthetics, ICCV 2017.
"""

from pathlib import Path

import numpy as np
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
    read_text,
    report,
    single_ratings,
    stack,
    with_notes,
)
from aeslib.data.table import LabelTable, Level

MEAN, STEP = 3.0183403576492833, 1.1001719588397239
"""Copies hold z-scores; raw = MEAN + STEP z, which turns the five values that occur into exactly 1 to 5."""
WORKERS = "FLICKR-AES_image_labeled_by_each_worker.csv"
TEST_IDS = "test_workers_ID.csv"
OWNERS = Layout("owners", (WORKERS, TEST_IDS))
MEANS = Layout("z-scored means", ("train_means_normalized.csv", "test_means_normalized.csv"))
RATINGS = Layout("z-scored ratings", ("test_workers_dataset_normalized.csv",))
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"official": {"image": [MEANS, OWNERS], "rating": [OWNERS, RATINGS]}}
IMAGES = ("40K", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name.strip()


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Means an image (training workers, test workers), or single ratings (of the 37 test workers, or of all)."""
    layout, paths = need(folder, LAYOUTS[family][level])
    if layout is MEANS:
        parts = {split: _means(path) for split, path in zip(("train", "test"), paths, strict=True)}
        return LabelTable(stack(parts), (1, 5), notes=("raw 1 to 5 recovered from z-scores",))
    ratings, notes = _owners(paths) if layout is OWNERS else _test_workers(paths[0])
    ratings = single_ratings(ratings, f"{paths[0].parent.name}/{paths[0].name}")
    if level == "rating":
        return LabelTable(ratings, (1, 5), level="rating", notes=notes)
    grouped = ratings.groupby(["image_id", "split"], sort=False)["score"]
    frame = grouped.agg(mos="mean", n_votes="size").assign(std=grouped.std(ddof=0)).reset_index()
    return LabelTable(frame, (1, 5), notes=notes)


def _raw_scores(frame: pd.DataFrame, column: str) -> np.ndarray:
    scores = MEAN + STEP * numbers(frame, column, (1 - MEAN) / STEP, (5 - MEAN) / STEP, within=1e-6)
    return np.clip(np.round(scores, 9), 1, 5)


def _spaced(raw: Raw, columns: list[str]) -> pd.DataFrame:
    """Fields separated by blanks, under a first line that names fewer of them than there are."""
    text = read_text(raw).replace("\r\n", "\n")
    return read_csv(Raw(raw.name, text.encode()), columns, sep=" ", header=False, skip=1)


def _means(path: Path) -> pd.DataFrame:
    frame = _spaced(read_bytes(path), ["row", "image", "rating"])
    return pd.DataFrame({"image_id": ids(frame, "image").to_numpy(), "mos": _raw_scores(frame, "rating")})


def _test_workers(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    frame = _spaced(read_bytes(path), ["row", "worker", "image", "score"])
    scores = _raw_scores(frame, "score")
    off = np.abs(scores - np.round(scores)) > 1e-6
    report(frame.attrs["file"], [(line, "score is not one of the z-scores of 1 to 5.") for line in frame.index[off]])
    who = {"image_id": ids(frame, "image", unique=False), "user_id": ids(frame, "worker", unique=False)}
    ratings = pd.DataFrame(who).assign(score=np.round(scores))
    return ratings.assign(split="test"), ("raw 1 to 5 recovered from z-scores", "the test workers' ratings only")


def _owners(paths: list[Path]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Ratings of all workers; those of the workers that the list names, and their images, are the test split."""
    frame = rated(read_csv(read_bytes(paths[0]), ["worker", "imagePair", "score"]), "imagePair", ["score"])
    listed = read_csv(read_bytes(paths[1]), ["ID"])
    who = {"image_id": ids(frame, "imagePair", unique=False), "user_id": ids(frame, "worker", unique=False)}
    ratings = pd.DataFrame(who).assign(score=numbers(frame, "score", 1, 5, whole=True))
    testers = set(ids(listed, "ID"))
    absent = testers - set(ratings["user_id"])
    report(listed.attrs["file"], [(None, f"worker {name!r} has no rating in {WORKERS}.") for name in sorted(absent)])
    theirs = ratings["user_id"].isin(testers)
    shared = ~theirs & ratings["image_id"].isin(set(ratings["image_id"][theirs]))
    ratings = ratings.assign(split=np.where(theirs, "test", "train"))[~shared]
    note = f"{int(shared.sum())} ratings of test images by training workers left out"
    return ratings, (note,) if shared.any() else ()
