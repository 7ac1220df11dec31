"""Data cards: one Markdown file per data set; its YAML front matter is checked and read by the code."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import numpy as np
from pydantic import Field

from aeslib import cards
from aeslib.cards import Card, Strict, Trap
from aeslib.errors import unknown
from aeslib.paths import ROOT

CARDS = ROOT / "data_cards"
KEYS = (
    "ava", "aadb", "tad66k", "para", "eva", "photonet", "ava_captions", "photonet_captions",
    "flickr_aes", "real_cur", "koniq10k", "spaq", "tid2013", "oasis_beauty",
)  # fmt: skip
GUIDE = "Data cards"
"""Heading in CONTRIBUTING.md."""


class File(Strict):
    """A file of the owners' layout, relative to the data set's folder. Unknown facts are None ("not known")."""

    path: str
    kind: Literal["labels", "images", "split", "readme"] = "labels"
    required: bool = False
    sha256: str | None = None
    bytes: int | None = None
    rows: int | None = None
    url: str | None = None
    """Where the owners publish it as a plain file (at a pinned commit); None: by hand."""


class Split(Strict):
    """One split of one family (AVA has several families)."""

    family: str = "official"
    name: str
    rows: int | None


class Column(Strict):
    name: str
    range: tuple[float, float] | None = None
    meaning: str = ""


class Photographs(Strict):
    """Images that the owners publish as plain files in one folder, listed with their digests beside the card."""

    folder: str
    """Where they lie in the data set's folder."""
    url: str
    """Address of the folder at a pinned commit."""
    digests: str
    """File beside the card that lists "SHA-256  PATH" a line, as `sha256sum` does."""
    largest: int
    """Bytes that no image exceeds."""


class DatasetCard(Card):
    """What a card's front matter must say. `None` and "not known" are honest answers."""

    title: str
    task: str
    images: int | None
    score_scale: tuple[float, float]
    vote_bins: list[float] = Field(default_factory=list)
    raters: str
    splits: list[Split]
    columns: list[Column]
    license: str
    terms: str
    citation: str
    homepage: str
    files: list[File]
    get: list[str]
    """Steps to get it by hand, in order."""
    unlocks: list[str]
    """Items that this data set's labels or images make real."""
    traps: list[Trap]
    photographs: Photographs | None = None
    hidden_themes: list[str] = Field(default_factory=list)
    """Themes, or names of single images, that no figure and no widget draws by default (see `drawable`)."""


def parse_card(text: str, *, name: str) -> DatasetCard:
    """A card from its Markdown; `DataError` names the field that is missing, unknown or ill-typed."""
    return cards.parse_card(text, DatasetCard, name=name, guide=GUIDE)


@cache
def load_card(key: str, folder: Path = CARDS) -> DatasetCard:
    """The card of `key`; a misspelt key raises `ParameterError` with the nearest."""
    if key not in KEYS:
        raise unknown("data set", key, KEYS)
    return cards.read_card(folder / f"{key}.md", DatasetCard, home="data_cards", guide=GUIDE)


def photographs_of(card: DatasetCard, folder: Path = CARDS) -> list[File]:
    """Return the images that the owners publish as plain files, in the order of the card's list of digests."""
    images = card.photographs
    if images is None:
        return []
    rows = (line.split("  ", 1) for line in (folder / images.digests).read_text(encoding="utf-8").splitlines())
    return [
        File(path=path, kind="images", sha256=digest, url=images.url + quote(path.removeprefix(images.folder)))
        for digest, path in rows
    ]


def theme_of(image_id: str) -> str:
    """Return the theme that an image's name begins with: "Acorns 12", "Acorns12" and "Acorns12.jpg" give "Acorns"."""
    return re.sub(r"[\s\d]+$", "", image_id.removesuffix(".jpg"))


def drawable(key: str, ids: Iterable[str]) -> np.ndarray:
    """Return which images may be drawn in a figure or a widget: not those of the card's `hidden_themes`.

    Hidden images show nudity, violence or corpses. They count in statistics as all others do.

    Args:
        key: a card's key.
        ids: N image ids.

    Returns:
        (N,) booleans, all true for data sets that hide nothing.
    """
    hidden = {name.replace(" ", "") for name in load_card(key).hidden_themes}
    names = [name.replace(" ", "") for name in ids]
    return np.array([hidden.isdisjoint((name.removesuffix(".jpg"), theme_of(name))) for name in names], bool)
