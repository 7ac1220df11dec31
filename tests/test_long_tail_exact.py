"""The published label statistics, recomputed from the owners' files by the functions that notebook 02 calls."""

import numpy as np
import pandas as pd
import pytest

from aeslib.data import Dataset, load
from aeslib.imbalance import LEFT, RIGHT, Bins
from aeslib.published import table
from aeslib.published.beside import beside
from aeslib.published.released import class_counts

pytestmark = pytest.mark.real
EDGES = (0, 2, 3, 4, 5, 6, 7, 8, 10)
ELTA = Bins(EDGES, turn=5)
TENTHS = tuple(k / 10 for k in range(11))


@pytest.fixture
def aadb(real_data) -> Dataset:
    real_data("aadb")
    return load("aadb", family="as_released")


@pytest.fixture
def tad66k(real_data) -> Dataset:
    real_data("tad66k")
    return load("tad66k")


def verdicts(item: str, here: pd.DataFrame, data: Dataset, group: str = "") -> list[str]:
    shown = beside(item, here, data, group=group)
    return shown["verdict"][shown["published"] != ""].tolist()


@pytest.mark.parametrize(
    ("turn", "counts"),
    [
        (5, [506, 826, 1338, 1768, 880, 1533, 967, 640]),
        (LEFT, [325, 491, 1160, 1530, 1812, 1533, 967, 640]),
        (RIGHT, [506, 826, 1338, 1768, 1689, 1269, 723, 339]),
    ],
)
def test_elta_f1_aadb_needs_the_odd_edge_rule(aadb, turn, counts):
    assert Bins(EDGES, turn).count(10 * aadb.table.split("train").mos).tolist() == counts


@pytest.mark.parametrize(
    ("turn", "counts"),
    [
        (5, [180, 2409, 6851, 11066, 12074, 11306, 6973, 1389]),
        (LEFT, [158, 2371, 6772, 11005, 12274, 11306, 6973, 1389]),
        (RIGHT, [180, 2409, 6851, 11066, 12278, 11232, 6892, 1340]),
    ],
)
def test_elta_f1_tad66k(tad66k, turn, counts):
    assert Bins(EDGES, turn).count(tad66k.table.split("train").mos).tolist() == counts


def test_elta_f1_is_exact_as_printed(aadb, tad66k):
    columns = list(table("elta.F1").query("row == 'AADB'")["column"])
    for name, data, scores in (("AADB", aadb, 10 * aadb.table.split("train").mos),
                               ("TAD66K", tad66k, tad66k.table.split("train").mos)):  # fmt: skip
        here = pd.DataFrame([ELTA.count(scores)], index=[name], columns=columns)
        assert verdicts("elta.F1", here, data) == ["exact"] * 8


def test_elta_f1_hinges_on_scores_that_lie_on_an_edge(aadb):
    scores = (10 * aadb.table.split("train").mos).round(9)
    assert ((scores == 5).sum(), (scores == 6).sum()) == (932, 809)


def test_mtcnn_t3_needs_float32(aadb):
    test = aadb.table.split("test").mos
    as32 = Bins(TENTHS, precision="float32").count(test)
    assert as32.tolist() == [4, 35, 79, 147, 152, 165, 224, 76, 103, 15]
    assert Bins(TENTHS).count(test).tolist() == [4, 35, 79, 147, 152, 165, 157, 143, 81, 37]
    here = pd.DataFrame({"Frequency": as32, "Percentage": as32 / 1000}, index=table("mtcnn.T3")["row"].unique())
    assert verdicts("mtcnn.T3", here, aadb) == ["exact"] * 20


def test_mtcnn_f3_levels(aadb):
    train = aadb.table.split("train")
    signs = {name: np.sign(train.attribute(name)) for name in train.attributes}
    assert [(signs["MotionBlur"] == s).sum() for s in (-1, 0, 1)] == [700, 7361, 397]
    assert (signs["Repetition"] > 0).sum() == 1683
    assert (signs["Symmetry"] > 0).sum() == 771


def test_mtcnn_f9a_rank_correlations(aadb):
    rows = aadb.table
    attributes = pd.DataFrame({name: rows.attribute(name) for name in rows.attributes})
    rho = attributes.rank().corrwith(pd.Series(rows.mos).rank())
    assert rho.round(4)[["Content", "Light"]].tolist() == [0.6999, 0.5802]
    assert rho.round(3).to_dict() == {
        "Content": 0.700, "Light": 0.580, "ColorHarmony": 0.573, "Object": 0.556, "VividColor": 0.532, "DoF": 0.426,
        "RuleOfThirds": 0.360, "BalacingElements": 0.345, "MotionBlur": 0.207, "Symmetry": 0.117, "Repetition": 0.084,
    }  # fmt: skip
    here = pd.DataFrame({"SRCC": rho[["Content", "Light"]].to_numpy()}, index=["Content", "Lighting"])
    assert verdicts("mtcnn.F9", here, aadb, group="a") == ["exact"] * 2


def test_sizes_and_splits(aadb, tad66k):
    def sizes(data: Dataset) -> dict[str, int]:
        return data.table.frame["split"].value_counts().to_dict()

    assert sizes(aadb) == {"train": 8458, "validation": 500, "test": 1000}
    assert sizes(load("aadb")) == {"train": 8458, "validation": 373, "test": 1000}
    assert sizes(tad66k) == {"train": 52248, "test": 14079}


@pytest.mark.parametrize(
    ("key", "family", "rows"),
    [("koniq10k", None, 10073), ("spaq", None, 11125), ("ava", "ilgnet", 255529), ("aadb", "as_released", 9958)],
)
def test_taskvec_t1_sizes(real_data, key, family, rows):
    real_data(key)
    assert len(load(key, family=family).table) == rows


def test_ava_share_above_five(real_data):
    real_data("ava")
    frame = load("ava", family="ilgnet").table.frame
    assert frame["high"].sum() == 180_856
    assert round(frame["high"].mean(), 4) == 0.7078
    assert frame.loc[frame["split"] == "test", "high"].mean() == 0.8


def test_ava_s_random_tenths_fit_elta_f1(real_data):
    """Expected counts of the 229,979 training images lie within two standard deviations of the print."""
    real_data("ava")
    seen = ELTA.count(load("ava", family="tanet").table.mos)
    printed = table("elta.F1").query("row == 'AVA'")
    share = seen / seen.sum()
    off = np.abs(229_979 * share - printed["value"])
    rounding = np.where(printed["printed"].str.endswith("K"), 500, 0)
    assert (off <= rounding + 2 * 229_979 * np.sqrt(share * (1 - share) / seen.sum())).all()


def test_eva_maximum(real_data):
    real_data("eva")
    eva = load("eva")
    assert len(eva.table) == 4070
    assert verdicts("mtcnn.T7", pd.DataFrame({"Maximum": [eva.table.mos.max()]}, index=["Overall"]), eva) == ["exact"]


@pytest.mark.parametrize(("key", "edges"), [("aadb", tuple(k / 5 for k in range(6))), ("tad66k", (0, 2, 4, 6, 8, 10))])
def test_the_class_counts_of_the_released_code(real_data, key, edges):
    real_data(key)
    here = Bins(edges).count(load(key).table.split("train").mos)
    assert here.tolist() == class_counts().loc[(key, "aesthetic")].dropna().tolist()
