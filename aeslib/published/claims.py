"""The claims of the five papers, as they stand in `claims.yaml`: what is said, where, and which judge looks at it."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aeslib.errors import DataError, ParameterError
from aeslib.published import _HERE
from aeslib.schema import parse_yaml

Paper = Literal["elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet", "cross"]
Kind = Literal["arithmetic", "ordering", "magnitude", "protocol", "definition", "qualitative"]
PAPERS: tuple[str, ...] = get_args(Paper)
KINDS: tuple[str, ...] = get_args(Kind)


class Claim(BaseModel):
    """One checkable statement, in our own words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z]+\.[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*$")
    """`PAPER.KIND.slug`; stable, so that links and older results keep their meaning."""
    paper: Paper
    """`cross` for statements of one paper that another paper's numbers bear on."""
    place: str = Field(min_length=3)
    item: str | None = Field(default=None, pattern=r"^(elta|aesmamba|taskvec|mtcnn|aestheticnet)\.[TF]\d+$")
    kind: Kind
    claim: str = Field(min_length=10)
    judge: str
    """Name of a judge in `aeslib.ledger`."""
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    needs: tuple[str, ...] = ()
    """Keys of the data sets without whose real labels (or images) nothing can be said."""

    @model_validator(mode="after")
    def _slug_fits(self) -> Claim:
        if not self.id.startswith(f"{self.paper}.{self.kind}."):
            raise ValueError(f"id {self.id!r} must begin with '{self.paper}.{self.kind}.'")
        return self


def parse(text: str, *, name: str) -> tuple[Claim, ...]:
    """Claims from YAML, in order; `DataError` names the entry and the field that is missing, unknown or ill-typed."""
    try:
        entries = parse_yaml(text)
    except ValueError as error:
        raise DataError(f"{name}: not YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(entries, list):
        raise DataError(f"{name}: expected a list of claims, found {type(entries).__name__}.")
    found: dict[str, Claim] = {}
    for number, entry in enumerate(entries, start=1):
        where = f"{name}: claim {number} ({entry.get('id') if isinstance(entry, dict) else entry})"
        try:
            claim = Claim.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "entry"
            raise DataError(f"{where}: {field}: {first['msg']}.") from error
        if claim.id in found:
            raise DataError(f"{where}: this id is taken; every claim needs its own.")
        found[claim.id] = claim
    return tuple(found.values())


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, paper by paper as in the file."""
    return parse((_HERE / "claims.yaml").read_text(encoding="utf-8"), name="claims.yaml")


def claim(id_: str) -> Claim:
    """One claim by its id; a misspelt one raises `ParameterError` with the nearest."""
    known = {entry.id: entry for entry in claims()}
    if id_ not in known:
        near = difflib.get_close_matches(id_, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ParameterError(f"no claim named {id_!r}.{hint} `aeslib claims` lists all {len(known)}.")
    return known[id_]
