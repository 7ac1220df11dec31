"""Every reader, on files made in code and, where they are at hand, on the owners' files with the numbers they hold.

The tests named in a card's `traps` pin ways in which these data are easily misread.
"""

import gzip
import json
import re
import shutil
import zlib
from functools import cache
from pathlib import Path

import makers
import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat, savemat, whosmat
from scipy.stats import spearmanr

from aeslib.data.adapters import ADAPTERS, para
from aeslib.data.adapters.ava import BINS, VOTES
from aeslib.data.adapters.reading import (
    Finding,
    Raw,
    collecting,
    find,
    image_number,
    numbers,
    read_csv,
    tracking,
)
from aeslib.errors import DataError

real = pytest.mark.real


def read(folder: Path, family: str | None = None, level: str = "image"):
    adapter = ADAPTERS[folder.name]
    return adapter.read(folder, family or next(iter(adapter.LAYOUTS)), level)


@cache
def at_hand(folder: Path, family: str | None = None, level: str = "image"):
    """The owners' files, read once for all tests."""
    return read(folder, family, level)


def made(name: str, tmp_path: Path, family: str | None = None, level: str = "image"):
    return read(makers.make(name, tmp_path), family, level)


def left_closed(scores: np.ndarray, edges=(0, 2, 3, 4, 5, 6, 7, 8, 10)) -> list[int]:
    return np.histogram(np.round(scores, 9), edges)[0].tolist()


def elta_bins(scores: np.ndarray) -> list[int]:
    """Closed on the right up to 5, closed on the left from 6 on: the rule of elta F1."""
    score = np.round(scores, 6)
    right = [int((score <= 2).sum()), *(int(((score > a) & (score <= a + 1)).sum()) for a in (2, 3, 4))]
    middle = int(((score > 5) & (score < 6)).sum())
    return [*right, middle, *(int(((score >= a) & (score < a + 1)).sum()) for a in (6, 7)), int((score >= 8).sum())]


def message(call, *arguments, **options) -> str:
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*makers.MAKERS, *makers.OTHERS])
def test_every_layout_is_read_into_a_valid_table(name, tmp_path):
    folder = makers.make(name, tmp_path)
    readable = 0
    for family, levels in ADAPTERS[folder.name].LAYOUTS.items():
        for level in levels:
            if not _has(folder, levels[level]):  # another layout's family
                refused = message(read, folder, family, level)
                assert "no label file found; expected" in refused or refused.endswith(" files there.")
                continue
            table = read(folder, family, level)
            readable += 1
            assert len(table) > 0
            assert table.level == level
    assert readable


@pytest.mark.parametrize("name", [*makers.MAKERS, *makers.OTHERS])
def test_reading_changes_no_file_and_is_tracked(name, tmp_path):
    folder = makers.make(name, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    family = next(f for f, levels in ADAPTERS[folder.name].LAYOUTS.items() if _has(folder, levels["image"]))
    with tracking() as opened:
        read(folder, family)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert opened
    assert all(len(digest) == 64 for digest in opened.values())


def _has(folder: Path, layouts) -> bool:
    return any(all(find(folder, name) for name in layout.files) for layout in layouts)


# --- AADB ------------------------------------------------------------------------------------------------------------


def test_aadb_leaves_leaked_images_out_of_validation(tmp_path):
    table = made("aadb", tmp_path)
    assert table.frame["split"].value_counts().to_dict() == {"train": 12, "test": 6, "validation": 3}
    assert table.notes == ("2 validation images that are also test images left out; 3 left",)
    assert table.frame["image_id"].is_unique
    released = made("aadb", tmp_path, "as_released")
    assert released.frame["split"].value_counts().to_dict() == {"train": 12, "test": 6, "validation": 5}
    assert released.notes == ("2 images are in both validation and test, as released",)


@real
def test_aadb_leaves_leaked_images_out_of_validation_of_the_owners(real_data):
    table = at_hand(real_data("aadb"))
    assert table.frame["split"].value_counts().to_dict() == {"train": 8458, "test": 1000, "validation": 373}
    assert table.notes == ("127 validation images that are also test images left out; 373 left",)
    assert table.frame["image_id"].nunique() == 9831


def test_aadb_split_sizes(tmp_path):
    # the names of the files decide the split, "TestNew" is the test
    frame = made("aadb", tmp_path, "as_released").frame
    assert set(frame["image_id"][frame["split"] == "test"]) == {f"farm{n}_b.jpg" for n in (15, 16, 17, 18, 19, 20)}


@real
def test_aadb_split_sizes_of_the_owners(real_data):
    frame = at_hand(real_data("aadb"), "as_released").frame
    sizes = frame["split"].value_counts().to_dict()
    assert sizes == {"train": 8458, "validation": 500, "test": 1000}
    means = frame.groupby("split")["mos"].mean().round(4).to_dict()
    assert means == {"train": 0.5109, "validation": 0.5169, "test": 0.5246}


def test_aadb_reads_both_spellings(tmp_path):
    folder = makers.make("aadb", tmp_path)
    before = read(folder).frame
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text().replace("BalacingElements", "BalancingElements"))
    pd.testing.assert_frame_equal(read(folder).frame, before)
    assert "attr_BalacingElements" in before


@real
def test_aadb_reads_both_spellings_of_the_owners(real_data, tmp_path):
    folder = Path(shutil.copytree(real_data("aadb"), tmp_path / "aadb"))
    before = read(folder).frame
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text().replace("BalacingElements", "BalancingElements"))
    pd.testing.assert_frame_equal(read(folder).frame, before)


def test_aadb_histogram_depends_on_precision():
    # float32(0.7) lies below 0.7: the same score falls into another left-closed bin
    edges = np.arange(11) / 10
    assert np.histogram(np.float64([0.7]), edges)[0].tolist().index(1) == 7
    assert np.digitize(np.float32([0.7]).astype(float), edges)[0] - 1 == 6


@real
def test_aadb_histogram_depends_on_precision_as_published(real_data):
    scores = at_hand(real_data("aadb")).split("test").mos
    edges = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    single = np.histogram(np.float32(scores).astype(float), edges)[0].tolist()
    assert single == [4, 35, 79, 147, 152, 165, 224, 76, 103, 15]  # mtcnn T3
    assert np.histogram(scores, edges)[0].tolist() == [4, 35, 79, 147, 152, 165, 157, 143, 81, 37]


@real
def test_aadb_counts_and_correlations_as_published(real_data):
    table = at_hand(real_data("aadb"), "as_released")
    train = table.split("train")
    assert elta_bins(train.mos * 10) == [506, 826, 1338, 1768, 880, 1533, 967, 640]  # elta F1
    blur = train.attribute("MotionBlur")
    assert ((blur < 0).sum(), (blur > 0).sum(), (blur == 0).sum()) == (700, 397, 7361)  # mtcnn F3
    assert (train.attribute("Repetition") > 0).sum() == 1683
    assert (train.attribute("Symmetry") > 0).sum() == 771
    rho = {name: round(float(spearmanr(table.mos, table.attribute(name))[0]), 4) for name in table.attributes}
    assert (rho["Content"], rho["Light"]) == (0.6999, 0.5802)  # mtcnn F9a
    assert {name: round(value, 3) for name, value in rho.items()} == {
        "Content": 0.7, "Light": 0.58, "ColorHarmony": 0.573, "Object": 0.556, "VividColor": 0.532, "DoF": 0.426,
        "RuleOfThirds": 0.36, "BalacingElements": 0.345, "MotionBlur": 0.207, "Symmetry": 0.117, "Repetition": 0.084,
    }  # fmt: skip


def test_aadb_owners_lists_and_merged_tables_say_the_same(tmp_path):
    merged, lists = made("aadb", tmp_path / "a").frame, made("aadb_owners", tmp_path / "b").frame
    pd.testing.assert_frame_equal(lists[merged.columns], merged)


def test_aadb_lists_in_another_order_are_refused(tmp_path):
    folder = makers.make("aadb_owners", tmp_path)
    path = folder / "imgListFiles_label" / "imgListTrainRegression_Light.txt"
    makers.lines(path, reversed(path.read_text().splitlines()))
    assert message(read, folder) == (
        "imgListFiles_label/imgListTrainRegression_Light.txt: lists other images than the file before it; "
        "fetch both again."
    )


def _mat(folder: Path, change: float = 0.0) -> None:
    from scipy.io import savemat

    frame = read(folder, "as_released").frame
    content = {}
    for split in ("train", "test"):
        part = frame[frame["split"] == split]
        content[f"{split}NameList"] = np.array(part["image_id"].tolist(), dtype=object)[None]
        content[f"{split}Score"] = part["mos"].to_numpy()[None] + change * (np.arange(len(part)) == 1)
    savemat(folder / "AADBinfo.mat", content)


def test_aadb_is_compared_with_the_owners_matlab_file(tmp_path):
    folder = makers.make("aadb", tmp_path)
    _mat(folder)
    assert len(read(folder)) == 21
    _mat(folder, change=0.25)
    assert message(read, folder) == (
        "aadb/AADBinfo.mat: train image 'farm1_b.jpg' has score 0.3 here, 0.05 in the lists."
    )


def test_aadb_matlab_file_cut_off(tmp_path):
    folder = makers.make("aadb", tmp_path)
    (folder / "AADBinfo.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    assert message(read, folder).startswith("aadb/AADBinfo.mat: not the owners' MATLAB file (")


# --- TAD66K ----------------------------------------------------------------------------------------------------------


def test_tad66k_families_must_not_be_mixed(tmp_path):
    merged, themes = made("tad66k", tmp_path).frame, made("tad66k", tmp_path, "themes").frame
    assert set(merged["image_id"]) == set(themes["image_id"])
    both = merged.merge(themes, on="image_id")
    assert ((both["split_x"] == "test") & (both["split_y"] == "train")).sum() == 12
    assert set(themes["theme"]) == set(makers.TAD66K_THEMES)


@real
def test_tad66k_families_must_not_be_mixed_in_the_owners_lists(real_data):
    merged, themes = at_hand(real_data("tad66k")), at_hand(real_data("tad66k"), "themes")
    assert merged.frame["split"].value_counts().to_dict() == {"train": 52248, "test": 14079}
    assert themes.frame["split"].value_counts().to_dict() == {"train": 52726, "test": 13601}
    both = merged.frame.merge(themes.frame, on="image_id")
    assert len(both) == 66327
    assert ((both["split_x"] == "test") & (both["split_y"] == "train")).sum() == 478
    assert ((both["split_x"] == "train") & (both["split_y"] == "test")).sum() == 0
    assert (both["mos_x"] == both["mos_y"]).all()


@real
def test_tad66k_counts_as_published(real_data):
    table = at_hand(real_data("tad66k"))
    assert elta_bins(table.split("train").mos) == [180, 2409, 6851, 11066, 12074, 11306, 6973, 1389]  # elta F1
    assert left_closed(table.split("test").mos) == [42, 638, 1926, 2920, 3340, 2994, 1848, 371]
    train, test = table.split("train").mos, table.split("test").mos
    assert (train.min(), train.max(), round(train.mean(), 3), round(train.std(), 3)) == (1.13, 9.46, 5.436, 1.447)
    assert (test.min(), test.max(), round(test.mean(), 3), round(test.std(), 3)) == (1.39, 9.28, 5.419, 1.45)


@pytest.mark.parametrize("top", ["", "dataset", "labels"])
def test_tad66k_is_read_from_unpacked_folders_too(top, tmp_path):
    import zipfile

    folder = makers.make("tad66k", tmp_path)
    before = read(folder).frame, read(folder, "themes").frame
    with zipfile.ZipFile(folder / "dataset.zip") as archive:
        archive.extractall(tmp_path)
    (folder / "dataset.zip").unlink()
    if top:
        (tmp_path / "dataset").rename(folder / top)
    else:
        for path in (tmp_path / "dataset").iterdir():
            path.rename(folder / path.name)
    for family, frame in zip(("merged", "themes"), before, strict=True):
        pd.testing.assert_frame_equal(read(folder, family).frame, frame)


def test_tad66k_archive_without_a_list_is_named(tmp_path):
    folder = tmp_path / "tad66k"
    makers.broken_zip(folder / "dataset.zip", "dataset/merge/train.csv")
    assert message(read, folder) == "tad66k/dataset.zip: no member 'dataset/merge/test.csv' (1 missing)."


# --- EVA -------------------------------------------------------------------------------------------------------------


def test_eva_votes_are_separated_by_equals_signs(tmp_path):
    table = made("eva", tmp_path)
    frame = table.frame.set_index("image_id")
    assert frame["n_votes"].to_dict() == {"71": 3, "106": 3, "776273": 3}
    assert frame["mos"].to_dict() == {"71": 6, "106": 9, "776273": 2}
    assert table.bins == tuple(range(11))
    assert table.votes()[2].tolist() == [2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    # visual is 1 + (score + user) % 4: 5+1, 6+2, 7+3 → 3, 1, 3
    assert frame["attr_light"]["71"] == pytest.approx(7 / 3)
    commas = makers.make("eva", tmp_path / "b")
    path = commas / "data" / "votes_filtered.csv"
    path.write_text(path.read_text().replace("=", ","))
    assert message(read, commas) == (
        "data/votes_filtered.csv: fields are separated by commas; expected equals signs between fields. Save it again "
        "like that, or fetch the owners' file."
    )


def test_eva_ratings_have_persons_and_their_attributes(tmp_path):
    table = made("eva", tmp_path, level="rating")
    assert len(table) == 9
    assert table.frame.groupby("user_id").size().to_dict() == {"E1": 3, "E2": 3, "E3": 3}
    assert set(table.attributes) == {"light", "composition", "quality", "semantics"}


def test_eva_counted_copy_has_lost_the_zeros(tmp_path):
    whole = made("eva", tmp_path / "a").frame.set_index("image_id")["mos"]
    counted = made("eva_counted", tmp_path / "b")
    means = counted.frame.set_index("image_id")["mos"]
    assert means.to_dict() == {"71": 6, "106": 9, "776273": 6}
    assert whole["776273"] == 2  # with its two zeros
    assert counted.notes == ("votes of 0 are missing from this copy: means are too high where people voted 0",)
    assert counted.bins == tuple(range(1, 11))


@real
def test_eva_counted_copy_of_the_owners_votes_has_lost_the_zeros(real_data):
    table = at_hand(real_data("eva"))
    assert len(table) == 4070
    assert int(table.frame["n_votes"].sum()) == 135_936
    assert round(table.mos.max(), 4) == 9.0323  # 9.032 is published
    assert round(table.mos.min(), 3) == 2.645  # 1.764 is published
    low = table.frame.set_index("image_id").loc["776273"]
    assert (int(low["n_votes"]), round(low["mos"] * low["n_votes"])) == (21, 60)
    assert round(60 / 34, 4) == 1.7647  # with 13 zeros
    assert table.frame.loc[table.mos.argmax(), "image_id"] == "769675"


def test_eva_categories_list_more_images_than_have_votes(tmp_path):
    table = made("eva", tmp_path)
    assert len(table) == 3  # five are listed
    assert table.frame["theme"].tolist() == ["still life", "animals", "human"]


@real
def test_eva_categories_list_more_images_than_have_votes_in_the_owners_list(real_data):
    folder = real_data("eva")
    listed = read_csv(Raw("list", (folder / "image_content_category.csv").read_bytes()), ["image_id", "sort"])
    assert len(listed) == 5101
    assert listed["sort"].value_counts().to_dict() == {"3": 1034, "4": 1012, "2": 948, "5": 928, "1": 906, "6": 273}
    assert (at_hand(folder).frame["theme"] != "").all()


def test_eva_person_who_votes_twice_is_named(tmp_path):
    folder = makers.make("eva", tmp_path)
    path = folder / "data" / "votes_filtered.csv"
    rows = path.read_text().splitlines()
    makers.lines(path, [*rows, rows[1].replace("=5=", "=4=", 1)])
    for level in ("image", "rating"):
        assert message(read, folder, level=level) == (
            "data/votes_filtered.csv, line 11: user 'E1' has rated image '71' before, and not the same."
        )


# --- AVA -------------------------------------------------------------------------------------------------------------


def test_ava_score2_holds_the_votes_for_one(tmp_path):
    for family in ("tanet", "relic"):
        table = made("ava", tmp_path, family)
        for number, mean, votes in zip(table.frame["image_id"], table.mos, table.votes(), strict=True):
            assert votes.tolist() == makers.ava_votes(int(number))
            assert mean == pytest.approx(makers.ava_mean(int(number)))  # one more if score2 were votes for 2


@real
def test_ava_score2_holds_the_votes_for_one_in_public_lists(real_data):
    folder = real_data("ava")
    tanet, relic = at_hand(folder, "tanet"), at_hand(folder, "relic")
    assert left_closed(tanet.split("test").mos) == [1, 30, 379, 3344, 6544, 2314, 163, 1]
    assert left_closed(tanet.split("validation").mos) == [0, 30, 362, 3241, 6607, 2370, 163, 2]
    assert left_closed(relic.split("test").mos) == [0, 34, 345, 3268, 6583, 2379, 158, 1]
    assert left_closed(relic.split("validation").mos) == [0, 24, 383, 3298, 6529, 2364, 168, 2]
    first = tanet.split("test").frame.iloc[0]
    assert (first["image_id"], int(first["n_votes"])) == ("687050", 304)
    assert first["votes_1"] == 1


def test_ava_families_differ(tmp_path):
    tests = {
        f: set(made("ava", tmp_path, f).split("test").frame["image_id"])
        for f in ("tanet", "relic", "idealo", "nima", "ilgnet", "official", "mpada")
    }
    assert len({frozenset(test) for test in tests.values()}) == 7


@real
def test_ava_families_differ_in_public_lists(real_data):
    folder = real_data("ava")
    sizes = {
        family: at_hand(folder, family).frame["split"].value_counts().to_dict()
        for family in ("tanet", "relic", "idealo", "nima", "mpada")
    }
    assert sizes == {
        "tanet": {"validation": 12775, "test": 12776}, "relic": {"validation": 12768, "test": 12768},
        "idealo": {"test": 25551}, "nima": {"validation": 12691, "test": 12818},
        "mpada": {"train": 229971, "test": 25551},
    }  # fmt: skip
    ilgnet = set(at_hand(folder, "ilgnet").split("test").frame["image_id"])
    official = set(at_hand(folder, "official").split("test").frame["image_id"])
    assert (len(ilgnet), len(official), len(ilgnet & official)) == (20_000, 19_930, 1535)
    assert left_closed(at_hand(folder, "idealo").mos) == [1, 46, 766, 6724, 13052, 4627, 333, 2]


def test_ava_last_line_without_end_is_read(tmp_path):
    folder = makers.make("ava", tmp_path)
    text = gzip.decompress((folder / "ilgnet" / "AVA1_train.txt.gz").read_bytes())
    assert text.count(b"\n") == 31
    assert (read(folder, "ilgnet").frame["split"] == "train").sum() == 32


@real
def test_ava_last_line_without_end_is_read_in_the_public_list(real_data):
    folder = real_data("ava")
    text = gzip.decompress((folder / "ilgnet" / "AVA1_train.txt.gz").read_bytes())
    assert text.count(b"\n") == 235_528  # what papers print
    frame = at_hand(folder, "ilgnet").frame
    assert frame["split"].value_counts().to_dict() == {"train": 235_529, "test": 20_000}
    assert frame["image_id"].nunique() == 255_529
    assert int(frame["high"].sum()) == 180_856
    assert round(100 * frame["high"].mean(), 2) == 70.78
    assert int(frame["high"][frame["split"] == "test"].sum()) == 16_000


def test_ava_official_drops_ids_that_are_no_images(tmp_path):
    table = made("ava", tmp_path, "official")
    assert table.frame["split"].value_counts().to_dict() == {"train": 30, "test": 10}
    assert table.notes[0] == "2 of 12 listed test ids are not among AVA's images and left out"


@real
def test_ava_official_drops_ids_that_are_no_images_from_the_owners_list(real_data):
    table = at_hand(real_data("ava"), "official")
    assert table.frame["split"].value_counts().to_dict() == {"train": 235_599, "test": 19_930}
    assert table.notes[0] == "70 of 20000 listed test ids are not among AVA's images and left out"


def test_ava_copies_must_agree(tmp_path):
    folder = makers.make("ava", tmp_path)
    counts, known = read(folder, "counts"), read(folder, "known")
    assert len(counts) == 28  # 40 less those that only shares, means or lists tell
    for number, mean in zip(known.frame["image_id"], known.mos, strict=True):
        assert mean == pytest.approx(makers.ava_mean(int(number)), abs=0.005)
    path = folder / "relic" / "test.csv"
    rows = path.read_text().splitlines()
    cells = rows[1].split(",")
    cells[1] = str(int(cells[1]) + 1)
    makers.lines(path, [rows[0], ",".join(cells), *rows[2:]])
    assert message(read, folder, "counts") == f"ava: two copies disagree on the votes of image {cells[0]!r}."


def test_ava_printed_means_must_agree_with_the_counts(tmp_path):
    folder = makers.make("ava", tmp_path)
    path = folder / "q-align" / "test_ava.json"
    entries = json.loads(path.read_text())
    entries[0]["gt_score"] += 0.02
    path.write_text(json.dumps(entries))
    assert message(read, folder, "known") == "ava: two copies disagree on the votes of image '953031'."


@real
def test_ava_copies_agree_in_public(real_data):
    folder = real_data("ava")
    counts, known = at_hand(folder, "counts"), at_hand(folder, "known")
    assert (len(counts), len(known)) == (110_496, 124_873)
    assert (counts.frame["n_votes"].min(), counts.frame["n_votes"].max()) == (78, 549)
    assert (round(known.mos.min(), 3), round(known.mos.max(), 3)) == (1.809, 8.571)
    high = at_hand(folder, "ilgnet").frame.set_index("image_id")["high"]
    assert ((known.mos > 5) == high.loc[known.frame["image_id"]].to_numpy(bool)).all()


def test_ava_lists_have_no_scores_until_the_owners_votes_are_there(tmp_path):
    bare = made("ava", tmp_path / "a", "official")
    assert not bare.scored
    assert message(lambda: bare.mos) == ("this list publishes no mean scores; it has image_id, high, split.")
    scored = made("ava_owners", tmp_path / "b", "official")
    assert scored.scored
    assert scored.bins == BINS
    assert (scored.frame["high"] == (scored.mos > 5)).all()
    assert scored.votes()[0].tolist() == makers.ava_votes(int(scored.frame["image_id"][0]))


def test_ava_image_of_a_list_that_the_owners_file_lacks_is_named(tmp_path):
    folder = makers.make("ava_owners", tmp_path)
    rows = (folder / "AVA.txt").read_text().splitlines()
    makers.lines(folder / "AVA.txt", rows[:-1])
    for name in ("tanet", "relic", "idealo", "medghofran", "iqs-digikam", "qiushiyang-nima"):
        shutil.rmtree(folder / name)
    assert message(read, folder, "ilgnet") == "AVA.txt: image '953040' is in a split list and not in this file."


def test_ava_shares_that_do_not_sum_to_one_are_named(tmp_path):
    folder = makers.make("ava", tmp_path)
    path = folder / "medghofran" / "val_labels.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode().splitlines()
    makers.lines(path, [text[0], text[1].rpartition(",")[0] + ",0.5", *text[2:]])
    assert message(read, folder, "nima") == "medghofran/val_labels.csv.gz, line 2: the ten shares do not sum to 1."


def test_ava_votes_columns_are_named_in_order():
    assert [f"votes_{k}" for k in range(1, 11)] == VOTES


# --- KonIQ-10k -------------------------------------------------------------------------------------------------------


def test_koniq_answers_in_one_to_five(tmp_path):
    table = made("koniq10k", tmp_path)
    assert table.score_range == (1, 5)
    assert ((table.mos > 3) & (table.mos < 3.5)).all()  # MOS in the file with the split is near 55
    assert table.frame["split"].tolist() == ["train"] * 3 + ["validation"] + ["test"] * 2


@real
def test_koniq_answers_in_one_to_five_for_the_owners_file(real_data):
    folder = real_data("koniq10k")
    table = at_hand(folder)
    assert table.frame["split"].value_counts().to_dict() == {"train": 7058, "validation": 1000, "test": 2015}
    assert (round(table.mos.min(), 3), round(table.mos.max(), 3)) == (1.096, 4.31)
    other = read_csv(Raw("sets", (folder / "koniq10k_distributions_sets.csv").read_bytes()), ["MOS"])["MOS"].astype(
        float
    )
    assert (round(other.min(), 3), round(other.max(), 3)) == (3.912, 88.389)


def test_koniq_shares_become_counts(tmp_path):
    folder = makers.make("koniq10k", tmp_path)
    votes = read(folder).votes()
    assert (votes == np.round(votes)).all()
    assert (votes.sum(axis=1) == 100).all()
    path = folder / "koniq10k_scores_and_distributions.csv"
    path.write_text(path.read_text().replace('"2.jpg",', '"2.jpg",1'))  # one more digit: another count
    assert message(read, folder) == (
        "koniq10k/koniq10k_scores_and_distributions.csv: image '2.jpg' has other votes here than in the file with the "
        "split."
    )


@real
def test_koniq_shares_become_counts_for_the_owners_file(real_data):
    votes = at_hand(real_data("koniq10k")).votes().sum(axis=1)
    assert (votes.min(), votes.max(), votes.sum()) == (93, 157, 1_078_154)


def test_koniq_unknown_set_is_named(tmp_path):
    folder = makers.make("koniq10k", tmp_path)
    path = folder / "koniq10k_distributions_sets.csv"
    path.write_text(path.read_text().replace("validation", "valid"))
    assert message(read, folder) == (
        "koniq10k/koniq10k_distributions_sets.csv, line 5: set is 'valid'; expected training, validation, test."
    )


# --- SPAQ ------------------------------------------------------------------------------------------------------------


def test_spaq_workbook_and_export_agree(tmp_path):
    book, export = made("spaq", tmp_path / "a"), made("spaq_csv", tmp_path / "b")
    pd.testing.assert_frame_equal(book.frame, export.frame)
    assert book.attribute("sharpness").tolist() == [42.57, 47.5, 82.71]


@real
def test_spaq_workbook_and_export_of_the_owners_agree(real_data, tmp_path):
    folder = real_data("spaq")
    (tmp_path / "spaq").mkdir()
    shutil.copy(folder / "SPAQ_annotations.csv", tmp_path / "spaq")
    table = at_hand(folder)
    pd.testing.assert_frame_equal(table.frame, read(tmp_path / "spaq").frame)
    assert (len(table), table.mos.min(), table.mos.max(), round(table.mos.mean(), 2)) == (11125, 2, 96, 50.32)
    rho = {name: round(float(spearmanr(table.mos, table.attribute(name))[0]), 3) for name in table.attributes}
    assert rho == {
        "brightness": 0.784,
        "colorfulness": 0.844,
        "contrast": 0.875,
        "noisiness": 0.893,
        "sharpness": 0.958,
    }


def test_spaq_scenes_are_shares(tmp_path):
    frame = made("spaq", tmp_path, "scenes").frame
    scenes = frame[[column for column in frame if column.startswith("scene_")]]
    assert scenes.shape == (3, 9)
    assert frame["scene_Cityscape"].tolist() == [0.333333, 0.5, 0]
    assert scenes.sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    folder = makers.make("spaq", tmp_path / "b")
    rows = [["Image name", *makers.SPAQ_SCENES], *([row[0], 1, 1, 0, 0, 0, 0, 0, 0, 0] for row in makers.SPAQ_ROWS)]
    makers.sheet(folder / "Scene category labels.xlsx", rows)
    assert message(read, folder, "scenes") == (
        "spaq/Scene category labels.xlsx, line 2: the nine shares do not sum to 1. (3 such lines in all.)"
    )


@real
def test_spaq_scenes_are_shares_in_the_owners_workbook(real_data):
    frame = at_hand(real_data("spaq"), "scenes").frame
    scenes = frame[[column for column in frame if column.startswith("scene_")]].to_numpy()
    assert np.abs(scenes.sum(axis=1) - 1).max() < 1e-5
    assert ((scenes > 0).sum(axis=1) > 1).any()


# --- TID2013 ---------------------------------------------------------------------------------------------------------


def test_tid2013_kinds_are_numbers(tmp_path):
    frame = made("tid2013_listed", tmp_path).frame
    assert sorted(frame["distortion"].unique()) == [1, 2, 24]  # kinds 1 and 2 are both called AWGN there
    assert frame["reference"].unique().tolist() == ["I01", "I02"]
    assert frame["step"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 6)


@real
def test_tid2013_kinds_are_numbers_in_the_public_list(real_data):
    folder = real_data("tid2013")
    table = at_hand(folder)
    assert (table.frame["distortion"].nunique(), table.frame["reference"].nunique(), len(table)) == (24, 25, 3000)
    assert (round(table.mos.min(), 4), round(table.mos.max(), 4)) == (0.2424, 7.2143)
    listed = read_csv(Raw("list", (folder / "IQA-Dataset_TID2013.txt").read_bytes()), ["dis_type"])
    assert listed["dis_type"].nunique() == 23


def test_tid2013_names_do_not_depend_on_capitals(tmp_path):
    owners, listed = made("tid2013", tmp_path / "a").frame, made("tid2013_listed", tmp_path / "b").frame
    pd.testing.assert_frame_equal(owners, listed)
    assert owners["image_id"][0] == "I01_01_1"
    assert ADAPTERS["tid2013"].image_key("i01_01_1.bmp") == ADAPTERS["tid2013"].image_key("I01_01_1.BMP") == "I01_01_1"


@real
def test_tid2013_names_do_not_depend_on_capitals_in_public_lists(real_data):
    folder = real_data("tid2013")
    assert set(at_hand(folder).frame["image_id"]) == set(at_hand(folder, "idealo").frame["image_id"])


@pytest.mark.parametrize("scores", ["mos_with_names.txt", "mos.txt"])
def test_tid2013_deviations_are_read_where_they_are(tmp_path, scores):
    makers.make("tid2013", tmp_path)
    folder = tmp_path / "tid2013"
    lines = (folder / "mos_with_names.txt").read_text().splitlines()
    if scores == "mos.txt":
        (folder / "mos_with_names.txt").unlink()
        makers.lines(folder / scores, [line.split()[0] for line in lines])
    assert "std" not in read(folder).frame
    makers.lines(folder / "mos_std.txt", [f"{k / 100}" for k in range(len(lines))])
    assert read(folder).frame["std"].tolist() == [k / 100 for k in range(len(lines))]
    makers.lines(folder / "mos_std.txt", ["0.1", "-0.2", *["0.3"] * (len(lines) - 2)])
    assert message(read, folder) == "tid2013/mos_std.txt, line 2: std is '-0.2'; expected a number from 0 to 9."
    makers.lines(folder / "mos_std.txt", ["0.1"] * 3)
    assert message(read, folder) == (
        f"tid2013/mos_std.txt: 3 deviations for {len(lines)} scores in tid2013/{scores}; both have one line an image."
    )


def test_tid2013_bare_scores_stand_in_the_order_of_names(tmp_path):
    makers.lines(tmp_path / "tid2013" / "mos.txt", [f"{k % 90 / 10}" for k in range(3000)])
    frame = read(tmp_path / "tid2013").frame
    assert frame["image_id"].iloc[[0, 1, 5, 120, 2999]].tolist() == [
        "I01_01_1",
        "I01_01_2",
        "I01_02_1",
        "I02_01_1",
        "I25_24_5",
    ]


def test_tid2013_fitted_shares_give_the_mean_back(tmp_path):
    folder = tmp_path / "tid2013"
    shares = [0.0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0]  # mean on 1 … 10 is 2.5, so MOS 1.5
    for name, image in (("train", "I01_01_1"), ("test", "I02_01_1")):
        makers.lines(folder / f"idealo_tid_labels_{name}.json", [json.dumps([{"image_id": image, "label": shares}])])
    table = read(folder, "idealo")
    assert table.mos.tolist() == [1.5, 1.5]
    assert table.bins == tuple(range(10))
    assert table.notes == ("the ten shares are fitted to the mean score, they are no votes",)


@real
def test_tid2013_fitted_shares_give_the_mean_back_of_all(real_data):
    folder = real_data("tid2013")
    fitted = at_hand(folder, "idealo").frame.set_index("image_id")["mos"]
    means = at_hand(folder).frame.set_index("image_id")["mos"]
    assert (fitted - means.loc[fitted.index]).abs().max() < 5.1e-5


def test_tid2013_a_name_of_another_form_is_named(tmp_path):
    makers.lines(tmp_path / "tid2013" / "mos_with_names.txt", ["5.5 I01_01_1.bmp", "5.1 photo.bmp"])
    assert message(read, tmp_path / "tid2013") == (
        "tid2013/mos_with_names.txt, line 2: 'PHOTO' is not a name like I01_01_1."
    )


# --- FLICKR-AES and REAL-CUR -----------------------------------------------------------------------------------------


def test_flickr_aes_recovers_raw_scores(tmp_path):
    table = made("flickr_aes", tmp_path)
    assert table.split("train").mos.tolist() == pytest.approx([2.4, 3, 1, 5, 4.2], abs=1e-9)
    assert table.notes == ("raw 1 to 5 recovered from z-scores",)
    assert made("flickr_aes", tmp_path, level="rating").frame["score"].tolist() == [5, 2, 4, 1]


@real
def test_flickr_aes_recovers_raw_scores_of_the_workers(real_data):
    folder = real_data("flickr_aes")
    means = at_hand(folder)
    assert means.frame["split"].value_counts().to_dict() == {"train": 36_564, "test": 4977}
    ratings = at_hand(folder, level="rating").frame
    # 527 + 1,210 + 1,523 + 1,247 + 632 with the one that stands twice
    assert ratings["score"].value_counts().sort_index().sum() == 5138
    per_image = ratings.groupby("image_id")["score"].mean()
    tested = means.split("test").frame.set_index("image_id")["mos"]
    off = (per_image - tested.loc[per_image.index]).abs() > 1e-6
    assert off[off].index.tolist() == ["farm1_282_20196584515_a2b1490ee1_b.jpg"]  # its mean counts one rating twice


def test_flickr_aes_counts_a_repeated_rating_once(tmp_path):
    table = made("flickr_aes", tmp_path, level="rating")
    assert len(table) == 4
    assert "1 rating(s) that stand twice counted once" in table.notes


@real
def test_flickr_aes_counts_a_repeated_rating_of_a_worker_once(real_data):
    table = at_hand(real_data("flickr_aes"), level="rating")
    assert (len(table), table.frame["user_id"].nunique(), table.frame["image_id"].nunique()) == (5138, 37, 4977)
    assert "1 rating(s) that stand twice counted once" in table.notes
    per_worker = table.frame.groupby("user_id").size()
    assert (per_worker.min(), per_worker.max()) == (112, 180)  # the papers print 105 to 171


def test_flickr_aes_header_is_one_name_short(tmp_path):
    folder = makers.make("flickr_aes", tmp_path)
    header, first = (folder / "test_workers_dataset_normalized.csv").read_text().splitlines()[:2]
    assert (len(header.split('" "')) + 1, len(first.split())) == (3, 4)
    assert read(folder, level="rating").frame.iloc[0].tolist() == ["farm3_6_c.jpg", "W1", 5.0, "test"]


@real
def test_flickr_aes_header_of_the_copies_is_one_name_short(real_data):
    frame = at_hand(real_data("flickr_aes"), level="rating").frame
    assert frame.iloc[0].tolist() == ["farm1_27_96361207_c200595017.jpg", "AGXT2OHMTWBRS", 5.0, "test"]


def test_flickr_aes_of_the_owners_splits_by_worker(tmp_path):
    ratings = made("flickr_aes_owners", tmp_path, level="rating").frame
    assert ratings.groupby("split")["user_id"].unique().map(set).to_dict() == {
        "test": {"W1", "W2"},
        "train": {"W3", "W4"},
    }
    assert ratings["image_id"].str.startswith("farm").all()  # the owners put a blank before each
    means = made("flickr_aes_owners", tmp_path).frame.set_index("image_id")
    assert (means["mos"]["farm1_1_a.jpg"], means["std"]["farm1_1_a.jpg"], means["n_votes"]["farm1_1_a.jpg"]) == (
        2.5,
        0.5,
        2,
    )


def test_flickr_aes_test_worker_without_ratings_is_named(tmp_path):
    folder = makers.make("flickr_aes_owners", tmp_path)
    makers.lines(folder / "test_workers_ID.csv", ["ID", "W1", "W9"])
    assert message(read, folder, level="rating") == (
        "flickr_aes/test_workers_ID.csv: worker 'W9' has no rating in FLICKR-AES_image_labeled_by_each_worker.csv."
    )


def test_real_cur_has_one_rating_an_image(tmp_path):
    ratings, means = made("real_cur", tmp_path, level="rating"), made("real_cur", tmp_path)
    assert ratings.frame.groupby("user_id").size().to_dict() == {"u1": 2, "u2": 2}
    assert means.frame["n_votes"].tolist() == [1, 1, 1, 1]
    assert means.mos.tolist() == ratings.frame["score"].tolist() == [4, 2, 5, 1]


# --- PARA ------------------------------------------------------------------------------------------------------------


def test_para_histogram_has_half_steps(tmp_path):
    table = made("para", tmp_path)
    assert table.bins == (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5)
    # 0 0 1 2 10 4 2 1 0 → (2 + 5 + 30 + 14 + 8 + 4.5) / 20
    assert table.mos[0] == pytest.approx(63.5 / 20)
    assert table.frame["n_votes"].tolist() == [20, 20, 20]
    folder = makers.make("para", tmp_path / "b")
    path = folder / "annotation" / "PARA-GiaaTest.csv"
    path.write_text(path.read_text().replace("4.325", "4.2"))
    assert message(read, folder) == (
        "annotation/PARA-GiaaTest.csv, line 2: aestheticScore_mean is not the mean of the histogram."
    )


def test_para_images_are_known_by_session_and_name(tmp_path):
    frame = made("para", tmp_path).frame
    assert frame["image_id"].tolist() == ["session1/iaa_pub1_.jpg", "session1/iaa_pub2_.jpg", "session2/iaa_pub71_.jpg"]
    assert ADAPTERS["para"].image_key("session2/iaa_pub71_.jpg") == frame["image_id"][2]


def test_para_ratings_have_the_split_of_their_image(tmp_path):
    table = made("para", tmp_path, level="rating")
    assert table.frame.groupby("split").size().to_dict() == {"test": 20, "train": 40}
    means = table.frame.groupby("image_id")["score"].mean()
    assert means.to_dict() == pytest.approx(made("para", tmp_path).frame.set_index("image_id")["mos"].to_dict())
    assert set(table.attributes) == {
        "quality", "composition", "color", "dof", "light", "content", "contentPreference", "willingnessToShare",
    }  # fmt: skip


def test_para_persons(tmp_path):
    people = para.people(makers.make("para", tmp_path))
    assert people.iloc[0].tolist() == ["A000", "22-25", "female", "university", "beginner", "expert", 5, 6, 7, 8, 9]
    assert people.columns[-5:].tolist() == [f"personality-{trait}" for trait in "EANOC"]


def test_para_rated_image_of_no_split_is_named(tmp_path):
    folder = makers.make("para", tmp_path)
    path = folder / "annotation" / "PARA-GiaaTest.csv"
    path.write_text(path.read_text().replace("iaa_pub71_", "iaa_pub72_"))
    assert message(read, folder, level="rating") == (
        "PARA-Images.csv: image 'session2/iaa_pub71_.jpg' is in neither split."
    )


# --- Photo.net and captions ------------------------------------------------------------------------------------------


def test_photonet_votes_run_to_seven(tmp_path):
    table = made("photonet", tmp_path)
    assert (table.score_range, table.bins) == ((1, 7), (1, 2, 3, 4, 5, 6, 7))
    assert table.mos[0] == pytest.approx((5 * 4 + 2 * 5 + 4 * 6) / 11)


@real
def test_photonet_votes_run_to_seven_in_the_test_list(real_data):
    table = at_hand(real_data("photonet"))
    assert (len(table), table.votes().shape) == (968, (968, 7))
    assert (round(table.mos.min(), 2), round(table.mos.max(), 2)) == (3.36, 6.81)
    assert (table.frame["n_votes"].min(), table.frame["n_votes"].max()) == (4, 114)


def test_photonet_votes_stand_in_one_field(tmp_path):
    folder = makers.make("photonet", tmp_path)
    assert read(folder).votes()[1].tolist() == [0, 0, 0, 3, 5, 7, 0]
    path = folder / "test_labels_nocomments.csv"
    path.write_text(path.read_text().replace("0  0  0  3  5  7  0", "0 0 3 5 7 0"))
    assert message(read, folder) == "photonet/test_labels_nocomments.csv, line 3: label is not a list of 7 votes."


@real
def test_photonet_votes_stand_in_one_field_of_the_test_list(real_data):
    assert at_hand(real_data("photonet")).votes()[0].tolist() == [0, 0, 0, 5, 2, 4, 0]


def test_photonet_of_the_owners(tmp_path):
    listed, owners = made("photonet", tmp_path / "a").frame, made("photonet_owners", tmp_path / "b", "all").frame
    columns = ["image_id", "mos", "std", "n_votes"]
    pd.testing.assert_frame_equal(owners[columns], listed[columns])


def test_photonet_score_that_is_not_the_mean_is_named(tmp_path):
    folder = makers.make("photonet", tmp_path)
    path = folder / "test_labels_nocomments.csv"
    path.write_text(path.read_text().replace("4.909090909090909", "4.5"))
    assert message(read, folder) == "photonet/test_labels_nocomments.csv, line 2: score is not the mean of the votes."


def test_photonet_captions_keep_quoted_comments_whole(tmp_path):
    folder = makers.make("photonet_captions", tmp_path)
    header = ["index", "label", "score", "class", "comment"]
    comment = '"sharp, calm\nand ""well"" lit"'
    makers.csv(folder / "test.csv", header, [["7", "0 0 0 0 0 1 1", "6.5", "3", comment]])
    table = read(folder)
    assert table.split("test").frame["text"].tolist() == ['sharp, calm\nand "well" lit']
    assert table.split("train").frame["text"][0] == "a fine, invented comment on 4088596"


def test_ava_captions_have_no_scores(tmp_path):
    table = made("ava_captions", tmp_path)
    assert not table.scored
    assert table.frame["text"].tolist() == ["calm light\nsoft", "crooked horizon", "busy"]
    assert message(lambda: table.mos) == "this list publishes no mean scores; it has image_id, split, text."


def test_ava_captions_bring_their_own_split(tmp_path):
    assert made("ava_captions", tmp_path).frame["split"].tolist() == ["train", "validation", "test"]


def test_ava_captions_of_another_form_are_refused(tmp_path):
    path = tmp_path / "ava_captions" / "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json"
    name = f"ava_captions/{path.name}"
    makers.lines(path, ['{"images": [{"filename": "1.jpg", "split": "train"}]}'])
    assert message(read, path.parent) == f"{name}, image 1: no 'sentences'; expected filename, split and sentences."
    makers.lines(path, ["[]"])
    assert message(read, path.parent) == f"{name}: expected an object with a list 'images'."


# --- OASIS beauty ----------------------------------------------------------------------------------------------------


def test_oasis_gender_columns_are_left_alone(tmp_path):
    table = made("oasis_beauty", tmp_path, "all")
    assert not [column for column in table.frame if "men" in column or "gender" in column]
    assert list(table.attributes) == ["valence", "arousal"]


@real
def test_oasis_gender_columns_of_the_owners_are_left_alone(real_data):
    folder = real_data("oasis_beauty")
    raw = read_csv(
        Raw("means", (folder / "means_per_image.csv").read_bytes()), ["women_beauty_mean", "men_beauty_mean"]
    )
    two = raw[["women_beauty_mean", "men_beauty_mean"]].astype(float)
    table = at_hand(folder, "all")
    outside = (table.mos < two.min(axis=1)) | (table.mos > two.max(axis=1))
    assert int(outside.sum()) == 820  # of 900: those columns belong to other rows
    assert not [column for column in table.frame if "men" in column]
    assert round(float(spearmanr(table.mos, table.attribute("valence"))[0]), 3) == 0.745


def test_oasis_lines_end_with_carriage_returns(tmp_path):
    folder = makers.make("oasis_beauty", tmp_path)
    data = (folder / "OASIS.csv").read_bytes()
    assert b"\n" not in data
    assert read_csv(Raw("OASIS.csv", data), ["Theme"])["Theme"].tolist() == list(makers.OASIS)


@real
def test_oasis_lines_of_the_owners_end_with_carriage_returns(real_data):
    data = (real_data("oasis_beauty") / "OASIS.csv").read_bytes()
    assert b"\n" not in data
    assert len(read_csv(Raw("OASIS.csv", data), ["Theme"])) == 900


def test_oasis_names_lose_their_blanks(tmp_path):
    table = made("oasis_beauty", tmp_path)
    assert table.frame["image_id"].tolist() == ["Acorns1", "Beach5", "Cat4"]
    assert ADAPTERS["oasis_beauty"].image_key("Acorns 1.jpg") == "Acorns1"


@real
def test_oasis_names_of_pictures_lose_their_blanks(real_data):
    table = at_hand(real_data("oasis_beauty"))
    assert (len(table), round(table.mos.mean(), 2), table.mos.min(), table.mos.max()) == (338, 4.83, 2.17, 6.57)
    assert len(at_hand(real_data("oasis_beauty"), "all")) == 900


def test_oasis_ratings_of_both_layouts_are_the_same_table(tmp_path):
    listed, owners = (
        made("oasis_beauty", tmp_path / "a", "all", "rating"),
        made("oasis_owners", tmp_path / "b", "all", "rating"),
    )
    pd.testing.assert_frame_equal(listed.frame, owners.frame)
    assert list(owners.frame) == ["image_id", "split", "user_id", "score"]
    assert owners.frame.iloc[0].tolist() == ["Acorns1", "all", "1", 5.0]
    assert owners.frame["user_id"].unique().tolist() == [str(k) for k in range(1, 51)]  # in the order of numbers
    assert set(made("oasis_beauty", tmp_path / "a", "pictures", "rating").frame["image_id"]) == {
        "Acorns1", "Beach5", "Cat4",
    }  # fmt: skip


def test_oasis_means_are_computed_where_only_ratings_are_there(tmp_path):
    folder = makers.make("oasis_owners", tmp_path)
    listed = read(folder, "all").frame.set_index("image_id")
    (folder / "means_per_image.csv").unlink()
    table = read(folder, "all")
    frame = table.frame.set_index("image_id").loc[listed.index]
    assert frame["mos"].tolist() == [4.86, 6.1, 5.5, 3.2]
    assert frame["n_votes"].tolist() == [50] * 4
    assert frame["std"].iloc[2] == pytest.approx((50 * 0.25 / 49) ** 0.5)  # of 25 fives and 25 sixes
    assert table.attributes == {}


def test_oasis_means_that_are_not_those_of_the_ratings_are_reported(tmp_path):
    folder = makers.make("oasis_beauty", tmp_path)
    path = folder / "means_per_image.csv"
    path.write_bytes(path.read_bytes().replace(b",6.1,", b",6.11,"))
    with pytest.raises(DataError) as caught:
        read(folder, "all", "rating")
    assert str(caught.value) == (
        "oasis_beauty/means_per_image.csv, line 3: beauty_mean of 'Beach5' is 6.11, its ratings have 6.1000."
    )


def test_oasis_columns_about_raters_are_never_asked_for(tmp_path, monkeypatch):
    """`loadmat` gets the four names, and files whose other variables cannot even be unpacked are read."""
    folder, requests = makers.make("oasis_owners", tmp_path), []

    def spy(file, **options):
        requests.append(options)
        return loadmat(file, **options)

    monkeypatch.setattr("scipy.io.loadmat", spy)
    whole = read(folder, "all", "rating").frame
    assert requests == [{"variable_names": ["subjID", "item", "beauty", "im_name"]}]
    path = folder / "OASISdata.mat"
    assert {"age", "gender", "PHQ9", "income"} < {name for name, *_ in whosmat(path)}
    owners = {name: values for name, values in loadmat(path).items() if name[0] != "_"}
    answers = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8)  # longer than what is unpacked at once
    savemat(path, owners | {"age": answers, "PHQ9": answers}, do_compression=True)
    data = bytearray(path.read_bytes())
    for start, end in packed_variables(data):
        if end - start > len(answers):
            data[end - 4 : end] = b"\0\0\0\0"  # the checksum
    path.write_bytes(data)
    for name in ("age", "PHQ9"):
        with pytest.raises(zlib.error):
            loadmat(path, variable_names=[name])
    pd.testing.assert_frame_equal(read(folder, "all", "rating").frame, whole)


def packed_variables(data: bytes | bytearray) -> list[tuple[int, int]]:
    """Where the variables of a MATLAB file of version 5 begin and end; its header takes 128 bytes."""
    places, at = [], 128
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        places.append((at + 8, end))
        at = end
    return places


def test_oasis_matlab_files_that_are_not_the_owners_are_refused(tmp_path):
    folder = makers.make("oasis_owners", tmp_path)
    path, name = folder / "OASISdata.mat", "oasis_beauty/OASISdata.mat"
    refused = f"{name}: not the owners' MATLAB file ({{}}); fetch it again."
    data = loadmat(path, variable_names=["subjID", "item", "beauty"])
    savemat(path, {key: values for key, values in data.items() if key[0] != "_"})
    assert message(read, folder, "all", "rating") == refused.format("'im_name'")
    names = np.array([["Acorns1", "Beach5"]], object)
    vectors = {"subjID": [[1], [1]], "beauty": [[3], [9]], "item": [[1], [2]], "im_name": names}
    savemat(path, vectors)
    assert message(read, folder, "all", "rating") == (
        f"{name}, line 2: rating is 9.0; expected a whole number from 1 to 7."
    )
    savemat(path, vectors | {"item": [[1], [1]], "beauty": [[3], [4]]})
    assert message(read, folder, "all", "rating") == (f"{name}, line 2: item 1 is 'Beach5' here, another image before.")
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))
    assert message(read, folder, "all", "rating").startswith(f"{name}: not the owners' MATLAB file (")


@real
def test_oasis_single_ratings_are_those_of_the_owners(real_data):
    table = at_hand(real_data("oasis_beauty"), "all", "rating")
    frame = table.frame
    assert (len(frame), frame["user_id"].nunique(), frame["image_id"].nunique()) == (170_325, 757, 900)
    assert sorted(frame["score"].unique()) == [1, 2, 3, 4, 5, 6, 7]
    means = at_hand(real_data("oasis_beauty"), "all").frame.set_index("image_id")
    scores = frame.groupby("image_id")["score"]
    assert (scores.mean() - means["mos"]).abs().max() < 0.005 + 1e-9  # two decimals
    assert scores.size().to_dict() == means["n_votes"].to_dict()
    assert at_hand(real_data("oasis_beauty"), "pictures", "rating").frame["image_id"].nunique() == 338


# --- what cannot be read is named with file and line -----------------------------------------------------------------

TRAIN = "imgListTrainRegression_.csv"


def _damage(folder: Path, change) -> None:
    path = folder / TRAIN
    path.write_bytes(change(path.read_bytes()))


def _cell(line: int, column: int, text: str):
    def change(data: bytes) -> bytes:
        rows = [row.split(",") for row in data.decode().splitlines()]
        rows[line - 1][column] = text
        return "\n".join(",".join(row) for row in rows).encode()

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_cell(3, 12, "1.5"), ", line 3: score is '1.5'; expected a number from 0 to 1."),
        (_cell(3, 12, "-0.1"), ", line 3: score is '-0.1'; expected a number from 0 to 1."),
        (_cell(4, 12, "NaN"), ", line 4: score is 'NaN'; expected a number from 0 to 1."),
        (_cell(4, 12, "inf"), ", line 4: score is 'inf'; expected a number from 0 to 1."),
        (_cell(5, 12, "high"), ", line 5: score is 'high'; expected a number from 0 to 1."),
        (_cell(6, 12, ""), ", line 6: score is empty; expected a number from 0 to 1."),
        (_cell(7, 3, "2"), ", line 7: Content is '2'; expected a number from -1 to 1."),
        (_cell(7, 8, "-0.2"), ", line 7: Repetition is '-0.2'; expected a number from 0 to 1."),
        (_cell(8, 0, ""), ", line 8: ImageFile is empty."),
        (_cell(9, 0, "farm0_b.jpg"), ", line 9: ImageFile 'farm0_b.jpg' occurs again; its first line is 2."),
        (
            _cell(1, 12, "scores"),
            ": no column 'score'; it has 'ImageFile', 'BalacingElements', 'ColorHarmony', 'Content', 'DoF', 'Light', "
            "'MotionBlur', 'Object', 'Repetition', 'RuleOfThirds', 'Symmetry', 'VividColor'.",
        ),
        (_cell(1, 2, "Colour"), ": no column 'ColorHarmony'."),
        (_cell(9, 12, "0.1,0.2"), ": not a table separated by ',' (Expected 13 fields in line 9, saw 14)."),
        (lambda data: data[: data.rindex(b",")], ", line 13: score is empty; expected a number from 0 to 1."),
        (lambda data: b"", ": is empty; fetch it again."),
        (lambda data: b"\n\n", ": is empty; fetch it again."),
        (lambda data: data.splitlines()[0] + b"\n", ": has a header and no rows; fetch it again."),
        (
            lambda data: data.replace(b"farm2_b", "färm2_b".encode("latin-1")),
            ", line 4: not UTF-8 text; fetch it again in its original encoding.",
        ),
        (
            lambda data: data.replace(b"farm3_b", b"farm\x00_b"),
            ", line 5: holds NUL bytes; it is damaged or not a text file.",
        ),
        (
            lambda data: data.decode().encode("utf-16"),
            ": is UTF-16 text, as Excel writes it; expected UTF-8. Save it again as CSV UTF-8, or fetch the owners' "
            "file.",
        ),
    ],
)
def test_a_damaged_table_is_named_with_its_line(change, expected, tmp_path):
    folder = makers.make("aadb", tmp_path)
    _damage(folder, change)
    assert message(read, folder) == f"aadb/{TRAIN}{expected}"


def test_image_in_two_splits_is_named(tmp_path):
    folder = makers.make("aadb", tmp_path)
    path = folder / "imgListTestNewRegression_.csv"
    path.write_text(path.read_text() + (folder / TRAIN).read_text().splitlines()[1] + "\n")
    assert message(read, folder) == "train and validation and test: image 'farm0_b.jpg' is in more than one split."


def test_windows_line_ends_byte_order_marks_and_blank_lines_are_fine(tmp_path):
    folder = makers.make("aadb", tmp_path)
    before = read(folder).frame
    _damage(folder, lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") + b"\r\n\r\n")
    pd.testing.assert_frame_equal(read(folder).frame, before)


def test_part_of_a_layout_is_named(tmp_path):
    folder = makers.make("aadb", tmp_path)
    (folder / TRAIN).unlink()
    assert message(read, folder) == "aadb: imgListTrainRegression_.csv missing; 2 of 3 files there."


def test_packed_file_cut_off(tmp_path):
    folder = makers.make("ava", tmp_path)
    path = folder / "idealo" / "ava_labels_test.json.gz"
    path.write_bytes(path.read_bytes()[:-20])
    assert message(read, folder, "idealo") == (
        "idealo/ava_labels_test.json.gz: cannot be unpacked (Compressed file ended before the end-of-stream marker was "
        "reached); it is cut off or damaged, fetch it again."
    )


def test_packed_file_that_is_none(tmp_path):
    folder = makers.make("ava", tmp_path)
    (folder / "idealo" / "ava_labels_test.json.gz").write_bytes(b"<html>")
    assert message(read, folder, "idealo") == (
        "idealo/ava_labels_test.json.gz: cannot be unpacked (Not a gzipped file (b'<h')); it is cut off or damaged, "
        "fetch it again."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[\n{"image_id": "1", "label": [1',
            ", line 2: not JSON (Expecting ',' delimiter); it is cut off or damaged, fetch it again.",
        ),
        ("{}", ": expected a list of objects with image_id, label."),
        ("[]", ": expected a list of objects with image_id, label."),
        ('[{"image_id": "1"}]', ", entry 1: expected an object with image_id, label."),
        ('[{"image_id": "1", "label": [1, 2]}]', ", line 1: label is not a list of 10 votes."),
        ('[{"image_id": "1", "label": [0,0,0,0,0,0,0,0,0,0]}]', ", line 1: no votes at all; expected at least one."),
        (
            '[{"image_id": "1", "label": [0,0,0,1.5,0,0,0,0,0,0]}]',
            ", line 1: votes_4 is 1.5; expected a whole number from 0 up.",
        ),
        (
            '[{"image_id": "1", "label": [0,0,-1,9,0,0,0,0,0,0]}]',
            ", line 1: votes_3 is -1; expected a whole number from 0 up.",
        ),
    ],
)
def test_a_damaged_list_is_named_with_its_entry(text, expected, tmp_path):
    folder = tmp_path / "ava"
    makers.lines(folder / "idealo" / "ava_labels_test.json", [text], last=False)
    assert message(read, folder, "idealo") == f"idealo/ava_labels_test.json{expected}"


def test_archive_and_workbook_cut_off(tmp_path):
    archive = makers.make("tad66k", tmp_path)
    path = archive / "dataset.zip"
    path.write_bytes(path.read_bytes()[:2000])
    assert message(read, archive) == (
        "tad66k/dataset.zip: not a whole zip archive (File is not a zip file); it is cut off or damaged, "
        "fetch it again."
    )
    book = makers.make("spaq", tmp_path)
    (book / "MOS and Image attribute scores.xlsx").write_bytes(b"PK")
    assert message(read, book) == (
        "spaq/MOS and Image attribute scores.xlsx: not a whole workbook (File is not a zip file); it is cut off or "
        "damaged, fetch it again."
    )


def test_workbook_without_a_column(tmp_path):
    folder = makers.make("spaq", tmp_path)
    makers.sheet(folder / "MOS and Image attribute scores.xlsx", [["Image name", "MOS"], ["00001.jpg", 5]])
    assert message(read, folder) == (
        "spaq/MOS and Image attribute scores.xlsx: no column 'Brightness', 'Colorfulness', 'Contrast', 'Noisiness', "
        "'Sharpness'; it has 'Image name', 'MOS'."
    )


def test_collecting_goes_on_and_gathers_everything(tmp_path):
    folder = makers.make("aadb", tmp_path)
    _damage(folder, _cell(3, 12, "1.5"))
    _damage(folder, _cell(5, 12, "x"))
    _damage(folder, _cell(6, 0, "farm0_b.jpg"))
    with collecting() as findings, pytest.raises(DataError, match="label table"):
        read(folder)
    name = f"aadb/{TRAIN}"
    assert Finding(name, 3, "score is '1.5'; expected a number from 0 to 1.") in findings
    assert Finding(name, 5, "score is 'x'; expected a number from 0 to 1.") in findings
    assert Finding(name, 6, "ImageFile 'farm0_b.jpg' occurs again; its first line is 2.") in findings


def test_nothing_is_gathered_outside_of_collecting(tmp_path):
    with collecting() as findings:
        pass
    frame = pd.DataFrame({"score": ["2"]}, index=[2])
    frame.attrs["file"] = "a.csv"
    assert message(numbers, frame, "score", 0, 1) == "a.csv, line 2: score is '2'; expected a number from 0 to 1."
    assert findings == []


def test_a_name_that_leaves_the_folder_is_refused(tmp_path):
    assert message(find, tmp_path, "../x") == f"'../x' points outside {tmp_path}; names must stay inside their folder."


# --- one image, one id -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["953619", "953619.0", "953619.", "000953619", "953619.jpg", "953619.JPEG", "ava_images/00953619.0.png"]
)
def test_a_numbered_image_has_one_id_however_it_is_written(name):
    assert image_number(name) == "953619"
    for key in ("ava", "ava_captions", "eva", "photonet", "photonet_captions"):
        assert ADAPTERS[key].image_key(name) == "953619"


def test_a_name_that_is_no_number_stays():
    assert [image_number(name) for name in ("0", "000", "12a.jpg", "9.5e5", "I01_01_1")] == [
        "0", "0", "12a", "9.5e5", "I01_01_1",
    ]  # fmt: skip


SPELLINGS = {"floats": "{}.0", "zeros": "000{}", "files": "{}.jpg"}


@pytest.mark.parametrize("form", SPELLINGS.values(), ids=SPELLINGS)
def test_ava_copies_that_write_ids_otherwise_are_the_same_images(form, tmp_path):
    expected = read(makers.make("ava_owners", tmp_path / "a"), "counts").frame
    folder = makers.make("ava_owners", tmp_path / "b")
    for path in (folder / "tanet").glob("*.csv"):
        header, *rows = [line.split(",") for line in path.read_text().splitlines()]
        makers.csv(path, header, [[form.format(row[0]), *row[1:]] for row in rows])
    rows = [line.split(" ") for line in (folder / "AVA.txt").read_text().splitlines()]
    makers.lines(folder / "AVA.txt", [" ".join([row[0], form.format(row[1]), *row[2:]]) for row in rows])
    pd.testing.assert_frame_equal(read(folder, "counts").frame, expected)
    assert set(read(folder).frame["image_id"]) == {str(number) for number in makers.AVA_IDS[20:30]}


def test_one_image_under_two_spellings_in_a_file_is_named(tmp_path):
    folder = makers.make("ava", tmp_path)
    path = folder / "tanet" / "val.csv"
    rows = path.read_text().splitlines()
    makers.lines(path, [*rows, rows[1].replace("953021", "953021.0", 1)])
    assert message(read, folder) == (
        "tanet/val.csv, line 6: image_id '953021' (written '953021.0') occurs again; its first line is 2."
    )


# --- one user, one rating --------------------------------------------------------------------------------------------

PAIRS = [(f"u{user}", f"i{image}.jpg", 1 + (user + image) % 5) for user in range(10) for image in range(10)]


def _rated(key: str, folder: Path, ratings) -> Path:
    """A data set `key` with these (user, image, score)."""
    folder = folder / key
    if key == "flickr_aes":
        makers.csv(folder / "FLICKR-AES_image_labeled_by_each_worker.csv", ["worker", "imagePair", "score"], ratings)
        makers.lines(folder / "test_workers_ID.csv", ["ID", *(f"u{user}" for user in range(10))])
    elif key == "eva":
        header = ["image_id", "user_id", "score", "visual", "composition", "quality", "semantic"]
        rows = [[image, user, score, 1, 2, 3, 4] for user, image, score in ratings]
        makers.csv(folder / "votes_filtered.csv", header, rows, sep="=")
    else:
        makers.csv(folder / "ratings.csv", ["worker", "imagePair", "score"], ratings)
    return folder


@pytest.mark.parametrize("key", ["flickr_aes", "eva"])
def test_a_user_counts_once_for_an_image_at_both_levels(key, tmp_path):
    """u0 rated i0 with 1; 1 again changes nothing, 4 and 1 make 2.5, whatever the order of rows."""
    plain = read(_rated(key, tmp_path / "a", PAIRS)).frame.set_index("image_id")
    name = plain.index[0]
    for at, extra in enumerate(([("u0", "i0.jpg", 1)], [("u0", "i0.jpg", 4)])):
        folder = _rated(key, tmp_path / f"{at}", [*extra, *PAIRS])
        images, ratings = read(folder), read(folder, level="rating")
        own = ratings.frame.groupby("image_id")["score"]
        pd.testing.assert_series_equal(
            images.frame.set_index("image_id")["mos"].sort_index(), own.mean(), check_names=False
        )
        assert (images.frame["n_votes"] == 10).all()
        assert len(ratings) == 100
        change = images.frame.set_index("image_id")["mos"][name] - plain["mos"][name]
        assert change == pytest.approx([0, 0.15][at])
        text = [
            "1 rating(s) that stand twice counted once",
            "1 further rating(s) of an image by the same user: the mean of them counts once",
        ][at]
        assert text in images.notes
        assert text in ratings.notes


@pytest.mark.parametrize("key", ["flickr_aes", "eva", "real_cur"])
@pytest.mark.parametrize("level", ["image", "rating"])
def test_many_users_with_several_ratings_are_an_error(key, level, tmp_path):
    ratings = [(f"u{image}", f"i{image}.jpg", 2) for image in range(10)]
    folder = _rated(key, tmp_path, [*ratings, ("u0", "i0.jpg", 4)])
    assert message(read, folder, level=level).endswith(
        ", line 12: user 'u0' has rated image 'i0.jpg' before, and not the same."
        if key != "eva"
        else ", line 12: user 'u0' has rated image 'i0' before, and not the same."
    )


def test_a_rating_of_para_that_stands_twice_counts_once(tmp_path):
    folder = makers.make("para", tmp_path)
    path = folder / "annotation" / "PARA-Images.csv"
    rows = path.read_text().splitlines()
    makers.lines(path, [*rows, rows[1]])
    table = read(folder, level="rating")
    assert (len(table), table.notes) == (60, ("1 rating(s) that stand twice counted once",))


def test_one_album_that_lists_a_photograph_twice(tmp_path):
    folder = _rated("real_cur", tmp_path, [("u1", "a.jpg", 4), ("u1", "a.jpg", 4), ("u2", "b.jpg", 3)])
    for level in ("image", "rating"):
        table = read(folder, level=level)
        assert (len(table), table.notes) == (2, ("1 rating(s) that stand twice counted once",))


# --- separators, decimals and rows without rating --------------------------------------------------------------------


@pytest.mark.parametrize(("sep", "name"), [(",", "commas"), (";", "semicolons"), ("|", "bars")])
def test_another_separator_is_named_in_one_sentence(sep, name, tmp_path):
    folder = makers.make("ava_owners", tmp_path)
    path = folder / "AVA.txt"
    path.write_text(path.read_text().replace(" ", sep))
    expected = (
        f"AVA.txt: fields are separated by {name}; expected blanks between fields. Save it again like that, or fetch "
        "the owners' file."
    )
    assert message(read, folder, "counts") == f"ava/{expected}"
    with collecting() as findings:
        assert message(read, folder, "counts") == f"ava/{expected}"
    assert findings == []


def test_semicolons_and_decimal_commas_of_a_spreadsheet_are_named(tmp_path):
    folder = makers.make("spaq_csv", tmp_path)
    path = folder / "SPAQ_annotations.csv"
    text = path.read_text(encoding="utf-8-sig").replace(",", ";")
    path.write_text(text)
    sentence = "expected commas between fields{}. Save it again like that, or fetch the owners' file."
    assert message(read, folder) == (
        f"spaq/SPAQ_annotations.csv: fields are separated by semicolons; {sentence.format('')}"
    )
    path.write_text(re.sub(r"(\d)\.(\d)", r"\1,\2", text))
    assert message(read, folder) == (
        "spaq/SPAQ_annotations.csv: fields are separated by semicolons and decimals are written with commas (48,86); "
        + sentence.format(" and decimal points")
    )


def test_decimal_commas_in_quotes_are_named_once(tmp_path):
    folder = makers.make("spaq_csv", tmp_path)
    path = folder / "SPAQ_annotations.csv"
    path.write_text(re.sub(r"(\d+)\.(\d+)(?=[,\n])", r'"\1,\2"', path.read_text(encoding="utf-8-sig")))
    with collecting() as findings:
        assert message(read, folder) == (
            "spaq/SPAQ_annotations.csv, line 2: MOS is '48,86': a decimal comma; expected '48.86'. Save the file again "
            "with decimal points, or fetch the owners' file."
        )
    assert findings == []


@pytest.mark.parametrize(("old", "new"), [(" ", "  "), (" ", "\t"), ("\n", " \n"), (" 22 ", "   22 ")])
def test_runs_of_blanks_are_read_like_single_ones(old, new, tmp_path):
    expected = read(makers.make("ava_owners", tmp_path / "a"), "counts").frame
    folder = makers.make("ava_owners", tmp_path / "b")
    path = folder / "AVA.txt"
    path.write_text(path.read_text().replace(old, new))
    pd.testing.assert_frame_equal(read(folder, "counts").frame, expected)


def test_a_field_lost_among_runs_of_blanks_is_named(tmp_path):
    folder = makers.make("ava_owners", tmp_path)
    path = folder / "AVA.txt"
    rows = path.read_text().replace(" ", "  ").splitlines()
    rows[4] = rows[4].rpartition("  ")[0]
    makers.lines(path, rows)
    assert message(read, folder, "counts") == "ava/AVA.txt, line 5: fewer than 15 fields separated by blanks."


@pytest.mark.parametrize("change", ["a field less", "a tab in place of the first blank and a field less"])
def test_a_single_row_with_a_field_less_is_named(tmp_path, change):
    """It was read with all fields behind the gap shifted by one, without a word."""
    folder = makers.make("ava_owners", tmp_path)
    path = folder / "AVA.txt"
    rows = path.read_text().splitlines()
    rows[4] = rows[4].rpartition(" ")[0]
    if change != "a field less":
        rows[4] = rows[4].replace(" ", "\t", 1)
    makers.lines(path, rows)
    assert message(read, folder, "counts") == "ava/AVA.txt, line 5: fewer than 15 fields separated by blanks."


def test_a_tab_or_two_blanks_in_one_row_are_read_like_a_blank(tmp_path):
    expected = read(makers.make("ava_owners", tmp_path / "a"), "counts").frame
    folder = makers.make("ava_owners", tmp_path / "b")
    path = folder / "AVA.txt"
    rows = path.read_text().splitlines()
    rows[1], rows[2], rows[3] = rows[1].replace(" ", "\t", 1), rows[2].replace(" ", "  ", 2), f" {rows[3]} "
    makers.lines(path, rows)
    pd.testing.assert_frame_equal(read(folder, "counts").frame, expected)


@pytest.mark.parametrize("ending", ["jpg", "AVIF", "heic", "heif"])
def test_numbered_images_of_every_format(ending):
    assert image_number(f"12/953619.{ending}") == "953619"


def _owners_votes(folder: Path, unrated: dict[int, int], count: int = 200) -> Path:
    """AVA.txt with `count` images; those numbered in `unrated` have this value in all ten votes."""
    votes = [[unrated[n]] * 10 if n in unrated else makers.ava_votes(n) for n in range(1, count + 1)]
    rows = [f"{n} {n} {' '.join(map(str, v))} 1 22 1396" for n, v in enumerate(votes, 1)]
    makers.lines(folder / "ava" / "AVA.txt", rows)
    return folder / "ava"


def test_a_few_rows_without_votes_are_left_out_with_a_note(tmp_path):
    table = read(_owners_votes(tmp_path, {5: 0, 7: -1, 9: 0, 11: 0}), "counts")
    assert len(table) == 196
    assert table.notes == ("4 images (5, 7, 9 …) of 200 left out of ava/AVA.txt: no rating",)
    assert not {"5", "7"} & set(table.frame["image_id"])


def test_many_rows_without_votes_are_an_error(tmp_path):
    assert message(read, _owners_votes(tmp_path, dict.fromkeys(range(1, 6), 0)), "counts") == (
        "ava/AVA.txt, line 1: no votes at all; expected at least one. (5 such lines in all.)"
    )


def test_a_few_scores_of_minus_one_are_left_out_with_a_note(tmp_path):
    rows = [[f"{n:05d}.jpg", -1 if n == 3 else 50, 40, 40, 40, 40, 40] for n in range(1, 101)]
    makers.csv(tmp_path / "spaq" / "SPAQ_annotations.csv", makers.SPAQ_HEADER, rows)
    table = read(tmp_path / "spaq")
    assert len(table) == 99
    assert table.notes == ("1 image (00003.jpg) of 100 left out of spaq/SPAQ_annotations.csv: no rating",)


def test_an_image_left_out_for_its_votes_is_left_out_of_the_split_lists_too(tmp_path):
    folder = _owners_votes(tmp_path, {5: 0})
    makers.lines(folder / "ilgnet" / "AVA1_train.txt", [f"{n}.jpg 1" for n in range(1, 101)])
    makers.lines(folder / "ilgnet" / "AVA1_val.txt", [f"{n}.jpg 0" for n in range(101, 201)])
    table = read(folder, "ilgnet")
    assert table.frame["split"].value_counts().to_dict() == {"train": 99, "test": 100}
    assert "1 image (5) of a split list left out: no votes in AVA.txt" in table.notes


ZEROS = ", ".join("0" * 10)
UNRATED = {
    "AVA's shares": ("ava", "nima", "medghofran/test_labels.csv.gz", r"(?m)^953038,.*$", "953038" + ",0" * 10),
    "AVA's lists": ("ava", "idealo", "idealo/ava_labels_test.json.gz", r"(953029\"[^\[]*\[)[^]]*", r"\g<1>" + ZEROS),
    "AVA's means": ("ava", "known", "q-align/test_ava.json", r'(953040.jpg", "gt_score": )[\d.]*', r"\g<1>-1"),
    "EVA's lists": (
        "eva_counted",
        "all",
        "iqs-digikam/samples_train.json",
        r"(776273,[^\[]*\[)[^]]*",
        r"\g<1>" + ZEROS,
    ),
    "Photo.net's lists": (
        "photonet",
        "aesmamba",
        "test_labels_nocomments.csv",
        "(?m)^4088604,.*$",
        "4088604,0 0 0 0 0 0 0,0,0",
    ),
    "AADB's tables": (
        "aadb",
        "as_released",
        "imgListTrainRegression_.csv",
        r"(?m)^(farm3_b.jpg,.*),[\d.]+$",
        r"\g<1>,-1",
    ),
    "AADB's lists": (
        "aadb_owners",
        "as_released",
        "imgListFiles_label/imgListTrainRegression_score.txt",
        r"(?m)^farm3_b.jpg .*$",
        "farm3_b.jpg -1",
    ),
    "TID2013's names": ("tid2013", "all", "mos_with_names.txt", r"(?m)^[\d.]+ I01_01_3", "-1 I01_01_3"),
    "TID2013's list": ("tid2013_listed", "all", "IQA-Dataset_TID2013.txt", r"(?m)(i01_01_3.*,)[\d.]+$", r"\g<1>-1"),
    "OASIS": ("oasis_beauty", "all", "means_per_image.csv", None, None),
}


@pytest.mark.parametrize("case", UNRATED)
def test_an_image_without_a_rating_is_left_out_of_every_form_of_release(tmp_path, case, monkeypatch):
    monkeypatch.setattr("aeslib.data.adapters.reading.FEW", 0.5)
    maker, family, name, pattern, by = UNRATED[case]
    folder = makers.make(maker, tmp_path)
    whole = read(folder, family)
    path = folder / name
    text = gzip.decompress(path.read_bytes()).decode() if name.endswith(".gz") else path.read_text()
    if pattern is None:
        frame = pd.read_csv(path)
        frame.loc[1, "beauty_mean"] = -1
        changed = frame.to_csv(index=False)
    else:
        changed, times = re.subn(pattern, by, text)
        assert times == 1
    path.write_bytes(gzip.compress(changed.encode()) if name.endswith(".gz") else changed.encode())
    rest = read(folder, family)
    gone = set(whole.frame["image_id"]) - set(rest.frame["image_id"])
    assert len(gone) == 1
    assert any("1 image (" in one and "no rating" in one for one in rest.notes)
    kept = whole.frame[~whole.frame["image_id"].isin(gone)]
    by_id = [frame.sort_values("image_id").reset_index(drop=True) for frame in (rest.frame, kept)]
    pd.testing.assert_frame_equal(*by_id, check_dtype=False)
