import re
from dataclasses import replace

import numpy as np
import pytest

from aeslib.errors import DataError, ParameterError
from aeslib.profiles import get_profile
from aeslib.studies import taskvec_lab
from aeslib.studies.core import find_study
from aeslib.studies.taskvec import first_trials, personal, variants
from aeslib.studies.taskvec_lab import generated, own_photos, photo_lab
from aeslib.studies.taskvec_tasks import all_tasks, sets, start_model
from aeslib.studies.taskvec_views import LEAST, WORLDS, how_many, users_of
from aeslib.taskvec.lab import Gallery
from aeslib.taskvec.protocol import trials
from aeslib.taskvec.vectors import parameters_of

SMOKE, DEFAULT, PAPER = (get_profile(name) for name in ("smoke", "default", "paper"))


def test_the_studies_are_found_by_name():
    for name in ("tasks", "views", "users", "ablation"):
        assert find_study(f"taskvec.{name}").name == f"taskvec.{name}"


def test_all_six_tasks_in_each_set():
    cells = all_tasks(DEFAULT)
    assert sets(DEFAULT) == 2
    assert len(cells) == 6 * 2 + 6
    assert len({(c.data, c.which, c.seed) for c in cells}) == len(cells)


def test_the_paper_profile_learns_as_released():
    config = personal(PAPER, 10)
    assert (config.steps, config.lr, config.final_lr, config.pairs, config.dropout) == (500, 0.01, 0.001, "half", True)
    assert personal(DEFAULT, 100).steps == 500
    named = variants(personal(DEFAULT, 10))
    assert named["Ours (MSE loss)"].steps == 2 * named["Adaptive init."].steps
    assert (named["Uniform init."].temperature, named["Best-fit init."].temperature) == (float("inf"), 0.0)


@pytest.mark.parametrize("key", WORLDS)
def test_users_rate_as_many_pictures_as_the_papers(key):
    found = users_of(key, SMOKE)
    assert found.source == "synthetic"
    assert len(found.people) == how_many(key, SMOKE) == 4
    for person in found.people:
        assert LEAST <= len(person.rows) <= 230
        assert len(set(person.rows)) == len(person.rows)
        assert 1 <= person.scores.min() < person.scores.max() <= 10
    assert max(p.rows.max() for p in found.people) == len(found.images) - 1
    assert set(found.kind) <= {"mixture", "near", "none"}
    assert (found.ceiling > 0.4).all()


def test_the_first_draw_of_each_user():
    people = users_of("real_cur", SMOKE).people
    plan = trials(people, 10, 3, seed=0)

    class Given:
        pass

    bench = Given()
    bench.plan = plan
    assert [r for r, _ in first_trials(bench, 3)] == [0, 3, 6]


def test_one_start_for_all_tasks_of_a_seed(monkeypatch):
    tiny = replace(SMOKE, pretext_images=40)
    one, same, other = (parameters_of(start_model("small", tiny, seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    differ = {name for name in one if not np.array_equal(one[name], other[name])}
    assert differ == {"head.0.weight", "head.3.weight"}


def test_folders_and_tastes_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"nowhere is no folder; give one that holds your photos\."):
        own_photos(tmp_path / "nowhere", SMOKE)
    with pytest.raises(DataError, match=r"holds 0 readable photos; the lab needs 5 or more\."):
        own_photos(tmp_path, SMOKE)
    with pytest.raises(ParameterError, match=r"no taste named 'quite'\. Did you mean 'quiet'\?"):
        generated(SMOKE, "quite")


def album(folder, count):
    """A folder of photos whose every pixel is their number; the names tell their order."""
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for k in range(count):
        Image.new("RGB", (8, 8), (k, k, k)).save(folder / f"{k:03d}.png")
    return folder


@pytest.fixture
def quick(monkeypatch):
    """The lab without models: what they say of an image is not looked at."""

    def nothing(images, names, profile):
        return Gallery(names, np.zeros(len(names)), np.zeros(len(names)), np.zeros((len(names), 2, 1)))

    monkeypatch.setattr("aeslib.studies.taskvec_lab.gallery_of", nothing)


def test_the_lab_leaves_out_photographs_of_hidden_themes(monkeypatch, quick):
    ids = (*(f"Beach{k}" for k in range(6)), "Nudeman1", "Deadbodies2", "Lion5", *(f"Cat{k}" for k in range(6)))
    pixels = np.arange(len(ids), dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 8, 8), np.uint8)
    monkeypatch.setattr(taskvec_lab, "photographs", lambda profile: (ids, pixels, np.linspace(1, 7, len(ids))))
    images, gallery, rater = photo_lab(SMOKE)
    assert gallery.names == (*(f"Beach{k}" for k in range(6)), *(f"Cat{k}" for k in range(6)))
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]
    assert len(rater.opinion) == 12
    assert gallery.note == (
        "12 of 12 photographs of OASIS are shown. 3 more show nudity, violence or corpses and are left out."
    )
    images, gallery, _ = photo_lab(SMOKE, limit=5)
    assert len(gallery.names) == 5
    assert gallery.note.startswith("5 of 12 photographs of OASIS are shown, drawn at random")


def test_of_many_photos_an_even_draw_is_shown_and_the_lab_says_so(tmp_path, quick):
    folder = album(tmp_path / "album", 200)
    images, gallery = own_photos(folder, SMOKE, 40)
    numbers = np.array([int(name[:3]) for name in gallery.names])
    assert (images[:, 0, 0, 0] == numbers).all()
    assert len(set(numbers)) == 40
    assert numbers.max() > 150
    assert 70 < numbers.mean() < 130, "not the first by name"
    assert gallery.note == (
        "40 of 200 photos are shown, drawn at random, each with the same chance (limit= sets how many)."
    )
    assert own_photos(folder, SMOKE, 40)[1].names == gallery.names
    assert own_photos(folder, SMOKE, 40, seed=1)[1].names != gallery.names
    images, gallery = own_photos(folder, SMOKE)
    assert len(images) == 200
    assert gallery.note == "200 of 200 photos are shown."


def test_photos_added_later_displace_few_of_those_drawn_before(tmp_path, quick):
    before = set(own_photos(album(tmp_path / "album", 200), SMOKE, 40)[1].names)
    after = set(own_photos(album(tmp_path / "album", 220), SMOKE, 40)[1].names)
    assert len(before & after) >= 32


def test_damaged_photos_are_counted_and_others_take_their_place(tmp_path, quick):
    folder = album(tmp_path / "album", 12)
    for k in range(6):
        (folder / f"{k:03d}.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match="left out"):
        _, gallery = own_photos(folder, SMOKE, 6)
    assert gallery.names == tuple(f"{k:03d}.png" for k in range(6, 12))
    assert re.fullmatch(r"6 of 12 photos are shown(, drawn at random, .*)?; [1-6] could not be read\.", gallery.note)


def test_a_limit_below_what_the_lab_needs(tmp_path):
    with pytest.raises(ParameterError) as error:
        own_photos(tmp_path, SMOKE, 4)
    assert str(error.value) == "limit is 4; the lab needs 5 images or more."


def test_photos_of_every_format_and_no_hidden_files(tmp_path, quick):
    """Files that exFAT drives hold beside photos are skipped; HEIC and AVIF are read, or named with the reason."""
    from PIL import Image

    names = ["a.jpg", "b.JPG", "c.avif", "d.png", "e.webp"]
    for seed, name in enumerate(names):
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
        (tmp_path / f"._{name}").write_bytes(b"\0\5\x16\7")
    images, gallery = own_photos(tmp_path, SMOKE)
    assert gallery.names == tuple(names)
    assert len(images) == 5
    (tmp_path / "f.heic").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.warns(UserWarning, match=r"left out f\.heic: "):
        own_photos(tmp_path, SMOKE)
