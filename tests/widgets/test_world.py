import re

import numpy as np
import pytest

from aeslib.data.synthetic import world
from aeslib.data.synthetic.raters import expected
from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import THEMES
from aeslib.data.synthetic.truth import QUALITIES, qualities
from aeslib.errors import ParameterError
from aeslib.widgets.world import CONTROLS, RaterExplorer, SceneSliders, bars, changed, crowd_score, meet, see

SCENES = world("para", 60, 0).scenes
SUNNY = SCENES[np.argmin(np.abs(SCENES["exposure"]) + SCENES["haze"])]


def test_an_untouched_scene_is_seen_as_rendered():
    view = see(SUNNY, {}, ("ava",), px=64)
    np.testing.assert_array_equal(view.picture, render(np.array([SUNNY]), 64).numpy()[0])
    assert list(view.qualities) == list(QUALITIES)
    np.testing.assert_allclose(list(view.qualities.values()), qualities(np.array([SUNNY]))[0])
    assert list(view.scores) == ["ava"]


def test_overexposure_brightens_the_picture_and_costs_light_and_score():
    before, after = (see(SUNNY, change, ("ava", "para"), px=64) for change in ({}, {"exposure": 2.0}))
    assert after.picture.mean() > before.picture.mean() + 20
    # light is bell(exposure, 1.1) times what haze leaves: two stops leave exp(-(2 / 1.1)^2) = 0.037 of it
    clear = 0.6 + 0.4 * (1 - 0.75 * SUNNY["haze"])
    assert after.qualities["light"] == pytest.approx(clear * np.exp(-((2 / 1.1) ** 2)), abs=1e-4)
    assert after.qualities["thirds"] == before.qualities["thirds"]
    assert all(after.scores[key] < before.scores[key] for key in ("ava", "para"))


def test_the_scene_itself_is_not_changed():
    kept = SUNNY.copy()
    assert changed(SUNNY, {"haze": 1.0})["haze"] == 1
    assert kept == SUNNY


@pytest.mark.parametrize("key", ["ava", "aadb", "para", "spaq"])
def test_the_score_is_what_the_real_crowd_of_the_world_would_say(key):
    """No rater is drawn for it, so it differs from R known raters' mean by their sampling alone: no bias."""
    w = world(key, 400, 1)
    truth = w.scaled(expected(w.opinion, w.spec.habits).mean(1))
    gap = (crowd_score(key, w.scenes) - truth) / np.ptp(w.spec.range)
    assert abs(gap.mean()) < 0.002
    assert np.abs(gap).max() < 0.06
    assert np.corrcoef(crowd_score(key, w.scenes), truth)[0, 1] > 0.98


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: changed(SUNNY, {"hase": 1}),
            f"no slider named 'hase'. Did you mean 'haze'? Known: {', '.join(CONTROLS)}.",
        ),
        (lambda: changed(SUNNY, {"haze": 1.5}), "haze is 1.5; expected 0 to 1."),
        (lambda: changed(SUNNY, {"haze": np.nan}), "haze is nan; expected 0 to 1."),
        (
            lambda: crowd_score("tid2013", SCENES),
            "no crowd that judges scenes named 'tid2013'. Known: ava, aadb, tad66k, para, eva, photonet, flickr_aes, "
            "real_cur, koniq10k, spaq, oasis_beauty.",
        ),
        (lambda: meet(world("para", 60, 0), 438), "there is no rater 438; para has 0 to 437."),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ParameterError) as error:
        call()
    assert str(error.value) == message


def test_a_rater_is_met_as_drawn():
    w = world("para", 60, 0)
    found = meet(w, 7, pictures=3)
    assert found.person["user_id"] == "para-0007"
    assert found.votes.sum() == (w.votes["rater"] == 7).sum()
    beyond = w.opinion[:, 7] - w.opinion.mean(1)
    assert found.more.tolist() == np.argsort(beyond)[::-1][:3].tolist()
    assert beyond[found.less].max() <= np.sort(beyond)[2]
    strengths = np.abs(list(found.likes.values()))
    assert (np.diff(strengths) <= 0).all()


def test_a_taste_for_one_quality_is_found():
    """A rater whose opinion beyond the crowd is exactly how clean a picture is leans to `clean` with rho = 1."""
    w = world("para", 60, 0)
    clean = w.qualities[:, QUALITIES.index("clean")]
    opinion = np.zeros_like(w.opinion)
    opinion[:, 2] = clean
    name, rho = next(iter(meet(type(w)(**{**vars(w), "opinion": opinion}), 2).likes.items()))
    assert (name, round(rho, 9)) == ("clean", 1.0)


def test_bars_start_at_zero_and_mark_what_was_before():
    up = bars({"sharp": 0.5}, {"sharp": 0.25})
    assert "left:0.0%;width:50.0%" in up
    assert "left:25.0%;width:1.0%;height:11px;background:black" in up
    assert "left:25.0%;width:25.0%" in bars({"sharp": -0.5}, low=-1)


@pytest.fixture
def sliders() -> SceneSliders:
    return SceneSliders(SCENES, ("ava", "para"))


def test_the_sliders_stand_where_the_scene_is_and_move_it(sliders):
    first = sliders.scene
    assert first["theme"] == SCENES["theme"].min()
    assert sliders.sliders["contrast"].value == pytest.approx(first["contrast"])
    before = sliders.shown.value
    assert "+0.00" in before
    assert 'alt="landscape 0, judged AVA ' in before
    sliders.sliders["noise"].value = 1
    assert sliders.shown.value != before
    assert re.search(r">-\d\.\d\d<", sliders.shown.value)
    sliders.back.click()
    assert sliders.shown.value == before


def test_another_theme_and_another_scene_are_shown(sliders):
    sliders.theme.value = "food"
    assert THEMES[sliders.scene["theme"]] == "food"
    assert sliders.number.max == (SCENES["theme"] == THEMES.index("food")).sum() - 1
    before = sliders.shown.value
    sliders.number.value = 1
    assert sliders.sliders["x"].value == pytest.approx(sliders.scene["x"])
    assert sliders.shown.value != before


def test_every_view_says_that_it_is_synthetic(sliders):
    assert ">synthetic</b>" in sliders.shown.value
    assert ">synthetic</b>" in RaterExplorer(world("para", 60, 0)).shown.value


def test_the_rater_explorer_follows_kind_and_number():
    w = world("para", 60, 0)
    explorer = RaterExplorer(w)
    assert w.crowd.people["kind"][explorer.who] == "mixture"
    explorer.kind.value = "near"
    rows = np.flatnonzero(w.crowd.people["kind"] == "near")
    assert explorer.number.max == len(rows) - 1
    explorer.number.value = 4
    assert explorer.who == rows[4]
    assert w.crowd.people["user_id"][rows[4]] in explorer.shown.value
    assert explorer.shown.value.count("<img ") == 10
