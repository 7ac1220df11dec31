import numpy as np
import pytest

from aeslib.errors import ParameterError
from aeslib.metrics import STATISTICS, Interval, bootstrap
from aeslib.studies.effects import (
    drawn,
    effects,
    ranking,
    readable,
    rescaled,
    sentence,
    sentences,
    stretched,
    verdict,
    with_unequal,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(5, 1, 200)
GOOD = TRUTH + RNG.normal(0, 0.3, (3, 200))
POOR = TRUTH + RNG.normal(0, 1.5, (3, 200))


@pytest.mark.parametrize(
    ("change", "claimed", "seeds", "wanted"),
    [
        ((0.2, 0.1, 0.3), 0.05, 5, "holds here"),
        ((-0.2, -0.3, -0.1), -0.05, 5, "holds here"),
        ((-0.2, -0.3, -0.1), 0.05, 5, "does not hold here"),
        ((0.1, -0.1, 0.3), 0.05, 5, "not testable at this size"),  # MDE .286
        ((0.1, -0.1, 0.3), -0.28, 5, "not testable at this size"),
        ((0.1, -0.1, 0.3), 0.29, 5, "inconclusive"),
        ((0.1, np.nan, np.nan), 0.05, 5, "inconclusive"),
        ((5.0, -10.0, 20.0), np.inf, 5, "inconclusive"),  # no size is printed
        ((-5.0, -9.0, -1.0), np.inf, 5, "does not hold here"),
        ((0.2, 0.1, 0.3), 0.05, 1, "inconclusive"),
        ((0.2, 0.1, 0.3), 0.0, 5, ""),
        ((0.2, 0.1, 0.3), float("nan"), 5, ""),
    ],
)
def test_the_rule(change, claimed, seeds, wanted):
    assert verdict(Interval(*change), claimed, seeds) == wanted


def test_a_better_method_is_found_better_where_print_says_so():
    table = effects({"none": POOR, "TFA": GOOD, "own": GOOD}, TRUTH, base="none", item="elta.T4", resamples=200)
    assert table["row"].unique().tolist() == ["none", "TFA", "own"]
    lines = table.set_index(["row", "metric"])
    assert lines.loc[("none", "PLCC"), "published"] == 0.743
    assert lines.loc[("TFA", "PLCC"), "published change"] == pytest.approx(0.006)
    assert lines.loc[("TFA", "L"), "verdict"] == "holds here"
    assert lines.loc[("TFA", "M"), "verdict"] == "does not hold here"  # printed: M gets worse
    assert lines.loc[("own", "L"), "verdict"] == ""  # nothing printed, nothing claimed
    assert lines.loc[("TFA", "L"), "change high"] < 0
    assert lines.loc[("TFA", "L"), "seeds"] == 3
    width = lines.loc[("TFA", "L"), "change high"] - lines.loc[("TFA", "L"), "change low"]
    assert lines.loc[("TFA", "L"), "mde"] == pytest.approx(2.8 * width / (2 * 1.96), abs=2e-4)


def test_a_single_seed_has_no_minimum_detectable_effect():
    table = effects({"base": POOR[:1], "ours": GOOD[:1]}, TRUTH, base="base", resamples=50)
    assert table["mde"].isna().all()


def test_the_paper_s_own_comparison_stands_beside_the_equal_one():
    equal = effects({"base": POOR, "ours": GOOD}, TRUTH, base="base", resamples=50).assign(group="AVA")
    unequal = effects({"base": GOOD, "ours": GOOD}, TRUTH, base="base", resamples=50).assign(group="AVA")
    both = with_unequal(equal, unequal.iloc[::-1])
    assert both["change"].equals(equal["change"])
    assert (both.loc[both["row"] == "ours", "unequal change"] == 0).all()
    assert both.loc[both["row"] == "base", "unequal change"].isna().all()


def test_tables_for_looking_at():
    table = effects({"a": POOR, "b": GOOD}, TRUTH, base="a", resamples=100)
    grid = readable(table)
    assert list(grid.columns) == ["PLCC", "SRCC", "L", "M", "H"]
    assert grid.index.tolist() == ["a", "b"]
    assert readable(table, "change").loc["a", "L"] == ""
    assert readable(table, "change").loc["b", "L"].startswith("-")


def test_a_missing_base_is_told():
    with pytest.raises(ParameterError) as found:
        effects({"base": POOR}, TRUTH, base="bases")
    assert str(found.value) == "no row named 'bases'. Did you mean 'base'? Known: base."


def test_methods_of_other_seeds_are_not_paired():
    """One seed beside three would pass for three: numpy repeats it."""
    with pytest.raises(ParameterError, match=r"pairing needs equal seeds and resamples; got 3 × 1000 and 1 × 1000\."):
        effects({"base": POOR[:1], "ours": GOOD}, TRUTH, base="base")


def test_changes_are_those_of_the_paired_bootstrap():
    table = effects({"base": POOR, "ours": GOOD}, TRUTH, base="base", resamples=200, seed=3)
    line = table.set_index(["row", "metric"]).loc[("ours", "SRCC")]
    wanted = bootstrap(STATISTICS["SRCC"], GOOD, TRUTH, minus=POOR, resamples=200, seed=3)
    found = line[["change", "change low", "change high"]].tolist()
    assert found == pytest.approx([wanted.value, wanted.low, wanted.high], abs=6e-5)


def test_rescaling_undoes_a_wrong_scale():
    wrong = 3 + TRUTH / 2
    found = rescaled(np.stack([wrong, wrong]), np.stack([wrong, 2 * wrong]), TRUTH)
    np.testing.assert_allclose(found[0], TRUTH)


def test_stretching_gives_the_wanted_spread_and_keeps_the_order():
    val = POOR[:, :100]
    found = stretched(POOR, val, 2 * GOOD[:, :100])
    again = stretched(val, val, 2 * GOOD[:, :100])
    np.testing.assert_allclose(again.std(1), 2 * GOOD[:, :100].std(1))
    np.testing.assert_allclose(again.mean(1), 2 * GOOD[:, :100].mean(1))
    assert (found.argsort(1) == POOR.argsort(1)).all()
    np.testing.assert_allclose(stretched(val, val, TRUTH[:100]).std(1), TRUTH[:100].std())


@pytest.mark.parametrize(
    ("change", "seeds", "end"),
    [
        ((0.2, 0.1, 0.3), 3, "+0.200 [+0.100, +0.300], above zero."),
        ((-0.2, -0.3, -0.1), 3, "−0.200 [−0.300, −0.100], below zero."),
        ((0.2, -0.1, 0.3), 3, "+0.200 [−0.100, +0.300], not shown: the interval includes zero."),
        ((0.2, 0.0, 0.3), 3, "+0.200 [+0.000, +0.300], not shown: the interval includes zero."),
        ((0.2, 0.1, 0.3), 1, "+0.200 [+0.100, +0.300], not shown: one seed says nothing about another training."),
        ((0.0, np.nan, np.nan), 3, "+0.000 [+nan, +nan], not shown: there is no interval."),
    ],
)
def test_a_sentence_says_what_an_interval_shows_and_no_more(change, seeds, end):
    assert sentence("SRCC, TFA against none", Interval(*change), seeds) == f"SRCC, TFA against none: {end}"


def test_a_paired_difference_is_shown_where_the_intervals_of_both_overlap():
    # one shared error makes each uncertain, and the difference between the two sure
    shared = RNG.normal(0, 1.5, TRUTH.size)
    close = TRUTH + shared + RNG.normal(0, 0.1, (3, TRUTH.size))
    shrunk = TRUTH + 1.15 * shared + RNG.normal(0, 0.1, (3, TRUTH.size))
    table = effects({"a": shrunk, "b": close}, TRUTH, base="a", resamples=200)
    a, b = (table[(table["row"] == row) & (table["metric"] == "SRCC")].iloc[0] for row in "ab")
    assert a["high"] > b["low"], "the intervals overlap"
    (line,) = sentences(table, "a", ["SRCC"])
    assert line.startswith("SRCC, b against a: +0.0")
    assert line.endswith("], above zero.")
    assert len(sentences(table, "a")) == table["metric"].nunique()


def test_a_ranking_compares_each_row_with_the_next():
    found = drawn({"poor": POOR, "good": GOOD, "twin": GOOD.copy()}, TRUTH, 200)
    first, second = ranking(found)
    assert first == "SRCC, good against twin: +0.000 [+0.000, +0.000], not shown: the interval includes zero."
    assert second.startswith("SRCC, twin against poor: +")
    assert second.endswith("above zero.")
    single = ranking(drawn({"poor": POOR[:1], "good": GOOD[:1]}, TRUTH, 200))
    assert single[0].endswith("not shown: one seed says nothing about another training.")
