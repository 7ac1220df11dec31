"""Claims that a chapter's runs speak to: judged from the table that the chapter saved."""

import pandas as pd
import pytest

from aeslib.errors import ParameterError
from aeslib.ledger.core import judge
from aeslib.ledger.evidence import Evidence, MissingDataError, fingerprint, saved
from aeslib.ledger.rules import experiment
from aeslib.published.claims import claim, claims

COLUMNS = ["row", "metric", "change", "change low", "change high", "seeds", "group"]


@pytest.fixture
def table():
    """A saved table whose line for (Ours, L, AVA) a test can choose."""

    def write(*line: float) -> None:
        path = saved("default", "elta.T1")
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [("Base.", "L", None, None, None, 5, "AVA"), ("Ours", "L", *line, "AVA")]
        pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)

    return write


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ((-0.2, -0.3, -0.1, 5), "holds here"),
        ((0.2, 0.1, 0.3, 5), "does not hold here"),
        ((-0.2, -0.5, 0.1, 5), "inconclusive"),
        ((-0.2, -0.3, -0.1, 1), "inconclusive"),
    ],
)
def test_the_verdict_follows_the_interval(table, line, verdict):
    table(*line)
    assert judge(claim("elta.ordering.run-t1-ava-l"))["verdict"] == verdict


def test_what_was_found_is_told(table):
    table(-0.2, -0.3, -0.1, 5)
    found = judge(claim("elta.ordering.run-t1-ava-l"))
    assert found["why"] == (
        "fall of L (Ours) on AVA: 0.2 [0.1, 0.3] over 5 seeds; the whole interval lies on the claimed side of zero."
    )
    assert (found["effect"], found["low"], found["high"], found["basis"]) == (0.2, 0.1, 0.3, "experiment")


@pytest.mark.parametrize("source", ["synthetic", ""])
def test_a_run_on_stand_ins_is_said_to_be_one(table, source):
    table(-0.2, -0.3, -0.1, 5)
    path = saved("default", "elta.T1")
    if source:
        pd.read_csv(path).assign(data=source).to_csv(path, index=False)
    assert judge(claim("elta.ordering.run-t1-ava-l"))["data"] == source


def test_before_the_run_the_claim_needs_it():
    found = judge(claim("elta.ordering.run-t1-ava-l"))
    assert found["verdict"] == "needs data"
    command = "./run_all.sh --profile default --only 15_elta_comparison"
    assert found["why"] == f"Needs the runs of 15_elta_comparison: `{command}`, then judge again."
    with pytest.raises(MissingDataError):
        Evidence().result("elta.T4")


def test_another_run_makes_the_claim_stale(table):
    before = fingerprint("result:default/elta.T1", {})
    table(-0.2, -0.3, -0.1, 5)
    after = fingerprint("result:default/elta.T1", {})
    assert before == "gone"
    assert len(after) == 16


def test_a_misspelt_row_is_told(table):
    table(-0.2, -0.3, -0.1, 5)
    with pytest.raises(ParameterError) as found:
        experiment(Evidence(), result="elta.T1", row="Our", metric="L", sign=-1)
    assert str(found.value) == "no row of elta.T1 named 'Our'. Did you mean 'Ours'? Known: Base., Ours."


def test_claims_about_runs_name_tables_that_a_chapter_saves():
    from aeslib.published import items

    stems = {c.parameters["result"] for c in claims() if c.judge == "experiment"}
    planned = " ".join(items()["outputs"]).split()
    assert stems
    assert {f"tables/{stem}" for stem in stems} <= set(planned)
