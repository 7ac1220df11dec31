"""Two ledgers side by side: of another profile, base seed, machine or state of the code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from aeslib.errors import DataError, ParameterError
from aeslib.ledger.core import read
from aeslib.paths import results_dir
from aeslib.profiles import is_profile

COLUMNS = ("claim", "first", "second", "effect first", "effect second", "flipped", "changed inputs")
DECISIVE = {"holds here", "does not hold here"}
ABSENT = "not judged"


def ledger_file(name: str) -> Path:
    """Return the ledger of a profile ("night-seed1"), or the file itself where a path is given.

    Raises:
        ParameterError: for a name that is no profile and no file.
        DataError: for a profile whose claims have not been judged.
    """
    if Path(name).is_file():
        return Path(name)
    if not is_profile(name):
        raise ParameterError(f"{name!r} is no profile and no file; give a profile (night-seed1) or a claims.json.")
    path = results_dir(name) / "claims.json"
    if not path.is_file():
        raise DataError(f"{path} is not there; judge first: `./run_all.sh --profile {name} --only '60*'`.")
    return path


def changes(first: Path, second: Path) -> pd.DataFrame:
    """Return a row for each claim whose verdict differs between two ledgers.

    Args:
        first: a `claims.json`.
        second: another one.

    Returns:
        Columns as in `COLUMNS`. `flipped` is true where an experiment decides for the claim in one ledger and against
        it in the other; `changed inputs` names what was looked at and is not the same in both.
    """
    sides = [{outcome["id"]: outcome for outcome in read(path)} for path in (first, second)]
    rows = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = (side.get(name, {"verdict": ABSENT, "effect": None, "inputs": {}}) for side in sides)
        if a["verdict"] != b["verdict"]:
            flipped = {a["verdict"], b["verdict"]} == DECISIVE
            rows.append((name, a["verdict"], b["verdict"], effect(a), effect(b), flipped, changed_inputs(a, b)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def effect(outcome: Mapping[str, Any]) -> str:
    """Return the effect of a judged claim with its interval; empty where there is none."""
    if outcome["effect"] is None:
        return ""
    interval = "" if outcome["low"] is None else f" [{outcome['low']:.3g}, {outcome['high']:.3g}]"
    return f"{outcome['effect']:.3g}{interval}"


def changed_inputs(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Return the names of inputs with other fingerprints in two outcomes; saved tables without their profile."""
    sides = [{without_profile(name): mark for name, mark in outcome["inputs"].items()} for outcome in (a, b)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    return ", ".join(name for name in names if sides[0].get(name) != sides[1].get(name))


def without_profile(name: str) -> str:
    """Return the name of an input, such as "result:elta.T1" for "result:night/elta.T1"."""
    kind, _, rest = name.partition(":")
    return f"{kind}:{rest.partition('/')[2]}" if kind == "result" else name


def summary(first: Path, second: Path, table: pd.DataFrame) -> str:
    """Return one sentence: how many claims are in both ledgers, how many verdicts changed, how many flipped."""
    both = {outcome["id"] for outcome in read(first)} & {outcome["id"] for outcome in read(second)}
    return f"{len(both)} claims in both: {len(table)} verdicts differ, {int(table['flipped'].sum())} of them flipped."
