"""Cards of data sets and of weights: one Markdown file each; its YAML front matter is checked and read by the code."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aeslib.errors import DataError
from aeslib.schema import parse_yaml


class Strict(BaseModel):
    """A record whose fields are all known and never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Trap(Strict):
    """A known way to use this wrongly, and the test that pins it."""

    what: str
    test: str


class Card(Strict):
    """The part that every card has: the name that code gives it, and the text below its front matter."""

    key: str
    body: str = Field(exclude=True)


C = TypeVar("C", bound=Card)


def parse_card(text: str, form: type[C], *, name: str, guide: str) -> C:
    """Return the card that a Markdown text holds.

    Args:
        text: front matter between two lines of `---`, then prose.
        form: what the front matter must say.
        name: of the file, for errors.
        guide: heading of the part of CONTRIBUTING.md that explains these cards.

    Raises:
        DataError: names the field that is missing, unknown or ill-typed.
    """
    head, mark, body = text.removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not mark:
        raise DataError(f"{name}: no YAML front matter between two lines of '---'.")
    try:
        fields = parse_yaml(head)
    except ValueError as error:
        raise DataError(f"{name}: front matter is not YAML ({' '.join(str(error).split())}).") from error
    try:
        return form(**fields, body=body.strip())
    except TypeError as error:
        raise DataError(f"{name}: front matter must be a mapping of fields.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "front matter"
        raise DataError(f"{name}: field {field!r}: {first['msg']}. See CONTRIBUTING.md, {guide!r}.") from error


def read_card(path: Path, form: type[C], *, home: str, guide: str) -> C:
    """Return the card in a file that is named after its key.

    Args:
        path: `KEY.md`.
        form: what the front matter must say.
        home: the folder in the project, for the advice in errors.
        guide: as in `parse_card`.

    Raises:
        DataError: the file is missing, not text, not a card, or the card of another key.
    """
    restore = f"restore it with `git checkout -- {home}/{path.name}`."
    if not path.is_file():
        raise DataError(f"{path} is missing; {restore}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; {restore}") from error
    card = parse_card(text, form, name=path.name, guide=guide)
    if card.key != path.stem:
        raise DataError(f"{path.name}: key is {card.key!r}, expected {path.stem!r}.")
    return card
