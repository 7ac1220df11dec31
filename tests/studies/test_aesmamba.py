"""Tables of the AesMamba chapters from invented predictions, and what the grids hold."""

import numpy as np
import pandas as pd
import pytest

from aeslib.metrics import interval
from aeslib.profiles import get_profile
from aeslib.studies import aesmamba, aesmamba_people
from aeslib.studies.aesmamba_tables import (
    METRICS,
    by_attribute,
    by_class,
    leads,
    printed_leads,
    recomputed_averages,
    trends,
    with_accuracy,
    with_published,
)
from aeslib.studies.effects import drawn, lines


def invented(seeds=3, n=120, attributes=2):
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 5, (n, attributes))
    good, bad = (truth + rng.normal(0, s, (seeds, n, attributes)) for s in (0.5, 2.0))
    return truth, good, bad


def test_leads_and_lines_agree():
    truth, good, bad = invented()
    found = drawn({"base": bad[:, :, 0], "ours": good[:, :, 0]}, truth[:, 0], 200, METRICS)
    table, ahead = lines(found, base="base", group="G"), leads(found, "ours", ["base"], "G")
    change = table[(table["row"] == "ours") & (table["metric"] == "SRCC")].iloc[0]
    lead = ahead[ahead["metric"] == "SRCC"].iloc[0]
    assert (change["change"], change["change low"]) == (lead["change"], lead["change low"])
    assert lead["change low"] > 0
    assert table[table["row"] == "base"]["change"].isna().all()


def test_the_average_is_the_mean_of_attributes():
    truth, good, _ = invented()
    found = by_attribute({"m": good}, truth, ("aesthetic", "quality"), 50)
    both = [interval(found[name]["m", "SRCC"]).value for name in ("Aesthetic", "Quality")]
    assert interval(found["Average"]["m", "SRCC"]).value == pytest.approx(np.mean(both))


def test_printed_averages_recomputed():
    table = recomputed_averages()
    assert table.loc[table["verdict"] == "contradicted", "row"].unique().tolist() == ["ResNeXt50"]
    off = table[(table["row"] == "ResNeXt50") & (table["metric"] == "PLCC")].iloc[0]
    assert (off["printed"], off["mean of nine"]) == (0.896, 0.8889)
    ours = table[table["row"] == "AesMamba-F"].set_index("metric")
    assert ours.loc["SRCC", ["printed", "verdict"]].tolist() == [0.875, "exact"]


def test_changes_within_classes():
    truth, good, bad = invented(n=400)
    points = by_class({"A": bad, "B": bad, "C": good}, truth, truth, ("aesthetic", "quality"))
    assert set(points["class"]) == {"[1, 2)", "[2, 3)", "[3, 4)", "[4, 5]"}
    assert (points[points["model"] == "B"]["relative"] == 0).all()
    assert points[points["model"] == "C"]["relative"].median() > 0
    flat = trends(points).set_index("model")
    assert flat.loc["B", ["slope per 10 %", "at share 0"]].tolist() == [0, 0]


def test_grids_hold_each_run_once():
    profile = get_profile("default")
    for grid in (
        aesmamba.visual,
        aesmamba.multimodal,
        aesmamba.fine_grained,
        aesmamba.balance,
        aesmamba_people.persons,
    ):
        cells = grid(profile)
        assert len(cells) == len(set(cells))
    assert {cell.seed for cell in aesmamba.visual(profile)} == set(range(aesmamba.SEEDS))
    assert {cell.seed for cell in aesmamba.visual(get_profile("paper"))} == set(range(get_profile("paper").seeds))


def test_published_rows_stand_beside_ours_and_the_others_follow():
    ours = pd.DataFrame({"group": ["few", "few"], "row": ["psn", "AesMamba-P"], "metric": "SRCC", "here": [0.5, 0.6]})
    table = with_published(ours, "aesmamba.T4", rows={"PARA* (psn)": "psn"}, groups={"10-shot": "few"})
    assert table["published"].iloc[:2].tolist() == [0.691, 0.707]
    assert table["published std"].iloc[:2].tolist() == [0.0009, 0.0049]
    assert len(table) == 2 + 44 - 14 - 2  # 14 cells are dashes, two stand beside ours
    assert table["here"].iloc[2:].isna().all()
    assert not table.duplicated(["group", "row", "metric"]).any()


def test_leads_that_the_paper_prints():
    table = printed_leads("aesmamba.T1", "AesMamba-V").set_index(["group", "metric"])
    assert table.loc[("AADB", "SRCC"), ["published", "next best", "its value", "lead"]].tolist() == [
        0.768, "TAVAR", 0.761, 0.007
    ]  # fmt: skip
    assert table.loc[("TAD66K", "SRCC"), "lead"] == pytest.approx(0.475 - 0.513)
    assert table.loc[("AVA", "Accuracy"), "lead"] == 0.0  # as HGCN


def test_accuracy_is_in_percent_as_printed():
    metric = with_accuracy(5.0)["Accuracy"]
    truth, pred = np.array([5.0, 5.1, 4.9, 6.0]), np.array([[5.2, 4.8, 4.9, 5.5]])
    assert metric(pred[0], truth, np.ones((1, 4))).tolist() == [50.0]
