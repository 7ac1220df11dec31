"""Positive controls: an effect put in on purpose; a comparison that misses it leaves its claims untestable."""

from dataclasses import replace

import pandas as pd
import pytest

from aeslib.ledger import controls, core
from aeslib.ledger.controls import COLUMNS, CONTROLS, Control, control_table, outcome, under_control
from aeslib.ledger.evidence import Evidence, Finding, saved
from aeslib.paths import write_text
from aeslib.published import items
from aeslib.published.claims import claims

RISE = Control(name="a rise", study="elta.ablation", put_in="SRCC must rise by 0.03", result="elta.T4-controls",
               row={"row": "put in"}, least=0.03, tables=("elta.T1", "elta.T2*"))  # fmt: skip
FOUND = Finding(verdict="holds here", why="0.2 over 5 seeds.", effect=0.2, low=0.1, high=0.3, seeds=5)


def save(profile: str, change: float, low: float, high: float, seeds: int = 5) -> None:
    row = {"row": "put in", "change": change, "change low": low, "change high": high, "seeds": seeds}
    write_text(saved(profile, "elta.T4-controls"), pd.DataFrame([row]).to_csv(index=False))


@pytest.mark.parametrize(
    ("sign", "numbers", "passed"),
    [
        (1, (0.06, 0.02, 0.10), "yes"),
        (1, (0.06, -0.01, 0.13), "no"),
        (1, (0.02, 0.01, 0.03), "no"),  # above zero, but less than was put in
        (1, (-0.06, -0.10, -0.02), "no"),
        (-1, (-0.06, -0.10, -0.02), "yes"),
        (-1, (0.06, 0.02, 0.10), "no"),
        (1, (0.06, 0.02, 0.10, 1), "one seed"),
    ],
)
def test_a_control_passes_on_its_side_of_zero_only(sign, numbers, passed):
    save("smoke", *numbers)
    row = outcome(replace(RISE, sign=sign), Evidence(profile="smoke"))
    assert row["passed"] == passed
    assert (row["found"], row["low"], row["high"]) == numbers[:3]


def test_what_has_not_run_is_said():
    row = outcome(RISE, Evidence(profile="smoke"))
    assert (row["passed"], row["found"]) == ("not run", None)


@pytest.mark.parametrize(("stem", "judged"), [("elta.T1", "not testable at this size"), ("elta.F5", "holds here"),
                                              ("elta.T2-leads", "not testable at this size")])  # fmt: skip
def test_a_failed_control_makes_claims_untestable(monkeypatch, stem, judged):
    monkeypatch.setattr(controls, "CONTROLS", (RISE,))
    evidence = Evidence(profile="smoke", inputs={f"result:smoke/{stem}": "mark"})
    save("smoke", 0.06, 0.02, 0.10)
    assert under_control(FOUND, evidence) == FOUND
    save("smoke", 0.01, -0.02, 0.04)
    finding = under_control(FOUND, evidence)
    assert finding.verdict == judged
    assert ("But the comparison misses its positive control (SRCC must rise by 0.03): 0.01 [-0.02, 0.04]."
            in finding.why) == (judged != "holds here")  # fmt: skip
    assert ("result:smoke/elta.T4-controls" in evidence.inputs) == (judged != "holds here")


def test_every_control_names_a_table_that_a_chapter_saves():
    stems = {name.removeprefix("tables/") for name in " ".join(items()["outputs"]).split()}
    for control in CONTROLS:
        assert control.result in stems
    assert len({control.name for control in CONTROLS}) == len(CONTROLS)
    assert list(control_table("smoke")) == list(COLUMNS)


def test_every_measured_claim_of_elta_and_aesmamba_is_under_a_control():
    """Claims whose judge reads a saved table of these papers rest on a comparison with a positive control."""
    free = set()
    for claim in claims():
        table = str(claim.parameters.get("result", ""))
        if table.startswith(("elta.", "aesmamba.")):
            covered = any(controls.fnmatchcase(table, p) for control in CONTROLS for p in control.tables)
            if not covered:
                free.add(table)
    assert free == set()


def test_the_ledger_keeps_the_controls(tmp_path):
    path = core.write(core.judge_all(paper="cross"), tmp_path / "claims.json")
    assert [row["control"] for row in core.json.loads(path.read_text())["controls"]] == [c.name for c in CONTROLS]
