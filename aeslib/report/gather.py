"""What a run left behind, read and checked: run records, saved outputs with their provenance, verdicts, data."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aeslib.data.cards import KEYS, DatasetCard, load_card
from aeslib.errors import DataError
from aeslib.paths import inside, results_dir
from aeslib.profiles import Profile, get_profile
from aeslib.published import items

if TYPE_CHECKING:
    import pandas as pd

NAME = re.compile(r"[0-9]{2}_[a-z0-9_]+")
"""Chapters; other files in the folder, such as copies that JupyterLab makes, are none."""
CHANGED = "changed since its run"
"""Status of a chapter whose executed copy is not the one that its record lists."""
RECORD = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["done", "failed"]},
        "seconds": {"type": "number", "minimum": 0},
        "peak_mb": {"type": "number", "minimum": 0},
        "error": {"type": "string"},
        "files": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
"""What the report reads of a run record."""


@dataclass(frozen=True)
class Run:
    """How one notebook fared; `source` is its executed copy, None when it never started or was changed since."""

    name: str
    status: str
    seconds: float | None = None
    peak_mb: float | None = None
    error: str = ""
    source: Path | None = None

    @property
    def failed(self) -> bool:
        """True when the notebook did not reach its end."""
        return self.status == "failed"


@dataclass(frozen=True)
class Output:
    """One saved table or figure and its provenance."""

    stem: str
    kind: str
    """"table" or "figure"."""
    record: dict[str, Any]
    """The provenance side-car; its schema is `aeslib.results.SCHEMA`."""

    @property
    def item(self) -> str:
        """Key in the index, such as "elta.F1"."""
        return self.record["item"]

    @property
    def files(self) -> dict[str, str]:
        """Suffix → path inside the results folder: {"csv": "tables/elta.T1.csv", …}, the side-car last."""
        listed = {name.rpartition(".")[2]: name for name in self.record["outputs"]}
        return listed | {"json": f"{self.kind}s/{self.stem}.json"}

    @property
    def synthetic(self) -> list[str]:
        """Keys of the stand-ins it was made from."""
        return [d["key"] for d in self.record["data"] if d["source"] == "synthetic"]


@dataclass(frozen=True)
class Book:
    """Everything the report shows."""

    profile: Profile
    results: Path
    items: pd.DataFrame
    runs: dict[str, Run]
    outputs: list[Output]
    claims: list[dict[str, Any]] | None
    """None: nothing has been judged yet."""
    controls: list[dict[str, Any]]
    """Positive controls with what was found of them, as the ledger has them."""
    data: pd.DataFrame
    cards: list[DatasetCard]

    @cached_property
    def made(self) -> dict[str, list[Output]]:
        """Item → its outputs, only items that have some."""
        found: dict[str, list[Output]] = {}
        for output in self.outputs:
            found.setdefault(output.item, []).append(output)
        return found

    @property
    def synthetic(self) -> list[str]:
        """Keys of all stand-ins used, sorted."""
        return sorted({key for output in self.outputs for key in output.synthetic})

    @property
    def verdicts(self) -> Counter[str]:
        """How many claims have which verdict."""
        return Counter(claim["verdict"] for claim in self.claims or [])


def read_json(path: Path) -> Any:
    """The parsed file; `DataError` says where it stops being JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); delete it and run again.") from error


def check(record: Any, schema: Any, path: Path) -> None:
    """Raise `DataError` with the worst fault unless `record`, read from `path`, fits the schema."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if fault := best_match(Draft202012Validator(schema).iter_errors(record)):
        raise DataError(f"{path}: {fault.json_path}: {fault.message}; delete it and run again.")


def read_outputs(results: Path) -> list[Output]:
    """Saved outputs in the order of the index; `DataError` for a bad side-car or a file that is gone."""
    from aeslib.results import SCHEMA

    found = []
    for kind in ("table", "figure"):
        for path in sorted((results / f"{kind}s").glob("[!.]*.json")):
            record = read_json(path)
            check(record, SCHEMA, path)
            output = Output(path.stem, kind, record)
            gone = [name for name in output.files.values() if not inside(results, name).is_file()]
            if gone:
                again = f"./run_all.sh --only {record['notebook']} --force"
                raise DataError(f"{path} lists {gone[0]}, which is not there; make it again with `{again}`.")
            found.append(output)
    place = {item: row for row, item in enumerate(items().index)}
    strange = [output for output in found if output.item not in place]
    if strange:
        raise DataError(f"{strange[0].stem}.json: {strange[0].item!r} is not in the index of items; delete its files.")
    for output in found:
        check_names(output, results / output.files["json"])
    return sorted(found, key=lambda output: (place[output.item], output.stem))


def check_names(output: Output, path: Path) -> None:
    """Raise `DataError` unless a side-car, read from `path`, is named after its item and lists just its files."""
    part = output.record["part"]
    stem = f"{output.item}-{part}" if part else output.item
    suffixes = ("csv", "tex", "html") if output.kind == "table" else ("svg", "png")
    expected = [f"{output.kind}s/{stem}.{suffix}" for suffix in suffixes]
    if output.stem != stem or output.record["outputs"] != expected:
        listed = ", ".join(output.record["outputs"])
        raise DataError(
            f"{path} lists {listed}; expected {', '.join(expected)} in {stem}.json. Delete it and run again."
        )


def read_runs(results: Path) -> dict[str, Run]:
    """Return run records and executed copies under `notebooks/`, by name.

    A copy without a record counts as "unknown"; one that is not the copy that its record lists is left out.
    """
    folder = results / "notebooks"
    copies = {path.stem: path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.stem)}
    records = {path.stem: path for path in folder.glob("*.json") if NAME.fullmatch(path.stem)}
    runs = {}
    for name in sorted(copies.keys() | records.keys()):
        record = read_json(records[name]) if name in records else {"status": "unknown"}
        if not isinstance(record, dict) or not isinstance(record.get("status"), str):
            raise DataError(f"{records[name]}: expected a run record with a 'status'; delete it and run again.")
        if name in records:
            check(record, RECORD, records[name])
        known = {key: record[key] for key in ("status", "seconds", "peak_mb", "error") if key in record}
        digest = record.get("files", {}).get(f"notebooks/{name}.ipynb")
        if digest and name in copies and hashlib.sha256(copies[name].read_bytes()).hexdigest() != digest:
            known["status"] = CHANGED
        runs[name] = Run(name, **known, source=copies.get(name) if known["status"] != CHANGED else None)
    return runs


def read_claims(results: Path) -> list[dict[str, Any]] | None:
    """The judged claims, None when the ledger has not run; `DataError` for a file that does not fit its schema."""
    path = results / "claims.json"
    if not path.is_file():
        return None
    record = read_json(path)
    check(record, json.loads((files("aeslib.ledger") / "claims.schema.json").read_text(encoding="utf-8")), path)
    from aeslib.ledger.core import marked

    return marked(path)


def read_controls(results: Path) -> list[dict[str, Any]]:
    """The positive controls in the ledger that `read_claims` has checked; none when it has not run."""
    path = results / "claims.json"
    return read_json(path).get("controls", []) if path.is_file() else []


def gather(profile: str) -> Book:
    """All that a run of `profile` left under `results/PROFILE`."""
    from aeslib.data.status import status

    results = results_dir(profile)
    return Book(
        profile=get_profile(profile),
        results=results,
        items=items(),
        runs=read_runs(results),
        outputs=read_outputs(results),
        claims=read_claims(results),
        controls=read_controls(results),
        data=status(),
        cards=[load_card(key) for key in KEYS],
    )
