"""Data cards: one Markdown file per data set; its YAML front matter is checked and read by the code."""

from functools import cache
from pathlib import Path
from typing import Literal

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


def parse_card(text: str, *, name: str) -> DatasetCard:
    """A card from its Markdown; `DataError` names the field that is missing, unknown or ill-typed."""
    return cards.parse_card(text, DatasetCard, name=name, guide=GUIDE)


@cache
def load_card(key: str, folder: Path = CARDS) -> DatasetCard:
    """The card of `key`; a misspelt key raises `ParameterError` with the nearest."""
    if key not in KEYS:
        raise unknown("data set", key, KEYS)
    return cards.read_card(folder / f"{key}.md", DatasetCard, home="data_cards", guide=GUIDE)
