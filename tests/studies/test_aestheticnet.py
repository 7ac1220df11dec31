"""On grey pictures as bright as their score; the world itself is not needed to see that every step is taken."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from aeslib.aestheticnet import Genotype
from aeslib.aestheticnet.network import score_model
from aeslib.backbones import build, count_parameters
from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import THEMES, Camera, draw_scenes
from aeslib.profiles import get_profile
from aeslib.studies import aestheticnet as studies
from aeslib.studies import aestheticnet_tables as tables
from aeslib.studies.aestheticnet import Cell, Hunt
from aeslib.studies.core import find_study
from aeslib.studies.effects import readable
from aeslib.studies.parts import Parts
from aeslib.training import Batches

SMOKE = replace(get_profile("smoke"), images=140, test_images=30, pretext_images=12, epochs=1, bootstrap=50)
GRIDS = [studies.SEARCH, studies.COMPARISON, studies.LOSSES, studies.IMPROVEMENTS, studies.ASPECTS, studies.TRANSFER]


def grey(n: int, seed: int, key: str) -> Batches:
    rng = np.random.default_rng(seed)
    share = rng.random(n).astype(np.float32)
    pictures = (255 * share[:, None, None, None] + rng.normal(0, 3, (n, 3, 64, 64))).clip(0, 255).astype(np.uint8)
    hist = np.exp(-((np.arange(10) - 9 * share[:, None]) ** 2)).astype(np.float32)
    ids = [f"I{k % 10:02d}_{k:04d}" for k in range(seed * 1000, seed * 1000 + n)]
    targets = {"score": 9 * share, "hist": hist / hist.sum(1, keepdims=True)}
    return Batches(pictures, targets if key == "ava" else {"score": 9 * share}, ids, 32, rows=np.arange(n))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Two tiny data sets in place of the world, on one thread: searches are thousands of small operations."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def parts(key, profile, *, seed=0, batch_size=32, paper=""):
        assert paper == "aestheticnet"
        whole = grey(160, 1, key)
        train, val = whole.take(np.arange(140)), whole.take(np.arange(140, 160))
        return Parts(
            key, train, val, grey(30, 2, key), tuple(range(1, 11)), (), (0, 10), "synthetic", "made for a test"
        )

    monkeypatch.setattr(studies, "parts", parts)

    def pictures(key, *, size, seed, px):
        assert key == "ava"
        assert (size, seed) in ((SMOKE.images, 0), (SMOKE.test_images, 1000))
        share = np.random.default_rng(2 if seed else 1).random(160)[:, None, None, None]
        return (255 * share).round().astype(np.uint8) * np.ones((1, 3, *px), np.uint8)

    monkeypatch.setattr(studies, "pictures", pictures)
    monkeypatch.setattr(studies, "pretrained", lambda name, profile: build(name))
    for cached in (studies.ava, studies.proxy, studies.tid, studies.shaped):
        cached.cache_clear()
    yield
    torch.set_num_threads(threads)
    for cached in (studies.ava, studies.proxy, studies.tid, studies.shaped):
        cached.cache_clear()


def test_the_proxy_set_is_a_tenth_split_four_to_one():
    train, valid = studies.proxy(SMOKE)
    assert (len(train), len(valid)) == (11, 3)
    assert not set(train.ids) & set(valid.ids)
    assert train.images.shape[2:] == (32, 32)


def test_a_search_keeps_its_genotype_and_mixtures(tmp_path):
    found = studies.hunt(Hunt(seed=1), SMOKE, tmp_path / "search.safetensors")
    genotype = Genotype.from_json(str(found.arrays["genotype"]))
    assert found.arrays["mixtures"].shape == (6, 2, 14, 8)
    size = count_parameters(lambda: score_model(genotype, studies.net_config(SMOKE), (1.0,) * 10))
    assert found.metrics["parameters"] == size


def test_random_cells_are_as_large_as_those_they_stand_beside():
    def size(genotype):
        return count_parameters(lambda: score_model(genotype, studies.net_config(SMOKE), (1.0,) * 10))

    other = studies.alike(studies.PDARTS, SMOKE, 3)
    assert other != studies.PDARTS
    assert abs(size(other) - size(studies.PDARTS)) <= studies.ALIKE * size(studies.PDARTS)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(net="published", loss="C", cbam=True, view="sizes"),
        Cell(net="published", view="own"),
        Cell(net="cnn", loss="EMD", view="crop"),
        Cell(net="nima", loss="EMD", data="tid2013", split="image"),
    ],
)
def test_every_kind_of_run(cell, tmp_path):
    found = studies.compute(cell, SMOKE, tmp_path / "run.safetensors")
    n = len(found.arrays["true_mean"])
    assert found.arrays["hist"].shape == (n, 10)
    np.testing.assert_allclose(found.arrays["hist"].sum(1), 1, atol=1e-5)
    again = studies.compute(cell, SMOKE, tmp_path / "run.safetensors")
    np.testing.assert_array_equal(found.arrays["mean"], again.arrays["mean"])


def test_shapes_have_equal_area_and_keep_their_rows():
    own, squash, crop = (studies.shaped(SMOKE, view).test for view in ("own", "squash", "crop"))
    assert {tuple(shape) for shape in own.shapes} == {(32, 32), (28, 37), (26, 39), (39, 26)}
    areas = own.shapes.prod(1)
    assert areas.max() / areas.min() < 1.03
    assert own.ids == squash.ids == crop.ids == studies.ava(SMOKE).test.ids
    square = np.flatnonzero((own.shapes == 32).all(1))
    shown = [data.batch(square)["image"] for data in (own, squash, crop)]
    assert torch.equal(shown[0], shown[1])
    assert torch.equal(shown[0], shown[2])


def bright(image):
    """Height and width of what is brighter than half, in pixels: as long as the sums through its middle."""
    mask = image.mean(0) > 0.5
    return float(mask.sum(0).max()), float(mask.sum(1).max())


@pytest.fixture
def discs(monkeypatch):
    """A bright disc in the middle of each generated image, in whatever frame it is rendered."""

    def pictures(key, *, size, seed, px):
        """As the world renders: a disc whose diameter is half of the square of equal area."""
        scenes = draw_scenes(np.random.default_rng(seed), 40, Camera())
        for name in ("noise", "miss", "motion", "defocus", "symmetry", "clutter", "counter", "haze", "vignette"):
            scenes[name] = 0
        scenes["theme"], scenes["x"], scenes["y"], scenes["size"] = THEMES.index("abstract"), 0.5, 0.5, 0.3
        scenes["repetition"], scenes["layout"], scenes["exposure"] = 1, scenes["layout"][0], 0
        small_ = scenes.copy()
        small_["size"] = 0.005
        change = np.abs(render(scenes, px).numpy().astype(int) - render(small_, px).numpy()).sum(1, keepdims=True)
        return np.repeat(np.where(change > 0, 255, 0).astype(np.uint8), 3, axis=1)[np.arange(size) % 40]

    monkeypatch.setattr(studies, "pictures", pictures)


def test_discs_are_round_in_their_own_shape_and_cropped_but_not_squashed(discs):
    own, squash, crop = (studies.shaped(SMOKE, view, 96).test for view in ("own", "squash", "crop"))
    for shape in sorted({tuple(shape) for shape in own.shapes}):
        rows = np.flatnonzero((own.shapes == shape).all(1))[:5]
        aspect = shape[1] / shape[0]
        for data, expected in ((own, 1), (crop, 1), (squash, 1 / aspect)):
            for image in data.batch(rows)["image"]:
                height, width = bright(image)
                assert width / height == pytest.approx(expected, rel=0.07)
    assert min(own.shapes[:, 1] / own.shapes[:, 0]) < 0.7
    assert max(own.shapes[:, 1] / own.shapes[:, 0]) > 1.45


def test_both_splits_are_judged_on_the_same_pictures_and_only_one_has_seen_their_references():
    by_reference, by_image = (studies.tid(SMOKE, split, 32) for split in studies.SPLITS)
    assert by_reference.test.ids == by_image.test.ids
    assert len(by_reference.train) == len(by_image.train)
    judged = set(studies.reference_of(list(by_image.test.ids)))
    assert len(judged) == 2
    assert not judged & set(studies.reference_of(list(by_reference.train.ids)))
    assert judged & set(studies.reference_of(list(by_image.train.ids)))
    assert not set(by_image.train.ids) & set(by_image.test.ids)
    np.testing.assert_allclose(by_image.test.targets["hist"] @ np.arange(10), by_image.test.targets["score"], atol=0.06)


def test_grids_list_every_run_once_and_default_searches_eight_times():
    default = get_profile("default")
    for study in GRIDS:
        cells = [str(asdict(cell)) for cell in study.grid(default)]
        assert len(set(cells)) == len(cells)
        assert find_study(study.name) is study
    assert len(studies.hunts(default)) == 8
    assert len({cell.seed for cell in studies.comparison(default) if cell.net == "searched"}) == 8


def test_the_paper_size_is_as_printed():
    paper = get_profile("paper")
    config, training = studies.search_config(paper, 0), studies.fit_config(paper, studies.Cell())
    assert (config.cells, config.ops, config.epochs, config.c, config.lr) == ((5, 11, 17), (8, 5, 2), 25, 16, 0.025)
    assert (training.epochs, training.lr, studies.net_config(paper).cells) == (200, 0.1, 20)


def test_tables_say_what_is_lost_and_what_changed():
    rng = np.random.default_rng(0)
    truth = rng.normal(5, 1, 200)

    def arrays(noise):
        mean = np.stack([truth + noise * rng.normal(size=200) for _ in range(3)])
        both = np.stack([truth] * 3)
        return {"mean": mean, "var": mean, "true_mean": both, "true_var": both,
                "emd1": np.abs(mean - truth), "emd2": np.abs(mean - truth)}  # fmt: skip

    table = tables.compared({"good": arrays(0.2), "bad": arrays(2)}, SMOKE, base="bad", claimed=["good"])
    good = table[table["row"] == "good"].set_index("metric")
    assert set(table["published"]) == {"not in the source text"}
    assert (good["verdict"] == "holds here").all()
    assert good.loc["EMD", "change"] < 0 < good.loc["SRCC (mean)", "change"]
    assert readable(table).shape == readable(table, "change").shape == (2, 7)
    assert readable(table, "change").loc["bad", "EMD"] == ""


def test_the_owners_standard_deviations_of_tid2013_are_used_where_they_are(monkeypatch):
    frame = pd.DataFrame({"image_id": ["I01_01_1", "I01_01_2"], "mos": [5.0, 4.0]})
    monkeypatch.setattr(studies, "pictured", lambda *_, **__: SimpleNamespace(table=SimpleNamespace(frame=frame)))
    ids, profile = ["I01_01_2", "I01_01_1"], get_profile("smoke")
    assert studies.deviations(ids, profile).tolist() == [studies.STD] * 2
    frame["std"] = [0.5, 1.5]
    assert studies.deviations(ids, profile).tolist() == [1.5, 0.5]
