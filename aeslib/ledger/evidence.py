"""What judges are given and what they answer.

A judge is a function `judge(see, **parameters) -> Finding`. It looks at published numbers, models and labels only
through `see`, an `Evidence`, which remembers each thing it was asked for with a fingerprint: a result is stale as soon
as one of them changes, and no sooner.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aeslib import published
from aeslib.code import digest, module_file
from aeslib.data import Dataset, families, load
from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import choose
from aeslib.data.cards import load_card
from aeslib.data.table import LabelTable, Level
from aeslib.errors import AeslibError, DataError, ParameterError, StateError, unknown
from aeslib.ledger.selectors import check_cells, one_row, require
from aeslib.metrics import Interval
from aeslib.paths import data_root, results_dir
from aeslib.published.claims import Claim, claim

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal[
    "exact", "contradicted", "holds here", "does not hold here", "inconclusive", "not testable at this size",
    "needs data",
]  # fmt: skip
Basis = Literal["arithmetic", "architecture", "labels", "experiment"]
Number = float | str | dict[str, Any]
"""A number, or where it stands: "elta.T1 | AVA | Ours | PLCC" (item, group, row, column; the group may be left out),
{labels: aadb, split: train, stat: rows} (see `labels.py`) or {model: vgg16, count: parameters} (see `models.py`)."""


class MissingDataError(AeslibError):
    """A judge cannot answer without data that are not here; the message says which, and how to get them."""


def missing(key: str, what: str, because: str = "", kind: str = "labels") -> MissingDataError:
    """The error for a data set that is not here: `what` is lacking, perhaps why, and the command that helps."""
    fetchable = any(file.url and file.kind == kind for file in load_card(key).files)
    command = f"aeslib data fetch {key} --accept-terms" if fetchable else "aeslib data status"
    steps = "" if fetchable else f" (steps to take by hand: data_cards/{key}.md)"
    return MissingDataError(f"{because} Needs {what} of {key}: `{command}`{steps}.".strip())


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A judge's answer: verdict, what the paper says, what came out here, and why, in plain words."""

    verdict: Verdict
    published: str = ""
    ours: str = ""
    why: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int | None = None
    basis: Basis | None = None
    """None: what the evidence was (arithmetic unless models or labels were asked for)."""
    runs: tuple[str, ...] = ()


def settled(holds: bool, *, published: str, ours: str, why: str, **more: Any) -> Finding:
    """A claim that computing settles: `exact` or `contradicted`."""
    return Finding(verdict="exact" if holds else "contradicted", published=published, ours=ours, why=why, **more)


def measured(
    effect: float,
    low: float,
    high: float,
    *,
    published: str,
    what: str,
    seeds: int,
    claimed: float = math.nan,
    runs: Iterable[str] = (),
) -> Finding:
    """A claim that an experiment speaks to: it holds only when the interval excludes zero in the claimed direction.

    An interval that includes zero leaves the claim open; where the claimed effect is smaller than the minimum
    detectable one, it could not have been seen, and the claim is not testable at this size.

    Args:
        effect: measured difference, positive in the direction of the claim.
        low: lower end of its interval.
        high: upper end.
        published: what the paper says.
        what: name of the effect with its unit.
        seeds: repetitions behind it.
        claimed: size of the effect in the paper, in the same unit; NaN where none is printed.
        runs: keys of the runs.
    """
    if math.isnan(low) or math.isnan(high):
        why = f"{what}: {effect:.4g} over {seeds} seeds, from too few images or users for an interval."
        return Finding(verdict="inconclusive", published=published, ours=f"{effect:.4g} [no interval]", why=why,
                       effect=effect, seeds=seeds, basis="experiment", runs=tuple(runs))  # fmt: skip
    if not low <= effect <= high:
        raise ParameterError(f"effect {effect} lies outside its interval {low} … {high}; pass effect, low, high.")
    detectable = Interval(effect, low, high).mde
    found: dict[Verdict, str] = {
        "holds here": "the whole interval lies on the claimed side of zero",
        "does not hold here": "the whole interval lies on the other side of zero",
        "not testable at this size": f"effects below {detectable:.2g} cannot be seen at this size, and "
        f"{abs(claimed):.2g} is published: larger profiles have more images and seeds",
        "inconclusive": f"the interval includes zero; effects from {detectable:.2g} on would be seen"
        + ("" if math.isnan(claimed) else f", and {abs(claimed):.2g} is published"),
    }
    verdict: Verdict = "not testable at this size" if detectable > abs(claimed) else "inconclusive"
    if low > 0 or high < 0:
        verdict = "holds here" if low > 0 else "does not hold here"
    says = found[verdict]
    text = f"{effect:.4g} [{low:.4g}, {high:.4g}]"
    return Finding(
        verdict=verdict, published=published, ours=text, why=f"{what}: {text} over {seeds} seeds; {says}.",
        effect=effect, low=low, high=high, seeds=seeds, basis="experiment", runs=tuple(runs),
    )  # fmt: skip


JUDGES: dict[str, Callable[..., Finding]] = {}
"""Every judge by name: `best` for the general ones, `elta.mixing` for those of one paper."""


def judge(rule: Callable[..., Finding]) -> Callable[..., Finding]:
    """Enter a function into `JUDGES`, under its paper's name unless it stands among the general rules."""
    room = rule.__module__.rpartition(".")[2]
    JUDGES[rule.__name__ if room == "rules" else f"{room}.{rule.__name__}"] = rule
    return rule


Loaded = dict[str, Dataset | None]


def fingerprint(name: str, loaded: Loaded) -> str:  # noqa: PLR0911 - one return a kind
    """The present state of one input, as `Evidence.inputs` names it: "published:elta.T1", "data:ava/tanet/image" …"""
    kind, _, rest = name.partition(":")
    match kind:
        case "published":
            return digest(published.table(rest).to_csv(index=False))
        case "title":
            return digest(str(published.items()["title"].get(rest, "gone")))
        case "claim":
            return wording(claim(rest))
        case "code":
            return _state(module_file(rest))
        case "package":
            return metadata.version(rest)
        case "data":
            return _origin(rest, loaded)
        case "result":
            return _result_state(saved(*rest.split("/")))
    raise StateError(f"no input of the kind {kind!r} in {name!r}; judge the claims again.")


def _state(path: Path | None) -> str:
    return digest(path) if path and path.is_file() else "gone"


def saved(profile: str, stem: str) -> Path:
    """Where a chapter saves a table."""
    return results_dir(profile) / "tables" / f"{stem}.csv"


def runs_behind(table: Path) -> list[str]:
    """Keys of the study runs that a saved table names in its provenance; none where it has no provenance."""
    return _provenance(table)[0]


def sources_behind(table: Path) -> list[str]:
    """Return the sources ("real", "labels", "synthetic") that a saved table names in its provenance."""
    return _provenance(table)[1]


def _provenance(table: Path) -> tuple[list[str], list[str]]:
    path = table.with_suffix(".json")
    if not path.is_file():
        return [], []
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return list(map(str, record["runs"])), [str(entry["source"]) for entry in record.get("data", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: no provenance ({error!r}); make the table again.") from error


def _result_state(table: Path) -> str:
    try:
        sources = sources_behind(table)
    except DataError as error:
        sources = [str(error)]
    return digest(table, *sources) if table.is_file() else "gone"


WEAKEST_FIRST = ("synthetic", "labels", "real", "")


def weakest(*sources: str) -> str:
    """Return the source that says least about the owners' data: one stand-in makes a result synthetic."""
    return min(sources, key=WEAKEST_FIRST.index)


def _origin(address: str, loaded: Loaded) -> str:
    try:
        data = dataset(address, loaded)
    except DataError as error:  # incomplete or damaged files are a state, too
        return digest(str(error))
    return digest(data.source, data.detail) if data else "not at hand"


def wording(claim: Claim) -> str:
    """The fingerprint of a claim and its parameters."""
    return digest(claim.model_dump_json(by_alias=True))


def dataset(address: str, loaded: Loaded) -> Dataset | None:
    """Return the owners' labels at "key/family/level", read once per judging; None when not at hand.

    An empty family is the card's first, whatever else is at hand: claims are about that one.
    """
    if address not in loaded:
        key, family, level = address.split("/")
        family = family or load_card(key).splits[0].family
        if family not in ADAPTERS[key].LAYOUTS:
            raise unknown(f"family of {key}", family, ADAPTERS[key].LAYOUTS)
        folder, layouts = data_root() / key, ADAPTERS[key].LAYOUTS[family].get(level, ())  # type: ignore[call-overload]
        here = folder.is_dir() and layouts and choose(folder, layouts)
        loaded[address] = load(key, family=family, level=level, images=False) if here else None  # type: ignore[arg-type]
    return loaded[address]


@dataclass
class Evidence:
    """The eyes of one judge."""

    loaded: Loaded = field(default_factory=dict)
    """Data sets already read, shared by all claims of one judging."""
    profile: str = "default"
    inputs: dict[str, str] = field(default_factory=dict)
    """What was looked at → its fingerprint."""
    basis: Basis = "arithmetic"
    data: str = ""
    """The weakest source of all that was looked at: `real`, `labels`, or `synthetic` when a run on stand-ins was."""
    runs: dict[str, None] = field(default_factory=dict)
    """Keys of the study runs behind the results that were looked at, in order."""

    def note(self, name: str) -> None:
        """Remember an input."""
        if name not in self.inputs:
            self.inputs[name] = fingerprint(name, self.loaded)

    def table(self, item: str) -> pd.DataFrame:
        """The published numbers of an item, long form."""
        frame = published.table(item)
        self.note(f"published:{item}")
        check_cells(frame, item)
        return frame

    def result(self, stem: str) -> pd.DataFrame:
        """A table that a chapter saved in this profile ("elta.T2-leads"); `MissingDataError` before it ran."""
        import pandas as pd

        path, item = saved(self.profile, stem), stem.partition("-")[0]
        outputs = (name.removeprefix("tables/") for name in " ".join(published.items()["outputs"]).split())
        require([stem], outputs, "saved table")
        self.note(f"result:{self.profile}/{stem}")
        if not path.is_file():
            chapter = str(published.items().loc[item, "notebook"]).split()[0]
            command = f"./run_all.sh --profile {self.profile} --only {chapter}"
            raise MissingDataError(f"Needs the runs of {chapter}: `{command}`, then judge again.")
        table = pd.read_csv(path)
        self.runs |= dict.fromkeys(runs_behind(path))
        stated = ["synthetic"] if "data" in table and (table["data"] == "synthetic").any() else []
        self.data = weakest(self.data, *stated, *sources_behind(path))
        return table

    def title(self, item: str) -> str:
        """The title of an item in the index."""
        require([item], published.items().index, "item")
        self.note(f"title:{item}")
        return str(published.items().loc[item, "title"])

    def cell(self, address: str) -> pd.Series:
        """One published cell by "item | group | row | column" or "item | row | column"."""
        parts = [part.strip() for part in address.split("|")]
        if len(parts) not in (3, 4):
            raise ParameterError(
                f"{address!r} is no cell; write 'item | group | row | column' or 'item | row | column'."
            )
        item, group, row, column = parts if len(parts) == 4 else (parts[0], "", *parts[1:])
        return one_row(self.table(item), item, group=group, row=row, column=column)

    def number(self, where: Number) -> float:
        """A number given outright or by its place; `DataError` when the source text lost it."""
        if isinstance(where, dict):
            from aeslib.ledger import labels, models

            of = models.count if "model" in where else labels.statistic
            if of is labels.statistic:
                require(where, list(inspect.signature(of).parameters)[1:], "parameter of a statistic")
            self.note(f"code:{of.__module__}")
            return of(self, **where)
        if not isinstance(where, str):
            return float(where)
        cell = self.cell(where)
        if cell["value"] != cell["value"]:
            raise DataError(f"{where}: no number there ({cell['status']}: {cell['printed']!r}).")
        return float(cell["value"])

    def labels(self, key: str, *, family: str | None = None, level: Level = "image") -> LabelTable:
        """The owners' labels of a data set; `MissingDataError` when they are not here or damaged, never a stand-in."""
        address = f"{key}/{family or ''}/{level}"
        self.note(f"data:{address}")
        self.basis = "labels"
        try:
            data = dataset(address, self.loaded)
        except DataError as error:  # incomplete or damaged: the verdict says so, with what to do
            raise MissingDataError(str(error)) from error
        if data is None:
            if not family and families(key, level):  # labels are here, but not those that the claim is about
                family = load_card(key).splits[0].family
            raise missing(key, "the owners' labels" + (f" and lists ({family})" if family else ""))
        self.data = weakest(self.data, data.source)
        return data.table

    def package(self, name: str) -> None:
        """Note that a count depends on an installed package."""
        self.note(f"package:{name}")
        self.basis = "architecture"
