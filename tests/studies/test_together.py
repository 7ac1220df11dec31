"""All methods side by side: fair grids, losses that add up, exact merges, verdicts that one seed cannot have."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from aeslib.aestheticnet.losses import self_weighted_emd
from aeslib.backbones import ScoreModel, build
from aeslib.elta.objective import distance
from aeslib.metrics import STATISTICS, bootstrap
from aeslib.profiles import get_profile
from aeslib.studies import together
from aeslib.studies.core import run_study, wrong_metric
from aeslib.studies.together import JUDGED, METHODS, NETWORKS, Cell, Combined, Merge, WithAttributes
from aeslib.studies.together_tables import combined, compared

TINY = replace(get_profile("smoke"), images=60, test_images=40, pretext_images=90)


def batch(seed=0, count=6):
    g = torch.Generator().manual_seed(seed)
    return {
        "features": torch.randn(count, 5, generator=g),
        "target": 1 + 9 * torch.rand(count, generator=g),
        "score": torch.linspace(1, 10, count),
        "hist": torch.rand(count, 10, generator=g).softmax(-1),
        "attributes": torch.rand(count, 3, generator=g),
    }


def model(kind=ScoreModel, *args):
    torch.manual_seed(0)
    neck = nn.Linear(5, 4)
    neck.num_features = 4
    return kind(neck, *(args or ([float(k) for k in range(1, 11)],)))


@torch.no_grad()
def test_losses_are_those_of_the_papers_and_add_up():
    data, plain, both = batch(), model(), model(WithAttributes, 3)
    alone = distance(plain(data["features"]), data["target"], plain.bins).mean()
    assert float(Combined(modules="", x="features")(plain, data)[0]) == pytest.approx(float(alone))
    weighted = self_weighted_emd(plain(data["features"]).softmax(-1), data["hist"]).mean()
    assert float(Combined(modules="self-weighted", x="features")(plain, data)[0]) == pytest.approx(float(weighted))
    loss, logs = Combined(modules="attributes", x="features")(both, data)
    told = both.attributes(both.encode(data["features"])).sigmoid()
    off = (told - data["attributes"]).square()  # in 0 to 1; a point of ten is a ninth
    main = distance(both(data["features"]), data["target"], both.bins).mean()
    assert float(loss) == pytest.approx(float(main + 81 * off.sum(1).mean()), rel=1e-5)
    assert set(logs) == {"supervised", "attributes"}
    assert "alignment" in Combined(modules="elta+attributes", x="features")(both, data)[1]


def test_grids_hold_each_run_once_and_every_row_of_the_picture():
    for profile in map(get_profile, ("smoke", "default", "paper")):
        cells = together.everything(profile)
        assert len(set(cells)) == len(cells)
        ran = {(c.data, c.network, c.modules) for c in cells}
        for key in JUDGED:
            lacking = {row for row, what in METHODS.items() if (key, *what) not in ran}
            assert lacking == ({"Multi-task CNN"} if key == "ava" else set())  # AVA publishes no attributes
            assert {(key, network, "") for network in NETWORKS} <= ran
        assert {c.seed for c in cells} == set(range(min(3, profile.seeds)))


def test_memory_of_a_step_by_hand():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    held = together.kept_for_backward(net.requires_grad_(False), torch.zeros(2, 3))
    assert held == 4 * (2 * 3 + 2 * 4)  # what the layer was given, and what the ReLU gave
    assert not any(p.requires_grad for p in net.parameters())


def test_a_change_needs_two_seeds_to_be_beyond_chance():
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 10, 150)
    good, bad = (truth + rng.normal(0, s, (3, 150)) for s in (0.5, 4))
    for seeds, told in ((3, "better"), (1, "open")):
        rows = {"a": bad[:seeds], "b": good[:seeds]}
        table = compared(rows, truth, 200, base="a").set_index(["row", "metric"])
        assert table.loc["b", "outcome"].unique().tolist() == [told]
        assert table.loc["a", "outcome"].unique().tolist() == [""]
        assert table.loc[("b", "MAE"), "here"] == pytest.approx(np.abs(good[:seeds] - truth).mean(), abs=1e-4)
        pairs = {("cnn", ""): bad[:seeds], ("cnn", "elta"): good[:seeds]}
        assert [combined(pairs, truth, 200, metric)["outcome"].item() for metric in ("SRCC", "L")] == [told, told]
    swapped = combined({("vmamba", ""): good, ("vmamba", "elta"): bad}, truth, 200, "H")
    assert swapped[["network", "module", "outcome"]].to_numpy().tolist() == [["VMamba", "TFA + FLSA", "worse"]]


def test_changes_are_those_of_the_bootstrap():
    rng = np.random.default_rng(1)
    truth = rng.uniform(1, 10, 80)
    one, other = (truth + rng.normal(0, 3, (3, 80)) for _ in range(2))
    line = combined({("cnn", ""): one, ("cnn", "elta"): other}, truth, 200).iloc[0]
    wanted = bootstrap(STATISTICS["SRCC"], other, truth, minus=one, resamples=200)
    assert (line["change"], line["low"], line["high"]) == pytest.approx((wanted.value, wanted.low, wanted.high))


def test_models_of_all_data_sets_start_alike_and_merge_exactly():
    starts = [together.new_model(Cell(data=key), TINY).state_dict() for key in together.TASKS]
    for other in starts[1:]:
        assert all(torch.equal(starts[0][name], value) for name, value in other.items())
    outcome = together.merge(Merge(data="aadb"), TINY, None)
    others = replace(together.RUNS, grid=lambda _: [Cell(data="ava"), Cell(data="para")])
    runs = run_study(others, TINY, progress=False)
    test = together.data_of("aadb", "cnn", TINY).test
    net = together.new_model(Cell(data="ava"), TINY)
    weights = [runs.arrays(key) for key in runs.frame["key"]]
    half = {name: torch.from_numpy((weights[0][f"weight {name}"] + weights[1][f"weight {name}"]) / 2)
            for name, _ in net.named_parameters()}  # fmt: skip
    net.load_state_dict(half, strict=False)
    np.testing.assert_allclose(outcome.arrays["merged"], together.scores_of(net, test, "features"), atol=1e-4)
    assert outcome.arrays["single"].shape == (2, len(test))


def test_scores_are_on_one_axis_and_no_label_of_the_pool_is_seen():
    for key in JUDGED:
        found = together.shown_of(key, TINY)
        train = found.train.targets
        assert train["score"].min() >= 1
        assert train["score"].max() <= 10
        np.testing.assert_allclose(train["hist"].sum(1), 1, atol=1e-5)
        assert (train["target"].ndim == 2) == (key == "ava")
        if key == "aadb":  # greatest entropy: means are kept
            np.testing.assert_allclose(train["hist"] @ np.arange(1, 11), train["score"], atol=0.06)
    assert set(together.pool_of(Cell(data="ava"), TINY).targets) == {"features"}


@pytest.mark.parametrize("modules", ["balanced", "attributes", "elta+apds"])
def test_every_kind_of_run_gives_finite_scores(modules):
    cell = Cell(data="aadb", modules=modules)
    outcome = together.compute(cell, TINY, None)
    assert wrong_metric(outcome.metrics, asdict(cell), together.RUNS.undefined) == "", "its run can be kept"
    assert np.isfinite(outcome.arrays["pred"]).all()
    assert outcome.arrays["pred"].shape == (TINY.test_images,)
    assert not any(name.startswith("weight") for name in outcome.arrays)


def test_the_paper_size_trains_whole_networks_on_pictures(monkeypatch, tmp_path):
    paper = replace(get_profile("paper"), images=40, test_images=12, image_size=32, epochs=1, seeds=1, bootstrap=10)
    monkeypatch.setattr(together, "pretrained", lambda name, profile: build(name, "paper"))  # published weights
    monkeypatch.setattr(together, "SHOTS", 4)
    outcome = together.compute(Cell(data="aadb", modules="elta+attributes"), paper, tmp_path / "checkpoint")
    assert outcome.metrics["parameters"] > 961_600  # the whole encoder
    merged = together.merge(Merge(data="ava"), paper, tmp_path / "other").arrays
    assert np.isfinite(np.vstack([merged["merged"], merged["few"], merged["single"]])).all()
    assert together.price(together.Price(network="cnn"), paper, tmp_path).metrics["parameters"] == 961_600
