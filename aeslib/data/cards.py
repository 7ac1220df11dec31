"""Data cards: one Markdown file per data set; its YAML front matter is checked and read by the code."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aeslib.errors import DataError, unknown
from aeslib.paths import ROOT
from aeslib.schema import parse_yaml

CARDS = ROOT / "data_cards"
KEYS = (
    "ava", "aadb", "tad66k", "para", "eva", "photonet", "ava_captions", "photonet_captions",
    "flickr_aes", "real_cur", "koniq10k", "spaq", "tid2013", "oasis_beauty",
)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Strict):
    """A file of the owners' layout, relative to the data set's folder. Unknown facts are None ("not known")."""

    path: str
    kind: Literal["labels", "images", "split", "readme"] = "labels"
    required: bool = False
    sha256: str | None = None
    bytes: int | None = None
    rows: int | None = None
    url: str | None = None
    """Where the owners publish it as a plain file (at a pinned commit); None: by hand."""


class Split(_Strict):
    """One split of one family (AVA has several families)."""

    family: str = "official"
    name: str
    rows: int | None


class Trap(_Strict):
    """A known way to read this data wrongly, and the test that pins it."""

    what: str
    test: str


class Column(_Strict):
    name: str
    range: tuple[float, float] | None = None
    meaning: str = ""


class DatasetCard(_Strict):
    """What a card's front matter must say. `None` and "not known" are honest answers."""

    key: str
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
    body: str = Field(exclude=True)


def parse_card(text: str, *, name: str) -> DatasetCard:
    """A card from its Markdown; `DataError` names the field that is missing, unknown or ill-typed."""
    head, mark, body = text.removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not mark:
        raise DataError(f"{name}: no YAML front matter between two lines of '---'.")
    try:
        fields = parse_yaml(head)
    except ValueError as error:
        raise DataError(f"{name}: front matter is not YAML ({' '.join(str(error).split())}).") from error
    try:
        return DatasetCard(**fields, body=body.strip())
    except TypeError as error:
        raise DataError(f"{name}: front matter must be a mapping of fields.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "front matter"
        raise DataError(f"{name}: field {field!r}: {first['msg']}. See CONTRIBUTING.md, 'Data cards'.") from error


@cache
def load_card(key: str, folder: Path = CARDS) -> DatasetCard:
    """The card of `key`; a misspelt key raises `ParameterError` with the nearest."""
    if key not in KEYS:
        raise unknown("data set", key, KEYS)
    path = folder / f"{key}.md"
    if not path.is_file():
        raise DataError(f"{path} is missing; restore it with `git checkout -- data_cards/{key}.md`.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; restore it with `git checkout -- data_cards/{key}.md`.") from error
    card = parse_card(text, name=path.name)
    if card.key != key:
        raise DataError(f"{path.name}: key is {card.key!r}, expected {key!r}.")
    return card
