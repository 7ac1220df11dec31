"""On grey pictures as bright as their score; the world itself is not needed to see that every step is taken."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from aeslib.backbones import build
from aeslib.profiles import get_profile
from aeslib.seeding import seeded
from aeslib.studies import mtcnn as studies
from aeslib.studies.core import find_study, run_study
from aeslib.studies.mtcnn import Cell
from aeslib.studies.parts import Parts
from aeslib.training import Batches

SMOKE = replace(get_profile("smoke"), images=60, test_images=40, pretext_images=12, image_size=32, epochs=1)
ATTRIBUTES = {key: studies.scaling_of(key).names[1:] for key in studies.DROPOUT}


def grey(n: int, seed: int, key: str) -> Batches:
    rng = np.random.default_rng(seed)
    share = rng.random((n, 1 + len(ATTRIBUTES[key])))
    scaling = studies.scaling_of(key)
    native = scaling.native(share).astype(np.float32)
    pictures = (255 * share[:, :1, None, None] + rng.normal(0, 3, (n, 3, 32, 32))).clip(0, 255).astype(np.uint8)
    return Batches(
        pictures, {"score": native[:, 0], "attributes": native[:, 1:]}, [f"{seed}-{k}" for k in range(n)], 64
    )


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two tiny data sets and an untrained encoder in place of the world and its pretext."""

    def parts(key, profile, *, seed=0, batch_size=32, paper=""):
        assert (batch_size, paper) == (64, "mtcnn")
        made = [grey(n, 10 * k + len(key), key) for k, n in enumerate((60, 25, 40))]
        return Parts(key, *made, (), ATTRIBUTES[key], (0, 1), "synthetic", "made for a test")

    def starting_encoder(profile):
        with seeded(0):
            return build("vgg16")

    monkeypatch.chdir(tmp_path)  # checkpoints of one test must not meet those of another
    monkeypatch.setattr(studies, "parts", parts)
    monkeypatch.setattr(studies, "starting_encoder", starting_encoder)
    monkeypatch.setattr("aeslib.studies.core.origins", lambda *_: [])
    for cached in (studies.pictures_of, studies.prepared):
        cached.cache_clear()
    yield
    for cached in (studies.pictures_of, studies.prepared):
        cached.cache_clear()


def test_outputs_and_scales_come_from_the_cards():
    aadb, eva = studies.scaling_of("aadb"), studies.scaling_of("eva")
    assert (len(aadb.names), len(eva.names)) == (12, 5)
    ends = dict(zip(aadb.names, zip(aadb.low, aadb.high, strict=True), strict=True))
    assert ends["Overall"] == ends["Symmetry"] == ends["Repetition"] == (0, 1)
    assert {end for name, end in ends.items() if name not in {"Overall", "Symmetry", "Repetition"}} == {(-1, 1)}
    assert eva.low.tolist() == [0, 1, 1, 1, 1]
    assert eva.high.tolist() == [10, 4, 4, 4, 4]


@pytest.mark.parametrize("kind", ["multi", "single", "separate", "literal"])
def test_every_kind_of_run(small, kind):
    cell = Cell(data="eva" if kind == "single" else "aadb", kind=kind, seed=1)
    found = studies.compute(cell, SMOKE, Path("unused.safetensors"))
    outputs = 1 if kind == "single" else 12
    assert found.arrays["truth"].shape == found.arrays["first"].shape == found.arrays["second"].shape == (40, outputs)
    assert {"SRCC_first", "SRCC_second_train", "SRCC_second_val"} <= set(found.metrics)
    assert ("across" in found.arrays) == ("faithfulness" in found.arrays) == (kind == "multi")
    assert not any(name.startswith("weight") for name in found.arrays)  # seed 0 only
    again = studies.compute(cell, SMOKE, Path("unused.safetensors"))
    np.testing.assert_array_equal(found.arrays["second"], again.arrays["second"])


def test_a_kept_run_gives_its_network_back(small):
    found = studies.compute(Cell(data="eva"), SMOKE, Path("unused.safetensors"))
    model = studies.restored(found.arrays, "eva", SMOKE)
    images = studies.pictures_of("eva", SMOKE).test
    native = studies.scores(model, images, studies.scaling_of("eva"))
    np.testing.assert_allclose(native, found.arrays["second"], atol=1e-4)
    assert np.abs(found.arrays["first"] - found.arrays["second"]).max() > 1e-4
    assert found.arrays["faithfulness"].shape == (2, 2, 2, min(studies.EXPLAINED, 40))
    assert found.arrays["across"].shape == found.arrays["across_truth"].shape == (40,)


def test_the_small_size_keeps_maps_of_both_sides_for_training_only(small):
    train, test = (studies.prepared("aadb", part, SMOKE) for part in ("train", "test"))
    assert train.targets["maps"].shape == (60, 2, 64, 4, 4)
    assert train.targets["features"].shape == (60, 2, 64)
    assert test.targets["maps"].shape == (40, 1, 64, 4, 4)


def test_grids_list_every_seed_once():
    default = get_profile("default")
    assert len(studies.TASKS.grid(default)) == 2 * 2 * default.seeds >= 20
    for study in (studies.TASKS, studies.VARIANTS):
        cells = study.grid(default)
        assert len({str(asdict(cell)) for cell in cells}) == len(cells)
        assert find_study(study.name) is study


def test_a_study_runs_through(small):
    found = run_study(studies.TASKS, SMOKE, progress=False)
    assert len(found.frame) == 4
    assert found.stacked("second", data="eva", kind="single").shape == (1, 40, 1)
    assert found.stacked("across", data="aadb", kind="multi").shape == (1, 40)
