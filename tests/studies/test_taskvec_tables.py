from types import SimpleNamespace

import numpy as np
import pytest
import torch

from aeslib.profiles import get_profile
from aeslib.studies.taskvec_tables import by_layer, compared, generic, lead, leads, null_cosines, over_users, plane
from aeslib.taskvec.vectors import TaskStack, TaskVector

SMOKE = get_profile("smoke")


def test_users_are_drawn_not_pictures():
    values = np.tile([0.2, 0.4, 0.6], (4, 1))
    found = over_users(values, SMOKE)
    assert found.value == pytest.approx(0.4)
    assert 0.2 <= found.low < 0.4 < found.high <= 0.6
    paired = over_users(values, SMOKE, minus=values - 0.1)
    assert (paired.low, paired.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_a_lead_is_taken_where_both_were_run():
    mine, others = np.full((4, 5), 0.5), np.full((1, 3), 0.2)
    found = lead(mine, others, 0.1, SMOKE)
    assert found["change"] == pytest.approx(0.3)
    assert found["verdict"] == "inconclusive"  # one draw
    assert lead(mine, np.full((4, 5), 0.2), 0.1, SMOKE)["verdict"] == "holds here"
    assert lead(mine, np.full((4, 5), 0.7), 0.1, SMOKE)["verdict"] == "does not hold here"
    assert lead(mine, np.full((4, 5), 0.2), np.nan, SMOKE)["verdict"] == ""


def test_published_rows_stay_beside_those_that_were_run():
    rng = np.random.default_rng(0)
    values = {k: 0.5 + 0.01 * rng.normal(size=(3, 6)) for k in (10, 100)}
    table = compared({"Ours": values, "A ridge": {k: v - 0.1 for k, v in values.items()}}, "taskvec.T2", SMOKE)
    mtcl = table[(table["row"] == "MTCL") & (table["metric"] == "10-shot")].iloc[0]
    assert (mtcl["published"], mtcl["published std"]) == (0.495, 0.007)
    assert np.isnan(mtcl["here"])
    ours = table[(table["row"] == "Ours") & (table["metric"] == "100-shot")].iloc[0]
    assert (ours["published"], ours["seeds"], ours["users"]) == (0.621, 3, 6)
    found = leads(table)
    assert found["rival"].tolist() == ["A ridge", "A ridge"]
    np.testing.assert_allclose(found["change"], 0.1)
    assert set(found["row"]) == {"Ours"}


@pytest.fixture
def stack():
    """Three vectors in two layers: the first two equal, the third at right angles."""
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.randn(20, 20, generator=generator) for _ in range(2))
    deltas = [{"a.weight": x, "b.weight": 2 * x, "head.w": torch.zeros(1)} for x in (one, one, other)]
    start = {name: torch.zeros_like(value) for name, value in deltas[0].items()}
    return TaskStack(start, [TaskVector(d) for d in deltas])


def test_layers_and_their_chance(stack):
    found = by_layer(stack)
    assert found.index.tolist() == ["a.weight", "b.weight"]
    assert found["high"].tolist() == [1.0, 1.0]
    assert (found["null high"] < 0.3).all()
    assert np.abs(null_cosines(stack, stack.counted)).max() < 0.3


def test_the_plane_shows_what_there_is(stack):
    places, merged, share = plane(stack, {"mean": np.full(3, 1 / 3)})
    assert share == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(places[0], places[1], atol=1e-4)
    np.testing.assert_allclose(merged["mean"], places.mean(0), atol=1e-5)


def test_the_small_size_is_paired_on_the_seeds_it_has():
    rng = np.random.default_rng(0)
    truth = rng.normal(5, 1, 40)
    made = {
        ("truth", "large"): truth[None],
        ("head only", "large"): (truth + rng.normal(0, 2, 40))[None].repeat(2, 0),
        ("pred", "small"): truth + rng.normal(0, 1, (1, 40)),
        ("pred", "large"): truth[None].repeat(2, 0),
    }
    runs = SimpleNamespace(stacked=lambda array, *, data, which: made[array, which])
    found = generic(runs, "spaq", "taskvec.T12", SMOKE).set_index(["row", "metric"])
    assert found.loc[("Ours (ViT-B/16)", "SRCC"), "seeds"] == 1
    assert found.loc[("Ours (ViT-L/14)", "SRCC"), "seeds"] == 2
    assert found.loc[("Ours (ViT-L/14)", "SRCC"), "change low"] > 0
