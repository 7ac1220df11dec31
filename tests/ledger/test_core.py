"""The ledger as a whole: every claim has its judge, famous verdicts, staleness, and what is written."""

import json
import re

import pandas as pd
import pytest

from aeslib.errors import DataError, ParameterError
from aeslib.ledger.core import VERDICTS, bind, format_table, judge, judge_all, read, stale, write
from aeslib.ledger.evidence import JUDGES, measured
from aeslib.published.claims import Claim, claim, claims

FROM_RUNS = {"experiment", "taskvec.orthogonal"}
REAL = {entry.id for entry in claims() if entry.needs or entry.judge in FROM_RUNS}
CHEAP = [entry for entry in claims() if entry.id not in REAL and "model" not in str(entry.parameters)]


def made(judge_: str, parameters: dict, **more) -> Claim:
    fields = {"id": "elta.ordering.made-up", "paper": "elta", "place": "Sec 0", "kind": "ordering"}
    return Claim.model_validate({**fields, "claim": "Made up for a test.", "judge": judge_, "with": parameters, **more})


@pytest.fixture(scope="module")
def loaded():
    """Labels read once for all tests of this file."""
    return {}


@pytest.mark.parametrize("entry", claims(), ids=lambda entry: entry.id)
def test_every_claim_fits_its_judge(entry):
    bind(entry)


def test_every_judge_is_used():
    assert set(JUDGES) == {entry.judge for entry in claims()}


def test_enough_claims_are_judged_without_an_experiment():
    judged = [entry for entry in claims() if entry.judge != "lost"]
    assert len(judged) >= 110
    assert {entry.paper for entry in judged} == {"elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet", "cross"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (made("bets", {}), "no judge (claim elta.ordering.made-up) named 'bets'. Did you mean 'best'? Known: "),
        (
            made("best", {"item": "elta.T1", "rwo": "Ours"}),
            "no parameter of best (claim elta.ordering.made-up) named 'rwo'. Did you mean 'row'? Known: item, row, "
            "where, lower, among, axis, rank, ties, last.",
        ),
        (
            made("best", {"item": "elta.T1"}),
            "claim elta.ordering.made-up: judge best: missing a required argument: 'row'.",
        ),
        (
            made("best", {"item": "elta.T1", "row": "Our"}),
            "claim elta.ordering.made-up: no row of elta.T1 named 'Our'. Did you mean 'Ours'? Known: NIMA, HGCN, BIAA, "
            "TANet, MaxViT, MUSIQ, EAT, Base., Ours.",
        ),
        (
            made("compare", {"what": "x", "formula": "a", "cells": {"a": "elta.T1 | Ours"}, "says": 1}),
            "claim elta.ordering.made-up: 'elta.T1 | Ours' is no cell; write 'item | group | row | column' or "
            "'item | row | column'.",
        ),
    ],
)
def test_a_misspelt_claim_is_named(wrong, message):
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}"):
        judge(wrong)


@pytest.mark.parametrize(
    ("id_", "verdict", "ours", "why"),
    [
        ("elta.ordering.best-on-four-data-sets", "contradicted", "6 of 8",
         "Ours is first in 6 of 8 comparisons; not in TAD66K PLCC 0.539 against 0.546 of EAT; "
         "TAD66K SRCC 0.496 against 0.517 of EAT."),
        ("elta.ordering.t1-best-ava-aadb-para", "exact", "6 of 6",
         "Ours is first in 6 of 6 comparisons; closest: AADB SRCC 0.76 against 0.759 of EAT."),
        ("elta.ordering.t1-lowest-h", "contradicted", "3 of 4",
         "Ours is first in 3 of 4 comparisons; not in PARA H 0.29 against 0.256 of EAT."),
        ("elta.ordering.t3-apds-further", "contradicted", "26 of 28",
         "26 of 28 comparisons go the stated way; not so: TFA+FLSA+APDS 0.428 against TFA+FLSA 0.426 in MaxViT H; "
         "TFA+FLSA+APDS 0.45 against TFA+FLSA 0.45 in EAT L."),
        ("elta.arithmetic.t4-tfa-removed-l", "exact", "24.8858",
         "Rise of L without TFA, in %: (0.547 - 0.438) / 0.438 * 100 = 24.8858; stated: 24.9."),
        ("elta.arithmetic.t4-tfa-removed-h", "exact", "8.6854",
         "Rise of H without TFA, in %: (0.463 - 0.426) / 0.426 * 100 = 8.6854; stated: 8.7."),
        ("elta.ordering.t4-flsa-balanced", "contradicted", "4 of 5",
         "4 of 5 comparisons go the stated way; not so: FLSA 0.52 against none 0.513 in H."),
        ("elta.arithmetic.f1-ava-total", "contradicted", "227,043 to 232,043",
         "The bins add up to 229,543 as printed, to 227,043 to 232,043 before rounding; stated: 235,528."),
        ("elta.arithmetic.f1-para-total", "contradicted", "24,695 to 29,695",
         "The bins add up to 27,195 as printed, to 24,695 to 29,695 before rounding; stated: 31,220."),
        ("aesmamba.arithmetic.t3-mean-resnext50", "contradicted", "0.8889 / 0.8489",
         "ResNeXt50, PLCC: mean 0.8889, printed 0.896; SRCC: mean 0.8489, printed 0.857."),
        ("aesmamba.arithmetic.t3-mean-vmamba", "exact", "0.9062 / 0.8729",
         "VMamba-T, PLCC: mean 0.9062, printed 0.906; SRCC: mean 0.8729, printed 0.873."),
        ("taskvec.arithmetic.samples-415043", "exact", "415,043",
         "Images of the six databases: 10,073 + 11,125 + 255,500 + 67,125 + 40,000 + 31,220 = 415,043; "
         "stated: 415,043."),
        ("taskvec.arithmetic.flickr-all-annotators", "contradicted", "952.381",
         "Ratings of each annotator on average: 40,000 * 5 / 210 = 952.381; stated: at most 171."),
        ("taskvec.arithmetic.t2-t7-ours", "contradicted", "1 of 2 numbers agree",
         "1 of 2 numbers agree; not Ours 10-shot 0.577 against 0.572."),
        ("taskvec.magnitude.t3-clear-100", "exact", "lead 0.032, t = 10.2",
         "The lead of 0.032 over 10 trials has t = 10.2, p = 6.4e-09: clear of chance."),
        ("taskvec.magnitude.t4-clear-10", "contradicted", "lead 0.001, t = 0.5",
         "The lead of 0.001 over 10 trials has t = 0.5, p = 0.63: not clear of chance."),
        ("taskvec.qualitative.t12-comparable", "contradicted", "1 of 2 at the median",
         "Ours (ViT-B/16) against the median of the others: PLCC 0.882 against 0.909; SRCC 0.914 against 0.908."),
        ("taskvec.protocol.each-database", "contradicted", "5 of 6",
         "5 of 6 training databases have a table in taskvec.T8 to taskvec.T12; not Flickr-AES."),
        ("mtcnn.ordering.multi-always-beats-single", "contradicted", "1 of 2",
         "1 of 2 comparisons go the stated way; not so: Multi-task 0.6 against Single-task 0.604 in Training."),
        ("mtcnn.arithmetic.t9-shares", "contradicted", "7 of 9 agree",
         "7 of 9 shares are the counts over their sum, 570; not 5.00 - 6.00 is 0.2526, printed 0.252; "
         "9.00 - 9.50 is 0.0018, printed 0.001."),
        ("mtcnn.arithmetic.eva-split-5101", "contradicted", "5,101",
         "Images of the split: 4,500 + 601 = 5,101; stated: at most 4,070."),
        ("mtcnn.ordering.f9-order-of-attributes", "contradicted",
         "content 0.7, light 0.58 / light 0.96, content 0.95",
         "From the top: content 0.7, light 0.58 on one side, light 0.96, content 0.95 on the other."),
        ("aestheticnet.arithmetic.ava-split", "contradicted", "250,000",
         "Images of both parts: 230,000 + 20,000 = 250,000; stated: 255,530."),
        ("cross.arithmetic.aadb-raters", "contradicted", "297",
         "Raters in the three lines: 190 + 65 + 42 = 297; in the task-vector paper: 190."),
        ("cross.ordering.elta-sota-para", "contradicted", "ahead of 1 of 2",
         "0.943 is ahead of 1 of 2; not better than CSKD 0.951."),
        ("cross.ordering.mtcnn-sota-aadb", "contradicted", "ahead of 1 of 7",
         "0.7067 is ahead of 1 of 7; not better than HGCN 0.716; BIAA 0.71; TANet 0.749; MaxViT 0.742; MUSIQ 0.751; "
         "EAT 0.759."),
        ("cross.arithmetic.same-baselines-ava", "exact", "8 of 8 numbers agree", "8 of 8 numbers agree."),
    ],
)  # fmt: skip
def test_famous_verdicts(id_, verdict, ours, why):
    outcome = judge(claim(id_))
    assert (outcome["verdict"], outcome["ours"], outcome["why"]) == (verdict, ours, why)
    assert (outcome["basis"], outcome["data"]) == ("arithmetic", "")


@pytest.mark.parametrize(
    ("id_", "verdict", "ours"),
    [
        ("mtcnn.magnitude.t2-vgg16", "exact", "14,714,688"),
        ("mtcnn.magnitude.t2-fully-connected", "exact", "73,920"),
        ("mtcnn.magnitude.t2-output", "exact", "780"),
        ("mtcnn.magnitude.eva-output-325", "exact", "325"),
        ("mtcnn.magnitude.t2-resnet50", "exact", "23,587,712"),
        ("mtcnn.magnitude.t2-pan-fully-connected", "exact", "1,114,752"),
        ("mtcnn.magnitude.t2-pan-output", "exact", "1,548"),
        ("mtcnn.magnitude.fewer-computations", "contradicted", "3.98"),
        ("taskvec.magnitude.b16-152", "exact", "152"),
        ("taskvec.magnitude.l14-296", "exact", "296"),
        ("taskvec.definition.l14-layers", "contradicted", "148"),
    ],
)
def test_architecture(id_, verdict, ours):
    outcome = judge(claim(id_))
    assert (outcome["verdict"], outcome["ours"], outcome["basis"]) == (verdict, ours, "architecture")


@pytest.mark.real
@pytest.mark.parametrize(
    ("id_", "verdict", "ours"),
    [
        ("elta.magnitude.f1-aadb-counts", "exact", "506, 826, 1,338, 1,768, 880, 1,533, 967, 640"),
        ("elta.definition.f1-aadb-left-closed", "contradicted", "325, 491, 1,160, 1,530, 1,812, 1,533, 967, 640"),
        ("elta.magnitude.f1-tad66k-counts", "exact", "180, 2,409, 6,851, 11,066, 12,074, 11,306, 6,973, 1,389"),
        ("elta.protocol.aadb-train-8500", "contradicted", "8,458"),
        ("elta.protocol.tad66k-train-52248", "exact", "52,248"),
        ("elta.arithmetic.tad66k-47-themes", "exact", "47"),
        ("elta.protocol.ava-train-235528", "contradicted", "235,529"),
        ("taskvec.arithmetic.koniq-10073", "exact", "10,073"),
        ("taskvec.arithmetic.spaq-11125", "exact", "11,125"),
        ("taskvec.arithmetic.flickr-37-users", "exact", "37"),
        ("taskvec.arithmetic.flickr-most-171", "contradicted", "180"),
        ("mtcnn.magnitude.t3-histogram", "exact", "4, 35, 79, 147, 152, 165, 224, 76, 103, 15"),
        ("mtcnn.definition.t3-exact-edges", "contradicted", "4, 35, 79, 147, 152, 165, 157, 143, 81, 37"),
        ("mtcnn.definition.three-subsets", "contradicted", "127 images shared"),
        ("mtcnn.magnitude.f3-motion-blur-negative", "exact", "700"),
        ("mtcnn.magnitude.f9-content", "exact", "0.6999"),
        ("mtcnn.magnitude.f5-covered-95-percent", "contradicted", "86.9"),
        ("mtcnn.arithmetic.eva-4070", "exact", "4,070"),
        ("mtcnn.magnitude.t7-eva-highest", "exact", "9.0323"),
        ("mtcnn.magnitude.t7-eva-lowest", "needs data", ""),
        ("cross.magnitude.ava-share-above-five", "exact", "0.706"),
        ("aestheticnet.magnitude.tid2013-labels", "exact", "3,000"),
    ],
)
def test_labels(id_, verdict, ours, real_data, loaded):
    entry = claim(id_)
    for key in entry.needs:
        real_data(key)
    outcome = judge(entry, loaded=loaded)
    assert (outcome["verdict"], outcome["ours"]) == (verdict, ours)
    assert outcome["basis"] == "labels"
    assert outcome["data"] in {"labels", "real"}
    looked_at = {name.removeprefix("data:").split("/")[0] for name in outcome["inputs"] if name.startswith("data:")}
    assert looked_at == set(entry.needs)


@pytest.mark.real
def test_a_share_of_the_labels_is_told_beside_the_papers(real_data, loaded):
    real_data("ava")
    why = judge(claim("cross.magnitude.ava-share-above-five"), loaded=loaded)["why"]
    assert why.endswith("= 0.706; in the labels: 0.7078.")


def test_without_labels_nothing_is_exact():
    for id_ in REAL:
        outcome = judge(claim(id_))
        assert outcome["verdict"] == "needs data", id_
        assert outcome["data"] == ""


def test_missing_labels_name_the_data_set_and_the_command():
    assert judge(claim("elta.magnitude.f1-aadb-counts"))["why"] == (
        "Needs the owners' labels of aadb: `aeslib data fetch aadb --accept-terms`."
    )
    assert judge(claim("taskvec.arithmetic.spaq-11125"))["why"] == (
        "Needs the owners' labels of spaq: `aeslib data status` (steps to take by hand: data_cards/spaq.md)."
    )


def test_lost_numbers_need_images():
    outcome = judge(claim("aestheticnet.ordering.t4-attention"))
    assert (outcome["verdict"], outcome["basis"]) == ("needs data", "experiment")
    assert outcome["why"] == (
        "The numbers of aestheticnet.T4 are not in the source text, so the networks must be trained. Needs the images "
        "of ava: `aeslib data status` (steps to take by hand: data_cards/ava.md)."
    )


def test_incomplete_labels_are_no_reason_to_stop(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    (tmp_path / "ava" / "ilgnet").mkdir(parents=True)
    (tmp_path / "ava" / "ilgnet" / "AVA1_val.txt").write_text("1.jpg 1\n")
    outcome = judge(claim("elta.protocol.ava-test-20000"))
    assert outcome["verdict"] == "needs data"
    assert outcome["why"] == "ava: ilgnet/AVA1_train.txt missing; 1 of 2 files there."


@pytest.mark.parametrize(
    ("interval", "verdict", "why"),
    [
        ((0.02, 0.01, 0.03), "holds here", "Gain in SRCC: 0.02 [0.01, 0.03] over 5 seeds; the whole interval lies on "
         "the claimed side of zero."),
        ((-0.02, -0.03, -0.01), "does not hold here", "Gain in SRCC: -0.02 [-0.03, -0.01] over 5 seeds; the whole "
         "interval lies on the other side of zero."),
        ((0.01, -0.01, 0.03), "inconclusive", "Gain in SRCC: 0.01 [-0.01, 0.03] over 5 seeds; the interval includes "
         "zero; effects from 0.029 on would be seen."),
        ((0.01, 0.0, 0.02), "inconclusive", "Gain in SRCC: 0.01 [0, 0.02] over 5 seeds; the interval includes zero; "
         "effects from 0.014 on would be seen."),
    ],
)  # fmt: skip
def test_an_experiment_must_exclude_zero(interval, verdict, why):
    finding = measured(*interval, published="better", what="Gain in SRCC", seeds=5, runs=["a"])
    assert (finding.verdict, finding.why, finding.basis, finding.runs) == (verdict, why, "experiment", ("a",))


@pytest.mark.parametrize(
    ("claimed", "verdict", "why"),
    [
        (0.03, "inconclusive", "the interval includes zero; effects from 0.029 on would be seen, and 0.03 is "
         "published."),
        (0.02, "not testable at this size", "effects below 0.029 cannot be seen at this size, and 0.02 is published: "
         "larger profiles have more images and seeds."),
    ],
)  # fmt: skip
def test_a_claim_too_small_to_be_seen_is_not_testable(claimed, verdict, why):
    finding = measured(0.01, -0.01, 0.03, published="better", what="Gain", seeds=5, claimed=claimed)
    assert (finding.verdict, finding.why) == (verdict, f"Gain: 0.01 [-0.01, 0.03] over 5 seeds; {why}")


def test_an_effect_outside_its_interval_is_refused():
    message = "effect 0.1 lies outside its interval 0.2 … 0.3; pass effect, low, high."
    with pytest.raises(ParameterError, match=f"^{message}$"):
        measured(0.1, 0.2, 0.3, published="", what="x", seeds=1)


def test_an_effect_without_interval_is_inconclusive():
    finding = measured(0.1, float("nan"), float("nan"), published="better", what="Gain in SRCC", seeds=5)
    assert (finding.verdict, finding.ours, finding.low, finding.high) == (
        "inconclusive",
        "0.1 [no interval]",
        None,
        None,
    )
    assert finding.why == "Gain in SRCC: 0.1 over 5 seeds, from too few images or users for an interval."


def test_experiments_travel_through_the_file(tmp_path, monkeypatch):
    def gain(see):
        return measured(0.02, 0.01, 0.03, published="better", what="Gain", seeds=5, runs=["elta/1"])

    monkeypatch.setitem(JUDGES, "gain", gain)
    frame = pd.DataFrame([judge(made("gain", {}), profile="smoke")])
    (back,) = read(write(frame, tmp_path / "claims.json", profile="smoke"))
    assert (back["verdict"], back["effect"], back["low"], back["high"]) == ("holds here", 0.02, 0.01, 0.03)
    assert (back["seeds"], back["runs"], back["profile"], back["basis"]) == (5, ["elta/1"], "smoke", "experiment")


@pytest.fixture
def cheap(monkeypatch):
    """Only the claims that need neither labels nor models, to be quick."""
    monkeypatch.setattr("aeslib.ledger.core.claims", lambda: tuple(CHEAP))


def test_filters(cheap):
    everything = judge_all()
    assert list(everything["id"]) == [entry.id for entry in CHEAP]
    assert set(everything["verdict"]) == {"exact", "contradicted"}
    assert set(judge_all(paper="mtcnn")["paper"]) == {"mtcnn"}
    assert set(judge_all(item="elta.T4")["item"]) == {"elta.T4"}
    some = judge_all(paper="elta", verdict="contradicted")
    assert 0 < len(some) < len(judge_all(paper="elta"))
    assert set(some["verdict"]) == {"contradicted"}
    assert len(judge_all(item="elta.F6")) == 0


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"paper": "eltta"}, "no paper named 'eltta'. Did you mean 'elta'? Known: elta, aesmamba, taskvec, mtcnn, "
         "aestheticnet, cross."),
        ({"verdict": "exakt"}, "no verdict named 'exakt'. Did you mean 'exact'? Known: exact, contradicted, "
         "holds here, does not hold here, inconclusive, not testable at this size, needs data."),
        ({"item": "elta.T9"}, "no item named 'elta.T9'. Did you mean"),
        ({"profile": "smok"}, "no profile named 'smok'. Did you mean 'smoke'?"),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named(cheap, filters, message):
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}"):
        judge_all(**filters)


def test_nothing_is_stale_at_first(cheap, tmp_path):
    path = write(judge_all(), tmp_path / "claims.json")
    assert stale(path) == {}


def test_one_changed_table_makes_exactly_its_claims_stale(cheap, tmp_path, alter):
    outcomes = judge_all()
    path = write(outcomes, tmp_path / "claims.json")
    alter("elta.T5 | TFA(pixel) | H", 0.123)
    with_it = {row["id"] for row in outcomes.to_dict("records") if "published:elta.T5" in row["inputs"]}
    assert with_it == {
        "elta.ordering.t5-pixels-worse-alone", "elta.ordering.t5-pixels-worse-all", "elta.arithmetic.t4-t5-same",
    }  # fmt: skip
    assert stale(path) == {id_: ["published:elta.T5"] for id_ in with_it}


def test_a_new_a_changed_and_a_missing_claim_are_stale(cheap, tmp_path, monkeypatch):
    path = write(judge_all(paper="cross"), tmp_path / "claims.json")
    record = json.loads(path.read_text())
    kept, changed, renamed, *others = record["claims"]
    changed["inputs"][f"claim:{changed['id']}"] = "another"
    renamed["inputs"]["claim:cross.arithmetic.no-more"] = renamed["inputs"].pop(f"claim:{renamed['id']}")
    renamed["id"] = "cross.arithmetic.no-more"
    path.write_text(json.dumps(record))
    found = stale(path)
    assert found[changed["id"]] == [f"claim:{changed['id']}"]
    assert found["cross.arithmetic.no-more"] == ["claim:cross.arithmetic.no-more"]
    assert kept["id"] not in found
    assert found["elta.ordering.best-on-four-data-sets"] == ["claim:elta.ordering.best-on-four-data-sets"]
    assert not {other["id"] for other in others} & set(found)


@pytest.mark.real
def test_labels_that_come_or_go_make_their_claims_stale(tmp_path, monkeypatch, real_data):
    entries = [claim("taskvec.arithmetic.koniq-10073"), claim("elta.ordering.t1-lowest-l")]
    monkeypatch.setattr("aeslib.ledger.core.claims", lambda: tuple(entries))
    path = write(judge_all(), tmp_path / "claims.json")
    real_data("koniq10k")
    assert stale(path) == {entries[0].id: ["data:koniq10k//image"]}


def test_the_file_is_checked_on_reading_and_writing(cheap, tmp_path):
    outcomes = judge_all(paper="cross")
    path = tmp_path / "claims.json"
    message = f"{path}: $.claims[0].verdict: 'maybe' is not one of {list(VERDICTS)}; judge again with `aeslib claims`."
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        write(outcomes[:1].assign(verdict="maybe"), path)
    assert not path.exists()
    path.write_text("{")
    with pytest.raises(
        DataError, match=r"claims\.json: no readable ledger \(.*\); judge again with `aeslib claims`\.$"
    ):
        read(path)
    path.write_text('{"profile": "default", "claims": [{"id": "a.b.c"}]}')
    with pytest.raises(DataError, match=r"claims\.json: \$\.claims\[0\]: .* is a required property"):
        stale(path)


def test_the_default_place_is_the_profile_s_results(cheap, tmp_path):
    path = write(judge_all(paper="cross", profile="smoke"), profile="smoke")
    assert path == tmp_path / "results" / "smoke" / "claims.json"
    assert {row["profile"] for row in read(path)} == {"smoke"}


def test_the_table_for_a_terminal():
    rows = [judge(claim(id_)) for id_ in ("elta.ordering.t1-lowest-l", "mtcnn.arithmetic.eva-split-5101")]
    text = format_table(rows, width=100)
    assert "elta.ordering.t1-lowest-l" in text
    assert "Images of the split" in text
    assert text.splitlines()[-1] == "2 claims: 1 exact, 1 contradicted."
    assert max(map(len, text.splitlines())) <= 100
    assert format_table(pd.DataFrame(rows[:0])).splitlines()[-1] == "0 claims: none."
