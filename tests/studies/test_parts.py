"""What studies learn from: stand-ins with fresh test pictures, real folders with their own splits."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from aeslib.profiles import PROFILES
from aeslib.studies.parts import parts, side_of, stand_in

TINY = replace(PROFILES["smoke"], images=60, test_images=40, image_size=32)


def test_stand_in_is_tested_on_fresh_pictures():
    made = parts("aadb", TINY)
    assert made.source == "synthetic"
    assert len(made.train) + len(made.val) == 60
    assert len(made.val) > 0
    assert len(made.test) == 40
    ids = [set(part.ids) for part in (made.train, made.val, made.test)]
    assert not ids[0] & ids[1]
    assert not (ids[0] | ids[1]) & ids[2]
    assert set(made.train.targets) >= {"score", "attributes"}
    assert len(made.attributes) == made.train.targets["attributes"].shape[1] == 11
    batch = next(made.train.epoch(0, 0))
    assert batch["image"].shape == (32, 3, 32, 32)
    assert 0 <= batch["image"].min() <= batch["image"].max() <= 1


def test_same_seed_same_pictures():
    one, two = (stand_in("ava", 20, 3, 32) for _ in range(2))
    assert one.ids == two.ids
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.targets["hist"], two.targets["hist"])
    assert one.targets["hist"].sum(1) == pytest.approx(1)


def test_labels_without_pictures_train_on_the_stand_in(tmp_path, monkeypatch):
    from makers import make

    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    make("koniq10k", tmp_path)
    assert parts("koniq10k", TINY).source == "synthetic"


def test_real_pictures_keep_their_splits(tmp_path, monkeypatch):
    from makers import make

    from aeslib.data import load

    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    make("koniq10k", tmp_path)
    frame = load("koniq10k").table.frame
    folder = tmp_path / "koniq10k" / "1024x768"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in frame["image_id"]:
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(folder / name)
    if load("koniq10k").source != "real":
        pytest.fail(f"pictures in {folder} were not found: {load('koniq10k').detail}")
    made = parts("koniq10k", TINY)
    assert made.source == "real"
    assert set(made.test.ids) == set(frame["image_id"][frame["split"] == "test"])
    assert set(made.train.ids) | set(made.val.ids) | set(made.test.ids) == set(frame["image_id"])
    assert made.test.batch(np.arange(2))["image"].shape[-1] == 32


def test_networks_see_no_more_pixels_than_their_paper_shows_them():
    assert [side_of(paper, PROFILES["paper"]) for paper in ("elta", "taskvec", "mtcnn")] == [256, 224, 256]
    assert side_of("taskvec", PROFILES["default"]) == 64
