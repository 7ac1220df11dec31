"""The 14 cards: valid, honest about what is not known, and true to the files they describe."""

import ast
import csv
import hashlib
import re
from pathlib import Path

import pytest
from PIL import Image

from aeslib.data.adapters import ADAPTERS
from aeslib.data.cards import CARDS, KEYS, drawable, load_card, parse_card, photographs_of, theme_of
from aeslib.data.synthetic import ceiling, world
from aeslib.data.synthetic.specs import SPECS
from aeslib.errors import DataError, ParameterError
from aeslib.paths import ROOT

MINIMAL = {
    "key": "aadb", "title": "A", "task": "t", "images": "null", "score_scale": "[0, 1]", "raters": "r", "splits": "[]",
    "columns": "[]", "license": "l", "terms": "t", "citation": "c", "homepage": "h", "files": "[]", "get": "[]",
    "unlocks": "[]", "traps": "[]",
}  # fmt: skip


def card_text(**changes: str | None) -> str:
    fields = MINIMAL | changes
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    return f"---\n{head}---\n# A\n"


def test_there_is_a_card_for_every_key_and_no_other():
    assert {path.stem for path in CARDS.glob("*.md")} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
class TestEveryCard:
    def test_is_valid_and_its_families_are_those_of_the_reader(self, key):
        card = load_card(key)
        families = list(dict.fromkeys(split.family for split in card.splits))
        assert set(families) == set(ADAPTERS[key].LAYOUTS)
        assert families[0] == next(iter(ADAPTERS[key].LAYOUTS))

    def test_names_a_test_that_exists_for_every_trap(self, key):
        for trap in load_card(key).traps:
            file, _, name = trap.test.partition("::")
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, trap.test

    def test_unlocks_only_items_that_are_in_the_index(self, key):
        with (ROOT / "aeslib" / "published" / "items.csv").open(encoding="utf-8") as file:
            items = {row["item"] for row in csv.DictReader(file)}
        assert set(load_card(key).unlocks) <= items

    def test_has_the_four_parts_of_text_and_says_how_to_get_the_data(self, key):
        card = load_card(key)
        for heading in ("What it is", "How to get it", "What it is used for here", "Limits and biases"):
            assert f"\n## {heading}\n" in card.body
        assert card.get
        assert card.terms

    def test_gives_addresses_only_at_a_pinned_commit_and_with_a_digest(self, key):
        for file in load_card(key).files:
            if file.url:
                assert re.search(r"/[0-9a-f]{40}/", file.url), file.url
                assert file.sha256
                assert file.bytes

    def test_requires_only_files_that_the_reader_needs(self, key):
        needed = {
            n for levels in ADAPTERS[key].LAYOUTS.values() for ways in levels.values() for w in ways for n in w.files
        }
        assert {file.path for file in load_card(key).files if file.required} <= needed

    def test_holds_no_path_of_a_machine(self, key):
        text = (CARDS / f"{key}.md").read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(work|root|opt|tmp|home|usr)/", text)


@pytest.mark.real
@pytest.mark.parametrize("key", KEYS)
def test_files_at_hand_are_those_of_the_card(key, real_data):
    folder = real_data(key)
    described = {file.path: file for file in load_card(key).files}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "images/" not in str(path)):
        file = described.pop(str(path.relative_to(folder)))
        data = path.read_bytes()
        assert (file.sha256, file.bytes) == (hashlib.sha256(data).hexdigest(), len(data)), path.name
    unseen = [file.path for file in described.values() if file.sha256 and not file.url]
    assert not unseen, "a digest of a file that is neither at hand nor fetched"


def test_900_photographs_are_published_at_a_pinned_commit_with_a_digest_each():
    images = photographs_of(load_card("oasis_beauty"))
    assert len({image.path for image in images}) == len({image.sha256 for image in images}) == 900
    assert all(re.fullmatch(r"[0-9a-f]{64}", str(image.sha256)) for image in images)
    assert all(re.fullmatch(r"images/[\w ]+\.jpg", image.path) for image in images)
    commit = "1a3bcada01115bbe651bf0e69f7410c8ef63cc94"
    assert images[0].url == f"https://raw.githubusercontent.com/bkurdi/shiny-server/{commit}/images/Acorns%201.jpg"
    assert photographs_of(load_card("aadb")) == []


@pytest.mark.real
def test_every_photograph_of_the_manifest_has_the_digest_of_the_card(real_data):
    folder = real_data("oasis_beauty")
    digests = {image.path: image.sha256 for image in photographs_of(load_card("oasis_beauty"))}
    with (folder / "images_manifest.csv").open(encoding="utf-8") as file:
        listed = {f"images/{row['file']}": row["sha256"] for row in csv.DictReader(file)}
    assert len(listed) == 338
    assert listed.items() <= digests.items()
    themes = (folder / "OASIS.csv").read_text(encoding="utf-8").replace("\r", "\n").splitlines()[1:]
    assert {f"images/{line.split(',')[1].strip()}.jpg" for line in themes if line} == set(digests)
    for path in listed:
        with Image.open(folder / path) as image:
            assert (image.format, image.size) == ("JPEG", (500, 400))


def test_photographs_of_hidden_themes_are_not_drawn():
    ids = ["Nudewoman3", "Nude woman 3.jpg", "Deadbodies1", "War2", "Wardrobe1", "Lion5", "Lion4", "Beach1", "Gun10"]
    assert drawable("oasis_beauty", ids).tolist() == [False, False, False, False, True, False, True, True, False]
    assert drawable("aadb", ids).all()
    card = load_card("oasis_beauty")
    every = [image.path.removeprefix("images/").removesuffix(".jpg") for image in photographs_of(card)]
    assert set(card.hidden_themes) <= {*every, *map(theme_of, every)}  # none is misspelt
    assert int((~drawable("oasis_beauty", every)).sum()) == 115


def test_a_theme_is_the_name_without_its_number():
    names = ["Acorns 12.jpg", "Acorns12", "Crosswalk 1 ", "Fire hydrant 3", "Sunflower 1"]
    assert [theme_of(name) for name in names] == ["Acorns", "Acorns", "Crosswalk", "Fire hydrant", "Sunflower"]


def test_a_misspelt_key_is_answered_with_the_nearest():
    with pytest.raises(ParameterError) as caught:
        load_card("koniq")
    assert str(caught.value) == f"no data set named 'koniq'. Did you mean 'koniq10k'? Known: {', '.join(KEYS)}."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\n", "a.md: no YAML front matter between two lines of '---'."),
        ("---\nkey: aadb\n", "a.md: no YAML front matter between two lines of '---'."),
        ("---\n- a\n---\n", "a.md: front matter must be a mapping of fields."),
        ("---\n\n---\n", "a.md: front matter must be a mapping of fields."),
        (
            card_text(title=None),
            "a.md: field 'title': Field required. See CONTRIBUTING.md, 'Data cards'.",
        ),
        (
            card_text(titel="x"),
            "a.md: field 'titel': Extra inputs are not permitted. See CONTRIBUTING.md, 'Data cards'.",
        ),
        (
            card_text(score_scale="[low, 1]"),
            "a.md: field 'score_scale.0': Input should be a valid number, unable to parse string as a number. "
            "See CONTRIBUTING.md, 'Data cards'.",
        ),
        (
            card_text(splits="[{name: train}]"),
            "a.md: field 'splits.0.rows': Field required. See CONTRIBUTING.md, 'Data cards'.",
        ),
        (
            card_text(files="[{path: x, kind: label}]"),
            "a.md: field 'files.0.kind': Input should be 'labels', 'images', 'split' or 'readme'. "
            "See CONTRIBUTING.md, 'Data cards'.",
        ),
    ],
)
def test_a_bad_card_names_the_field(text, message):
    with pytest.raises(DataError) as caught:
        parse_card(text, name="a.md")
    assert str(caught.value) == message


def test_a_card_that_is_no_yaml_says_where():
    with pytest.raises(DataError, match=r"^a\.md: front matter is not YAML \(.*line 1, column"):
        parse_card("---\nkey: [a\n---\n", name="a.md")


def test_a_card_under_another_name_is_refused(tmp_path: Path):
    (tmp_path / "eva.md").write_text(card_text())
    with pytest.raises(DataError) as caught:
        load_card("eva", tmp_path)
    assert str(caught.value) == "eva.md: key is 'aadb', expected 'eva'."


def test_a_missing_card_says_how_to_get_it_back(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        load_card("eva", tmp_path)
    assert (
        str(caught.value) == f"{tmp_path / 'eva.md'} is missing; restore it with `git checkout -- data_cards/eva.md`."
    )


@pytest.mark.parametrize("key", sorted(SPECS))
def test_a_card_prints_size_votes_and_noise_ceiling_of_its_stand_in(key):
    made, best = world(key, 4000, 0), ceiling(key, size=4000, seed=0)
    told = load_card(key).body.partition("## Stand-in\n")[2].partition("\n## ")[0].replace("\n", " ")
    each = len(made.votes) / len(made.ids)
    votes = "a single vote an image" if each == 1 else f"{each:.1f} votes an image"
    assert f"{len(made.ids):,} images and {len(made.crowd.people)} raters with {votes}" in told
    assert f"PLCC {best.plcc:.2f} and SRCC {best.srcc:.2f} against those votes" in told
