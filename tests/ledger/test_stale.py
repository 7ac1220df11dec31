"""One result that changes or goes turns exactly the claims that rest on it stale, in the ledger, its table and page."""

import json

import pandas as pd
import pytest

from aeslib.cli import main
from aeslib.errors import DataError
from aeslib.ledger.core import judge, ledger, marked, write
from aeslib.ledger.evidence import runs_behind, saved
from aeslib.published.claims import claims
from aeslib.report.gather import read_claims

RUN = "run"


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Path of a ledger of claims about runs, with the saved tables of two of them, and their ids by table."""
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path))
    chosen = [c for c in claims() if c.judge == "experiment" and c.paper in ("elta", "mtcnn")]
    stems = list(dict.fromkeys(c.parameters["result"] for c in chosen))
    for stem in stems[:2]:
        rows = [
            {"row": p["row"], "metric": p["metric"], "group": p.get("group", ""), "rival": p.get("rival", ""),
             "stage": p.get("stage", ""), "setting": p.get("setting", ""),
             "change": 0.2, "change low": 0.1, "change high": 0.3, "seeds": 5}
            for c in chosen if (p := c.parameters)["result"] == stem
        ]  # fmt: skip
        path = saved("default", stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(path, index=False)
        path.with_suffix(".json").write_text(json.dumps({"runs": [f"{RUN}-{stem}", "both"]}), encoding="utf-8")
    outcomes = [judge(c) for c in (*chosen, *claims()[:3])]
    path = write(pd.DataFrame(outcomes))
    return path, {stem: {c.id for c in chosen if c.parameters["result"] == stem} for stem in stems}


def stale_of(outcomes):
    return {outcome["id"] for outcome in outcomes if outcome["verdict"] == "stale"}


def test_nothing_is_stale_at_first_and_runs_are_told(judged):
    path, by_table = judged
    outcomes = marked(path)
    assert stale_of(outcomes) == set()
    (first, ids), *_ = by_table.items()
    assert {tuple(o["runs"]) for o in outcomes if o["id"] in ids} == {(f"{RUN}-{first}", "both")}


@pytest.mark.parametrize("change", ["alter", "delete", "come"])
def test_exactly_the_claims_of_one_result(judged, change, capsys):
    path, by_table = judged
    stem = list(by_table)[2 if change == "come" else 0]
    table = saved("default", stem)
    if change == "delete":
        table.unlink()
    else:
        table.write_text("row\n" if change == "come" else table.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert stale_of(marked(path)) == by_table[stem]
    assert stale_of(read_claims(path.parent)) == by_table[stem]
    assert {o["verdict"] for o in json.loads(path.read_text(encoding="utf-8"))["claims"]}.isdisjoint({"stale"})
    paper = stem.partition(".")[0]
    assert main(["claims", "--paper", paper, "--verdict", "stale"]) == 0
    said = capsys.readouterr().out
    assert f"{len(by_table[stem])} claims: {len(by_table[stem])} stale." in said
    assert set(ledger(paper, "stale")["id"]) == by_table[stem]


def test_why_a_claim_is_stale(judged):
    path, by_table = judged
    stem = next(iter(by_table))
    saved("default", stem).unlink()
    why = next(o["why"] for o in marked(path) if o["verdict"] == "stale")
    assert f"changed or gone since: result:default/{stem}. Judge again: `./run_all.sh --only 60_claims_ledger`." in why


def test_claims_that_the_file_lacks_are_judged_now(judged):
    path, _ = judged
    stored = {o["id"] for o in marked(path)}
    found = ledger(item="elta.F1")
    assert len(found) == len([c for c in claims() if c.item == "elta.F1"])
    assert not set(found["id"]) <= stored
    assert "stale" not in set(found["verdict"])


def test_a_damaged_provenance_is_told(judged):
    _, by_table = judged
    table = saved("default", next(iter(by_table)))
    table.with_suffix(".json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"no provenance \(KeyError\('runs'\)\); make the table again"):
        runs_behind(table)
