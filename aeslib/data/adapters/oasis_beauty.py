"""OASIS beauty: ratings of 1 to 7 for 900 photographs, mean and single; some folders hold 338 of the photographs.

Source: [brielmann2019intense] on the images of [kurdi2017introducing].

[brielmann2019intense]   Brielmann and Pelli, Intense beauty requires intense pleasure, Frontiers in Psychology 2019.
[kurdi2017introducing]   Kurdi, Lozano and Banaji, Introducing the OASIS, Behavior Research Methods 2017.
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from aeslib.data.adapters.reading import (
    Layout,
    find,
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
from aeslib.errors import DataError

MEANS = "means_per_image.csv"
MANIFEST = "images_manifest.csv"
MAT = "OASISdata.mat"
VECTORS = ("subjID", "item", "beauty", "im_name")
"""All that is ever read of `MAT`: it also holds answers about the raters' lives and health, which concern nobody."""
RATINGS = Layout("ratings", ("ratings.csv",))
OWNERS = Layout("owners", (MAT,))
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "pictures": {
        "image": [Layout("with pictures", (MEANS, MANIFEST))],
        "rating": [Layout(form.name, (*form.files, MANIFEST)) for form in (RATINGS, OWNERS)],
    },
    "all": {"image": [Layout("means", (MEANS,)), RATINGS, OWNERS], "rating": [RATINGS, OWNERS]},
}
IMAGES = ("images",)
ATTRIBUTES = {"valence": (1.0, 7.0), "arousal": (1.0, 7.0)}
ROUNDING = 0.005
"""Means are published with two decimals."""


def image_key(name: str) -> str:
    """Images are known by their theme: the file name without ending and blanks."""
    return Path(name).stem.replace(" ", "")


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """All 900 images, or those that the list of pictures names (`pictures`), with their mean or with all ratings.

    The columns of means by gender do not belong to the rows they stand in and are left alone. Where the means are
    not at hand, they are computed from the ratings.
    """
    layout, paths = need(folder, LAYOUTS[family][level])
    means = level == "image" and paths[0].name.startswith(MEANS)
    frame, rated_images = _means(paths[0]) if means else _ratings(paths[0], find(folder, MEANS))
    if MANIFEST in layout.files:
        frame = _pictured(frame, paths[1], rated_images)
    if level == "rating":
        return LabelTable(frame, (1, 7), level="rating")
    return LabelTable(frame if means else _by_image(frame), (1, 7), attributes=ATTRIBUTES if means else {})


def _means(path: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Return the table of the owners' means, and all image ids of their list, rated or not."""
    columns = ["Theme", "Category", "beauty_mean", "beauty_SD", "N", "Valence_mean", "Arousal_mean"]
    listed = read_csv(read_bytes(path), columns)
    raw = rated(listed, "Theme", ["beauty_mean"])
    frame = pd.DataFrame(
        {
            "image_id": ids(raw, "Theme").str.replace(" ", "").to_numpy(),
            "split": "all",
            "mos": numbers(raw, "beauty_mean", 1, 7),
            "std": numbers(raw, "beauty_SD", 0),
            "n_votes": numbers(raw, "N", 1, whole=True),
            "attr_valence": numbers(raw, "Valence_mean", 1, 7),
            "attr_arousal": numbers(raw, "Arousal_mean", 1, 7),
            "theme": raw["Category"].fillna("").to_numpy(),
        }
    )
    return frame, ids(listed, "Theme").str.replace(" ", "")


def _ratings(path: Path, means: Path | None) -> tuple[pd.DataFrame, pd.Series]:
    """Return all ratings, by rater and image, and the ids of the rated images.

    Args:
        path: a table with the columns rater, image and rating, or the owners' MATLAB file.
        means: the owners' means, which must be those of the ratings; None: not at hand.
    """
    raw = read_mat(path) if path.name == MAT else read_csv(read_bytes(path), ["rater", "image", "rating"])
    frame = pd.DataFrame(
        {
            "image_id": ids(raw, "image", unique=False, key=image_key).to_numpy(),
            "split": "all",
            "user_id": numbers(raw, "rater", 1, whole=True),
            "score": numbers(raw, "rating", 1, 7, whole=True),
        },
        index=raw.index,
    )
    frame = single_ratings(frame, raw.attrs["file"]).sort_values(["user_id", "image_id"], ignore_index=True)
    if means is not None:
        check_means(frame, means)
    frame["user_id"] = frame["user_id"].map("{:g}".format)
    return frame, pd.Series(frame["image_id"].unique())


def read_mat(path: Path) -> pd.DataFrame:
    """Return rater, image and rating from the owners' MATLAB file (version 5); no variable but `VECTORS` is read."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    raw = read_bytes(path)
    try:
        content = loadmat(io.BytesIO(raw.data), variable_names=list(VECTORS))
        rater, item, rating = (content[name].ravel().astype(float) for name in VECTORS[:3])
        names = [str(cell.item()) for cell in content["im_name"].ravel()]
        frame = pd.DataFrame({"rater": rater, "item": item, "rating": rating, "image": names})
    except (MatReadError, NotImplementedError, ValueError, LookupError, TypeError, AttributeError, OSError,
            zlib.error, struct.error) as error:  # fmt: skip
        raise DataError(f"{raw.name}: not the owners' MATLAB file ({error}); fetch it again.") from error
    frame.index = np.arange(len(frame)) + 1
    frame.attrs["file"] = raw.name
    first = frame.groupby("item")["image"].transform("first")
    off = frame[frame["image"] != first]
    problem = "item {0[item]:g} is {0[image]!r} here, another image before."
    report(raw.name, [(line, problem.format(row)) for line, row in off.iterrows()])
    return frame


def check_means(ratings: pd.DataFrame, path: Path) -> None:
    """Report images whose published mean is not that of their ratings; what is no mean at all is left to `_means`."""
    raw = read_csv(read_bytes(path), ["Theme", "beauty_mean"])
    published = pd.to_numeric(raw["beauty_mean"], errors="coerce")
    names = raw["Theme"].astype("string").str.replace(" ", "")
    means = names.map(ratings.groupby("image_id")["score"].mean()).astype(float)
    off = published.between(1, 7) & ((published - means).abs() > ROUNDING + 1e-9)
    report(
        raw.attrs["file"],
        [
            (line, f"beauty_mean of {names[line]!r} is {published[line]:g}, its ratings have {means[line]:.4f}.")
            for line in raw.index[off]
        ],
    )


def _by_image(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return mean, standard deviation (of the sample, as the owners') and number of ratings of each image."""
    scores = ratings.groupby("image_id")["score"]
    return scores.agg(mos="mean", std="std", n_votes="size").reset_index().assign(split="all")


def _pictured(frame: pd.DataFrame, path: Path, rated_images: pd.Series) -> pd.DataFrame:
    """Keep the rows of the images that the list of pictures names."""
    raw = read_csv(read_bytes(path), ["file"])
    names = ids(raw, "file").map(image_key)
    unknown = names[~names.isin(rated_images)]
    report(raw.attrs["file"], [(line, f"picture {name!r} has no beauty rating.") for line, name in unknown.items()])
    return frame[frame["image_id"].isin(names)].reset_index(drop=True)
