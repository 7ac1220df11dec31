"""What studies learn from: stand-ins with fresh test pictures, real folders with their own splits."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from aeslib.errors import DataError
from aeslib.profiles import PROFILES
from aeslib.studies.parts import parts, side_of, stand_in
from aeslib.studies.taskvec_photos import photographs
from aeslib.studies.taskvec_views import rated, users_of

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


def test_labels_without_images_are_refused_in_the_paper_profile(tmp_path, monkeypatch):
    from makers import make

    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    make("koniq10k", tmp_path)
    paper = replace(PROFILES["paper"], images=60, test_images=40, image_size=32)
    with pytest.raises(DataError, match=r"^koniq10k: labels without images .* In the paper profile no stand-in takes"):
        parts("koniq10k", paper)
    make("real_cur", tmp_path)
    with pytest.raises(DataError, match=r"^real_cur: labels without images"):
        rated("real_cur", 0, paper)
    assert rated("real_cur", 0, TINY).source == "synthetic"


def damaged_oasis(root, bad):
    """Images of even brightness with their rating; `bad` of them are cut off."""
    from makers import csv

    folder, light = root / "oasis_beauty", [37 * k % 101 + 50 for k in range(60)]
    names = [f"T{k}" for k in range(60)]
    header = ["Theme", "Category", "beauty_mean", "beauty_SD", "N", "Valence_mean", "Arousal_mean"]
    csv(
        folder / "means_per_image.csv",
        header,
        [[n, "A", 1 + v / 50, 1, 9, 4, 4] for n, v in zip(names, light, strict=True)],
    )
    csv(folder / "images_manifest.csv", ["file"], [[f"{name}.jpg"] for name in names])
    (folder / "images").mkdir()
    for name, value in zip(names, light, strict=True):
        path = folder / "images" / f"{name}.jpg"
        Image.new("L", (48, 48), value).save(path)
        if name in bad:
            path.write_bytes(path.read_bytes()[:-200])


def test_images_that_cannot_be_read_are_in_no_study(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    damaged_oasis(tmp_path, ["T7"])
    with pytest.warns(UserWarning, match="1 of 60 pictures could not be read"):
        data = parts("oasis_beauty", TINY)
    seen = [*data.train.ids, *data.val.ids, *data.test.ids]
    assert len(seen) == 59
    assert "T7" not in seen
    assert data.detail.endswith("; 1 unreadable images left out: 'T7'")
    for part in (data.train, data.val, data.test):
        light = part.images[part.rows].mean((1, 2, 3))
        assert light == pytest.approx((part.targets["score"] - 1) * 50, abs=2)
    with pytest.warns(UserWarning, match="1 of 60 pictures could not be read"):
        ids, shown, beauty = photographs(TINY)
    assert len(ids) == len(shown) == len(beauty) == 59
    assert shown.mean((1, 2, 3)) == pytest.approx((beauty - 1) * 50, abs=2)


def test_too_many_images_that_cannot_be_read_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    damaged_oasis(tmp_path, ["T7", "T8"])
    for read in (lambda: parts("oasis_beauty", TINY), lambda: photographs(TINY)):
        with (
            pytest.warns(UserWarning, match="2 of 60 pictures"),
            pytest.raises(
                DataError, match=r"^oasis_beauty: 2 of 60 images missing or unreadable, such as 'T7', 'T8'; "
            ),
        ):
            read()


def test_ratings_of_unreadable_images_are_left_out(tmp_path, monkeypatch):
    from makers import csv, jpeg

    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    rows = [[f"u{k % 2}", f"{k}.jpg", 1 + k % 5] for k in range(240)]
    csv(tmp_path / "real_cur" / "ratings.csv", ["worker", "imagePair", "score"], rows)
    for k in range(240):
        jpeg(tmp_path / "real_cur" / "images" / f"{k}.jpg", k)
    (tmp_path / "real_cur" / "images" / "8.jpg").write_bytes(b"")
    users_of.cache_clear()
    with pytest.warns(UserWarning, match="1 of 240 pictures could not be read"):
        users = users_of("real_cur", TINY)
    users_of.cache_clear()
    assert users.source == "real"
    assert len(users.images) == 239
    assert [len(person.rows) for person in users.people] == [119, 120]
    assert users.images.reshape(239, -1).any(axis=1).all()


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
