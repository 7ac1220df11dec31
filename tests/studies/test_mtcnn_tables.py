from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aeslib.imbalance import Bins
from aeslib.profiles import get_profile
from aeslib.published import wide
from aeslib.studies import mtcnn_tables as tables
from aeslib.studies.effects import FAILS, HOLDS, OPEN
from aeslib.studies.mtcnn import scaling_of

PROFILE = replace(get_profile("smoke"), bootstrap=100)
RNG = np.random.default_rng(0)
TRUTH = RNG.random((300, 5))


def noisy(noise: float, seeds: int = 5) -> np.ndarray:
    return TRUTH + noise * RNG.normal(size=(seeds, 300, 5))


class Runs:
    """What `Results` offers, from made arrays."""

    def __init__(self, **arrays):
        self.made = arrays

    def stacked(self, name, *, data, kind):
        return self.made.get(f"{kind}_{name}", self.made.get(name))


def test_printed_names_are_those_of_paper_and_card():
    for key, item in (("aadb", "mtcnn.T5"), ("eva", "mtcnn.T10")):
        names = tables.PRINTED[key]
        assert [row for row in wide(item).index if row != "Overall"] == list(names)
        assert set(names.values()) == set(scaling_of(key).names[1:])


def test_outputs_before_and_after():
    shown = {"Light and color": 1, "Quality": 3, "Overall": 0}
    found = tables.by_output("mtcnn.T10", shown, TRUTH, noisy(1.0), noisy(0.2), PROFILE).set_index("row")
    assert found.loc["Quality", ["published Training", "published Fine-tuning"]].tolist() == [0.463, 0.548]
    assert found.loc["Quality", "published change"] == pytest.approx(0.085)
    assert found.loc[["Light and color", "Quality"], "verdict"].tolist() == [HOLDS, HOLDS]
    assert found.loc["Overall", "verdict"] == ""  # not printed in this table
    worse = tables.by_output("mtcnn.T10", {"Quality": 3}, TRUTH, noisy(0.2), noisy(1.0), PROFILE)
    assert worse.loc[0, "verdict"] == FAILS
    alone = tables.by_output("mtcnn.T10", {"Quality": 3}, TRUTH, noisy(1.0, 1), noisy(0.2, 1), PROFILE)
    assert alone.loc[0, "verdict"] == OPEN  # one seed is never enough


def test_tasks_are_paired_per_stage():
    runs = Runs(truth=TRUTH[None], multi_first=noisy(1.0), single_first=noisy(1.0), multi_second=noisy(0.2),
                single_second=noisy(1.0))  # fmt: skip
    published = pd.DataFrame({"Fine-tuning": {"Single-task": 0.689, "Multi-task": 0.7067}})
    found = tables.by_tasks(runs, "aadb", published, PROFILE).set_index(["stage", "row"])
    assert found.loc[("Fine-tuning", "Multi-task"), "verdict"] == HOLDS
    assert found.loc[("Fine-tuning", "Multi-task"), "published change"] == pytest.approx(0.0177)
    assert found.loc[("Training", "Multi-task"), "verdict"] == ""
    assert np.isnan(found.loc[("Training", "Single-task"), "change"])


def test_shuffled_predictions_cover_the_same_range():
    found = tables.by_range(TRUTH[:, 0], noisy(0.1)[:, :, 0], Bins((0, 0.25, 0.5, 0.75, 1))).set_index("predictions")
    covered = ["covered: whole bins (paper)", "covered: images"]
    assert found.loc["network", covered].equals(found.loc["network, shuffled", covered])
    assert found.loc["network", "SRCC"] > 0.9
    assert abs(found.loc["network, shuffled", "SRCC"]) < 0.2
    assert found.loc["always the mean", covered].tolist() == [
        pytest.approx(np.histogram(TRUTH[:, 0], (0, 0.25, 0.5, 0.75, 1))[0][int(TRUTH[:, 0].mean() // 0.25)] / 300,
                      abs=1e-4),
        0,
    ]  # fmt: skip


def test_maps_are_held_against_chance():
    chance = 0.5 + 0.001 * RNG.normal(size=(5, 2, 2, 1, 8))
    better = chance + np.array([-0.1, 0.1])[None, None, :, None, None]
    found = tables.by_map(Runs(faithfulness=np.concatenate([better, chance], 3)), "aadb")
    assert found["curve"].tolist() == ["deletion", "insertion"] * 2
    assert found["beats chance"].all()
    assert found["difference"].tolist() == pytest.approx([-0.1, 0.1] * 2, abs=1e-4)
    worse = tables.by_map(Runs(faithfulness=np.concatenate([chance, better], 3)), "aadb")
    assert not worse["beats chance"].any()


def test_overall_against_the_others():
    scores = np.column_stack([np.arange(5), np.arange(5), -np.arange(5)])
    assert tables.to_overall(scores, {"same": 1, "opposite": 2}).tolist() == [1, -1]
    assert tables.to_overall(np.stack([scores, scores]), {"same": 1}).tolist() == [1]


def test_pictures_without_a_map_are_left_out_and_counted():
    curves = np.zeros((2, 2, 2, 2, 3))
    curves[:, :, :, 0] = 0.1, 0.2, 9.0
    curves[0, :, :, 0, 2] = curves[1, :, :, 0, 2] = np.nan
    found = tables.by_map(Runs(faithfulness=curves), "aadb")
    assert found["empty maps"].tolist() == [2] * 4
    assert found["difference"].tolist() == pytest.approx([0.15] * 4)
    assert found["random maps"].tolist() == [0] * 4
    curves[:, :, :, 0] = np.nan
    assert tables.by_map(Runs(faithfulness=curves), "aadb")["difference"].isna().all()
