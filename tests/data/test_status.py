"""`data status`: one row per data set with its level, images, rows, and what is wrong."""

import makers
import pytest

from aeslib.data.cards import KEYS, load_card
from aeslib.data.status import status


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def row(key: str) -> dict:
    return status().set_index("key").loc[key].to_dict()


def test_nothing_at_hand(root):
    table = status()
    assert table["key"].tolist() == list(KEYS)
    assert set(table["level"]) == {"none"}
    assert set(table["note"]) == {"no label files"}
    assert table["images"].sum() == table["rows"].sum() == 0
    assert table["unlocks"].tolist() == [" ".join(load_card(key).unlocks) for key in KEYS]
    assert table["folder"].tolist() == [str(root.resolve() / key) for key in KEYS]


def test_everything_at_hand(root):
    for key in KEYS:
        makers.make(key, root)
    table = status().set_index("key")
    assert table["level"].to_dict() == dict.fromkeys(KEYS, "labels") | {"oasis_beauty": "real"}
    assert (table["rows"] > 0).all()
    assert table["families"]["ava"] == "tanet relic idealo nima ilgnet mpada official counts known"


def test_labels_with_all_some_and_no_images(root):
    folder = makers.make("oasis_beauty", root)
    assert {name: row("oasis_beauty")[name] for name in ("level", "images", "rows", "note")} == {
        "level": "real", "images": 3, "rows": 3, "note": "3 images",
    }  # fmt: skip
    (folder / "images" / "Cat 4.jpg").unlink()
    found = row("oasis_beauty")
    assert (found["level"], found["rows"]) == ("none", 3)
    assert found["note"].startswith("refused: oasis_beauty: 1 of 3 images missing in images/: 'Cat4'; ")
    for path in (folder / "images").iterdir():
        path.unlink()
    assert (row("oasis_beauty")["level"], row("oasis_beauty")["note"]) == ("labels", "no images")


def test_rows_without_image_are_told(root):
    rows = [["u", f"{k}.jpg", 3] for k in range(60)]
    makers.csv(root / "real_cur" / "ratings.csv", ["worker", "imagePair", "score"], rows)
    for k in range(59):
        makers.jpeg(root / "real_cur" / "images" / f"{k}.jpg", k)
    found = row("real_cur")
    assert (found["level"], found["images"], found["rows"]) == ("real", 59, 59)
    assert found["note"] == "59 images; 1 of 60 images missing, their rows left out: '59.jpg'"


def test_incomplete_labels_are_told(root):
    folder = makers.make("aadb", root)
    (folder / "imgListTrainRegression_.csv").unlink()
    found = row("aadb")
    assert (found["level"], found["rows"], found["families"]) == ("none", 0, "")
    assert found["note"] == "incomplete: aadb: imgListTrainRegression_.csv missing; 2 of 3 files there."


def test_damaged_labels_are_told(root):
    folder = makers.make("tad66k", root)
    (folder / "dataset.zip").write_bytes(b"PK")
    found = row("tad66k")
    assert (found["level"], found["rows"]) == ("none", 0)
    assert found["note"] == (
        "damaged: tad66k/dataset.zip: not a whole zip archive (File is not a zip file); it is cut off or damaged, "
        "fetch it again. See `aeslib data verify tad66k`."
    )


def test_looking_changes_nothing(root):
    for key in KEYS:
        makers.make(key, root)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.rglob("*")}
    status()
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.rglob("*")}


@pytest.mark.real
def test_status_of_the_owners_files(real_data):
    real_data("aadb")
    table = status().set_index("key")
    assert table["level"]["oasis_beauty"] == "real"
    assert table["level"]["para"] == "none"
    assert table["rows"][["aadb", "tad66k", "koniq10k"]].tolist() == [9831, 66_327, 10_073]
    assert table["note"]["aadb"] == "127 validation images that are also test images left out; 373 left; no images"
