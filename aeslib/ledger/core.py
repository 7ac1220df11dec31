"""Judging: claims in, outcomes out; written with fingerprints of everything looked at, so that stale ones are found."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from aeslib.errors import AeslibError, DataError, ParameterError, unknown
from aeslib.ledger import aesmamba, aestheticnet, elta, mtcnn, rules, taskvec  # noqa: F401 - they enter their judges
from aeslib.ledger.controls import control_table, under_control
from aeslib.ledger.evidence import JUDGES, Evidence, Finding, Loaded, MissingDataError, Verdict, fingerprint, wording
from aeslib.paths import portable, results_dir, write_text
from aeslib.profiles import get_profile
from aeslib.published import items
from aeslib.published.claims import PAPERS, Claim, claims

VERDICTS: tuple[str, ...] = get_args(Verdict)
SCHEMA = json.loads((Path(__file__).parent / "claims.schema.json").read_text(encoding="utf-8"))
STALE = "stale"
"""Shown instead of the verdict of a claim that was judged from what has changed since or is gone; never in a file."""
AGAIN = "./run_all.sh --only 60_claims_ledger"
Outcome = dict[str, Any]
"""One judged claim; `claims.schema.json` names and explains the fields."""


def bind(claim: Claim) -> inspect.BoundArguments:
    """The claim's parameters on its judge; `ParameterError` names a misspelt judge or parameter, or a missing one."""
    if claim.judge not in JUDGES:
        raise unknown(f"judge (claim {claim.id})", claim.judge, JUDGES)
    signature = inspect.signature(JUDGES[claim.judge])
    known = [name for name in signature.parameters if name != "see"]
    for name in claim.parameters:
        if name not in known:
            raise unknown(f"parameter of {claim.judge} (claim {claim.id})", name, known)
    try:
        return signature.bind(Evidence(), **claim.parameters)
    except TypeError as error:
        raise ParameterError(f"claim {claim.id}: judge {claim.judge}: {error}.") from error


def judge(claim: Claim, *, profile: str = "default", loaded: Loaded | None = None) -> Outcome:
    """Judge one claim.

    Args:
        claim: from `aeslib.published.claims`.
        profile: whose experiments count.
        loaded: data sets already read, filled as more are needed.
    """
    bind(claim)
    rule = JUDGES[claim.judge]
    see = Evidence(loaded={} if loaded is None else loaded, profile=get_profile(profile).name)
    see.inputs[f"claim:{claim.id}"] = wording(claim)
    see.note(f"code:{rule.__module__}")
    try:
        finding = under_control(rule(see, **claim.parameters), see)
    except MissingDataError as error:
        finding = Finding(verdict="needs data", why=str(error))
    except AeslibError as error:
        raise type(error)(f"claim {claim.id}: {error}") from error
    except (LookupError, ArithmeticError, TypeError, ValueError, NameError) as error:
        raise ParameterError(f"claim {claim.id}: judge {claim.judge} cannot use its parameters ({error!r}).") from error
    told = claim.model_dump(include={"id", "paper", "place", "item", "kind", "claim", "judge"})
    found = asdict(finding) | {"basis": finding.basis or see.basis, "runs": list(finding.runs or see.runs)}
    return told | found | {"profile": see.profile, "data": see.data, "needs": list(claim.needs), "inputs": see.inputs}


def judge_all(
    paper: str | None = None, verdict: str | None = None, item: str | None = None, *, profile: str = "default"
) -> pd.DataFrame:
    """Judge all claims, or those of one paper or item; keep those of one verdict. A row per claim, in the file's order.

    Raises:
        ParameterError: for an unknown paper, verdict, item or profile, and for claims that cannot be judged (a
            misspelt name, a doubled row): all of them are named, and no verdict stands in their place.
    """
    from tqdm.auto import tqdm

    for name, value, known in (("paper", paper, PAPERS), ("verdict", verdict, VERDICTS), ("item", item, items().index)):
        if value is not None and value not in known:
            raise unknown(name, value, known)
    get_profile(profile)
    chosen = [c for c in claims() if paper in (None, c.paper) and item in (None, c.item)]
    outcomes = _judge_each(tqdm(chosen, desc="claims", unit="claim", disable=None, leave=False), profile, {})
    frame = pd.DataFrame(outcomes, columns=list(SCHEMA["$defs"]["claim"]["properties"]))
    return frame if verdict is None else frame[frame["verdict"] == verdict].reset_index(drop=True)


def _judge_each(chosen: Iterable[Claim], profile: str, known: dict[str, Outcome]) -> list[Outcome]:
    loaded: Loaded = {}
    outcomes: list[Outcome] = []
    faults: list[AeslibError] = []
    for entry in chosen:
        try:
            outcomes.append(known.get(entry.id) or judge(entry, profile=profile, loaded=loaded))
        except AeslibError as error:
            faults.append(error)
    if len(faults) > 1:
        raise ParameterError(f"{len(faults)} claims cannot be judged:\n" + "\n".join(map(str, faults)))
    if faults:
        raise faults[0]
    return outcomes


def write(outcomes: pd.DataFrame, path: Path | None = None, *, profile: str = "default", notebook: str = "") -> Path:
    """Write outcomes and positive controls as JSON (default: `results/PROFILE/claims.json`), checked by the schema.

    `notebook` names the one that writes: its record then lists the file.
    """
    path = path or results_dir(profile) / "claims.json"
    record = {
        "profile": profile,
        "notebook": notebook,
        "controls": json.loads(control_table(profile).to_json(orient="records")),
        "claims": portable(json.loads(outcomes.to_json(orient="records"))),
    }
    _check(record, path)
    return write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> list[Outcome]:
    """Outcomes from a file; `DataError` says what is wrong with it."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: no readable ledger ({error}); judge again with `aeslib claims`.") from error
    _check(record, path)
    return record["claims"]


def _check(record: Any, path: Path) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(SCHEMA).iter_errors(record))
    if error:
        raise DataError(f"{path}: {error.json_path}: {error.message}; judge again with `aeslib claims`.")


def stale(path: Path) -> dict[str, list[str]]:
    """Claims in the file that no longer match what they were judged from → the inputs that changed or are gone.

    Claims judged since by another wording, and claims that are new, are listed too ("claim:ID").
    """
    judged = {outcome["id"]: outcome["inputs"] for outcome in read(path)}
    now: dict[str, str] = {}
    loaded: Loaded = {}
    for name in {name for inputs in judged.values() for name in inputs}:
        try:
            now[name] = fingerprint(name, loaded)
        except ParameterError:
            now[name] = "gone"
    changed = {id_: sorted(n for n, mark in inputs.items() if now[n] != mark) for id_, inputs in judged.items()}
    changed |= {claim.id: [f"claim:{claim.id}"] for claim in claims() if claim.id not in judged}
    return {id_: names for id_, names in changed.items() if names}


def marked(path: Path) -> list[Outcome]:
    """Outcomes from a file, those with the verdict `stale` that no longer match what they were judged from."""
    changed = stale(path)
    return [
        outcome | (_stale(outcome["verdict"], changed[outcome["id"]]) if outcome["id"] in changed else {})
        for outcome in read(path)
    ]


def _stale(verdict: str, names: list[str]) -> Outcome:
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return {"verdict": STALE, "why": f"Judged `{verdict}`, but changed or gone since: {told}. Judge again: `{AGAIN}`."}


def ledger(
    paper: str | None = None, verdict: str | None = None, item: str | None = None, *, profile: str = "default"
) -> pd.DataFrame:
    """What a profile's ledger says now: judged claims with stale ones marked, anew what it does not hold.

    Args:
        paper: only this one's claims.
        verdict: only these, `stale` among them.
        item: only claims about this table or figure.
        profile: whose ledger.

    Raises:
        ParameterError: for an unknown paper, verdict, item or profile.
        DataError: when the ledger's file is damaged.
    """
    for name, value, known in (("paper", paper, PAPERS), ("verdict", verdict, (*VERDICTS, STALE)),
                               ("item", item, items().index)):  # fmt: skip
        if value is not None and value not in known:
            raise unknown(name, value, known)
    path = results_dir(get_profile(profile).name) / "claims.json"
    kept = {outcome["id"]: outcome for outcome in marked(path)} if path.is_file() else {}
    chosen = [c for c in claims() if paper in (None, c.paper) and item in (None, c.item)]
    outcomes = _judge_each(chosen, profile, kept)
    frame = pd.DataFrame(outcomes, columns=list(SCHEMA["$defs"]["claim"]["properties"]))
    return frame if verdict is None else frame[frame["verdict"] == verdict].reset_index(drop=True)


def format_table(outcomes: pd.DataFrame | Iterable[Outcome], *, width: int | None = None) -> str:
    """Outcomes as text for a terminal: verdict, claim and why, then how many of each verdict."""
    from rich.console import Console
    from rich.table import Table

    rows = outcomes.to_dict("records") if isinstance(outcomes, pd.DataFrame) else list(outcomes)
    table = Table("verdict", "claim", "why", show_lines=True, expand=False)
    for row in rows:
        table.add_row(str(row["verdict"]), f"{row['id']}\n{row['claim']} ({row['place']})", str(row["why"]))
    counts = pd.Series([row["verdict"] for row in rows], dtype=object).value_counts()
    total = ", ".join(f"{counts[v]} {v}" for v in (*VERDICTS, STALE) if v in counts)
    console = Console(file=StringIO(), width=width, markup=False, highlight=False)
    console.print(table)
    console.print(f"{len(rows)} claims: {total or 'none'}.")
    return console.file.getvalue()  # type: ignore[attr-defined]
