"""Weight cards: one Markdown file per set of published weights, the twins of data cards."""

from functools import cache
from pathlib import Path
from typing import Literal

from aeslib.cards import Card, Strict, Trap, read_card
from aeslib.errors import unknown
from aeslib.paths import ROOT

CARDS = ROOT / "weight_cards"
KEYS = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "minilm", "vgg16_conv", "vgg16")
GUIDE = "Weight cards"
"""Heading in CONTRIBUTING.md."""


class Content(Strict):
    """What tells one file from every other. Unknown facts are None ("not known")."""

    sha256: str | None = None
    bytes: int | None = None


class File(Content):
    """One file that is needed of what the owners publish."""

    path: str
    """In the wheel or in the hub's repository; of a single file any name."""
    safetensors: Content | None = None
    """What it becomes when it is rewritten as safetensors; None: it is kept as it is."""

    @property
    def content(self) -> Content:
        """What is kept and read."""
        return self.safetensors or self


class Source(Content):
    """Where the files come from; digest and bytes are those of a wheel."""

    kind: Literal["wheel", "hub", "file"]
    """A wheel of the Python package index, a repository of the hub that timm and transformers use, or a single file."""
    name: str
    """Of the package or repository; of a single file who made it."""
    version: str | None = None


class Pictures(Strict):
    """The steps by which a picture becomes the input of the network."""

    side: int
    """Pixels of the square that is read."""
    crop: float
    """Its share of the shorter side, cut from the middle."""
    interpolation: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    """Red, green, blue, subtracted from values in 0–1."""
    std: tuple[float, float, float]


class Texts(Strict):
    """The steps by which a text becomes the input of the network."""

    pieces: int
    """WordPieces that are read, the two marks around them included."""
    lowercase: bool


class WeightCard(Card):
    """The fields of a card's front matter. `None` and "not known" are honest answers."""

    title: str
    task: str
    network: str
    """What builds it."""
    parameters: int
    trained_on: str
    license: str
    citation: str
    homepage: str
    source: Source
    set_up: bool
    """Whether the set-up of `run_all.sh` gets it."""
    files: list[File]
    """The weights first."""
    preprocessing: Pictures | Texts
    get: list[str]
    """Steps to get it, in order."""
    traps: list[Trap]

    @property
    def megabytes(self) -> str:
        """Size of what is downloaded, as people read it."""
        size = self.source.bytes or sum(file.bytes or 0 for file in self.files)
        return f"{size / 1e6:.0f} MB" if size else "size not known"


@cache
def load_card(key: str, folder: Path = CARDS) -> WeightCard:
    """The card of `key`; a misspelt key raises `ParameterError` with the nearest."""
    if key not in KEYS:
        raise unknown("set of weights", key, KEYS)
    return read_card(folder / f"{key}.md", WeightCard, home="weight_cards", guide=GUIDE)
