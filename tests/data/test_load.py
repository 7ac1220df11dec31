"""`load`: the best source at hand, never a stand-in for damaged files, and a detail that says what was read."""

import hashlib
import os
import re
import shutil
import unicodedata
from pathlib import Path

import makers
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from aeslib.data import describe_source, families, load, pictured
from aeslib.data.cards import KEYS, load_card
from aeslib.data.doctor import verify
from aeslib.data.image_files import ImagePaths, shortfall, walk_images
from aeslib.data.sources import Origin
from aeslib.data.status import status
from aeslib.data.table import LabelTable
from aeslib.errors import DataError, ParameterError


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """What the stand-in is asked for; it answers with two rows."""
    calls: list[tuple] = []

    def standin(key, *, size, seed, level="image", tail=1.0):
        calls.append((key, size, seed, level))
        frame = pd.DataFrame({"image_id": ["a", "b"], "split": "train", "mos": [1.0, 2.0]})
        return LabelTable(frame, (0, 10))

    monkeypatch.setattr("aeslib.data.synthetic.standins.standin", standin)
    return calls


def message(error: type[Exception], *arguments, **options) -> str:
    with pytest.raises(error) as caught:
        load(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("key", KEYS)
def test_without_files_every_data_set_is_synthetic_and_says_so(key, root):
    data = load(key, size=40, seed=3)
    assert data.source == "synthetic"
    assert data.key == key
    assert len(data.table) == 40
    assert data.detail == f"synthetic stand-in for {load_card(key).title}: size 40, seed 3"


@pytest.mark.parametrize("key", KEYS)
def test_with_files_every_data_set_is_read_from_them(key, root, asked):
    makers.make(key, root)
    data = load(key)
    assert data.source == ("real" if key == "oasis_beauty" else "labels")
    assert len(data.table) > 2
    assert asked == []


def test_an_empty_folder_is_no_data(root, asked):
    (root / "eva").mkdir(parents=True)
    (root / "eva" / ".cache").write_text("")
    assert load("eva", size=7, seed=5).source == "synthetic"
    assert asked == [("eva", 7, 5, "image")]


def test_detail_names_the_files_their_digests_and_what_was_left_out(root):
    folder = makers.make("aadb", root)
    digests = [
        f"aadb/imgList{name}Regression_.csv "
        + hashlib.sha256((folder / f"imgList{name}Regression_.csv").read_bytes()).hexdigest()[:12]
        for name in ("Train", "Validation", "TestNew")
    ]
    assert load("aadb").detail == (
        f"distinct: {', '.join(digests)}; 2 validation images that are also test images left out; 3 left; no images"
    )


def test_the_first_family_of_the_card_is_read_unless_another_is_asked_for(root):
    makers.make("aadb", root)
    assert len(load("aadb").table) == len(load("aadb", family="distinct").table) == 21
    assert len(load("aadb", family="as_released").table) == 23


def test_ratings_are_read_where_persons_are_published(root):
    makers.make("para", root)
    data = load("para", level="rating")
    assert (data.table.level, len(data.table), data.source) == ("rating", 60, "labels")


def test_ratings_that_the_owners_do_not_publish_come_from_the_stand_in(root, asked):
    makers.make("aadb", root)
    assert load("aadb", level="rating").source == "synthetic"
    assert asked == [("aadb", 4000, 0, "rating")]


def test_misspelt_words_are_answered_with_the_nearest(root):
    assert message(ParameterError, "adb").startswith("no data set named 'adb'. Did you mean 'aadb'? Known: ava, aadb,")
    assert message(ParameterError, "aadb", family="distinkt") == (
        "no family of aadb named 'distinkt'. Did you mean 'distinct'? Known: distinct, as_released."
    )
    assert message(ParameterError, "aadb", level="ratings") == (
        "no level named 'ratings'. Did you mean 'rating'? Known: image, rating."
    )


def test_damaged_labels_are_an_error_and_no_stand_in(root, asked):
    folder = makers.make("tad66k", root)
    (folder / "dataset.zip").write_bytes(b"not a zip")
    assert message(DataError, "tad66k") == (
        "tad66k: tad66k/dataset.zip: not a whole zip archive (File is not a zip file); it is cut off or damaged, "
        "fetch it again. See `aeslib data verify tad66k`."
    )
    assert asked == []


def test_missing_label_files_are_an_error_and_no_stand_in(root, asked):
    folder = makers.make("aadb", root)
    (folder / "imgListTestNewRegression_.csv").unlink()
    assert message(DataError, "aadb") == (
        "aadb: imgListTestNewRegression_.csv missing; 2 of 3 files there. Run `aeslib data verify aadb`."
    )
    assert asked == []


def test_other_files_than_the_labels_are_an_error_and_no_stand_in(root, asked):
    makers.jpeg(root / "eva" / "images" / "71.jpg")
    assert message(DataError, "eva") == (
        f"eva: {root / 'eva'} holds files, but not data/votes_filtered.csv or votes_filtered.csv or "
        "iqs-digikam/samples_train.json, iqs-digikam/samples_test.json (all, image). Run `aeslib data verify eva`."
    )
    assert asked == []


def test_a_family_whose_files_are_absent_is_an_error(root, asked):
    makers.make("photonet", root)
    assert message(DataError, "photonet", family="all") == (
        f"photonet: {root / 'photonet'} holds files, but not photonet_dataset.txt (all, image). "
        "Without these lists, what is there can be read as family 'aesmamba'. Run `aeslib data verify photonet`."
    )
    assert asked == []


def test_with_all_images_a_data_set_is_real_and_leads_to_them(root):
    makers.make("oasis_beauty", root)
    data = load("oasis_beauty")
    assert data.source == "real"
    assert re.search("; 3 images [0-9a-f]{12}$", data.detail)
    paths = data.image_paths()
    assert set(paths) == set(data.table.frame["image_id"])
    assert paths["Acorns1"] == root.resolve() / "oasis_beauty" / "images" / "Acorns 1.jpg"
    assert paths["Acorns1"].is_file()


def test_ratings_of_photographs_are_real_in_both_layouts(root):
    """What `data fetch` brings and what others hand on give the same rows of the images that are there."""
    makers.make("oasis_owners", root)
    fetched = load("oasis_beauty", level="rating")
    assert (fetched.source, fetched.family, len(fetched.table)) == ("real", "all", 200)
    shutil.rmtree(root / "oasis_beauty")
    makers.make("oasis_beauty", root)
    listed = load("oasis_beauty", level="rating")
    assert (listed.source, listed.family, len(listed.table)) == ("real", "pictures", 150)
    shared = fetched.table.of_images(listed.table.frame["image_id"])
    pd.testing.assert_frame_equal(shared.frame, listed.table.frame)
    assert listed.table.score_range == (1, 7)


def test_labels_without_their_pictures_give_way_to_a_stand_in_that_has_some(root):
    makers.make("oasis_beauty", root)
    makers.make("eva", root)
    assert pictured("oasis_beauty").source == "real"
    assert load("eva").source == "labels"
    assert pictured("eva", size=40).source == "synthetic"
    for key in ("oasis_beauty", "eva", "aadb"):  # all there, labels alone, nothing
        data = pictured(key, size=40, seed=1)
        assert describe_source(key, size=40, seed=1) == Origin(key, data.source, data.detail)


@pytest.fixture
def albums(root):
    """`albums(n)` makes REAL-CUR with n labels and n files."""

    def make(count: int) -> Path:
        folder = root / "real_cur"
        names = [f"i{k:03}.jpg" for k in range(count)]
        rows = [[f"u{k % 2}", name, 1 + k % 5] for k, name in enumerate(names)]
        makers.csv(folder / "ratings.csv", ["worker", "imagePair", "score"], rows)
        for k, name in enumerate(names):
            makers.jpeg(folder / "images" / name, k)
        return folder

    return make


def test_rows_without_image_are_left_out_and_named(albums):
    folder = albums(60)
    (folder / "images" / "i007.jpg").unlink()
    data = load("real_cur")
    assert data.source == "real"
    assert len(data.table) == 59
    assert "i007.jpg" not in set(data.table.frame["image_id"])
    assert set(data.images) == set(data.table.frame["image_id"])
    assert data.missing["image_id"].tolist() == ["i007.jpg"]
    assert re.search(
        r"; 59 images [0-9a-f]{12}; 1 of 60 images missing, their rows left out: 'i007\.jpg'$", data.detail
    )
    ratings = load("real_cur", level="rating")
    assert (ratings.source, len(ratings.table)) == ("real", 59)
    whole = load("real_cur", images=False)
    assert (whole.source, len(whole.table)) == ("labels", 60)
    assert whole.detail.endswith("; labels alone")


def test_many_rows_without_image_are_counted(albums):
    folder = albums(250)
    for k in range(5):
        (folder / "images" / f"i{k:03}.jpg").unlink()
    assert load("real_cur").detail.endswith(
        "; 5 of 250 images missing, their rows left out: 'i000.jpg', 'i001.jpg', 'i002.jpg' and 2 more "
        "(all: `aeslib data verify real_cur`)"
    )


def test_too_few_images_are_refused_with_the_list(albums):
    folder = albums(60)
    for name in ("i007.jpg", "i030.jpg"):
        (folder / "images" / name).unlink()
    assert message(DataError, "real_cur") == (
        "real_cur: 2 of 60 images missing in images/: 'i007.jpg', 'i030.jpg'; 'i007.jpg': no file of that name. At "
        "least 98% are needed: fetch them again; `aeslib data verify real_cur` lists all. Move the image folder away "
        "to use the labels alone."
    )
    with pytest.raises(DataError, match="2 of 60 images missing"):
        pictured("real_cur")
    shutil.rmtree(folder / "images")
    assert load("real_cur").detail.endswith("; no images")
    assert pictured("real_cur", size=40).source == "synthetic"


def test_images_none_of_which_has_a_label_are_refused(albums):
    folder = albums(6)
    for path in (folder / "images").iterdir():
        path.rename(path.with_name(f"photo {path.name}"))
    assert message(DataError, "real_cur").startswith("real_cur: 6 of 6 images missing in images/: 'i000.jpg', ")


def test_every_split_needs_its_images():
    frame = pd.DataFrame({"image_id": [f"{k}" for k in range(200)], "split": ["train"] * 180 + ["test"] * 20})
    assert shortfall(frame, ["0", "1", "2"]) == ""
    assert shortfall(frame, ["0", "1", "2", "3", "4"]) == "5 of 200 images"
    assert shortfall(frame, ["199"]) == "1 of 20 images of split 'test'"


def test_another_family_without_its_images_is_labels_only(root):
    makers.make("oasis_beauty", root)
    data = load("oasis_beauty", family="all")
    assert data.source == "labels"
    assert data.detail.endswith("; 1 of 4 images missing: labels only")
    with pytest.raises(DataError, match=r"^oasis_beauty: no images at hand \(.*\)\. See `aeslib data status`\.$"):
        data.image_paths()


def test_where_no_stand_in_is_wanted_labels_without_images_are_refused(root):
    makers.make("eva", root)
    with pytest.raises(DataError) as caught:
        pictured("eva", stand_in=False)
    assert str(caught.value) == (
        f"eva: labels without images ({load('eva').detail}). In the paper profile no stand-in takes the place of a "
        f"data set that is there: put its images beside the labels (data_cards/eva.md says where), or move "
        f"{root.resolve() / 'eva'} away."
    )
    assert pictured("aadb", size=40, stand_in=False).source == "synthetic"  # nothing is there


def test_unreadable_images_are_left_out_or_refused(albums):
    folder = albums(60)
    (folder / "images" / "i007.jpg").write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 60 pictures could not be read"):
        data, store = load("real_cur").decoded(size=8, fit="squash", progress=False)
    assert len(data.table) == len(store) == 59
    assert store.rows(data.table.frame["image_id"]).tolist() == list(range(59))
    assert data.detail.endswith("; 1 unreadable images left out: 'i007.jpg'")
    (folder / "images" / "i030.jpg").unlink()
    with (
        pytest.warns(UserWarning, match="1 of 59 pictures could not be read"),
        pytest.raises(DataError) as caught,
    ):
        load("real_cur").decoded(size=8, fit="squash", progress=False)
    assert str(caught.value) == (
        "real_cur: 2 of 60 images missing or unreadable, such as 'i007.jpg'; 'i007.jpg': i007.jpg: the file is empty. "
        "At least 98% are needed: fetch them again; `aeslib data verify real_cur` lists all."
    )


def test_of_two_images_of_one_name_the_one_in_the_shallower_folder_is_used(albums):
    folder = albums(6)
    for k in range(6):
        makers.jpeg(folder / "images" / "thumbs" / f"i{k:03}.jpg", k, (8, 8))
    assert {path.parent.name for path in load("real_cur").image_paths().values()} == {"images"}
    for k in range(6):
        (folder / "images" / f"i{k:03}.jpg").rename(folder / "images" / "thumbs" / f"j{k:03}.jpg")
    assert {path.parent.name for path in load("real_cur").image_paths().values()} == {"thumbs"}


def test_two_different_images_of_one_name_at_one_depth_are_refused(albums):
    folder = albums(6)
    for seed, place in enumerate(("a", "b")):
        makers.jpeg(folder / "images" / place / "i000.jpg", seed)
    (folder / "images" / "i000.jpg").unlink()
    assert message(DataError, "real_cur") == (
        "real_cur: a/i000.jpg and b/i000.jpg differ and are both image 'i000.jpg'. Remove one of them, or put it into "
        "a deeper folder: of two files the one in the shallower folder is used. See `aeslib data verify real_cur`."
    )
    shutil.copy(folder / "images" / "a" / "i000.jpg", folder / "images" / "b" / "i000.jpg")
    assert load("real_cur").image_paths()["i000.jpg"].parent.name == "a"


def rename_all(folder, change):
    for path in (folder / "images").iterdir():
        path.rename(path.with_name(change(path.name)))


def test_names_in_another_unicode_form_or_with_another_case_of_the_ending(root):
    folder = root / "real_cur"
    names = [f"Zürich {k}.jpg" for k in range(4)]
    makers.csv(folder / "ratings.csv", ["worker", "imagePair", "score"], [["u", name, 3] for name in names])
    for k, name in enumerate(names):
        makers.jpeg(folder / "images" / name, k)
    rename_all(folder, lambda name: unicodedata.normalize("NFD", name).replace(".jpg", ".JPG"))
    data = load("real_cur")
    assert data.source == "real"
    assert set(data.images) == set(names)
    assert data.image_paths()[names[0]].read_bytes()[:2] == b"\xff\xd8"


def test_names_that_differ_in_case_only_are_two_images(root):
    folder = root / "real_cur"
    rows = [["u", "a.jpg", 1], ["u", "a.JPG", 5]]
    makers.csv(folder / "ratings.csv", ["worker", "imagePair", "score"], rows)
    makers.jpeg(folder / "images" / "a.jpg", 0)
    assert message(DataError, "real_cur").startswith("real_cur: 1 of 2 images missing in images/: 'a.JPG'; ")
    makers.jpeg(folder / "images" / "a.JPG", 1)
    paths = load("real_cur").image_paths()
    assert {name: path.name for name, path in paths.items()} == {"a.jpg": "a.jpg", "a.JPG": "a.JPG"}


def test_hidden_files_are_no_images(albums):
    folder = albums(6)
    for k in range(6):
        (folder / "images" / f"._i{k:03}.jpg").write_bytes(b"\0\5\x16\7")
    makers.jpeg(folder / "images" / ".thumbs" / "i000.jpg", 9)
    data = load("real_cur")
    assert (data.source, len(data.images)) == ("real", 6)
    assert [name for name, _ in walk_images(folder / "images")] == [f"i{k:03}.jpg" for k in range(6)]


def test_images_that_are_links_into_a_store(albums, tmp_path):
    """As git-annex and the caches of hubs keep them."""
    folder = albums(6)
    for place in (folder / ".git" / "annex" / "objects", tmp_path / "blobs"):
        place.mkdir(parents=True)
        for path in sorted((folder / "images").iterdir())[:3]:
            target = path.rename(place / f"SHA256E-{path.stem}")
            path.symlink_to(os.path.relpath(target, path.parent))
            path.rename(path.with_name(f"z{path.name}"))
    rename_all(folder, lambda name: name.lstrip("z"))
    data = load("real_cur")
    assert (data.source, len(data.images)) == ("real", 6)
    assert all(path.is_symlink() for path in data.image_paths().values())
    data, store = data.decoded(size=8, fit="squash", progress=False)
    assert len(store) == 6
    before = data.detail
    makers.jpeg(tmp_path / "x.jpg", 99).replace(tmp_path / "blobs" / "SHA256E-i003")
    assert load("real_cur").detail != before


def test_links_to_files_that_are_not_here_are_named(albums, tmp_path):
    folder = albums(6)
    (folder / "images" / "i004.jpg").unlink()
    (folder / "images" / "i004.jpg").symlink_to(tmp_path / "nowhere")
    assert "'i004.jpg': i004.jpg is a link to a file that is not here; fetch its content first" in message(
        DataError, "real_cur"
    )
    for path in (folder / "images").iterdir():
        path.unlink()
        path.symlink_to(tmp_path / "nowhere")
    data = load("real_cur")
    assert data.source == "labels"
    assert "; no images: 6 links to files that are not here ('i000.jpg', " in data.detail


def test_linked_folders_are_entered_once(albums, tmp_path):
    folder = albums(6)
    (folder / "images").rename(tmp_path / "disk")
    (folder / "images").mkdir()
    (folder / "images" / "part").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(folder / "images")
    assert load("real_cur").source == "real"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\x.jpg"])
def test_a_label_that_points_outside_is_refused(albums, name):
    folder = albums(100)
    text = (folder / "ratings.csv").read_text().replace("i007.jpg", name)
    (folder / "ratings.csv").write_text(text)
    makers.jpeg(folder.parent / "x.jpg")
    assert message(DataError, "real_cur") == (
        f"real_cur: image {name!r} points outside its folder. See `aeslib data verify real_cur`."
    )


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("para", ["imgs/session1/iaa_pub1_.jpg", "imgs/session1/iaa_pub2_.jpg", "imgs/session2/iaa_pub71_.jpg"]),
        ("eva", ["images/71.jpg", "images/106.jpg", "images/776273.jpg"]),
        ("tid2013", [f"distorted_images/{name.lower()}" for name in makers.TID2013_NAMES]),
        ("koniq10k", [f"512x384/{n}.jpg" for n in range(6)]),
        ("spaq", [f"TestImage/{row[0]}" for row in makers.SPAQ_ROWS]),
    ],
)
def test_images_are_found_in_the_owners_folders(key, names, root):
    folder = makers.make(key, root)
    for name in names:
        makers.jpeg(folder / name)
    data = load(key)
    assert data.source == "real"
    assert {path.relative_to(folder.resolve()).as_posix() for path in data.image_paths().values()} == set(names)


@pytest.mark.parametrize("name", ["../outside.jpg", "/outside.jpg", "a\x00.jpg"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, name):
    with pytest.raises(DataError) as caught:
        ImagePaths(tmp_path / "images", {"a": name})["a"]
    assert str(caught.value) == f"{name!r} points outside {tmp_path / 'images'}; names must stay inside their folder."


@pytest.mark.real
@pytest.mark.parametrize(
    ("key", "source", "rows"),
    [
        ("ava", "labels", 25_551), ("aadb", "labels", 9831), ("tad66k", "labels", 66_327), ("eva", "labels", 4070),
        ("photonet", "labels", 968), ("flickr_aes", "labels", 41_541), ("koniq10k", "labels", 10_073),
        ("spaq", "labels", 11_125), ("tid2013", "labels", 3000), ("oasis_beauty", "real", 338),
    ],
)  # fmt: skip
def test_the_owners_files_are_loaded(key, source, rows, real_data):
    real_data(key)
    data = load(key)
    assert (data.source, len(data.table)) == (source, rows)
    assert re.search(r" [0-9a-f]{12}", data.detail)
    low, high = data.table.score_range
    assert ((data.table.mos >= low) & (data.table.mos <= high)).all()


@pytest.mark.real
def test_every_owners_picture_is_found_and_can_be_opened(real_data):
    from PIL import Image

    real_data("oasis_beauty")
    paths = load("oasis_beauty").image_paths()
    assert len(paths) == 338
    with Image.open(paths["Acorns1"]) as picture:
        assert picture.size == (500, 400)


# --- the table itself ------------------------------------------------------------------------------------------------


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"image_id": ["a", "b"], "split": "train", "mos": [0.2, 0.4]} | columns)


def complaint(*arguments, **options) -> str:
    with pytest.raises(DataError) as caught:
        LabelTable(*arguments, **options)
    return str(caught.value)


def test_one_image_may_stand_in_two_splits_but_only_once_in_each():
    assert len(LabelTable(frame(image_id=["a", "a"], split=["validation", "test"]), (0, 1))) == 2
    assert complaint(frame(image_id=["a", "a"]), (0, 1)) == (
        "label table: image 'a' stands more than once in split 'train'. (4 failing cells in all.)"
    )


def test_a_person_rates_an_image_once():
    ratings = pd.DataFrame({"image_id": ["a", "a"], "split": "all", "user_id": ["u", "v"], "score": [1.0, 2.0]})
    assert len(LabelTable(ratings, (1, 5), level="rating")) == 2
    assert complaint(ratings.assign(user_id="u"), (1, 5), level="rating") == (
        "label table: image 'a' by user 'u' stands more than once in split 'all'. (6 failing cells in all.)"
    )


def test_lists_have_no_mean_scores():
    bare = frame(high=[0, 1]).drop(columns="mos")
    table = LabelTable(bare, (1, 10), scored=False)
    with pytest.raises(DataError) as caught:
        _ = table.mos
    assert str(caught.value) == "this list publishes no mean scores; it has image_id, split, high."
    assert complaint(bare, (1, 10)) == "label table: no column 'mos'; it has image_id, split, high."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mos": [0.2, 1.4]}, "row 1: mos is 1.4; expected in_range(0, 1)."),
        ({"mos": [-1.0, 1.4]}, "row 0: mos is -1.0; expected in_range(0, 1). (2 failing cells in all.)"),
        ({"mos": [0.2, np.nan]}, "row 1: mos is nan; expected not_nullable."),
        ({"image_id": ["a", ""]}, "row 1: image_id is ; expected str_length(1, None)."),
        ({"high": [0, 2]}, "row 1: high is 2; expected isin((0, 1))."),
        ({"std": [0.1, -1.0]}, "row 1: std is -1.0; expected greater_than_or_equal_to(0)."),
        ({"mos": [0, 1]}, "mos is int64; expected dtype('float64')."),
    ],
)
def test_a_bad_table_names_column_row_and_value(change, said):
    assert complaint(frame(**change), (0, 1)) == f"label table: {said}"


def test_splits_votes_and_attributes_that_are_not_there_are_named():
    table = LabelTable(frame(), (0, 1))
    for call, said in [
        (lambda: table.split("test"), "no split 'test' in this table; it has train."),
        (table.votes, "this data set publishes no vote histogram; use mos (and std where present)."),
        (lambda: table.attribute("Light"), "no attribute 'Light'; this table has none."),
    ]:
        with pytest.raises(DataError) as caught:
            call()
        assert str(caught.value) == said


def test_one_rule_says_which_family_is_read(root):
    """AVA as its owners publish it: the votes and the images, and no list of splits."""
    makers.make("ava_owners", root / "other")
    (root / "ava").mkdir(parents=True)
    (root / "other" / "ava" / "AVA.txt").rename(root / "ava" / "AVA.txt")
    for number in makers.AVA_IDS:
        makers.jpeg(root / "ava" / "images" / f"{number}.jpg")
    data = load("ava")
    assert (data.source, data.family, len(data.table)) == ("real", "counts", 40)
    assert data.detail.startswith("counts: ava/AVA.txt ")
    assert families("ava") == ["counts", "known"]
    row = status().set_index("key").loc["ava"]
    assert (row["level"], row["rows"], row["families"]) == ("real", 40, "counts known")
    (root / "ava" / "images" / "953001.jpg").unlink()
    assert "no picture for image '953001' of counts." in [f.message for f in verify("ava", root, progress=False).errors]
    with pytest.raises(DataError) as error:
        load("ava", family="tanet")
    assert str(error.value) == (
        f"ava: {root.resolve() / 'ava'} holds files, but not tanet/train.csv, tanet/val.csv, tanet/test.csv or "
        "tanet/val.csv, tanet/test.csv (tanet, image). Without these lists, what is there can be read as family "
        "'counts' or 'known'. Run `aeslib data verify ava`."
    )


def test_families_without_their_lists_leave_room_for_those_that_are_there(root):
    makers.make("photonet_owners", root)
    makers.make("oasis_beauty", root)
    assert load("photonet").family == "all"
    (root / "oasis_beauty" / "images_manifest.csv").unlink()
    assert load("oasis_beauty", images=False).family == "all"
    assert status().set_index("key").loc["oasis_beauty", "families"] == "all"


def test_a_split_that_is_not_there_is_no_reason_for_a_stand_in_in_the_paper_profile(tmp_path, monkeypatch):
    makers.make("flickr_aes", tmp_path)
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    table = load("flickr_aes", level="rating", images=False).table
    for name in dict.fromkeys(table.frame["image_id"]):
        path = tmp_path / "flickr_aes" / "40K" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(path, format="JPEG")
    assert load("flickr_aes", level="rating").source == "real"
    with pytest.raises(DataError, match=r"^flickr_aes: no images of a split 'nowhere'; the files at hand have "):
        pictured("flickr_aes", level="rating", split="nowhere", stand_in=False)
    assert pictured("flickr_aes", level="rating", split="nowhere", size=40).source == "synthetic"
