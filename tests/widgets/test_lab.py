import re
from dataclasses import replace

import numpy as np
import pytest

from aeslib.taskvec import lab
from aeslib.taskvec.sessions import SessionStore
from aeslib.widgets.lab import TasteLab

M = 30


@pytest.fixture
def store():
    """The sessions about the 30 images."""
    return SessionStore.of("thirty")


@pytest.fixture
def make(store):
    """A lab on 30 tiny pictures; the same sessions every time."""
    rng = np.random.default_rng(0)
    slope = rng.normal(size=(M, 2, 3))
    value = slope.mean(1).sum(-1)
    gallery = lab.Gallery(tuple(f"<p{k}>" for k in range(M)), value, value, slope)
    images = rng.integers(0, 255, (M, 3, 8, 8), dtype=np.uint8)
    felt = slope[:, 0].sum(-1)

    def one(rater: bool = True, note: str = "") -> TasteLab:
        noted = replace(gallery, note=note)
        return TasteLab(noted, images, ("a", "b"), store, lab.Rater(felt) if rater else None)

    return one


def test_every_answer_is_kept_and_comes_back(make):
    first = make()
    assert first.line.value == "<b>0 answers so far, the first answer starts a session</b>"
    first.press("rate it")
    first.score.value = 5
    first.press("rate it")
    first.mode.value = "duel"
    first.press("left")
    assert re.fullmatch(r"<b>3 answers so far, saved as \d{4}-\d\d-\d\d</b>", first.line.value)
    again = make()
    assert again.session == first.session
    assert again.answer.value == first.answer.value


def test_nothing_is_written_before_the_first_answer(make, store):
    one = make()
    one.press("undo")
    one.film()
    assert not store.folder.exists()


def test_start_anew_keeps_the_old_session(make, store):
    one = make()
    one.press("simulate 10")
    one.press("undo")
    assert "9 answers" in one.line.value
    old = one.name
    one.text.value = "in a dark mood"
    one.press("start anew")
    assert (one.name, len(one.session), one.text.value) == ("in a dark mood", 0, "")
    assert len(store.open(old)) == 9
    one.menu.value = old
    assert (one.name, len(one.session)) == (old, 9)
    one.press("undo")
    assert len(store.open(old)) == 8


def test_an_empty_session_is_not_started_again(make, store):
    one = make()
    one.press("start anew")
    one.press("start anew")
    assert store.names() == [one.name]


def test_two_labs_on_one_session_lose_no_answer(make):
    one = make()
    one.press("rate it")
    other = make()
    other.press("simulate 10")
    one.mode.value = "duel"
    one.press("left")
    assert len(one.session) == 12
    other.press("load")
    assert other.session == one.session
    other.press("undo")
    assert len(other.session) == 11


def test_a_session_is_deleted_only_after_a_question(make, store):
    one = make()
    one.press("rate it")
    first = one.name
    one.text.value = "second"
    one.press("start anew")
    one.press("rate it")
    assert one.sure.layout.display == "none"
    one.press("delete")
    assert one.doubt.value == "<b>Delete second with its 1 answer for ever?</b>"
    assert one.sure.layout.display is None
    one.press("no, keep")
    assert (one.doubt.value, one.sure.layout.display) == ("", "none")
    one.press("yes, delete")  # of a question that is no longer asked
    assert store.names() == ["second", first]
    one.press("delete")
    one.press("yes, delete")
    assert one.line.value == "<b>deleted second</b>"
    assert (store.names(), one.name, len(one.session)) == ([first], first, 1)


def test_a_session_is_exported_and_copied_in_by_name(make, store, tmp_path):
    one = make()
    one.press("rate it")
    one.press("export")
    assert "No file is named" in one.line.value
    one.text.value = str(tmp_path / "<mine>.json")
    one.press("export")
    assert one.line.value == f"<b>exported {one.name} to {tmp_path}/&lt;mine&gt;.json</b>"
    one.text.value = str(tmp_path / "<mine>.json")
    one.press("copy in")
    assert (one.name, len(one.session)) == ("mine", 1)
    assert set(one.menu.options) == set(store.names())
    assert len(store.names()) == 2


def test_the_lab_says_which_images_are_shown(make):
    one = make(note="300 of 5,000 <photos>")
    assert one.note.value == "<i>300 of 5,000 &lt;photos&gt;</i>"


def test_an_answer_that_cannot_be_saved_is_told(make, store):
    one = make()
    one.press("rate it")
    store.delete(one.name)
    one.press("rate it")
    assert one.line.value.startswith(f"<b>there is no session &#x27;{one.name}&#x27;")


def test_only_what_is_asked_can_be_answered(make):
    one = make(rater=False)
    assert "simulate 10" not in one.buttons
    one.press("left")
    assert len(one.session) == 0
    assert one.buttons["left"].disabled
    one.mode.value = "duel"
    assert one.buttons["rate it"].disabled
    one.press("rate it")
    assert len(one.session) == 0


def test_the_report_names_its_parts_and_escapes_names(make):
    one = make()
    one.press("simulate 10")
    for part in ("best-by-the-crowd", "best-by-you", "how-well-it-is-known", "what-your-taste-is-made-of"):
        assert f"class='{part}'" in one.answer.value
    assert "<p0>" not in one.question.value + one.answer.value
    one.press("simulate 10")
    one.press("simulate 10")
    assert one.question.value == "<b>All pictures are rated.</b>"


def test_a_damaged_file_is_told_and_put_aside(make, store):
    name = store.begin("taste")
    store.path(name).write_text("{")
    one = make()
    assert len(one.session) == 0
    assert "taste.json is no saved session" in one.line.value
    assert "It was put aside as taste.damaged.json" in one.line.value
    assert (store.folder / "taste.damaged.json").read_text() == "{"
    one.press("rate it")
    assert len(store.open(name)) == 1
