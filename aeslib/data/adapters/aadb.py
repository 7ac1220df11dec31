"""AADB: mean score and eleven attributes from five or six workers [kong2016photo].

[kong2016photo]  Kong, Shen, Lin, Mech and Fowlkes, Photo aesthetics ranking network, ECCV 2016.
"""

import io
from pathlib import Path

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
    stack,
    with_notes,
)
from aeslib.data.table import LabelTable, Level
from aeslib.errors import DataError

SPLITS = {"train": "Train", "validation": "Validation", "test": "TestNew"}
ATTRIBUTES = {
    "BalacingElements": (-1, 1), "ColorHarmony": (-1, 1), "Content": (-1, 1), "DoF": (-1, 1), "Light": (-1, 1),
    "MotionBlur": (-1, 1), "Object": (-1, 1), "Repetition": (0, 1), "RuleOfThirds": (-1, 1), "Symmetry": (0, 1),
    "VividColor": (-1, 1),
}  # fmt: skip
"""Attribute names as the owners spell them (a mirror corrects `BalacingElements`; both are read)."""
CORRECTED = {"BalancingElements": "BalacingElements"}

MERGED = Layout("merged", tuple(f"imgList{split}Regression_.csv" for split in SPLITS.values()))
OWNERS = Layout(
    "owners",
    tuple(f"imgListFiles_label/imgList{s}Regression_{c}.txt" for s in SPLITS.values() for c in [*ATTRIBUTES, "score"]),
)
LAYOUTS: dict[str, dict[Level, list[Layout]]] = {
    "distinct": {"image": [MERGED, OWNERS]},
    "as_released": {"image": [MERGED, OWNERS]},
}
IMAGES = ("datasetImages_originalSize", "datasetImages_warp256", "images")


def image_key(name: str) -> str:
    """Images are known by their file name."""
    return Path(name).name


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """All 9,958 rows (`as_released`), or the 9,831 distinct images (`distinct`): 127 stand in validation and test."""
    layout, paths = need(folder, LAYOUTS[family][level])
    parts = _merged(paths) if layout is MERGED else _owners(paths)
    mat = find(folder, "AADBinfo.mat")
    if mat:
        check_mat(parts, mat)
    leak = set(parts["validation"]["image_id"]) & set(parts["test"]["image_id"])
    notes: tuple[str, ...] = ()
    if leak and family == "distinct":
        kept = parts["validation"][~parts["validation"]["image_id"].isin(leak)]
        parts["validation"] = kept
        notes = (f"{len(leak)} validation images that are also test images left out; {len(kept)} left",)
    elif leak:
        notes = (f"{len(leak)} images are in both validation and test, as released",)
    frame = stack(parts, apart=family == "distinct")
    return LabelTable(frame, score_range=(0, 1), attributes=dict(ATTRIBUTES), notes=notes)


def _merged(paths: list[Path]) -> dict[str, pd.DataFrame]:
    parts = {}
    for split, path in zip(SPLITS, paths, strict=True):
        frame = rated(read_csv(read_bytes(path), ["ImageFile", "score"]), "ImageFile", ["score"])
        frame = frame.rename(columns=CORRECTED)
        missing = [name for name in ATTRIBUTES if name not in frame]
        if missing:
            raise DataError(f"{frame.attrs['file']}: no column {', '.join(map(repr, missing))}.")
        values = {f"attr_{name}": numbers(frame, name, *span) for name, span in ATTRIBUTES.items()}
        names = ids(frame, "ImageFile").to_numpy()
        parts[split] = pd.DataFrame({"image_id": names, "mos": numbers(frame, "score", 0, 1)} | values)
    return parts


def _owners(paths: list[Path]) -> dict[str, pd.DataFrame]:
    """One list of "name value" for every split and column, all in the same order of images."""
    lists = iter(paths)
    parts = {}
    for split in SPLITS:
        frame = pd.DataFrame()
        for name, span in [*ATTRIBUTES.items(), ("mos", (0, 1))]:
            column = name if name == "mos" else f"attr_{name}"
            one = read_csv(read_bytes(next(lists)), ["image_id", column], sep=" ", header=False)
            names = ids(one, "image_id")
            if len(frame) and list(frame["image_id"]) != list(names):
                raise DataError(f"{one.attrs['file']}: lists other images than the file before it; fetch both again.")
            if name == "mos":
                one = rated(one, "image_id", [column])
                frame = frame[names.index.isin(one.index)].reset_index(drop=True)
            elif not len(frame):
                frame = pd.DataFrame({"image_id": names.to_numpy()})
            frame[column] = numbers(one, column, *span)
        parts[split] = frame
    return parts


def check_mat(parts: dict[str, pd.DataFrame], path: Path) -> None:
    """The owners' MATLAB file must give the same names and scores for train and test."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    raw = read_bytes(path)
    try:
        content = loadmat(io.BytesIO(raw.data))
        listed = {
            split: pd.Series(
                content[f"{split}Score"].ravel(), [str(cell[0]) for cell in content[f"{split}NameList"].ravel()]
            )
            for split in ("train", "test")
        }
    except (MatReadError, ValueError, KeyError, TypeError, IndexError, OSError) as error:
        raise DataError(f"{raw.name}: not the owners' MATLAB file ({error}); fetch it again.") from error
    for split, all_scores in listed.items():
        ours = parts[split].set_index("image_id")["mos"]
        scores = all_scores[all_scores.index.isin(ours.index) | (all_scores != -1)]  # -1: no rating
        same = ours.reindex(scores.index)
        off = same.isna() | ((same - scores).abs() > 1e-6)
        report(
            raw.name,
            [
                (None, f"{split} image {image!r} has score {scores[image]:g} here, {same[image]:g} in the lists.")
                for image in scores.index[off]
            ],
        )
