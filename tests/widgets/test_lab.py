import numpy as np
import pytest

from aeslib.taskvec import lab
from aeslib.widgets.lab import TasteLab

M = 30


@pytest.fixture
def make(tmp_path):
    """A lab on 30 tiny pictures; the same file every time."""
    rng = np.random.default_rng(0)
    slope = rng.normal(size=(M, 2, 3))
    value = slope.mean(1).sum(-1)
    gallery = lab.Gallery(tuple(f"<p{k}>" for k in range(M)), value, value, slope)
    images = rng.integers(0, 255, (M, 3, 8, 8), dtype=np.uint8)
    felt = slope[:, 0].sum(-1)

    def one(rater: bool = True) -> TasteLab:
        return TasteLab(gallery, images, ("a", "b"), tmp_path / "lab.json", lab.Rater(felt) if rater else None)

    return one


def test_every_answer_is_kept_and_comes_back(make):
    first = make()
    first.press("rate it")
    first.score.value = 5
    first.press("rate it")
    first.mode.value = "duel"
    first.press("left")
    assert "3 answers so far, kept in lab.json" in first.line.value
    again = make()
    assert again.session == first.session
    assert again.answer.value == first.answer.value


def test_undo_start_anew_and_load(make):
    one = make()
    one.press("simulate 10")
    assert len(one.session) == 10
    one.press("undo")
    assert "9 answers" in one.line.value
    other = make()
    other.press("start anew")
    assert len(other.session) == 0
    one.press("load")
    assert len(one.session) == 0


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


def test_a_damaged_file_is_told_and_put_aside(make, tmp_path):
    (tmp_path / "lab.json").write_text("{")
    one = make()
    assert len(one.session) == 0
    assert "lab.json is no saved session" in one.line.value
    assert "It was put aside as lab.damaged.json" in one.line.value
    assert (tmp_path / "lab.damaged.json").read_text() == "{"
