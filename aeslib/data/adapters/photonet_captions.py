"""Photo.net with comments: the votes of Photo.net beside what people wrote [gao2024aesmamba].

[gao2024aesmamba]  Gao et al., AesMamba, ACM MM 2024 (Photo.Net-Captions, section 4.1.1).
"""

from pathlib import Path

from aeslib.data.adapters.photonet import BINS, image_key, listed
from aeslib.data.adapters.reading import Layout, need, report, stack, with_notes
from aeslib.data.table import LabelTable, Level

LAYOUTS: dict[str, dict[Level, list[Layout]]] = {"aesmamba": {"image": [Layout("both", ("train.csv", "test.csv"))]}}
IMAGES = ("images",)
__all__ = ["IMAGES", "LAYOUTS", "image_key", "read"]


@with_notes
def read(folder: Path, family: str, level: Level) -> LabelTable:
    """Votes 1 to 7 and the column `text`: all comments on an image as one string."""
    _, paths = need(folder, LAYOUTS[family][level])
    frame = stack({split: listed(path, "comment") for split, path in zip(("train", "test"), paths, strict=True)})
    frame = frame.rename(columns={"comment": "text"})
    report(
        paths[0].parent.name,
        [(None, f"image {name!r} has no comment.") for name in frame["image_id"][frame["text"] == ""]],
    )
    return LabelTable(frame, (1, 7), bins=BINS)
