"""OASIS beauty: mean beauty 1 to 7 of 900 photographs; some folders hold the pictures of 338 of them.

Source: [brielmann2019intense] on the pictures of [kurdi2017introducing].

[brielmann2019intense]   Brielmann and Pelli, Intense beauty requires intense pleasure, Frontiers in Psychology 2019.
[kurdi2017introducing]   Kurdi, Lozano and Banaji, Introducing the OASIS, Behavior Research Methods 2017.
"""

from pathlib import Path

import pandas as pd

from aeslib.data.adapters.reading import Layout, ids, need, numbers, rated, read_bytes, read_csv, report, with_notes
from aeslib.data.table import LabelTable, Level

MEANS = "means_per_image.csv"
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "pictures": {"image": [Layout("with pictures", (MEANS, "images_manifest.csv"))]},
    "all": {"image": [Layout("means", (MEANS,))]},
}
IMAGES = ("images",)
ATTRIBUTES = {"valence": (1.0, 7.0), "arousal": (1.0, 7.0)}


def image_key(name: str) -> str:
    """Images are known by their theme: the file name without ending and blanks."""
    return Path(name).stem.replace(" ", "")


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """All 900 images, or those that the list of pictures names (`pictures`).

    The columns of means by gender do not belong to the rows they stand in and are left alone.
    """
    _, paths = need(folder, LAYOUTS[family][level])
    listed = read_csv(
        read_bytes(paths[0]), ["Theme", "Category", "beauty_mean", "beauty_SD", "N", "Valence_mean", "Arousal_mean"]
    )
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
    if family == "pictures":
        frame = _pictured(frame, paths[1], ids(listed, "Theme").str.replace(" ", ""))
    return LabelTable(frame, (1, 7), attributes=ATTRIBUTES)


def _pictured(frame: pd.DataFrame, path: Path, listed: pd.Series) -> pd.DataFrame:
    """Keep the images that the list of pictures names; `listed` are all images of the means, rated or not."""
    raw = read_csv(read_bytes(path), ["file"])
    names = ids(raw, "file").map(image_key)
    unknown = names[~names.isin(listed)]
    report(raw.attrs["file"], [(line, f"picture {name!r} has no beauty rating.") for line, name in unknown.items()])
    return frame[frame["image_id"].isin(names)].reset_index(drop=True)
