"""Tiny data sets in the owners' formats, made in code: `make("aadb", root)` writes `root/aadb` and returns it.

All of them are valid, and small enough to be checked by eye; tests damage a copy. Names and numbers are invented.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

AADB_COLUMNS = (
    "BalacingElements", "ColorHarmony", "Content", "DoF", "Light", "MotionBlur", "Object", "Repetition",
    "RuleOfThirds", "Symmetry", "VividColor",
)  # fmt: skip
TAD66K_THEMES = (
    "art", "beach", "bird", "black", "blue", "bridge", "car", "cat", "city", "citysky", "clouds", "dog", "family",
    "flower", "food", "garden", "green", "grey", "holiday", "house", "lake", "light", "macro", "moon", "music",
    "nature", "night", "old", "orange", "park", "people", "pink", "portrait", "river", "scene", "sea", "sky", "snow",
    "street", "summer", "sun", "sunset", "tree", "water", "white", "winter", "yellow",
)  # fmt: skip
SPAQ_SCENES = (
    "Animal", "Cityscape", "Human", "Indoor scene", "Landscape", "Night scene", "Plant", "Still-life", "Others",
)  # fmt: skip


def lines(path: Path, rows: Iterable[str], *, end: str = "\n", bom: bool = False, last: bool = True) -> Path:
    """Write text lines; `last`: whether the last one ends with a line end, `.gz` names are packed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = end.join(rows) + (end if last else "")
    data = text.encode("utf-8-sig" if bom else "utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, sep: str = ",", **more: object) -> Path:
    """Write a table of text."""
    return lines(path, [sep.join(map(str, row)) for row in [header, *rows]], **more)  # type: ignore[arg-type]


def jpeg(path: Path, seed: int = 0, size: tuple[int, int] = (24, 16)) -> Path:
    """Write a small real photograph-like JPEG (or PNG, BMP by its name)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def sheet(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write an Excel workbook with one sheet."""
    from openpyxl import Workbook

    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def aadb(folder: Path) -> None:
    """12 training, 5 validation and 6 test images; two of the validation images are test images as well."""
    rng = np.random.default_rng(1)

    def row(number: int) -> list[object]:
        values = [round(float(v), 1) for v in rng.integers(-5, 6, 11) / 5]
        values[7], values[9] = abs(values[7]), abs(values[9])
        return [f"farm{number}_b.jpg", *values, number % 21 / 20]

    rows = [row(number) for number in range(21)]
    parts = {"Train": rows[:12], "Validation": rows[12:17], "TestNew": [*rows[15:17], *rows[17:21]]}
    for name, part in parts.items():
        csv(folder / f"imgList{name}Regression_.csv", ["ImageFile", *AADB_COLUMNS, "score"], part)


def aadb_owners(folder: Path) -> None:
    """The same in the owners' form: one list of "name value" for every split and column."""
    aadb(folder)
    for path in list(folder.glob("imgList*Regression_.csv")):
        header, *rows = [line.split(",") for line in path.read_text().splitlines()]
        path.unlink()
        for column, name in enumerate(header[1:], 1):
            lines(folder / "imgListFiles_label" / f"{path.stem}{name}.txt", [f"{row[0]} {row[column]}" for row in rows])


def tad66k(folder: Path) -> None:
    """94 images, two a theme: the merged lists hold 70 + 24, the theme lists 47 + 47."""
    images = [
        (f"{theme}{number}.jpg", 2 + (7 * at + number) % 70 / 10)
        for at, theme in enumerate(TAD66K_THEMES)
        for number in (1, 2)
    ]
    members = {"merge/train.csv": images[:70], "merge/test.csv": images[70:]}
    for at, theme in enumerate(TAD66K_THEMES):
        members[f"unmerge/train/{theme}.csv"] = [images[2 * at]]
        members[f"unmerge/test/{theme}.csv"] = [images[2 * at + 1]]
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "dataset.zip", "w") as archive:
        for name, rows in members.items():
            archive.writestr(f"dataset/{name}", "\r\n".join(["image,score", *(f"{n},{s:g}" for n, s in rows), ""]))


EVA_VOTES = {"71": (5, 6, 7), "106": (8, 9, 10), "776273": (0, 0, 6)}


def eva(folder: Path, votes: Mapping[str, tuple[int, ...]] = EVA_VOTES) -> None:
    """Three images with votes of three people (two zeros for 776273), in the owners' "=" form; five listed."""
    header = ["image_id", "user_id", "score", "difficulty", "visual", "composition", "quality", "semantic", "vote_time"]
    rows = [
        [image, f"E{user}", score, 3, 1 + (score + user) % 4, 2, 3, 1 + score % 4, "12.5", 1, 0, 0, 1]
        for image, scores in votes.items()
        for user, score in enumerate(scores, 1)
    ]
    csv(folder / "data" / "votes_filtered.csv", [*header, "1", "2", "3", "4"], rows, sep="=")
    sorts = [[f'"{name}"', f'"{sort}"'] for name, sort in zip([*votes, "5", "6"], cycle((5, 1, 3, 2, 6)))]
    csv(folder / "data" / "image_content_category.csv", ['"image_id"', '"sort"'], sorts, bom=True)


def eva_counted(folder: Path) -> None:
    """The copy that counts votes of 1 to 10 in two files, four votes to one: the zeros are lost."""
    whole = {71: [0, 0, 0, 0, 1, 1, 0, 0, 0, 0], 106: [0] * 8 + [1, 1], 776273: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]}
    more = {71: [0] * 6 + [1, 0, 0, 0], 106: [0] * 7 + [1, 0, 0]}
    for name, votes in (("train", whole), ("test", more)):
        entries = [{"image_id": i, "label": v, "score": 0.0} for i, v in votes.items()]
        lines(folder / "iqs-digikam" / f"samples_{name}.json", [json.dumps(entries, indent=2)])


def ava_votes(number: int) -> list[int]:
    """Ten vote counts for image `number`: invented, but the same in every file. Every third image is a poor one."""
    centre = 3.5 if number % 3 == 0 else 6.0
    chance = np.exp(-((np.arange(1, 11) - centre) ** 2) / 4)
    return np.random.default_rng(number).multinomial(100 + number % 50, chance / chance.sum()).tolist()


def ava_mean(number: int) -> float:
    """The mean of those votes."""
    votes = ava_votes(number)
    return sum(k * v for k, v in enumerate(votes, 1)) / sum(votes)


AVA_IDS = list(range(953_001, 953_041))


def ava(folder: Path) -> None:
    """40 images in every copy and list that is met in public; no file holds the votes of all."""
    header = ["image_id", *(f"score{k}" for k in range(2, 12)), "tag1", "tag2", "tag3"]
    for family, (val, test) in {
        "tanet": (AVA_IDS[20:24], AVA_IDS[24:30]),
        "relic": (AVA_IDS[10:14], AVA_IDS[22:27]),
    }.items():
        for name, part in (("val", val), ("test", test)):
            csv(folder / family / f"{name}.csv", header, [[n, *ava_votes(n), 12, 0, 873] for n in part])
    records = [{"image_id": str(n), "label": ava_votes(n)} for n in AVA_IDS[28:34]]
    lines(folder / "idealo" / "ava_labels_test.json.gz", [json.dumps(records, indent=2)])
    for name, part in (("train", AVA_IDS[:3]), ("test", AVA_IDS[34:36])):
        entries = [{"image_id": n, "label": ava_votes(n), "score": ava_mean(n)} for n in part]
        lines(folder / "iqs-digikam" / f"samples_{name}.json.gz", [json.dumps(entries, indent=2)])
    rows = [f"{at} {n} {' '.join(map(str, ava_votes(n)))} 22 0 1396" for at, n in enumerate(AVA_IDS[3:8], 1)]
    lines(folder / "qiushiyang-nima" / "val.txt", rows)
    for name, part in (("val", AVA_IDS[34:37]), ("test", AVA_IDS[37:39])):
        shares = [[n, *(v / sum(ava_votes(n)) for v in ava_votes(n))] for n in part]
        lines(folder / "medghofran" / f"{name}_labels.csv.gz", [",".join(map(str, row)) for row in shares])
    means = [{"image": f"ava_images/{n}.jpg", "gt_score": round(ava_mean(n), 2)} for n in AVA_IDS[30:]]
    lines(folder / "q-align" / "test_ava.json", [json.dumps(means)], last=False)
    binary = [f"{n}.jpg {int(ava_mean(n) > 5)}" for n in AVA_IDS]
    lines(folder / "ilgnet" / "AVA1_train.txt.gz", binary[:32], last=False)
    lines(folder / "ilgnet" / "AVA1_val.txt", binary[32:])
    lines(folder / "mpada" / "AVA_train.lst.gz", map(str, AVA_IDS[:30]))
    lines(folder / "mpada" / "AVA_test.lst", map(str, AVA_IDS[30:38]))
    lists = folder / "official" / "aesthetics_image_lists"
    lines(lists / "generic_test.jpgl", map(str, [*AVA_IDS[30:], 1, 2]))  # two that are no images of AVA


def ava_owners(folder: Path) -> None:
    """The owners' AVA.txt with all 40 images, and the lists."""
    ava(folder)
    rows = [f"{at} {n} {' '.join(map(str, ava_votes(n)))} 1 22 1396" for at, n in enumerate(AVA_IDS, 1)]
    lines(folder / "AVA.txt", rows)


PARA_MEANS = ("quality", "composition", "color", "dof", "light", "content")


def para(folder: Path) -> None:
    """Two training images and one test image with 20 raters each, and the ratings and persons behind them."""
    steps = [f"aestheticScore_{1 + k / 2}" for k in range(9)]
    more = [
        f"{name}{what}"
        for name in (*(f"{n}Score" for n in PARA_MEANS), "contentPreference", "willingnessToShare")
        for what in ("_mean", "_std")
    ]
    header = ["imageName", "sessionId", "semantic", *steps, "aestheticScore_mean", "aestheticScore_std", *more]
    histograms = {
        "iaa_pub1_.jpg": [0, 0, 1, 2, 10, 4, 2, 1, 0],
        "iaa_pub2_.jpg": [2, 3, 5, 5, 3, 2, 0, 0, 0],
        "iaa_pub71_.jpg": [0, 0, 0, 0, 1, 2, 5, 7, 5],
    }
    notes = folder / "annotation"
    for name, images in (("Train", list(histograms)[:2]), ("Test", list(histograms)[2:])):
        rows = []
        for image in images:
            votes, scores = np.array(histograms[image]), 1 + np.arange(9) / 2
            mean = float(votes @ scores / votes.sum())
            std = float(np.sqrt(votes @ (scores - mean) ** 2 / votes.sum()))
            rows.append([image, _session(image), "animal", *votes, repr(mean), repr(std), *[3.25, 0.5] * 8])
        csv(notes / f"PARA-Giaa{name}.csv", header, rows)
    rated = [
        [_session(image), image, f"A{user:03d}", 1 + k / 2, 3.5, 3, 4, 2, 3, 4, 1, "amusement", 0, 3, 2, "animal"]
        for image, votes in histograms.items()
        for user, k in enumerate(np.repeat(np.arange(9), votes))
    ]
    csv(notes / "PARA-Images.csv",
        ["sessionId", "imageName", "userId", "aestheticScore", "qualityScore", "compositionScore", "colorScore",
         "dofScore", "contentScore", "lightScore", "isObjectEmphasis", "imgEmotion", "difficultyOfJudgment",
         "contentPreference", "willingnessToShare", "semantic"], rated)  # fmt: skip
    people = [
        [f"A{user:03d}", "22-25", "female", "university", "beginner", "expert", 5, 6, 7, 8, 9] for user in range(20)
    ]
    csv(notes / "PARA-UserInfo.csv",
        ["userId", "age", "gender", "EducationalLevel", "artExperience", "photographyExperience",
         *(f"personality-{trait}" for trait in "EANOC")], people)  # fmt: skip


def _session(image: str) -> str:
    return "session2" if "71" in image else "session1"


def koniq10k(folder: Path) -> None:
    """Six images: shares and splits in one file, counts and both scales in the other."""
    rng = np.random.default_rng(4)
    votes = [rng.multinomial(100, [0.05, 0.15, 0.4, 0.3, 0.1]) for _ in range(6)]
    scores = np.arange(1, 6)
    sets = ["training", "training", "training", "validation", "test", "test"]
    shared, counted = [], []
    for at, v in enumerate(votes):
        mean = float(v @ scores / 100)
        spread = float(np.sqrt(v @ (scores - mean) ** 2 / 99))
        hundred = 1 + (mean - 1) * 24.75
        shared.append([f"{at}.jpg", *(v / 100), 100, hundred, spread, sets[at]])
        counted.append([f'"{at}.jpg"', *v, 100, mean, spread, hundred])
    names = ["c1", "c2", "c3", "c4", "c5", "c_total", "MOS", "SD"]
    csv(folder / "koniq10k_distributions_sets.csv", ["image_name", *names, "set"], shared)
    csv(folder / "koniq10k_scores_and_distributions.csv", ['"image_name"', *names, "MOS_zscore"], counted)


SPAQ_HEADER = ["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]
SPAQ_ROWS = [
    ("00001.jpg", 48.86, 47.43, 55.57, 55.71, 37.86, 42.57),
    ("00002.jpg", 62.5, 55.38, 67.13, 53.13, 57.5, 47.5),
    ("00003.jpg", 77.25, 62.38, 72.63, 65.75, 72.25, 82.71),
]


def spaq(folder: Path) -> None:
    """Three images in the owners' two workbooks; the second shares its scene between two categories."""
    sheet(folder / "MOS and Image attribute scores.xlsx", [SPAQ_HEADER, *SPAQ_ROWS])
    scenes = [
        [0, 0.333333, 0, 0, 0, 0.333333, 0, 0.333333, 0],
        [0, 0.5, 0, 0, 0, 0.5, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0, 0, 0],
    ]
    rows = [[row[0], *shares] for row, shares in zip(SPAQ_ROWS, scenes, strict=True)]
    sheet(folder / "Scene category labels.xlsx", [["Image name", *SPAQ_SCENES], *rows])


def spaq_csv(folder: Path) -> None:
    """The same scores as a comma separated export."""
    csv(folder / "SPAQ_annotations.csv", SPAQ_HEADER, SPAQ_ROWS, bom=True)


TID2013_NAMES = [f"I{ref:02d}_{kind:02d}_{step}.bmp" for ref in (1, 2) for kind in (1, 2, 24) for step in range(1, 6)]


def tid2013(folder: Path) -> None:
    """Two references with three kinds of distortion in five steps, in the owners' form."""
    lines(
        folder / "mos_with_names.txt",
        [f"{7 - at % 5 - 0.01 * at:.5f} {name}" for at, name in enumerate(TID2013_NAMES)],
        end="\r\n",
    )


def tid2013_listed(folder: Path) -> None:
    """The same as a comma separated list, where kinds 1 and 2 share a name."""
    rows = [
        [
            f"TID2013/distorted_images/{name.lower()}",
            "AWGN" if "_24_" not in name else "CA",
            "TID2013/reference_images/i01.bmp",
            f"{7 - at % 5 - 0.01 * at:.4f}",
        ]
        for at, name in enumerate(TID2013_NAMES)
    ]
    csv(folder / "IQA-Dataset_TID2013.txt", ["dis_img_path", "dis_type", "ref_img_path", "score"], rows)


FLICKR_MEAN, FLICKR_STEP = 3.0183403576492833, 1.1001719588397239


def _z(score: float) -> str:
    return repr((score - FLICKR_MEAN) / FLICKR_STEP)


def flickr_aes(folder: Path) -> None:
    """z-scored copies: five training images; three test images by two workers, one of whom is there twice for one."""
    head = ['" imagePair" rating']
    means = {
        "farm1_1_a.jpg": 2.4,
        "farm1_2_a.jpg": 3.0,
        "farm1_3_a.jpg": 1.0,
        "farm2_4_a.jpg": 5.0,
        "farm2_5_b.jpg": 4.2,
    }
    lines(folder / "train_means_normalized.csv", head + [f"{n} {n} {_z(s)}" for n, s in means.items()], end="\r\n")
    ratings = [
        ("W1", "farm3_6_c.jpg", 5),
        ("W1", "farm3_7_c.jpg", 2),
        ("W2", "farm3_7_c.jpg", 4),
        ("W2", "farm3_8_c.jpg", 1),
        ("W2", "farm3_8_c.jpg", 1),
    ]
    tested = {"farm3_6_c.jpg": 5.0, "farm3_7_c.jpg": 3.0, "farm3_8_c.jpg": 1.0}
    lines(folder / "test_means_normalized.csv", head + [f"{n} {n} {_z(s)}" for n, s in tested.items()], end="\r\n")
    rows = [f"{3343 + at} {worker} {name} {_z(score)}" for at, (worker, name, score) in enumerate(ratings)]
    lines(folder / "test_workers_dataset_normalized.csv", ['worker " imagePair" " score"', *rows], end="\r\n")
    lines(folder / "test_workers_ID.csv", ["ID", "W1", "W2"])


def flickr_aes_owners(folder: Path) -> None:
    """The owners' table of every worker's ratings (blanks before names), and the ids of the test workers."""
    rows = [
        ("W3", "farm1_1_a.jpg", 2),
        ("W4", "farm1_1_a.jpg", 3),
        ("W3", "farm1_2_a.jpg", 3),
        ("W1", "farm3_6_c.jpg", 5),
        ("W2", "farm3_7_c.jpg", 4),
    ]
    lines(
        folder / "FLICKR-AES_image_labeled_by_each_worker.csv",
        ["worker, imagePair, score", *(f"{w}, {n}, {s}" for w, n, s in rows)],
    )
    lines(folder / "test_workers_ID.csv", ["ID", "W1", "W2"])


def real_cur(folder: Path) -> None:
    """Two album owners with two images each."""
    csv(
        folder / "ratings.csv",
        ["worker", "imagePair", "score"],
        [["u1", "a.jpg", 4], ["u1", "b.jpg", 2], ["u2", "c.jpg", 5], ["u2", "d.jpg", 1]],
    )


PHOTONET_VOTES = {"4088596": [0, 0, 0, 5, 2, 4, 0], "4088604": [0, 0, 0, 3, 5, 7, 0], "4088610": [0, 1, 2, 3, 2, 1, 1]}


def _photonet_rows() -> list[list[object]]:
    rows: list[list[object]] = []
    for name, votes in PHOTONET_VOTES.items():
        mean = sum(k * v for k, v in enumerate(votes, 1)) / sum(votes)
        rows.append([name, "  ".join(map(str, votes)), repr(mean), min(max(int(mean) - 3, 0), 3)])
    return rows


def photonet(folder: Path) -> None:
    """Three test images: votes 1 to 7 in one field, without the comments."""
    csv(folder / "test_labels_nocomments.csv", ["index", "label", "score", "class"], _photonet_rows())


def photonet_owners(folder: Path) -> None:
    """The owners' list: number, photo, number of votes, mean, deviation, votes of 1 to 7."""
    rows = []
    for at, (name, votes) in enumerate(PHOTONET_VOTES.items(), 1):
        scores = np.repeat(np.arange(1, 8), votes)
        rows.append(f"{at} {name} {len(scores)} {scores.mean():.6f} {scores.std():.6f} {' '.join(map(str, votes))}")
    lines(folder / "photonet_dataset.txt", rows)


def photonet_captions(folder: Path) -> None:
    """Votes and comments: two training images and a test image."""
    rows = [[*row, f'"a fine, invented comment on {row[0]}"'] for row in _photonet_rows()]
    header = ["index", "label", "score", "class", "comment"]
    csv(folder / "train.csv", header, rows[:2])
    csv(folder / "test.csv", header, rows[2:])


def ava_captions(folder: Path) -> None:
    """Three images with one or two invented comments each."""
    images = [
        {
            "filename": f"{n}.jpg",
            "imgid": n,
            "split": split,
            "sentences": [{"raw": f"{word}!", "clean": word, "tokens": [word]} for word in words],
        }
        for n, split, words in (
            (953_001, "train", ["calm light", "soft"]),
            (953_002, "val", ["crooked horizon"]),
            (953_003, "test", ["busy"]),
        )
    ]
    text = json.dumps({"images": images, "dataset": "AVA"})
    lines(folder / "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json", [text], last=False)


OASIS = {
    "Acorns 1": (4.86, "Object"),
    "Beach 5": (6.1, "Scenery"),
    "Cat 4": (5.5, "Animal"),
    "Person 2": (3.2, "Person"),
}


OASIS_RATERS = 50


def oasis_beauty(folder: Path) -> None:
    """Four images with ratings, three of them with their picture; the gender columns belong to other rows."""
    header = ["item", "beauty_mean", "Theme", "Category", "Valence_mean", "Arousal_mean", "beauty_SD", "N", "subset",
              "women_beauty_mean", "men_beauty_mean", "gender_diff_beauty", "", ""]  # fmt: skip
    rows = [
        [at, mean, name.replace(" ", ""), kind, 4.5, 2.5, 1.4, OASIS_RATERS, "subset2", 2.0, 2.5, -0.5, "", ""]
        for at, (name, (mean, kind)) in enumerate(OASIS.items(), 1)
    ]
    csv(folder / "means_per_image.csv", header, rows, end="\r\n", bom=True)
    valence = [
        [at, name, kind, "Pixabay", 4.5, 1.0, 102, 2.5, 1.6, 101]
        for at, (name, (_, kind)) in enumerate(OASIS.items(), 1)
    ]
    header = [
        "",
        "Theme",
        "Category",
        "Source",
        *(f"{what}_{n}" for what in ("Valence", "Arousal") for n in ("mean", "SD", "N")),
    ]
    csv(folder / "OASIS.csv", header, valence, end="\r")
    pictures = [name for name in OASIS if name != "Person 2"]
    for at, name in enumerate(pictures):
        jpeg(folder / "images" / f"{name}.jpg", at)
    csv(folder / "images_manifest.csv", ["file", "category"], [[f"{name}.jpg", OASIS[name][1]] for name in pictures])
    packed = [",".join(map(str, row)) for row in [("rater", "image", "rating"), *oasis_ratings()]]
    lines(folder / "ratings.csv.gz", packed)


def oasis_ratings() -> list[tuple[int, str, int]]:
    """(rater, image file, rating) of every rater for every image; the means are those of `OASIS`."""
    rows = []
    for rater in range(1, OASIS_RATERS + 1):
        for at, (name, (mean, _)) in enumerate(OASIS.items()):
            low, higher = divmod(round(mean * OASIS_RATERS), OASIS_RATERS)
            rows.append((rater, f"{name}.jpg", low + ((rater + 7 * at) % OASIS_RATERS < higher)))
    return rows


def oasis_owners(folder: Path) -> None:
    """The owners' layout: means, photographs and a MATLAB file with four vectors among columns about the raters."""
    oasis_beauty(folder)
    for name in ("ratings.csv.gz", "images_manifest.csv"):
        (folder / name).unlink()
    jpeg(folder / "images" / "Person 2.jpg", 9)
    oasis_mat(folder / "OASISdata.mat")


def oasis_mat(path: Path) -> None:
    """Write a MATLAB file as the owners': numbers in columns, names in a row of cells, every variable packed."""
    from scipy.io import savemat

    raters, names, scores = zip(*oasis_ratings(), strict=True)
    cells = np.empty((1, len(names)), object)
    cells[0] = [name.removesuffix(".jpg").replace(" ", "") for name in names]
    items = [list(OASIS).index(name.removesuffix(".jpg")) + 1 for name in names]
    vectors = {
        "age": np.full(len(names), 30, np.uint8),
        "PHQ9": np.full(len(names), 8, np.uint8),
        "beauty": np.array(scores, np.uint8),
        "gender": np.ones(len(names), np.uint8),
        "item": np.array(items, np.uint16),
        "subjID": np.array(raters, np.uint16),
        "im_name": cells,
        "income": np.full(len(names), 3, np.uint8),
    }
    columns = {name: values.reshape(-1, 1) if name != "im_name" else values for name, values in vectors.items()}
    savemat(path, columns, do_compression=True)


MAKERS: dict[str, Callable[[Path], None]] = {
    "ava": ava, "aadb": aadb, "tad66k": tad66k, "para": para, "eva": eva, "photonet": photonet,
    "ava_captions": ava_captions, "photonet_captions": photonet_captions, "flickr_aes": flickr_aes,
    "real_cur": real_cur, "koniq10k": koniq10k, "spaq": spaq, "tid2013": tid2013, "oasis_beauty": oasis_beauty,
}  # fmt: skip
"""One for every card, in the form that is met first."""
OTHERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "aadb_owners": ("aadb", aadb_owners), "eva_counted": ("eva", eva_counted), "ava_owners": ("ava", ava_owners),
    "spaq_csv": ("spaq", spaq_csv), "tid2013_listed": ("tid2013", tid2013_listed),
    "flickr_aes_owners": ("flickr_aes", flickr_aes_owners), "photonet_owners": ("photonet", photonet_owners),
    "oasis_owners": ("oasis_beauty", oasis_owners),
}  # fmt: skip
"""Other forms of the same data sets: name → (key, maker)."""


def make(name: str, root: Path) -> Path:
    """Write the data set `name` (a card's key, or a name of `OTHERS`) under `root`; its folder."""
    key, maker = OTHERS.get(name) or (name, MAKERS[name])
    maker(root / key)
    return root / key


def broken_zip(path: Path, member: str = "../outside.txt") -> Path:
    """A zip archive with one member of that name, for tests of what is refused."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "x")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return path
