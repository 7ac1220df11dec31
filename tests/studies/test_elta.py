"""On grey pictures as bright as their score; the world itself is not needed to see that every step is taken."""

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import makers
import numpy as np
import pandas as pd
import pytest
import torch

from aeslib.backbones import build
from aeslib.data import load
from aeslib.profiles import get_profile
from aeslib.seeding import seeded
from aeslib.studies import elta as studies
from aeslib.studies import frozen
from aeslib.studies.core import run_study
from aeslib.studies.elta import Cell
from aeslib.studies.parts import Parts
from aeslib.training import Batches, pretext
from aeslib.training.fit import History

SMOKE = replace(get_profile("smoke"), images=60, test_images=40, pretext_images=12, image_size=32)
RANGES = {"ava": (1.0, 10.0), "aadb": (0.0, 1.0), "tad66k": (0.0, 10.0), "para": (1.0, 5.0)}


def grey(n: int, seed: int, low: float, high: float) -> Batches:
    rng = np.random.default_rng(seed)
    score = rng.uniform(low, high, n).astype(np.float32)
    level = 255 * (score - low) / (high - low)
    pictures = (level[:, None, None, None] + rng.normal(0, 3, (n, 3, 32, 32))).clip(0, 255).astype(np.uint8)
    bins = np.linspace(low, high, 10)
    near = np.exp(-(((score[:, None] - bins) / (bins[1] - bins[0])) ** 2)).astype(np.float32)
    targets = {"score": score, "hist": near / near.sum(1, keepdims=True)}
    return Batches(pictures, targets, [f"{seed}-{k}" for k in range(n)], 48)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Four tiny data sets and an untrained encoder in place of the world and its pretext."""
    calls = []

    def parts(key, profile, *, seed=0, batch_size=32, paper=""):
        low, high = RANGES[key]
        made = [grey(n, 10 * k + len(key), low, high) for k, n in enumerate((60, 25, 40))]
        calls.append((key, batch_size, paper))
        bins = tuple(np.linspace(low, high, 10).tolist())
        return Parts(key, *made, bins, (), (low, high), "synthetic", "made for a test")

    def pretrained(name, profile, **_):
        with seeded(0):
            return build("cnn")

    monkeypatch.chdir(tmp_path)  # checkpoints of one test must not meet those of another

    def stand_in(key, size, seed, side, batch_size):
        calls.append((key, size, seed))
        return grey(size, seed, *RANGES[key])

    monkeypatch.setattr(studies, "parts", parts)
    monkeypatch.setattr(studies, "stand_in", stand_in)
    for module in (studies, frozen):
        monkeypatch.setattr(module, "pretrained", pretrained)
    caches = (studies.ten_points, studies.start_of, studies.prepared, studies.search_set)
    for cached in caches:
        cached.cache_clear()
    yield calls
    for cached in caches:
        cached.cache_clear()


def test_all_scores_come_to_one_axis(small):
    for key, (low, high) in {"ava": (1, 10), "aadb": (0, 10), "tad66k": (0, 10), "para": (2, 10)}.items():
        data = studies.ten_points(key, SMOKE)
        assert data.score_range == (low, high)
        assert (data.bins[0], data.bins[-1], len(data.bins)) == (low, high, 10)
        assert data.train.targets["score"].max() <= high
        assert data.train.targets["target"].ndim == (2 if key == "ava" else 1)
    assert small[0] == ("ava", studies.BATCH["small"], "elta")


def test_features_are_computed_once(small, monkeypatch):
    first = studies.prepared("ava", "", SMOKE).train.targets["features"]
    studies.prepared.cache_clear()
    monkeypatch.setattr(studies, "predict", None)  # would fail if it were called again
    assert np.array_equal(studies.prepared("ava", "", SMOKE).train.targets["features"], first)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(),
        Cell(mix="feature", flsa=0.1),
        Cell(mix="pixel"),
        Cell(data="aadb", method="L&FDS"),
        Cell(method="RankSim"),
        Cell(host="NIMA", mix="feature", strategy="threshold", threshold=0.5),
        Cell(host="BIAA", mix="feature", flsa=0.1),
        Cell(data="para", mix="feature", strategy="random"),
    ],
    ids=lambda cell: f"{cell.data}-{cell.host}{cell.method}{cell.mix}{cell.strategy}",
)
def test_every_kind_of_run(small, cell):
    found = studies.compute(cell, SMOKE, Path("unused.safetensors"))
    assert set(found.arrays) == {"truth", "val_truth", "pred", "val"}
    assert {"PLCC", "SRCC", "L", "M", "H", "val_SRCC"} <= set(found.metrics)
    again = studies.compute(cell, SMOKE, Path("unused.safetensors"))
    assert np.array_equal(found.arrays["pred"], again.arrays["pred"])


def test_without_pseudo_labels_the_second_round_has_as_many_steps(small, monkeypatch):
    cell = Cell(extra="both", seed=1)
    first = studies.first_round(cell, SMOKE)
    before = first.scores(first.data.test)
    monkeypatch.setattr(studies, "search", lambda *_: None)
    skipped = studies.extra_round(cell, SMOKE, first)
    assert skipped.setting is None
    control = studies.extra_round(cell, SMOKE, first, pseudo=False)
    assert np.array_equal(skipped.scores(first.data.test), control.scores(first.data.test))  # as many steps, no label
    monkeypatch.setattr(studies, "search", lambda *_: studies.Setting(1.0, 0.0, 0.1, 20))
    taken = studies.extra_round(cell, SMOKE, first)
    assert taken.passed == 1
    assert not np.array_equal(taken.scores(first.data.test), before)
    assert not np.array_equal(control.scores(first.data.test), taken.scores(first.data.test))
    assert np.array_equal(first.scores(first.data.test), before)  # left as it was


def steps(monkeypatch):
    """Count the training steps that `fit` is asked for, a number per call."""
    made, plain = [], studies.fit

    def counted(model, objective, data, config, **more):
        made.append(config.epochs * -(-len(data) // data.batch_size))
        return plain(model, objective, data, config, **more)

    monkeypatch.setattr(studies, "fit", counted)
    return made


def test_all_rows_of_a_table_are_trained_for_as_many_steps(small, monkeypatch):
    """ELTA with APDS was compared with bases, hosts and rivals that had half its steps."""
    made = steps(monkeypatch)
    passes = lambda *_: studies.Setting(1.0, 0.0, 0.1, 20)  # noqa: E731
    monkeypatch.setattr(studies, "search", passes)
    grids = (studies.ABLATION, studies.COMPARISON, studies.PLUG_IN, studies.CONTROL)
    cells = {replace(cell, seed=0) for study in grids for cell in study.grid(SMOKE) if cell.data == "ava"}
    assert {cell.method for cell in cells} == {"", "L&FDS", "RankSim"}
    assert {cell.host for cell in cells} == {"", *studies.HOSTS}
    for cell in cells:
        made.clear()
        found = studies.compute(cell, SMOKE, Path("unused.safetensors"))
        assert made == made[:1] * (3 if cell.extra == "both" else 2), cell
        assert {"pred_apds", "pred_longer"} & set(found.arrays), cell


def test_the_second_round_of_a_rival_is_by_its_own_objective(small):
    for method in ("L&FDS", "RankSim"):
        cell = Cell(method=method, extra="longer")
        first = studies.first_round(cell, SMOKE)
        own = studies.extra_round(cell, SMOKE, first, pseudo=False)
        plain = studies.extra_round(replace(cell, method=""), SMOKE, without_fds(first), pseudo=False)
        assert not np.array_equal(own.scores(first.data.test), plain.scores(first.data.test))


def without_fds(trained):
    """The same weights in a model without the smoothing of L&FDS."""
    model = studies.new_model(Cell(), trained.data, SMOKE)
    model.load_state_dict(trained.model.state_dict(), strict=False)
    return replace(trained, model=model)


def test_every_row_starts_from_as_long_a_pretext_and_five_seeds_from_three(monkeypatch, tmp_path):
    """Base and NIMA had three times the pretext images of the other hosts, and one start for all five seeds."""
    profile = replace(get_profile("default"), pretext_images=12, pretext_epochs=2, image_size=64)
    trained, starts = [], {}

    def recorded(model, objective, train, config, **_):
        trained.append((len(train), config.epochs))
        return History()

    monkeypatch.setattr(pretext, "fit", recorded)
    grids = (studies.ABLATION, studies.COMPARISON, studies.PLUG_IN)
    cells = {(cell.host, cell.seed): cell for study in grids for cell in study.grid(profile)}
    assert len(cells) == 8 * 5
    for (host, _), cell in cells.items():
        encoder = studies.start(cell, profile)
        starts.setdefault(host, set()).add(float(sum(weight.double().sum() for weight in encoder.parameters())))
    assert set(trained) == {(12 // studies.SHARE, 2)}
    assert {host: len(found) for host, found in starts.items()} == dict.fromkeys(["", *studies.HOSTS], 3)


def test_frozen_features_are_those_of_the_start_of_the_seed(small, monkeypatch):
    """What a run is trained on comes from the start that the test above compares."""
    asked = []
    monkeypatch.setattr(studies, "features", lambda *args: asked.append(args) or np.zeros((len(args[1]), 4)))
    for seed in range(5):
        studies.prepared("ava", "EAT", SMOKE, Cell(seed=seed).pretext)
    assert {(name, *more) for name, _, _, *more in asked} == {("eat", studies.SHARE, k) for k in range(3)}


def test_apds_is_chosen_on_images_of_their_own(small):
    default = replace(SMOKE, test_images=1500)
    found = studies.search_set("aadb", "", default)
    assert len(found) == studies.SEARCH >= 500
    assert small[-1] == ("aadb", studies.SEARCH, 2000)
    data = studies.prepared("aadb", "", default)
    assert not {*found.ids} & {*data.train.ids, *data.val.ids, *data.test.ids}
    assert found.targets["score"].max() > 1  # the ten-point axis
    assert len(studies.search_set("aadb", "", SMOKE)) == 40  # as many as the profile tests on


def test_the_extra_round_is_chosen_there(small, monkeypatch):
    seen = []
    monkeypatch.setattr(studies, "search", lambda logits, truth, bins: seen.append(truth))
    first = studies.first_round(Cell(seed=1), SMOKE)
    studies.extra_round(Cell(seed=1), SMOKE, first)
    assert torch.equal(seen[0], studies.truth_of(studies.search_set("ava", "", SMOKE, 1)))


def test_all_temperatures_in_a_thorough_profile():
    two_lines, grid = (
        {(cell.tau1, cell.tau2) for cell in studies.sweep(profile) if cell.mix}
        for profile in (get_profile("default"), replace(get_profile("default"), thorough=True))
    )
    assert len(two_lines) == len(studies.TAU1) + len(studies.TAU2) - 1
    assert grid == {(a, b) for a in studies.TAU1 for b in studies.TAU2}


def test_threshold_sampling_is_judged_with_all_of_elta_and_with_tfa_alone():
    cells = [cell for cell in studies.mixing(get_profile("default")) if cell.strategy == "threshold"]
    rows = {(cell.threshold, cell.flsa > 0, cell.extra) for cell in cells}
    assert rows == {(t, *how) for t in studies.THRESHOLDS for how in ((False, ""), (True, "apds"))}


def test_the_positive_control_sees_a_quarter_of_the_images_for_as_many_steps(small):
    train = studies.prepared("ava", "", SMOKE).train
    seen = studies.repeated(train, 0.25, seed=0)
    assert len(seen) == len(train) == 60
    assert len(set(seen.ids)) == 15
    score = dict(zip(train.ids, train.targets["score"], strict=True))
    assert [score[name] for name in seen.ids] == list(seen.targets["score"])
    assert set(seen.ids) == set(studies.repeated(train, 0.25, seed=0).ids)
    assert set(seen.ids) != set(studies.repeated(train, 0.25, seed=1).ids)


def test_the_pool_is_drawn_from_the_others(small):
    pool = studies.pool_of(Cell(data="ava", seed=3), SMOKE)
    assert len(pool) == 60
    assert set(pool.targets) == {"features"}  # no label comes along
    own = set(studies.prepared("ava", "", SMOKE).train.ids)
    others = {i for key in ("aadb", "tad66k", "para") for i in studies.prepared(key, "", SMOKE).train.ids}
    assert set(pool.ids) <= others
    assert own != others


def test_grids_list_every_seed_once_and_pair_them():
    default = get_profile("default")
    for study in (studies.ABLATION, studies.COMPARISON, studies.PLUG_IN, studies.MIXING):
        cells = study.grid(default)
        assert len({str(asdict(cell)) for cell in cells}) == len(cells)
        bare = {str(asdict(replace(cell, seed=0))) for cell in cells}
        assert len(cells) == len(bare) * default.seeds
    sweep = studies.SWEEP.grid(default)
    assert len(sweep) == 3 * len({str(asdict(replace(cell, seed=0))) for cell in sweep})


def test_the_paper_size_is_trained_as_released_and_no_default_stands_twice():
    paper, default = get_profile("paper"), get_profile("default")
    assert studies.modules(paper, "TFA+FLSA") == {"mix": "feature", "n": 1, "flsa": 1.0}
    assert studies.modules(default, "TFA+FLSA") == {"mix": "feature", "n": 8, "flsa": 0.3}
    assert studies.config_of(paper, 0).clip is None
    assert Cell(mix="feature").tfa == studies.TFA()
    on = [cell for study in (studies.ABLATION, studies.COMPARISON, studies.PLUG_IN) for cell in study.grid(paper)]
    assert {cell.n for cell in on if cell.mix} == {1}
    assert {cell.flsa for cell in on} == {0.0, 1.0}


def test_a_study_runs_through(small, monkeypatch):
    monkeypatch.setattr("aeslib.studies.core.origins", lambda *_: [])
    found = run_study(studies.ABLATION, SMOKE, progress=False)
    assert len(found.frame) == 4
    assert found.stacked("pred", **studies.modules(SMOKE, "TFA+FLSA")).shape == (1, 40)
    assert found.stacked("pred_longer", mix="", flsa=0.0).shape == (1, 40)


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """Owners' layout and picture files of three data sets; only the published weights are replaced by random ones."""
    root = tmp_path / "data"
    for key in ("ava", "aadb", "tad66k"):
        makers.make(key, root)
    votes = [[n, *makers.ava_votes(n), 12, 0, 873] for n in makers.AVA_IDS[:20]]
    makers.csv(
        root / "ava/tanet/train.csv", ["image_id", *(f"score{k}" for k in range(2, 12)), "t1", "t2", "t3"], votes
    )
    monkeypatch.setenv("AESLIB_DATA", str(root))
    for key, folder in (("ava", "images/{}.jpg"), ("aadb", "images/{}"), ("tad66k", "TAD66K/{}")):
        for seed, name in enumerate(load(key).table.frame["image_id"]):
            makers.jpeg(root / key / folder.format(name), seed, (48, 40))
    monkeypatch.setattr(studies, "pretrained", lambda *_, **__: build("cnn"))
    monkeypatch.setattr(studies, "FACTOR", {key: studies.FACTOR[key] for key in ("ava", "aadb", "tad66k")})
    profile = replace(get_profile("paper"), image_size=32, epochs=1, bootstrap=10)
    caches = (studies.ten_points, studies.prepared, studies.search_set, studies.toy_set)
    for cached in caches:
        cached.cache_clear()
    assert all(studies.prepared(key, "", profile).source == "real" for key in studies.FACTOR)
    yield profile
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    "cell",
    [
        Cell(data="ava", mix="feature", flsa=0.1, extra="both"),
        Cell(data="aadb", mix="feature", flsa=0.1, extra="apds"),
        Cell(data="tad66k", mix="pixel", extra="apds"),
        Cell(data="ava", method="L&FDS", extra="longer"),
        Cell(data="aadb", method="RankSim"),
        Cell(data="ava", host="NIMA"),
        Cell(data="ava", host="BIAA", mix="feature", extra="apds"),
        Cell(data="ava", mix="feature", strategy="threshold"),
    ],
    ids=lambda cell: "-".join(str(v) for v in asdict(cell).values() if v and isinstance(v, str)),
)
def test_the_paper_profile_takes_every_step_on_real_pictures(photographs, cell, tmp_path):
    found = studies.compute(cell, photographs, tmp_path / "part.safetensors")
    second = {"longer": ["pred_longer"], "apds": ["pred_apds"], "both": ["pred_apds", "pred_longer"]}
    for name in ("pred", *second.get(cell.extra, [])):
        assert np.isfinite(found.arrays[name]).all()
        assert found.arrays[name].shape == found.arrays["truth"].shape
    assert found.arrays["truth"].max() > 1  # the ten-point axis


def test_pixels_and_features_are_mixed_differently_on_real_pictures(photographs, tmp_path):
    made = [
        studies.compute(Cell(data="aadb", mix=mix), photographs, tmp_path / "part.safetensors").arrays["pred"]
        for mix in ("feature", "pixel")
    ]
    assert not np.array_equal(*made)


def test_classes_and_scores_of_real_pictures(photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "build", lambda *_: build("cnn"))
    for task in ("class", "score"):
        found = studies.toy_run(studies.Toy(task), photographs, tmp_path / "part.safetensors")
        assert np.isfinite(found.arrays["z"]).all()


def test_the_toy_set_and_its_two_copies(small, monkeypatch):
    themes = np.array(list("abcdefghijkl"))
    frame = pd.DataFrame({"image_id": [f"{6}-{k}" for k in range(60)], "theme": themes[np.arange(60) % 12]})
    monkeypatch.setattr(studies, "pictured", lambda *_, **__: SimpleNamespace(table=SimpleNamespace(frame=frame)))
    studies.toy_set.cache_clear()
    data, theme, interval = studies.toy_set(SMOKE)
    studies.toy_set.cache_clear()
    assert sorted(np.unique(theme, return_counts=True)[1]) == sorted(np.unique(interval, return_counts=True)[1])
    assert np.array_equal(interval, data.targets["score"].astype(int).clip(max=9))
    for task in ("class", "score"):
        found = studies.toy_run(studies.Toy(task), SMOKE, Path("unused.safetensors"))
        assert found.arrays["z"].shape == (len(data), 384)
        assert 0 <= found.metrics["agreement"] <= 1


def test_layers_are_seen_while_the_model_runs(small):
    trained = studies.first_round(Cell(), SMOKE)
    x = torch.from_numpy(trained.data.train.targets["features"][:5])
    assert studies.layers(trained.model, x) == {"encoder": (5, 64), "head": (5, 10)}


def test_a_first_look_leaves_out_hosts_on_which_no_claim_rests():
    assert studies.hosts_on("aadb", get_profile("default")) == ()
    assert studies.hosts_on("ava", get_profile("default")) == tuple(studies.HOSTS)
    for name in ("night", "paper"):
        assert studies.hosts_on("aadb", get_profile(name)) == tuple(studies.HOSTS)
