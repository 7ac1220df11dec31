"""Judges compute: another number in a table gives another verdict. And each rule by hand."""

import pytest

from aeslib.errors import DataError, ParameterError
from aeslib.ledger import rules
from aeslib.ledger.core import judge
from aeslib.ledger.evidence import Evidence
from aeslib.ledger.models import count
from aeslib.published.claims import claim

MUTATIONS = [
    ("elta.ordering.best-on-four-data-sets",
     [("elta.T1 | TAD66K | Ours | PLCC", 0.6), ("elta.T1 | TAD66K | Ours | SRCC", 0.6)]),
    ("elta.ordering.t1-best-ava-aadb-para", [("elta.T1 | AADB | EAT | SRCC", 0.761)]),
    ("elta.ordering.t1-lowest-h", [("elta.T1 | PARA | Ours | H", 0.2)]),
    ("elta.ordering.t1-lowest-l", [("elta.T1 | AVA | EAT | L", 0.4)]),
    ("elta.ordering.t1-behind-eat-tad66k", [("elta.T1 | TAD66K | EAT | PLCC", 0.5)]),
    ("elta.ordering.t1-majority-declines", [("elta.T1 | PARA | Ours | M", 0.4)]),
    ("elta.arithmetic.t1-t2-same-ava", [("elta.T2 | AVA | Ours | M", 0.303)]),
    ("elta.ordering.t3-all-hosts-improve", [("elta.T3 | EAT | TFA+FLSA+APDS | H", 0.5)]),
    ("elta.ordering.t4-flsa-balanced", [("elta.T4 | FLSA | H", 0.5)]),
    ("elta.ordering.t4-apds-balanced", [("elta.T4 | APDS | M", 0.3)]),
    ("elta.arithmetic.t4-tfa-removed-l", [("elta.T4 | FLSA+APDS | L", 0.55)]),
    ("elta.arithmetic.t4-tfa-removed-h", [("elta.T4 | TFA+FLSA+APDS | H", 0.43)]),
    ("elta.arithmetic.f1-ava-total", [("elta.F1 | AVA | [5, 6)", 122000)]),
    ("elta.qualitative.f1-aadb-clusters", [("elta.F1 | AADB | [5, 6)", 3000)]),
    ("elta.ordering.f1-examples-closer", [("elta.F1 | examples | high 3 | Ours", 4.0)]),
    ("elta.magnitude.base-clusters", [("elta.F1 | examples | high 3 | Baseline", 7.0)]),
    ("aesmamba.arithmetic.t3-mean-vmamba", [("aesmamba.T3 | Average | VMamba-T | PLCC", 0.909)]),
    ("aesmamba.ordering.t3-best-srcc", [("aesmamba.T3 | Quality | VMamba-T | SRCC", 0.895)]),
    ("aesmamba.ordering.t3-vmamba-backbone", [("aesmamba.T3 | Color | Swin-T | SRCC", 0.9)]),
    ("taskvec.arithmetic.samples-415043", [("taskvec.T1 | SPAQ | Number of images", 11126)]),
    ("taskvec.ordering.t4-best", [("taskvec.T4 | Ours | 10-shot", 0.666)]),
    ("taskvec.magnitude.t4-clear-10", [("taskvec.T4 | Ours | 10-shot", 0.7)]),
    ("taskvec.magnitude.t2-clear-100", [("taskvec.T2 | Ours | 100-shot", 0.6)]),
    ("taskvec.arithmetic.t2-t7-ours", [("taskvec.T7 | Ours | 10-shot", 0.577)]),
    ("taskvec.ordering.t5-finetuning-worst", [("taskvec.T5 | Best-fit FT | 10-shot", 0.49)]),
    ("taskvec.qualitative.t12-comparable", [("taskvec.T12 | Ours (ViT-B/16) | PLCC", 0.91)]),
    ("mtcnn.ordering.t1-progress", [("mtcnn.T1 | Hou et al., 2017 | SRCC", 0.67)]),
    ("mtcnn.magnitude.t2-output", [("mtcnn.T2 | Ours | Output layer | Parameters", 792)]),
    ("mtcnn.ordering.t2-fewer-parameters", [("mtcnn.T2 | Ours | Output layer | Parameters", 1600)]),
    ("mtcnn.arithmetic.t3-total", [("mtcnn.T3 | 0.05 - 0.10 | Frequency", 5)]),
    ("mtcnn.ordering.t4-experience", [("mtcnn.T4 | [200, inf) | SRCC", 0.7)]),
    ("mtcnn.ordering.t5-all-but-symmetry", [("mtcnn.T5 | Content | Training", 0.6)]),
    ("mtcnn.ordering.f9-order-of-attributes", [("mtcnn.F9 | b | Content | SRCC", 0.97)]),
    ("mtcnn.ordering.multi-always-beats-single", [("mtcnn.T8 | Multi-task | Training", 0.61)]),
    ("mtcnn.magnitude.f4-examples-in-range", [("mtcnn.F4 | Semantics | Low", 1.6)]),
    ("mtcnn.arithmetic.t9-shares",
     [("mtcnn.T9 | 5.00 - 6.00 | Percentage", 0.253), ("mtcnn.T9 | 9.00 - 9.50 | Percentage", 0.002)]),
    ("aestheticnet.ordering.f9-classes", [("aestheticnet.F9 | image 2 | Prediction", 5.2)]),
    ("cross.arithmetic.tad66k-elta-taskvec", [("taskvec.T1 | TAD66K | Number of images", 66327)]),
    ("cross.arithmetic.same-baselines-ava", [("taskvec.T8 | TANet | SRCC", 0.757)]),
    ("cross.ordering.elta-sota-para", [("taskvec.T10 | CSKD | PLCC", 0.94)]),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "changes"), MUTATIONS, ids=[id_ for id_, _ in MUTATIONS])
def test_another_number_gives_another_verdict(id_, changes, alter):
    before = judge(claim(id_))["verdict"]
    for address, value in changes:
        alter(address, value)
    assert {before, judge(claim(id_))["verdict"]} == {"exact", "contradicted"}


def test_most_rules_are_under_mutation():
    tried = {claim(id_).judge for id_, _ in MUTATIONS}
    assert len(MUTATIONS) >= 20
    assert {"best", "improves", "compare", "agree", "mean_of", "fractions", "clear_lead", "ahead", "between"} <= tried


def test_ties_count_only_when_said():
    where = {"group": ["Quality"], "column": ["SRCC"]}
    strict = rules.best(Evidence(), item="aesmamba.T3", row="AesMamba-F", where=where)
    shared = rules.best(Evidence(), item="aesmamba.T3", row="AesMamba-F", where=where, ties=True)
    assert (strict.verdict, shared.verdict) == ("contradicted", "exact")
    assert shared.why == (
        "AesMamba-F is first in 1 of 1 comparisons; closest: Quality SRCC 0.894 against 0.894 of VMamba-T; "
        "shared in Quality SRCC."
    )


def test_a_line_without_numbers_is_not_judged():
    with pytest.raises(
        ParameterError, match=r"^aestheticnet\.T3: the source text holds no number of 'EMD loss'; judge it with"
    ):
        rules.best(Evidence(), item="aestheticnet.T3", row="EMD loss")


def test_a_lost_number_is_named():
    message = r"^aestheticnet\.T3 \| EMD loss \| Accuracy: no number there \(not in the source text: ''\)\.$"
    with pytest.raises(DataError, match=message):
        Evidence().number("aestheticnet.T3 | EMD loss | Accuracy")


def test_a_statement_about_numbers_that_are_not_printed():
    see = Evidence()
    lead = rules.printed(see, item="aesmamba.T4", where={"row": ["AFF-PIAA"], "column": ["PLCC"]})
    assert (lead.verdict, lead.ours) == ("contradicted", "0 of 2 printed")
    assert lead.why == "No number is printed for 10-shot AFF-PIAA PLCC; 100-shot AFF-PIAA PLCC."
    rank = rules.printed(see, item="aesmamba.T4", where={"row": ["AFF-PIAA"], "column": ["SRCC"]})
    assert (rank.verdict, rank.why) == ("exact", "All 2 numbers are printed.")


def test_a_table_that_gets_its_numbers_is_no_longer_lost(alter):
    alter("aestheticnet.T2 | AestheticNet | Accuracy", 0.8)
    with pytest.raises(ParameterError, match=r"^aestheticnet\.T2 has numbers now: judge the claim by them instead"):
        rules.lost(Evidence(), item="aestheticnet.T2", key="ava", what="networks")


@pytest.mark.parametrize(
    ("relation", "says", "verdict"),
    [("=", 5, "exact"), ("=", 6, "contradicted"), ("<", 5, "contradicted"), ("<=", 5, "exact"), (">", 4, "exact"),
     (">=", 6, "contradicted")],
)  # fmt: skip
def test_relations(relation, says, verdict):
    finding = rules.compare(
        Evidence(), what="sum", formula="a + b", cells={"a": 2, "b": 3}, says=says, relation=relation
    )
    assert finding.verdict == verdict


def test_an_unknown_relation_is_named():
    with pytest.raises(ParameterError, match=r"^no relation named '=='\. Did you mean '='\? Known: =, <, <=, >, >=\.$"):
        rules.compare(Evidence(), what="x", formula="a", cells={"a": 1}, says=1, relation="==")


def test_welch_by_hand():
    # lead 0.022, error sqrt((0.007^2 + 0.012^2) / 10) = 0.0043932, t = 5.008
    finding = rules.clear_lead(
        Evidence(), own="taskvec.T2 | Ours | 100-shot", rival="taskvec.T2 | MTCL | 100-shot", trials=10
    )
    assert finding.ours == "lead 0.022, t = 5.0"
    # 14.48 degrees of freedom: the 97.5 % point of t is 2.138, half the interval 0.00939
    assert finding.effect == pytest.approx(0.022)
    assert finding.low == pytest.approx(0.01261, abs=5e-5)
    assert finding.high == pytest.approx(0.03139, abs=5e-5)


def test_rounded_thousands_leave_room():
    # 2K + 1K may stand for 2,000 to 4,000 with 500 each way
    cells = {"item": "elta.F1", "where": {"row": ["AADB"], "column": ["[3, 4)", "[4, 5)"]}}
    assert rules.could_total(Evidence(), **cells, says=3900).verdict == "exact"
    assert rules.could_total(Evidence(), **cells, says=4100).verdict == "contradicted"


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        (0.5400, "0.54"),
        (255528.0, "255,528"),
        (952.38097, "952.381"),
        (3.0, "3"),
        (-0.0018, "-0.0018"),
        (1e6, "1,000,000"),
    ],
)
def test_numbers_as_readers_write_them(numbers, shown):
    assert rules.show(numbers) == shown


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"model": "mlp", "layers": [3, 2], "count": "parameters"}, 3 * 2 + 2),
        ({"model": "conv", "channels": [4, 8], "kernel": 3, "count": "parameters"}, 4 * 8 * 9),
        ({"model": "conv", "channels": [4, 8], "kernel": 3, "separable": True, "count": "parameters"}, 4 * 9 + 4 * 8),
        ({"model": "clip vit-b/16", "count": "parameters"}, 86_192_640),
        ({"model": "clip vit-l/14", "count": "parameters"}, 303_966_208),
        ({"model": "vgg16 features", "count": "multiply-adds"}, 15_346_630_656),
    ],
)
def test_counts(asked, number):
    see = Evidence()
    assert count(see, **asked) == number
    assert see.basis == "architecture"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "vgg61", "count": "parameters"}, r"^no model named 'vgg61'\. Did you mean 'vgg16'\?"),
        ({"model": "vgg16", "count": "params"}, r"^no count named 'params'\. Did you mean 'parameters'\?"),
    ],
)
def test_misspelt_counts(asked, message):
    with pytest.raises(ParameterError, match=message):
        count(Evidence(), **asked)


def test_misspelt_statistics_and_families():
    with pytest.raises(ParameterError, match=r"^no statistic named 'row'\. Did you mean 'rows'\?"):
        Evidence().number({"labels": "aadb", "stat": "row"})
    with pytest.raises(ParameterError, match=r"^no family of aadb named 'as_release'\. Did you mean 'as_released'\?"):
        Evidence().number({"labels": "aadb", "family": "as_release", "stat": "rows"})
