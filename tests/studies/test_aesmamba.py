"""Tables of the AesMamba chapters from invented predictions, and what the grids hold."""

import numpy as np
import pytest

from aeslib.metrics import interval
from aeslib.profiles import get_profile
from aeslib.studies import aesmamba, aesmamba_people
from aeslib.studies.aesmamba_tables import (
    METRICS,
    by_attribute,
    by_class,
    leads,
    recomputed_averages,
    trends,
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
    assert "AesMamba-F" not in set(table["row"])  # its average cannot be read


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
