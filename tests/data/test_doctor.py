"""Every way in which a data set's folder can be wrong, and the whole message that says so."""

import gzip
import hashlib
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import MAKERS, OTHERS, SPAQ_HEADER, SPAQ_ROWS, SPAQ_SCENES, jpeg, make, sheet

from aeslib.data import doctor
from aeslib.data._lines import count_rows
from aeslib.data.cards import KEYS, DatasetCard, File, Split, load_card
from aeslib.data.doctor import Finding, Findings, report_csv, verify

Damage = Callable[[Path], object]
FORMS = {name: name for name in MAKERS} | {name: key for name, (key, _) in OTHERS.items()}


def blank(key: str, *files: File, splits: tuple[Split, ...] = ()) -> DatasetCard:
    """The card of `key` without the figures of the real files, which tiny ones cannot have."""
    card = load_card(key)
    plain = [file.model_copy(update={"sha256": None, "bytes": None, "rows": None}) for file in card.files]
    return card.model_copy(update={"files": [*plain, *files], "splits": list(splits)})


@pytest.fixture(autouse=True)
def small_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "load_card", blank)


def told(finding: Finding) -> str:
    """FILE[:ROW] [(ID)] CHECK: MESSAGE."""
    where = f"{finding.file}:{finding.row}" if finding.row else finding.file
    return f"{where} {f'({finding.id}) ' if finding.id else ''}{finding.check}: {finding.message}"


def errors(key: str, root: Path) -> list[str]:
    return [told(finding) for finding in verify(key, root, progress=False).errors]


def notes(key: str, root: Path) -> list[str]:
    return [told(finding) for finding in verify(key, root, progress=False) if finding.severity == "note"]


# ---- what damages do


def swap(name: str, old: str, new: str) -> Damage:
    """Replace text that is in the file once or more, the first time it occurs."""

    def damage(folder: Path) -> None:
        raw = (folder / name).read_bytes()
        packed = name.endswith(".gz")
        text = gzip.decompress(raw) if packed else raw
        assert old.encode() in text, f"{old!r} is not in {name}"
        text = text.replace(old.encode(), new.encode(), 1)
        (folder / name).write_bytes(gzip.compress(text, mtime=0) if packed else text)

    return damage


def put(name: str, data: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(data)


def every(name: str, old: str, new: str) -> Damage:
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


def book(name: str, *rows: Sequence[object]) -> Damage:
    return lambda folder: sheet(folder / name, rows)


def flip(name: str, at: int) -> Damage:
    """Change one bit of the byte `at`."""

    def damage(folder: Path) -> None:
        raw = bytearray((folder / name).read_bytes())
        raw[at] ^= 1
        (folder / name).write_bytes(raw)

    return damage


def cut(name: str, keep: int) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:keep])


def drop(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def again(name: str, line: int, change: Callable[[bytes], bytes] = lambda text: text) -> Damage:
    """Write a line (counted from 1) once more at the end."""

    def damage(folder: Path) -> None:
        text = (folder / name).read_bytes()
        (folder / name).write_bytes(text + change(text.splitlines(keepends=True)[line - 1]))

    return damage


def spoil(name: str, line: int, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        rows = (folder / name).read_bytes().splitlines(keepends=True)
        rows[line - 1] = change(rows[line - 1])
        (folder / name).write_bytes(b"".join(rows))

    return damage


def member(name: str, text: str | None, archive: str = "dataset.zip") -> Damage:
    """Replace (None: leave out) one member of a zip archive, or add it."""

    def damage(folder: Path) -> None:
        with zipfile.ZipFile(folder / archive) as old:
            kept = {one: old.read(one) for one in old.namelist()}
        kept.pop(name, None)
        with zipfile.ZipFile(folder / archive, "w") as new:
            for one, body in kept.items():
                new.writestr(one, body)
            if text is not None:
                new.writestr(name, text)

    return damage


def pictures(*names: str, place: str = "images") -> Damage:
    def damage(folder: Path) -> None:
        for seed, name in enumerate(names):
            jpeg(folder / place / name, seed)

    return damage


def both(*damages: Damage) -> Damage:
    def damage(folder: Path) -> None:
        for one in damages:
            one(folder)

    return damage


AADB = "imgListTestNewRegression_.csv"
TRAIN = "imgListTrainRegression_.csv"
KONIQ = "koniq10k_distributions_sets.csv"
KONIQ_COUNTS = "koniq10k_scores_and_distributions.csv"
PARA = "annotation/PARA-GiaaTest.csv"
FLICKR = "test_workers_dataset_normalized.csv"
PHOTONET = "test_labels_nocomments.csv"
CAPTIONS = "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json"
SPAQ = "MOS and Image attribute scores.xlsx"
EVA = "data/votes_filtered.csv"
COUNTED = "iqs-digikam/samples_train.json"
TID = "mos_with_names.txt"
SYMMETRY = "imgListFiles_label/imgListTrainRegression_Symmetry.txt"
WORKERS = "FLICKR-AES_image_labeled_by_each_worker.csv"
SCENES = "Scene category labels.xlsx"
OASIS = "means_per_image.csv"
PAGE = b"<!DOCTYPE html>\n<html><body>Quota exceeded</body></html>\n"


DAMAGES: dict[str, tuple[str, Damage, list[str]]] = {
    # whole files
    "folder_of_another": (
        "real_cur",
        both(drop("ratings.csv"), put("labels.csv", b"x")),
        [
            "ratings.csv missing: is not here; `aeslib data fetch real_cur` says how to get it.",
        ],
    ),
    "folder_other_form": (
        "tid2013",
        drop(TID),
        [
            "tid2013/ missing: no labels; expected IQA-Dataset_TID2013.txt or "
            "idealo_tid_labels_train.json or mos.txt or mos_with_names.txt. `aeslib data fetch "
            "tid2013` says how to get them.",
        ],
    ),
    "folder_empty": (
        "aadb",
        both(drop(AADB), drop(TRAIN), drop("imgListValidationRegression_.csv")),
        [
            "imgListTrainRegression_.csv missing: is not here; `aeslib data fetch aadb` says how to get it.",
            "imgListValidationRegression_.csv missing: is not here; `aeslib data fetch aadb` says how to get it.",
            "imgListTestNewRegression_.csv missing: is not here; `aeslib data fetch aadb` says how to get it.",
        ],
    ),
    "file_missing": (
        "aadb",
        drop(AADB),
        [
            "imgListTestNewRegression_.csv missing: is not here; `aeslib data fetch aadb` says how to get it.",
        ],
    ),
    "file_missing_of_many": (
        "aadb_owners",
        drop(SYMMETRY),
        [
            "aadb/ missing: imgListFiles_label/imgListTrainRegression_Symmetry.txt missing; 35 of 36 files there.",
        ],
    ),
    "file_missing_of_two": (
        "photonet_captions",
        drop("test.csv"),
        [
            "test.csv missing: is not here; `aeslib data fetch photonet_captions` says how to get it.",
        ],
    ),
    "file_empty": (
        "aadb",
        put(AADB, b""),
        [
            "imgListTestNewRegression_.csv unreadable: is empty; fetch it again.",
        ],
    ),
    "file_blank": (
        "aadb",
        put(AADB, b"\n\n\n"),
        [
            "imgListTestNewRegression_.csv unreadable: is empty; fetch it again.",
        ],
    ),
    "file_header_only": (
        "tid2013_listed",
        put("IQA-Dataset_TID2013.txt", b"dis_img_path,dis_type,ref_img_path,score\n"),
        [
            "IQA-Dataset_TID2013.txt unreadable: has a header and no rows; fetch it again.",
        ],
    ),
    "file_web_page": (
        "aadb",
        put(AADB, PAGE),
        [
            "imgListTestNewRegression_.csv:1 structure: is a web page, not a table; fetch it again.",
            "imgListTestNewRegression_.csv unreadable: no column 'ImageFile', 'score'; it has '<!DOCTYPE html>'.",
        ],
    ),
    "file_picture": (
        "real_cur",
        put("ratings.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xee"),
        [
            "ratings.csv:1 unreadable: not UTF-8 text; fetch it again in its original encoding.",
        ],
    ),
    "file_utf16": (
        "real_cur",
        put("ratings.csv", "worker,imagePair,score\nu1,a.jpg,4\n".encode("utf-16")),
        [
            "ratings.csv unreadable: is UTF-16 text, as Excel writes it; expected UTF-8. Save it again as CSV UTF-8, "
            "or fetch the owners' file.",
        ],
    ),
    "gzip_cut": (
        "ava",
        cut("ilgnet/AVA1_train.txt.gz", 60),
        [
            "ilgnet/AVA1_train.txt.gz unreadable: cannot be unpacked (Compressed file ended before the "
            "end-of-stream marker was reached); it is cut off or damaged, fetch it again.",
        ],
    ),
    "gzip_is_text": (
        "ava",
        put("mpada/AVA_train.lst.gz", b"953001\n"),
        [
            "mpada/AVA_train.lst.gz unreadable: cannot be unpacked (Not a gzipped file (b'95')); it is "
            "cut off or damaged, fetch it again.",
        ],
    ),
    # lines
    "latin1_lines": (
        "aadb",
        both(spoil(AADB, 3, lambda r: b"caf\xe9" + r), spoil(AADB, 5, lambda r: b"\xfc" + r)),
        [
            "imgListTestNewRegression_.csv:3 structure: not UTF-8 text at byte 4; fetch it again in "
            "its original encoding.",
            "imgListTestNewRegression_.csv:5 structure: not UTF-8 text at byte 1; fetch it again in "
            "its original encoding.",
        ],
    ),
    "nul_bytes": (
        "koniq10k",
        spoil(KONIQ, 4, lambda r: b"\x00" * 6 + r[6:]),
        [
            "koniq10k_distributions_sets.csv:4 structure: holds NUL bytes; it is damaged.",
            "koniq10k_scores_and_distributions.csv labels: image '2.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "field_too_many": (
        "aadb",
        both(spoil(TRAIN, 4, lambda r: r.replace(b",", b",,", 1)), swap(TRAIN, ",0.15", ",1.5")),
        [
            "imgListTrainRegression_.csv:4 structure: 14 fields separated by ','; most lines have 13.",
            "imgListTrainRegression_.csv:5 labels: score is '1.5'; expected a number from 0 to 1.",
        ],
    ),
    "field_too_few": (
        "koniq10k",
        spoil(KONIQ, 7, lambda r: r.rpartition(b",")[0] + b"\n"),
        [
            "koniq10k_distributions_sets.csv:7 structure: 9 fields separated by ','; most lines have 10.",
            "koniq10k_scores_and_distributions.csv labels: image '5.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "cut_in_a_line": (
        "real_cur",
        cut("ratings.csv", 60),
        [
            "ratings.csv:5 structure: 2 fields separated by ','; most lines have 3.",
        ],
    ),
    "delimiter": (
        "aadb",
        every(AADB, ",", ";"),
        [
            "imgListTestNewRegression_.csv unreadable: fields are separated by semicolons; expected commas between "
            "fields. Save it again like that, or fetch the owners' file.",
        ],
    ),
    "delimiter_eva": (
        "eva",
        every(EVA, "=", ","),
        [
            "data/votes_filtered.csv unreadable: fields are separated by commas; expected equals signs between fields. "
            "Save it again like that, or fetch the owners' file.",
        ],
    ),
    "quote_open": (
        "photonet_captions",
        swap("train.csv", 'on 4088604"', "on 4088604"),
        [
            "train.csv unreadable: not a table separated by ',' (EOF inside string starting at row 2).",
        ],
    ),
    "header_gone": (
        "koniq10k",
        spoil(KONIQ, 1, lambda r: b""),
        [
            "koniq10k_distributions_sets.csv unreadable: no column 'image_name', 'c1', 'c2', 'c3', "
            "'c4', 'c5', 'c_total', 'MOS', 'set'; it has '0.jpg', '0.09', '0.14', '0.33', '0.3', "
            "'0.14.1', '100', '56.934999999999995', '1.142564897699271', 'training'.",
        ],
    ),
    "header_misspelt": (
        "aadb",
        swap(AADB, "ColorHarmony", "ColourHarmony"),
        [
            "imgListTestNewRegression_.csv unreadable: no column 'ColorHarmony'.",
        ],
    ),
    "header_tanet": (
        "ava",
        swap("tanet/val.csv", "score2,", "score1,"),
        [
            "tanet/val.csv unreadable: no column 'score2'; it has 'image_id', 'score1', 'score3', "
            "'score4', 'score5', 'score6', 'score7', 'score8', 'score9', 'score10', 'score11', 'tag1'.",
        ],
    ),
    "json_cut": (
        "eva_counted",
        cut("iqs-digikam/samples_test.json", 300),
        [
            "iqs-digikam/samples_test.json:32 unreadable: not JSON (Unterminated string starting at); "
            "it is cut off or damaged, fetch it again.",
        ],
    ),
    "json_object": (
        "eva_counted",
        put("iqs-digikam/samples_test.json", b'{"image_id": 71}'),
        [
            "iqs-digikam/samples_test.json unreadable: expected a list of objects with image_id, label.",
        ],
    ),
    "json_field": (
        "eva_counted",
        swap("iqs-digikam/samples_test.json", '"label"', '"votes"'),
        [
            "iqs-digikam/samples_test.json:1 unreadable: expected an object with image_id, label.",
        ],
    ),
    "captions_list": (
        "ava_captions",
        put(CAPTIONS, b'{"images": []}'),
        [
            "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json unreadable: expected an object with a list 'images'.",
        ],
    ),
    "captions_field": (
        "ava_captions",
        swap(CAPTIONS, '"sentences"', '"comments"'),
        [
            "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json:1 unreadable: no 'sentences'; expected "
            "filename, split and sentences.",
        ],
    ),
    "workbook_cut": (
        "spaq",
        cut(SPAQ, 2000),
        [
            "MOS and Image attribute scores.xlsx unreadable: not a whole workbook (File is not a zip "
            "file); it is cut off or damaged, fetch it again.",
        ],
    ),
    "workbook_text": (
        "spaq",
        put(SPAQ, b"Image name,MOS\n"),
        [
            "MOS and Image attribute scores.xlsx unreadable: not a whole workbook (File is not a zip "
            "file); it is cut off or damaged, fetch it again.",
        ],
    ),
    "workbook_column": (
        "spaq",
        book(SPAQ, ["Image name", "Mean"], ["00001.jpg", 4]),
        [
            "MOS and Image attribute scores.xlsx unreadable: no column 'MOS', 'Brightness', "
            "'Colorfulness', 'Contrast', 'Noisiness', 'Sharpness'; it has 'Image name', 'Mean'.",
        ],
    ),
    "zip_cut": (
        "tad66k",
        cut("dataset.zip", 4000),
        [
            "dataset.zip unreadable: not a whole zip archive (File is not a zip file); it is cut off "
            "or damaged, fetch it again.",
            "dataset.zip archive: not a whole archive (BadZipFile: File is not a zip file); download it again.",
        ],
    ),
    "zip_member_gone": (
        "tad66k",
        member("dataset/merge/test.csv", None),
        [
            "dataset.zip unreadable: no member 'dataset/merge/test.csv' (1 missing).",
        ],
    ),
    "zip_member_outside": (
        "tad66k",
        member("../../evil.csv", "x"),
        [
            "dataset.zip archive: member '../../evil.csv' points outside its folder; do not unpack it.",
        ],
    ),
    "zip_crc": (
        "tad66k",
        swap("dataset.zip", "art1.jpg,2", "art1.jpg,9"),
        [
            "dataset.zip unreadable: not a whole zip archive (Bad CRC-32 for file "
            "'dataset/merge/train.csv'); it is cut off or damaged, fetch it again.",
        ],
    ),
    # names
    "id_twice": (
        "koniq10k",
        again(KONIQ, 3),
        [
            "koniq10k_distributions_sets.csv:8 labels: image_name '1.jpg' occurs again; its first line is 3.",
        ],
    ),
    "id_twice_far": (
        "tad66k",
        member("dataset/unmerge/train/art.csv", "image,score\nart1.jpg,2\nart1.jpg,2\n"),
        [
            "dataset.zip:dataset/unmerge/train/art.csv:3 labels: image 'art1.jpg' occurs again; its first line is 2.",
        ],
    ),
    "id_twice_record": (
        "eva_counted",
        swap(COUNTED, '"image_id": 106', '"image_id": 71'),
        [
            "iqs-digikam/samples_train.json:2 labels: image_id '71' occurs again; its first line is 1.",
        ],
    ),
    "id_twice_sheet": (
        "spaq",
        book(SPAQ, SPAQ_HEADER, SPAQ_ROWS[0], SPAQ_ROWS[0]),
        [
            "MOS and Image attribute scores.xlsx:3 labels: Image name '00001.jpg' occurs again; its first line is 2.",
        ],
    ),
    "id_empty": (
        "koniq10k",
        swap(KONIQ, "3.jpg", ""),
        [
            "koniq10k_distributions_sets.csv:5 labels: image_name is empty.",
            "koniq10k_scores_and_distributions.csv labels: image '' has other votes here than in the "
            "file with the split.",
            "koniq10k_scores_and_distributions.csv labels: image '3.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "id_in_two_splits": (
        "tad66k",
        member("dataset/merge/test.csv", "image,score\nart1.jpg,2\n"),
        [
            "train and test labels: image 'art1.jpg' is in more than one split.",
        ],
    ),
    "id_in_two_splits_para": (
        "para",
        swap(PARA, "iaa_pub71_.jpg,session2", "iaa_pub1_.jpg,session1"),
        [
            "train and test labels: image 'session1/iaa_pub1_.jpg' is in more than one split.",
            "PARA-Images.csv labels: image 'session2/iaa_pub71_.jpg' is in neither split.",
        ],
    ),
    "id_unknown_split": (
        "koniq10k",
        swap(KONIQ, "training", "train"),
        [
            "koniq10k_distributions_sets.csv:2 labels: set is 'train'; expected training, validation, test.",
        ],
    ),
    "id_outside": (
        "real_cur",
        swap("ratings.csv", "a.jpg", "../../a.jpg"),
        [
            "real_cur/ (../../a.jpg) names: image '../../a.jpg' points outside its folder.",
        ],
    ),
    "id_absolute": (
        "flickr_aes_owners",
        swap(WORKERS, "farm3_6_c.jpg", "/etc/passwd"),
        [
            "flickr_aes/ (/etc/passwd) names: image '/etc/passwd' points outside its folder.",
        ],
    ),
    "id_form": (
        "tid2013",
        swap(TID, "I01_02_3.bmp", "I01-02-3.bmp"),
        [
            "mos_with_names.txt:8 labels: 'I01-02-3' is not a name like I01_01_1.",
        ],
    ),
    "id_missing_list": (
        "ava_owners",
        swap("AVA.txt", "\n40 953040 ", "\n40 953041 "),
        [
            "AVA.txt labels: image '953040' is in a split list and not in this file.",
        ],
    ),
    "id_missing_scene": (
        "spaq",
        book(SPAQ, SPAQ_HEADER, ["00009.jpg", 5, 5, 5, 5, 5, 5]),
        [
            "Scene category labels.xlsx labels: image '00009.jpg' has a score and no scene.",
        ],
    ),
    "id_missing_counts": (
        "koniq10k",
        swap(KONIQ_COUNTS, '"5.jpg"', '"6.jpg"'),
        [
            "koniq10k_scores_and_distributions.csv labels: image '5.jpg' has other votes here than in "
            "the file with the split.",
            "koniq10k_scores_and_distributions.csv labels: image '6.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "id_missing_category": (
        "eva",
        swap("data/image_content_category.csv", '"71"', '"72"'),
        [
            "data/image_content_category.csv labels: image '71' has votes and no category.",
        ],
    ),
    "id_missing_worker": (
        "flickr_aes_owners",
        again("test_workers_ID.csv", 2, lambda r: b"W9\n"),
        [
            "test_workers_ID.csv labels: worker 'W9' has no rating in FLICKR-AES_image_labeled_by_each_worker.csv.",
        ],
    ),
    "id_missing_mean": (
        "oasis_beauty",
        swap("images_manifest.csv", "Cat 4.jpg", "Cat 5.jpg"),
        [
            "images_manifest.csv:4 labels: picture 'Cat5' has no beauty rating.",
        ],
    ),
    "id_wrong_mat": (
        "aadb",
        put("AADBinfo.mat", b"MATLAB 5.0 MAT-file" + bytes(200)),
        [
            "AADBinfo.mat unreadable: not the owners' MATLAB file (Unknown mat file type, version 0, "
            "0); fetch it again.",
        ],
    ),
    # scores
    "score_high": (
        "aadb",
        swap(TRAIN, ",0.15", ",1.15"),
        [
            "imgListTrainRegression_.csv:5 labels: score is '1.15'; expected a number from 0 to 1.",
        ],
    ),
    "score_low": (
        "oasis_beauty",
        swap(OASIS, ",3.2,", ",0.32,"),
        [
            "means_per_image.csv:5 labels: beauty_mean is '0.32'; expected a number from 1 to 7.",
        ],
    ),
    "score_scale": (
        "koniq10k",
        swap(KONIQ, "57.6775", "576.775"),
        [
            "koniq10k_distributions_sets.csv:4 labels: MOS is '576.775'; expected a number from 1 to 100.",
        ],
    ),
    "score_empty": (
        "aadb",
        swap(TRAIN, ",0.15\n", ",\n"),
        [
            "imgListTrainRegression_.csv:5 labels: score is empty; expected a number from 0 to 1.",
        ],
    ),
    "score_nan": (
        "real_cur",
        swap("ratings.csv", "a.jpg,4", "a.jpg,NaN"),
        [
            "ratings.csv:2 labels: score is 'NaN'; expected a number from 1 to 5.",
        ],
    ),
    "score_inf": (
        "real_cur",
        swap("ratings.csv", "a.jpg,4", "a.jpg,inf"),
        [
            "ratings.csv:2 labels: score is 'inf'; expected a number from 1 to 5.",
        ],
    ),
    "score_comma": (
        "tid2013",
        swap(TID, "5.99000", "5,99000"),
        [
            "mos_with_names.txt:2 labels: score is '5,99000'; expected a number from 0 to 9.",
        ],
    ),
    "score_word": (
        "spaq_csv",
        swap("SPAQ_annotations.csv", "48.86", "good"),
        [
            "SPAQ_annotations.csv:2 labels: MOS is 'good'; expected a number from 0 to 100.",
        ],
    ),
    "score_z": (
        "flickr_aes",
        swap(FLICKR, "-0.925619262940729", "-0.5"),
        [
            "test_workers_dataset_normalized.csv:3 labels: score is not one of the z-scores of 1 to 5.",
        ],
    ),
    "attribute": (
        "aadb",
        swap(AADB, "0.6,0.8,-0.6", "0.6,0.8,-6"),
        [
            "imgListTestNewRegression_.csv:2 labels: Content is '-6'; expected a number from -1 to 1.",
        ],
    ),
    "attribute_negative": (
        "aadb_owners",
        swap(SYMMETRY, "farm1_b.jpg 0.8", "farm1_b.jpg -0.8"),
        [
            "imgListFiles_label/imgListTrainRegression_Symmetry.txt:2 labels: attr_Symmetry is '-0.8'; "
            "expected a number from 0 to 1.",
        ],
    ),
    "attribute_order": (
        "aadb_owners",
        swap(SYMMETRY, "farm1_b.jpg", "farm99_b.jpg"),
        [
            "imgListFiles_label/imgListTrainRegression_Symmetry.txt unreadable: lists other images "
            "than the file before it; fetch both again.",
        ],
    ),
    "eva_attribute": (
        "eva",
        swap(EVA, "71=E1=5=3=3", "71=E1=5=3=5"),
        [
            "data/votes_filtered.csv:2 labels: visual is '5'; expected a whole number from 1 to 4.",
        ],
    ),
    "eva_score": (
        "eva",
        swap(EVA, "71=E1=5", "71=E1=11"),
        [
            "data/votes_filtered.csv:2 labels: score is '11'; expected a whole number from 0 to 10.",
        ],
    ),
    "eva_half": (
        "eva",
        swap(EVA, "71=E1=5", "71=E1=5.5"),
        [
            "data/votes_filtered.csv:2 labels: score is '5.5'; expected a whole number from 0 to 10.",
        ],
    ),
    "eva_twice": (
        "eva",
        again(EVA, 2, lambda row: row.replace(b"=5=", b"=4=", 1)),
        [
            "data/votes_filtered.csv:11 labels: user 'E1' has rated image '71' before, and not the same.",
        ],
    ),
    "category": (
        "eva",
        swap("data/image_content_category.csv", '"71","5"', '"71","7"'),
        [
            "data/image_content_category.csv:2 labels: sort is '7'; expected a whole number from 1 to 6.",
        ],
    ),
    # votes
    "votes_negative": (
        "ava",
        spoil("tanet/test.csv", 2, lambda r: b"953025,-1" + r[8:]),
        [
            "tanet/test.csv:2 labels: score2 is '-1'; expected a whole number from 0 up.",
            "ava/ labels: two copies disagree on the votes of image '953025'.",
        ],
    ),
    "votes_half": (
        "ava",
        spoil("tanet/test.csv", 2, lambda r: b"953025,1.5" + r[8:]),
        [
            "tanet/test.csv:2 labels: score2 is '1.5'; expected a whole number from 0 up.",
            "ava/ labels: two copies disagree on the votes of image '953025'.",
        ],
    ),
    "votes_none": (
        "ava",
        spoil("tanet/test.csv", 3, lambda r: b"953026,0,0,0,0,0,0,0,0,0,0,12,0,873\n"),
        [
            "tanet/test.csv:3 labels: no votes at all; expected at least one.",
            "ava/ labels: two copies disagree on the votes of image '953026'.",
        ],
    ),
    "votes_disagree": (
        "ava",
        spoil("tanet/test.csv", 3, lambda r: b"953026,9,0,0,0,0,0,0,0,0,0,12,0,873\n"),
        [
            "ava/ labels: two copies disagree on the votes of image '953026'.",
        ],
    ),
    "votes_number": (
        "eva_counted",
        swap(COUNTED, "0,", ""),
        [
            "iqs-digikam/samples_train.json:1 labels: label is not a list of 10 votes.",
        ],
    ),
    "votes_text": (
        "eva_counted",
        swap(COUNTED, "0,", '"many",'),
        [
            "iqs-digikam/samples_train.json:1 labels: votes_1 is 'many'; expected a whole number from 0 up.",
        ],
    ),
    "votes_sum": (
        "koniq10k",
        swap(KONIQ, "2.jpg,0.03", "2.jpg,0.04"),
        [
            "koniq10k_distributions_sets.csv:4 labels: c1 … c5 are not shares of c_total votes.",
            "koniq10k_scores_and_distributions.csv labels: image '2.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "votes_mean": (
        "photonet",
        swap(PHOTONET, "4.909090909090909", "4.809090909090909"),
        [
            "test_labels_nocomments.csv:2 labels: score is not the mean of the votes.",
        ],
    ),
    "votes_mean_para": (
        "para",
        swap(PARA, ",5,7,5,", ",5,7,6,"),
        [
            "annotation/PARA-GiaaTest.csv:2 labels: aestheticScore_mean is not the mean of the histogram.",
        ],
    ),
    "votes_mean_owners": (
        "photonet_owners",
        swap("photonet_dataset.txt", "4.909091", "5.909091"),
        [
            "photonet_dataset.txt:1 labels: the mean is not that of the votes.",
        ],
    ),
    "votes_field": (
        "photonet",
        swap(PHOTONET, "0  0  0  5  2  4  0", "0  0  5  2  4  0"),
        [
            "test_labels_nocomments.csv:2 labels: label is not a list of 7 votes.",
        ],
    ),
    "votes_scales": (
        "koniq10k",
        swap(KONIQ_COUNTS, ",3.29,", ",3.3,"),
        [
            "koniq10k_scores_and_distributions.csv labels: image '2.jpg' has other votes here than in "
            "the file with the split.",
        ],
    ),
    "shares_sum": (
        "ava",
        swap("medghofran/val_labels.csv.gz", "953035,0.0", "953035,0.5"),
        [
            "medghofran/val_labels.csv.gz:1 labels: the ten shares do not sum to 1.",
            "ava/ labels: two copies disagree on the votes of image '953035'.",
        ],
    ),
    "scene_sum": (
        "spaq",
        book(SCENES, ["Image name", *SPAQ_SCENES], *[[f"0000{n}.jpg", 1, *[0] * 7, int(n == 2)] for n in (1, 2, 3)]),
        [
            "Scene category labels.xlsx:3 labels: the nine shares do not sum to 1.",
        ],
    ),
    "binary": (
        "ava",
        swap("ilgnet/AVA1_val.txt", "953033.jpg 1", "953033.jpg 2"),
        [
            "ilgnet/AVA1_val.txt:1 labels: high is '2'; expected a whole number from 0 to 1.",
        ],
    ),
    "caption_empty": (
        "ava_captions",
        swap(CAPTIONS, '"clean": "busy"', '"clean": ""'),
        [
            "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json:3 labels: no comment left on this image.",
        ],
    ),
    "caption_split": (
        "ava_captions",
        swap(CAPTIONS, '"split": "val"', '"split": "valid"'),
        [
            "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json:2 labels: split is 'valid'; expected train, val, test.",
        ],
    ),
    "rated_twice": (
        "para",
        both(
            *(
                again("annotation/PARA-Images.csv", line, lambda row: re.sub(rb",2\.\d,", b",4.5,", row, count=1))
                for line in (2, 3)
            )
        ),
        [
            f"annotation/PARA-Images.csv:{line} labels: user '{user}' has rated image 'session1/iaa_pub1_.jpg' before, "
            "and not the same."
            for line, user in ((62, "A000"), (63, "A001"))
        ],
    ),
    # pictures
    "picture_missing": (
        "oasis_beauty",
        drop("images/Cat 4.jpg"),
        [
            "images/ (Cat4) images: no picture for image 'Cat4' of pictures.",
        ],
    ),
    "picture_empty": (
        "oasis_beauty",
        put("images/Cat 4.jpg", b""),
        [
            "images/Cat 4.jpg (Cat4) images: is empty (0 bytes); fetch it again.",
        ],
    ),
    "picture_cut": (
        "oasis_beauty",
        cut("images/Cat 4.jpg", 700),
        [
            "images/Cat 4.jpg (Cat4) images: is cut off or damaged (image file is truncated (77 bytes "
            "not processed)); fetch it again.",
        ],
    ),
    "picture_page": (
        "oasis_beauty",
        put("images/Cat 4.jpg", PAGE),
        [
            "images/Cat 4.jpg (Cat4) images: is a web page, not a picture; fetch it again.",
        ],
    ),
    "picture_json": (
        "oasis_beauty",
        put("images/Cat 4.jpg", b'{"error": 404}'),
        [
            "images/Cat 4.jpg (Cat4) images: is not a picture: no known format begins like this.",
        ],
    ),
    "picture_twice": (
        "oasis_beauty",
        pictures("Cat 4.png"),
        [
            "images/Cat 4.png (Cat4) images: is image 'Cat4' a second time; the first is images/Cat 4.jpg.",
        ],
    ),
    "picture_png_crc": (
        "oasis_beauty",
        both(drop("images/Cat 4.jpg"), pictures("Cat 4.png"), flip("images/Cat 4.png", 60)),
        [
            "images/Cat 4.png (Cat4) images: is cut off or damaged (broken PNG file (bad header "
            "checksum in b'IDAT')); fetch it again.",
        ],
    ),
    "pictures_few": (
        "real_cur",
        pictures("a.jpg", "c.jpg", "d.jpg"),
        [
            "images/ (b.jpg) images: no picture for image 'b.jpg' of all.",
        ],
    ),
}
"""What happened → the form of the data set, how to make it happen, and all that is said about it."""


@pytest.mark.parametrize("what", DAMAGES)
def test_what_is_wrong_is_said(what, tmp_path):
    form, damage, expected = DAMAGES[what]
    folder = make(form, tmp_path)
    damage(folder)
    assert errors(folder.name, tmp_path) == expected


def test_there_are_fifty_kinds_at_least():
    assert len(DAMAGES) >= 50


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_folder_has_no_errors_and_is_left_as_it_was(form, tmp_path):
    folder = make(form, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert errors(FORMS[form], tmp_path) == []
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_spoilt_folder_is_left_as_it_was_too(tmp_path):
    folder = make("aadb", tmp_path)
    spoil(AADB, 3, lambda row: b"\xff" + row)(folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert verify("aadb", tmp_path, progress=False).errors
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_every_bad_row_is_named(tmp_path):
    folder = make("aadb", tmp_path)
    every(TRAIN, "farm1_b.jpg,-0.2", "farm1_b.jpg,-2")(folder)
    every(TRAIN, ",0.15\n", ",x\n")(folder)
    every(TRAIN, "farm7_b.jpg", " ")(folder)
    every(AADB, ",0.75\n", ",7.5\n")(folder)
    every(AADB, ",0.9\n", ",\n")(folder)
    assert errors("aadb", tmp_path) == [
        f"{TRAIN}:3 labels: BalacingElements is '-2'; expected a number from -1 to 1.",
        f"{TRAIN}:9 labels: ImageFile is empty.",
        f"{TRAIN}:5 labels: score is 'x'; expected a number from 0 to 1.",
        f"{AADB}:2 labels: score is '7.5'; expected a number from 0 to 1.",
        f"{AADB}:5 labels: score is empty; expected a number from 0 to 1.",
    ]


def test_no_folder(tmp_path):
    assert errors("spaq", tmp_path) == [
        f"spaq/ missing: no folder {tmp_path / 'spaq'}; `aeslib data fetch spaq` says how to get it."
    ]


@pytest.mark.parametrize(("form", "name"), [("real_cur", "ratings.csv"), ("tid2013", "mos_with_names.txt")])
def test_a_link_that_leads_outside(form, name, tmp_path):
    folder = make(form, tmp_path)
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    assert errors(form, tmp_path) == [
        f"{name} names: is a link that leads outside the data set's folder; put the file itself here."
    ]


def described(path: str, data: bytes, **changes: object) -> File:
    facts = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} | changes
    return File(path=path, **facts)  # type: ignore[arg-type]


RATINGS = b"worker,imagePair,score\nu1,a.jpg,4\nu1,b.jpg,2\nu2,c.jpg,5\nu2,d.jpg,1\n"
OTHER = RATINGS.replace(b",5", b",3")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (described("ratings.csv", RATINGS, rows=4), []),
        (
            described("ratings.csv", RATINGS + b"u2,e.jpg,2\n"),
            ["ratings.csv size: 67 bytes, the card says 78: it is cut off; fetch it again."],
        ),
        (
            described("ratings.csv", RATINGS[:50]),
            [
                "ratings.csv size: 67 bytes, the card says 50: it is not the file that the card describes; "
                "fetch it again."
            ],
        ),
        (
            described("ratings.csv", OTHER),
            [
                f"ratings.csv checksum: sha256 {hashlib.sha256(RATINGS).hexdigest()[:12]}…, the card says "
                f"{hashlib.sha256(OTHER).hexdigest()[:12]}…: other content; fetch it again."
            ],
        ),
        (
            described("ratings.csv", RATINGS, sha256=None, bytes=None, rows=5),
            ["ratings.csv rows: 4 rows, the card says 5; fetch it again."],
        ),
    ],
)
def test_files_against_the_card(file, expected, tmp_path, monkeypatch):
    make("real_cur", tmp_path)
    monkeypatch.setattr(doctor, "load_card", lambda key: blank(key, file))
    assert errors("real_cur", tmp_path) == expected


def test_a_packed_file_is_compared_as_if_it_were_not(tmp_path, monkeypatch):
    folder = make("real_cur", tmp_path)
    (folder / "ratings.csv").unlink()
    (folder / "ratings.csv.gz").write_bytes(gzip.compress(RATINGS))
    monkeypatch.setattr(doctor, "load_card", lambda key: blank(key, described("ratings.csv", RATINGS, rows=4)))
    assert errors("real_cur", tmp_path) == []
    monkeypatch.setattr(doctor, "load_card", lambda key: blank(key, described("ratings.csv", OTHER, rows=9)))
    assert errors("real_cur", tmp_path) == [
        f"ratings.csv checksum: sha256 {hashlib.sha256(RATINGS).hexdigest()[:12]}…, the card says "
        f"{hashlib.sha256(OTHER).hexdigest()[:12]}…: other content; fetch it again.",
        "ratings.csv rows: 4 rows, the card says 9; fetch it again.",
    ]


@pytest.mark.parametrize(
    ("form", "name", "rows"),
    [
        ("koniq10k", "koniq10k_distributions_sets.csv", 6),
        ("tid2013", TID, 30),
        ("eva", EVA, 9),
        ("eva_counted", COUNTED, 3),
        ("flickr_aes", FLICKR, 5),
        ("oasis_beauty", "OASIS.csv", 4),
        ("ava", "ilgnet/AVA1_train.txt.gz", 32),
        ("ava", "mpada/AVA_test.lst", 8),
        ("ava_captions", CAPTIONS, None),
        ("spaq", SPAQ, None),
    ],
)
def test_rows_are_counted_without_header(form, name, rows, tmp_path):
    assert count_rows(make(form, tmp_path) / name) == rows


def test_sizes_of_splits(tmp_path, monkeypatch):
    make("aadb", tmp_path)
    splits = [("distinct", "train", 12), ("distinct", "validation", 5), ("distinct", "test", None), ("none", "x", 3)]
    card = blank("aadb", splits=tuple(Split(family=f, name=n, rows=r) for f, n, r in splits))
    monkeypatch.setattr(doctor, "load_card", lambda key: card)
    assert errors("aadb", tmp_path) == ["aadb/ rows: distinct, split 'validation': 3 images, the card says 5."]


def test_what_belongs_to_the_release_is_a_note(tmp_path):
    make("aadb", tmp_path)
    assert notes("aadb", tmp_path) == [
        "aadb/ release: distinct: 2 validation images that are also test images left out; 3 left.",
        "aadb/ release: as_released: 2 images are in both validation and test, as released.",
    ]


def test_what_is_of_no_use_is_a_note(tmp_path):
    folder = make("oasis_beauty", tmp_path)
    jpeg(folder / "images" / "Dog 1.jpg")
    jpeg(folder / "Pictures" / "Dog 1.jpg")
    jpeg(folder / "Pictures" / "Dog 2.jpg")
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden").write_text("mine")
    assert verify("oasis_beauty", tmp_path, progress=False).errors == []
    assert notes("oasis_beauty", tmp_path) == [
        "images/ images: no picture for 1 images of all, such as 'Person2'.",
        "images/ images: 1 pictures without label, such as 'Dog1'.",
        "Pictures/ extra: 2 of its files nobody reads; pictures belong in images.",
        "notes.txt extra: nobody reads this file.",
    ]


def test_files_behind_a_link_to_a_folder_are_noticed_too(tmp_path):
    folder = make("oasis_beauty", tmp_path)
    jpeg(tmp_path / "disk" / "Dog 1.jpg")
    (folder / "Pictures").symlink_to(tmp_path / "disk")
    assert "Pictures/ extra: 1 of its files nobody reads; pictures belong in images." in notes("oasis_beauty", tmp_path)


def test_labels_in_another_form_make_the_card_s_files_a_note(tmp_path):
    make("aadb_owners", tmp_path)
    said = [note for note in notes("aadb", tmp_path) if " missing: " in note]
    assert said[0] == f"{TRAIN} missing: is not here; `aeslib data fetch aadb` says how to get it."
    assert len(said) == 3


def test_a_part_of_another_family_is_a_note(tmp_path):
    """Lists that ilgnet uses are no sign that the official list was meant to be here as well."""
    folder = make("ava", tmp_path)
    (folder / "official/aesthetics_image_lists/generic_test.jpgl").unlink()
    assert errors("ava", tmp_path) == []
    wanted = "official/aesthetics_image_lists/generic_test.jpgl missing; 2 of 3 files there."
    assert f"ava/ missing: {wanted}" in notes("ava", tmp_path)


def test_errors_come_first_and_the_csv_has_every_finding(tmp_path):
    folder = make("aadb", tmp_path)
    every(TRAIN, ",0.15\n", ",x\n")(folder)
    (folder / "b\udcff.txt").write_text("a name that is not UTF-8")
    found = verify("aadb", tmp_path, progress=False)
    assert [finding.severity for finding in found] == ["error", "note"]
    assert len(found.errors) == 1
    text = report_csv(found, tmp_path / "out" / "aadb.csv").read_text(encoding="utf-8")
    assert text == (
        "file,row,id,check,message,severity\n"
        f"{TRAIN},5,,labels,score is 'x'; expected a number from 0 to 1.,error\n"
        "b\\udcff.txt,,,extra,nobody reads this file.,note\n"
    )


def test_no_finding_makes_an_empty_table(tmp_path):
    assert report_csv(Findings(), tmp_path / "none.csv").read_text() == "file,row,id,check,message,severity\n"


def test_pictures_of_several_folders_are_looked_at(tmp_path):
    folder = make("koniq10k", tmp_path)
    for place in ("1024x768", "512x384"):
        pictures(*(f"{at}.jpg" for at in range(6)), place=place)(folder)
    put("512x384/3.jpg", b"")(folder)
    assert errors("koniq10k", tmp_path) == ["512x384/3.jpg (3.jpg) images: is empty (0 bytes); fetch it again."]


def sixty(root: Path) -> Path:
    """REAL-CUR with sixty images, enough to lose one."""
    folder = root / "real_cur"
    rows = ["worker,imagePair,score", *(f"u,{k}.jpg,3" for k in range(60))]
    folder.mkdir()
    (folder / "ratings.csv").write_text("\n".join(rows) + "\n")
    pictures(*(f"{k}.jpg" for k in range(60)))(folder)
    return folder


def test_as_few_missing_or_damaged_images_as_load_accepts_are_notes(tmp_path):
    folder = sixty(tmp_path)
    drop("images/7.jpg")(folder)
    assert errors("real_cur", tmp_path) == []
    assert notes("real_cur", tmp_path) == ["images/ (7.jpg) images: no picture for image '7.jpg' of all."]
    pictures("7.jpg")(folder)
    put("images/8.jpg", b"")(folder)
    assert errors("real_cur", tmp_path) == []
    assert notes("real_cur", tmp_path) == [
        "images/8.jpg (8.jpg) images: is empty (0 bytes); fetch it again.",
        "images/ images: 1 of 60 images unreadable: their rows are left out.",
    ]
    drop("images/9.jpg")(folder)
    assert errors("real_cur", tmp_path) == [
        "images/8.jpg (8.jpg) images: is empty (0 bytes); fetch it again.",
        "images/ (9.jpg) images: no picture for image '9.jpg' of all.",
    ]


def test_a_second_file_in_a_deeper_folder_is_a_note(tmp_path):
    folder = sixty(tmp_path)
    pictures("7.jpg", "8.jpg", place="images/thumbs")(folder)
    assert errors("real_cur", tmp_path) == []
    assert notes("real_cur", tmp_path) == [
        "images/ (7.jpg) images: 2 files are an image a second time, such as thumbs/7.jpg; 7.jpg is used."
    ]


def test_hidden_files_and_links_into_a_store(tmp_path):
    folder = sixty(tmp_path)
    put("images/._7.jpg", b"x")(folder)
    for name in ("7.jpg", "8.jpg"):
        stored = folder / ".git" / "annex" / name
        stored.parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).rename(stored)
        (folder / "images" / name).symlink_to(f"../.git/annex/{name}")
    assert verify("real_cur", tmp_path, progress=False) == []
    (folder / ".git" / "annex" / "7.jpg").unlink()
    assert notes("real_cur", tmp_path) == [
        "images/7.jpg (7.jpg) images: is a link to a file that is not here; fetch its content first (git-annex: "
        "`datalad get`)."
    ]


def test_an_empty_image_folder_is_a_note(tmp_path):
    folder = make("real_cur", tmp_path)
    (folder / "images").mkdir()
    assert errors("real_cur", tmp_path) == []
    assert notes("real_cur", tmp_path) == ["images/ images: holds no image: only the labels are used."]


def test_pictures_of_a_spoilt_family_are_not_asked_of_the_next(tmp_path):
    folder = make("oasis_beauty", tmp_path)
    swap("images_manifest.csv", "file,", "name,")(folder)
    wrong = "images_manifest.csv unreadable: no column 'file'; it has 'name', 'category'."
    assert errors("oasis_beauty", tmp_path) == [wrong]
    (folder / "images_manifest.csv").unlink()  # now the next is the one that `load` reads
    assert errors("oasis_beauty", tmp_path) == ["images/ (Person2) images: no picture for image 'Person2' of all."]


def test_pictures_are_asked_of_the_first_family_that_is_there(tmp_path):
    folder = make("photonet_owners", tmp_path)
    pictures("4088596.jpg", "4088610.jpg")(folder)
    assert errors("photonet", tmp_path) == ["images/ (4088604) images: no picture for image '4088604' of all."]


def test_a_bar_shows_how_many_pictures_are_left(tmp_path, capfd):
    make("oasis_beauty", tmp_path)
    verify("oasis_beauty", tmp_path)
    assert "looking at images: 100%" in capfd.readouterr().err


def test_a_file_that_no_parser_understands_is_named(tmp_path, monkeypatch):
    make("real_cur", tmp_path)

    def fail(folder: Path, family: str, level: str) -> None:
        raise KeyError("unheard of")

    monkeypatch.setattr(doctor.ADAPTERS["real_cur"], "read", fail)
    assert errors("real_cur", tmp_path) == ["real_cur/ unreadable: KeyError: 'unheard of'"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sound folder of each small form, to copy bytes from."""
    forms = ["aadb", "koniq10k", "spaq", "tid2013", "flickr_aes", "eva_counted", "photonet_captions", "oasis_beauty"]
    return {form: make(form, tmp_path_factory.mktemp(form)) for form in [*forms, "ava_captions", "para"]}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_never_stops_the_doctor(sound, tmp_path, data):
    folder = sound[data.draw(st.sampled_from(sorted(sound)))]
    path = data.draw(st.sampled_from(sorted(path for path in folder.rglob("*") if path.is_file())))
    whole = path.read_bytes()
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
        for finding in verify(folder.name, folder.parent, progress=False):
            assert finding.message
            assert finding.severity in {"error", "note"}
    finally:
        path.write_bytes(whole)


@pytest.mark.real
@pytest.mark.parametrize("key", KEYS)
def test_the_owners_files_have_no_errors(key, real_data, monkeypatch):
    monkeypatch.setattr(doctor, "load_card", load_card)
    folder = real_data(key)
    assert [told(finding) for finding in verify(key, folder.parent, progress=False).errors] == []


@pytest.mark.real
def test_the_leak_of_aadb_is_told(real_data, monkeypatch):
    monkeypatch.setattr(doctor, "load_card", load_card)
    assert notes("aadb", real_data("aadb").parent) == [
        "aadb/ release: distinct: 127 validation images that are also test images left out; 373 left.",
        "aadb/ release: as_released: 127 images are in both validation and test, as released.",
    ]
