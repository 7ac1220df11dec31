"""`review`: the cheapest evidence for one claim or item within a time, and a receipt that another reviewer can compare.

Claims that numbers, architectures or labels settle need no run. For the others the chapter behind them is brought up to
date, in the default profile when the time allows, else in the smoke profile, whose single seed settles nothing.
"""

import argparse
import csv
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from aeslib.cli import keys
from aeslib.cli.process import cores, own_environment, stop
from aeslib.cli.progress import duration
from aeslib.cli.records import file_digest
from aeslib.cli.run import estimates, reasons, short
from aeslib.errors import DataError, ParameterError, unknown
from aeslib.paths import ROOT, portable, results_dir, write_text
from aeslib.schema import validate

SCHEMA = Path(__file__).parent / "receipt.schema.json"
PROFILES = {"default": 300.0, "smoke": 45.0}
"""Profiles that can be run within a review, strongest evidence first → seconds of a chapter that has never run here."""
TOLERANCE = 0.01
"""Of the numbers of two receipts, relative; what runs on one machine are repeated exactly."""
STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { border: 1px solid #999; padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
"""
Receipt = dict[str, Any]
"""`receipt.schema.json` names and explains the fields."""


@dataclass(frozen=True)
class Evidence:
    """What a review rests on."""

    profile: str
    why: str


def review(options: argparse.Namespace) -> int:
    """Review one claim or item, or compare two receipts; 1 when runs are lacking or the receipts differ."""
    if options.other is not None:
        return compared(Path(options.target), Path(options.other), options.tolerance)
    from aeslib.ledger.core import format_table

    own_environment()
    began = time.monotonic()
    claims, chapters = asked(options.target)
    evidence = gathered(chapters, began + 60 * options.minutes)
    receipt = made(options.target, claims, chapters, evidence, time.monotonic() - began)
    path = results_dir(evidence.profile) / "receipts" / f"{options.target}.json"
    write_text(path, json.dumps(receipt, indent=1, ensure_ascii=False) + "\n")
    write_text(path.with_suffix(".html"), page(receipt))
    print(format_table(receipt["claims"]))
    print(f"Evidence: {evidence.why}\nReceipt: {short(path)}, to read: {short(path.with_suffix('.html'))}")
    return 0 if all(receipt["items"].values()) else 1


def asked(target: str) -> tuple[list[Any], list[str]]:
    """The claims that a target names (its own, or all about an item) and the chapters that their experiments need."""
    from aeslib.published import items
    from aeslib.published.claims import claims

    index, known = items(), {claim.id: claim for claim in claims()}
    if target in index.index:
        about, wanted = [claim for claim in known.values() if claim.item == target], {target}
    elif target in known:
        about, wanted = [known[target]], set()
    else:
        raise unknown("claim or item", target, [*known, *index.index])
    results = [str(claim.parameters["result"]) for claim in about if "result" in claim.parameters]
    wanted |= {stem.partition("-")[0] for stem in results}
    return about, sorted({name for item in wanted for name in str(index.loc[item, "notebook"]).split()})


def gathered(chapters: list[str], deadline: float) -> Evidence:
    """Bring the chapters up to date in the strongest profile that the time allows."""
    if not chapters:
        return Evidence("default", "published numbers, architectures and labels; no run is needed")
    told = []
    for profile, guess in PROFILES.items():
        due = {name: seconds for name in chapters if (seconds := cost(name, profile, guess))}
        need, left = sum(due.values()), deadline - time.monotonic()
        if need > left:
            told.append(f"{profile} would take about {duration(need)}")
            continue
        if all(brought(name, profile, deadline) for name in due):
            before = "; ".join(told)
            state = f"{', '.join(due)} run now" if due else "up to date already"
            return Evidence(
                profile, f"{', '.join(chapters)} in the {profile} profile, {state}{before and f' ({before})'}"
            )
        told.append(f"{profile} did not end well in time")
    why = f"no up-to-date run of {', '.join(chapters)}: {'; '.join(told)}; give more --minutes"
    return Evidence("default", f"{why}. Tables of an earlier state count where there are any")


def cost(name: str, profile: str, guess: float) -> float:
    """Seconds to bring a chapter up to date: 0 when it is, else what it took last time, or takes usually."""
    plan = keys.plan(profile, name)
    return {name: guess, **plan.usual, **estimates(plan)}[name] if name in reasons(plan, force=False) else 0.0


def brought(name: str, profile: str, deadline: float) -> bool:
    """Run one chapter until the deadline; whether it is up to date then. What was computed is kept."""
    print(f"running {name} in the {profile} profile ...", flush=True)
    words = ["report", "--profile", profile, "--only", name]
    process = subprocess.Popen([sys.executable, "-m", "aeslib", *words], cwd=ROOT, start_new_session=True)
    try:
        return process.wait(max(1.0, deadline - time.monotonic())) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        stop(process)


def made(target: str, claims: list[Any], chapters: list[str], evidence: Evidence, seconds: float) -> Receipt:
    """The receipt: claims judged anew, the numbers of the item's tables, and everything they came from."""
    from aeslib import code
    from aeslib.ledger.core import judge
    from aeslib.published import items
    from aeslib.results import commit, versions

    results = results_dir(evidence.profile)
    loaded: dict[str, Any] = {}
    homes = items()["notebook"].str.split()
    wanted = [target] if target in homes else [claim.item for claim in claims if claim.item]
    stems = {item: str(items().loc[item, "outputs"]).split() for item in wanted}
    files = {
        item: {path.relative_to(results).as_posix(): file_digest(path) for stem in outputs
               for path in sorted(results.glob(f"{stem}.*"))}
        for item, outputs in stems.items() if set(homes[item]) <= set(chapters)
    }  # fmt: skip
    receipt: Receipt = portable({
        "target": target,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "profile": evidence.profile,
        "evidence": evidence.why,
        "code": {"commit": commit(), "package": code.digest(*code.package_modules())},
        "environment": versions() | {"cores": str(cores()), "lock": code.digest(ROOT / "requirements.txt")},
        "claims": [judge(claim, profile=evidence.profile, loaded=loaded) for claim in claims],
        "items": files,
        "tables": {name: rows(results / name) for made_ in files.values() for name in made_ if name.endswith(".csv")},
    })  # fmt: skip
    validate(receipt, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return receipt


def rows(path: Path) -> list[list[str]]:
    """A table as it was saved, heading first."""
    return list(csv.reader(StringIO(path.read_text(encoding="utf-8"))))


def page(receipt: Receipt) -> str:
    """The receipt to read."""
    told = {name: receipt[name] for name in ("made", "seconds", "profile", "evidence")}
    told |= {f"code, {name}": value for name, value in receipt["code"].items()} | receipt["environment"]
    files = [
        f"<li><code>{escape(f)}</code> {escape(mark[:16])}</li>"
        for made_ in receipt["items"].values()
        for f, mark in made_.items()
    ]
    claims = [
        "<tr><td>{verdict}</td><td>{claim}<br><code>{id}</code> · {place}</td><td>{published}</td>"
        "<td>{ours} {data}</td><td>{why}</td></tr>".format_map({name: escape(str(value)) for name, value in c.items()})
        for c in receipt["claims"]
    ]
    facts = "".join(f"<tr><th>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>" for k, v in told.items())
    title = f"Review of {escape(receipt['target'])}"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    titles = "".join(f"<th>{name}</th>" for name in ("verdict", "claim", "published", "here", "why"))
    return (
        f"{head}<h1>{title}</h1><table><tr>{titles}</tr>{''.join(claims)}</table>"
        f"<h2>What it rests on</h2><table>{facts}</table><ul>{''.join(files)}</ul></html>\n"
    )


# --- two receipts ---


def read(path: Path) -> Receipt:
    """A receipt; `DataError` says what is wrong with its file."""
    from jsonschema import ValidationError

    try:
        receipt: Receipt = json.loads(path.read_text(encoding="utf-8"))
        validate(receipt, json.loads(SCHEMA.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        raise DataError(f"{path}: no readable receipt ({str(error).splitlines()[0]}).") from error
    return receipt


def compared(left: Path, right: Path, tolerance: float = TOLERANCE) -> int:
    """Print how two receipts of one target differ; 1 when verdicts or numbers do."""
    a, b = read(left), read(right)
    if a["target"] != b["target"]:
        raise ParameterError(
            f"{left.name} is about {a['target']}, {right.name} about {b['target']}: nothing to compare."
        )
    for name in ("profile", "code", "environment"):
        if a[name] != b[name]:
            print(f"made with another {name}: {a[name]} and {b[name]}")
    found = list(differences(a, b, tolerance))
    print("\n".join(found) or f"{a['target']}: same verdicts, and numbers within {tolerance:g}.")
    return 1 if found else 0


def differences(a: Receipt, b: Receipt, tolerance: float) -> Iterator[str]:
    """Verdicts that are not the same, effects and numbers of tables that are not within the tolerance."""
    mine, other = ({claim["id"]: claim for claim in receipt["claims"]} for receipt in (a, b))
    for name in sorted(mine.keys() | other.keys()):
        both = [side.get(name) or {"verdict": "not there", "effect": None} for side in (mine, other)]
        if both[0]["verdict"] != both[1]["verdict"]:
            yield f"{name}: {both[0]['verdict']} and {both[1]['verdict']}"
        elif not close(str(both[0]["effect"]), str(both[1]["effect"]), tolerance):
            yield f"{name}: effects {both[0]['effect']} and {both[1]['effect']}"
    for name in sorted(a["tables"].keys() | b["tables"].keys()):
        tables = a["tables"].get(name, []), b["tables"].get(name, [])
        if [len(row) for row in tables[0]] != [len(row) for row in tables[1]]:
            yield f"{name}: tables of different shape"
            continue
        apart = [(x, y) for left, right in zip(*tables, strict=True) for x, y in zip(left, right, strict=True)
                 if not close(x, y, tolerance)]  # fmt: skip
        if apart:
            yield f"{name}: {len(apart)} cells differ, first {apart[0][0]!r} and {apart[0][1]!r}"


def close(a: str, b: str, tolerance: float) -> bool:
    """Whether two cells are the same text, or numbers within the relative tolerance (absolute near zero)."""
    if a == b:
        return True
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance / 10)
