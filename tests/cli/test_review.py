"""`review`: what it takes as evidence, what a receipt holds, and how two of them compare."""

import json
import time

import pytest

from aeslib.cli import review
from aeslib.cli.parser import main
from aeslib.cli.review import Evidence, asked, close, differences, gathered, made, read
from aeslib.errors import DataError, ParameterError
from aeslib.published.claims import claims

ARITHMETIC = next(c for c in claims() if c.judge == "mean_of")
MEASURED = next(c for c in claims() if c.judge == "experiment" and c.paper == "elta")


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"


def test_a_claim_of_numbers_needs_no_run(results, capsys):
    assert main(["review", ARITHMETIC.id, "--minutes", "0"]) == 0
    receipt = read(results / "default" / "receipts" / f"{ARITHMETIC.id}.json")
    assert [claim["id"] for claim in receipt["claims"]] == [ARITHMETIC.id]
    assert receipt["claims"][0]["verdict"] in {"exact", "contradicted"}
    assert receipt["items"] == {}
    page = (results / "default" / "receipts" / f"{ARITHMETIC.id}.html").read_text(encoding="utf-8")
    assert receipt["claims"][0]["verdict"] in page
    assert "no run is needed" in capsys.readouterr().out


def test_a_claim_of_runs_asks_for_its_chapter():
    about, chapters = asked(MEASURED.id)
    assert about == [MEASURED]
    assert chapters
    assert all(name[:2].isdigit() for name in chapters)


def test_without_time_nothing_runs_and_the_claim_needs_data(results, capsys):
    assert main(["review", MEASURED.id, "--minutes", "0"]) == 1
    receipt = read(results / "default" / "receipts" / f"{MEASURED.id}.json")
    assert receipt["claims"][0]["verdict"] == "needs data"
    assert "give more --minutes" in receipt["evidence"]
    assert "running" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("costs", "seconds", "profile", "ran"),
    [
        ({"default": 100, "smoke": 20}, 200, "default", ["default"]),
        ({"default": 100, "smoke": 20}, 50, "smoke", ["smoke"]),
        ({"default": 0, "smoke": 20}, 0, "default", []),
        ({"default": 100, "smoke": 0}, 1, "smoke", []),
    ],
)
def test_the_strongest_evidence_that_fits(monkeypatch, costs, seconds, profile, ran):
    calls = []
    monkeypatch.setattr(review, "cost", lambda name, which, guess: costs[which])
    monkeypatch.setattr(review, "brought", lambda name, which, deadline: calls.append(which) or True)
    assert gathered(["12_x"], time.monotonic() + seconds).profile == profile
    assert calls == ran


def test_a_run_that_does_not_end_in_time_gives_way_to_a_cheaper_one(monkeypatch):
    monkeypatch.setattr(review, "cost", lambda name, which, guess: {"default": 5, "smoke": 1}[which])
    monkeypatch.setattr(review, "brought", lambda name, which, deadline: which == "smoke")
    evidence = gathered(["12_x"], time.monotonic() + 10)
    assert evidence.profile == "smoke"
    assert "default did not end well in time" in evidence.why


@pytest.fixture
def receipt():
    return made(ARITHMETIC.id, [ARITHMETIC], [], Evidence("default", "x"), 1.0)


def written(receipt, path):
    path.write_text(json.dumps(receipt), encoding="utf-8")
    return str(path)


def test_receipts_of_the_same_numbers_agree(receipt, tmp_path, capsys):
    one = receipt | {"tables": {"t.csv": [["row", "SRCC"], ["Ours", "0.700"]]}}
    near = receipt | {"tables": {"t.csv": [["row", "SRCC"], ["Ours", "0.705"]]}}
    left, right = written(one, tmp_path / "a.json"), written(near, tmp_path / "b.json")
    assert main(["review", left, right]) == 0
    assert "same verdicts, and numbers within 0.01" in capsys.readouterr().out
    assert main(["review", left, right, "--tolerance", "0.001"]) == 1
    assert "t.csv: 1 cells differ, first '0.700' and '0.705'" in capsys.readouterr().out


def test_other_verdicts_effects_and_shapes_are_told(receipt):
    claim = receipt["claims"][0]
    other = receipt | {"claims": [claim | {"verdict": "inconclusive"}]}
    assert list(differences(receipt, other, 0.01)) == [f"{claim['id']}: {claim['verdict']} and inconclusive"]
    effects = [receipt | {"claims": [claim | {"effect": value}]} for value in (0.5, 0.6)]
    assert list(differences(*effects, 0.01)) == [f"{claim['id']}: effects 0.5 and 0.6"]
    shapes = [receipt | {"tables": {"t.csv": rows}} for rows in ([["a"]], [["a"], ["1"]])]
    assert list(differences(*shapes, 0.01)) == ["t.csv: tables of different shape"]


def test_a_receipt_says_that_numbers_come_from_stand_ins(receipt):
    claim = receipt["claims"][0]
    assert "synthetic" not in review.page(receipt)
    assert "synthetic" in review.page(receipt | {"claims": [claim | {"data": "synthetic"}]})


def test_receipts_of_two_targets_are_not_compared(receipt, tmp_path):
    left = written(receipt, tmp_path / "a.json")
    right = written(receipt | {"target": "elta.T1"}, tmp_path / "b.json")
    with pytest.raises(ParameterError, match="nothing to compare"):
        review.compared(review.Path(left), review.Path(right))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"target": 3}'])
def test_a_damaged_receipt_is_named(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no readable receipt"):
        read(path)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("x", "x", True), ("x", "y", False), ("1.0", "1.009", True), ("1.0", "1.02", False), ("0", "0.0009", True),
     ("0", "0.002", False), ("", "1", False), ("nan", "nan", True), ("nan", "1", False)],
)  # fmt: skip
def test_close(a, b, same):
    assert close(a, b, 0.01) is same


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["review"], "target"),
        (["review", "elta.T99"], "elta.T9"),
        (["review", "elta.T1", "--minutes", "-1"], "--minutes"),
        (["review", "elta.T1", "--minutes", "soon"], "--minutes is 'soon'; expected a number, 0 or more."),
    ],
)
def test_wrong_words_exit_2(words, told, capsys):
    assert main(words) == 2
    assert told in capsys.readouterr().err
