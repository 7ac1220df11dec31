"""Positive controls: effects put in on purpose. A comparison that misses its control cannot test a claim either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import pandas as pd

from aeslib.ledger.evidence import Evidence, Finding, MissingDataError
from aeslib.ledger.selectors import one_row
from aeslib.profiles import get_profile

COLUMNS = ("control", "study", "put_in", "found", "low", "high", "passed")
FEWER = "a quarter of the pictures"
ENOUGH_SEEDS = 2
"""With one seed there is no telling a control from another training; it is neither passed nor failed."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """An effect that was put in on purpose, and where a chapter has saved what was found of it."""

    name: str
    study: str
    """The study whose comparisons it speaks for."""
    put_in: str
    """The change that was made on purpose, and the effect that it must have."""
    result: str
    """Saved table, such as "elta.T4-controls", with the columns change, change low, change high and seeds."""
    row: Mapping[str, str] = field(default_factory=dict)
    """Column of that table → value: they select one row."""
    sign: int = 1
    """Direction of the effect: 1 for a rise, -1 for a fall."""
    least: float = 0.0
    """Smallest size of the effect that passes."""
    small: bool = False
    """True when it exists in the small sizes only, because nothing can be put into the owners' data."""
    tables: tuple[str, ...] = ()
    """Patterns of the saved tables whose claims are not testable when it fails; none: it is shown only."""


CONTROLS = (
    Control(
        name="ELTA, fewer pictures", study="elta.ablation", sign=-1,
        put_in="a quarter of the training pictures for as many steps: SRCC must fall",
        result="elta.T4-controls", row={"row": FEWER, "metric": "SRCC"},
        tables=("elta.T1", "elta.T2", "elta.T2-leads", "elta.T3", "elta.T4", "elta.T4-questions", "elta.T5",
                "elta.T5-sampling"),
    ),
    Control(
        name="ELTA, whole network", study="elta.whole", sign=-1, small=True,
        put_in="training scores equally frequent: the error on scores with few training images must fall",
        result="elta.T4-whole-control",
        row={"setting": "whole network", "row": "balanced images", "metric": "MAE few"},
        tables=("elta.T4-whole",),
    ),
    Control(
        name="AesMamba-V, fewer pictures", study="aesmamba.visual", sign=-1,
        put_in="a quarter of the training pictures for as many steps: SRCC must fall",
        result="aesmamba.T1-control", row={"row": FEWER, "metric": "SRCC"},
        tables=("aesmamba.T1", "aesmamba.T1-leads"),
    ),
    Control(
        name="AesMamba-M, score stated", study="aesmamba.multimodal",
        put_in="comments that state the score: SRCC must rise above shuffled comments",
        result="aesmamba.T2-control",
        row={"row": "AesMamba-M, score stated", "rival": "AesMamba-M, comments shuffled", "group": "AVA-Captions"},
        tables=("aesmamba.T2", "aesmamba.T2-leads"),
    ),
    Control(
        name="AesMamba-F, fewer pictures", study="aesmamba.fine_grained", sign=-1,
        put_in="a quarter of the training pictures for as many steps: the average SRCC must fall",
        result="aesmamba.T3-control", row={"row": FEWER, "metric": "SRCC"},
        tables=("aesmamba.T3", "aesmamba.T3-leads"),
    ),
    Control(
        name="AesMamba-P, own persona", study="aesmamba.persons", least=0.03,
        put_in="a person's own persona against another's: SRCC must rise by 0.03 or more",
        result="aesmamba.T4-control", row={"row": "AesMamba-P", "group": "no fine-tuning"},
        tables=("aesmamba.T4", "aesmamba.T4-leads", "aesmamba.F8-changes"),
    ),
    Control(
        name="Balanced classes, class head", study="aesmamba.balance",
        put_in="training classes 50:1: balancing must raise the balanced accuracy of the class head",
        result="aesmamba.F6-control",
        row={"row": "C: balanced classes", "rival": "B: plain classes", "metric": "balanced accuracy"},
    ),
    Control(
        name="Balanced classes, scores", study="aesmamba.balance", sign=-1,
        put_in="training classes 50:1, largest weight: balancing must lower the error in rare classes",
        result="aesmamba.F6-control",
        row={"row": "C: balanced classes, λ = 1", "rival": "B: plain classes, λ = 1",
             "metric": "error in rare classes"},
        tables=("aesmamba.F6-changes", "aesmamba.F7-lines"),
    ),
)  # fmt: skip


def outcome(control: Control, evidence: Evidence) -> dict[str, object]:
    """Return one row of the table of controls.

    Args:
        control: what was put in.
        evidence: through which the saved table is read, so that claims judged by it know when it changes.

    Returns:
        By the names of `COLUMNS`; `passed` is "yes", "no", "one seed" where a single training cannot tell, or
        "not run" where its chapter has not saved the table.
    """
    row: dict[str, object] = {"control": control.name, "study": control.study, "put_in": control.put_in}
    if control.small and get_profile(evidence.profile).size != "small":
        return row | {"found": None, "low": None, "high": None, "passed": "not run"}
    try:
        line = one_row(evidence.result(control.result), control.result, **control.row)
    except MissingDataError:
        return row | {"found": None, "low": None, "high": None, "passed": "not run"}
    change, low, high = (float(line[name]) for name in ("change", "change low", "change high"))
    nearest_zero = low if control.sign > 0 else -high
    passed = "one seed" if line["seeds"] < ENOUGH_SEEDS else "no"
    if passed == "no" and nearest_zero > 0 and control.sign * change >= control.least:
        passed = "yes"
    return row | {"found": change, "low": low, "high": high, "passed": passed}


def control_table(profile: str) -> pd.DataFrame:
    """Return all positive controls with what a profile's runs found of them; columns as in `COLUMNS`."""
    rows = [outcome(control, Evidence(profile=profile)) for control in CONTROLS]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def under_control(finding: Finding, evidence: Evidence) -> Finding:
    """Return the finding, or "not testable at this size" where a control of the tables that it rests on has failed.

    Args:
        finding: of an experiment; others are returned as they are.
        evidence: that its judge looked at.
    """
    stems = saved_tables(evidence.inputs)
    for control in CONTROLS:
        if any(fnmatchcase(stem, pattern) for stem in stems for pattern in control.tables):
            row = outcome(control, evidence)
            if row["passed"] == "no":
                effect = f"{row['found']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
                why = f"{finding.why} But the comparison misses its positive control ({control.put_in}): {effect}."
                return replace(finding, verdict="not testable at this size", why=why)
    return finding


def saved_tables(inputs: Iterable[str]) -> list[str]:
    """Return the stems of the saved tables among the inputs of a judge."""
    return [name.partition("/")[2] for name in inputs if name.startswith("result:")]
