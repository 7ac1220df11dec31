import numpy as np
import pytest

from aeslib.errors import DataError, ParameterError
from aeslib.taskvec.lab import (
    Gallery,
    Rater,
    Session,
    curve,
    differences,
    entropy,
    infer,
    information,
    margin,
    next_duel,
    next_picture,
    ranking,
    simulate,
)

M = 200


@pytest.fixture(scope="module")
def gallery():
    """Pictures whose scores depend on three tasks by two layers; the crowd is their uniform merge."""
    rng = np.random.default_rng(0)
    slope = rng.normal(size=(M, 3, 2))
    value = slope.mean(1).sum(-1)
    return Gallery(tuple(f"p{k}" for k in range(M)), value, value, slope)


@pytest.fixture(scope="module")
def rater(gallery):
    """Loves the first task, loathes the second."""
    felt = gallery.slope[:, 0].sum(-1) - gallery.slope[:, 1].sum(-1)
    return Rater(felt / felt.std())


def test_answers_make_pairs():
    session = Session().rate("a", 5).rate("b", 2).rate("c", 2).duel("c", "a")
    row = {"a": 0, "b": 1, "c": 2}
    assert session.pairs(row).tolist() == [[0, 1], [0, 2], [2, 0]]
    assert session.rate("a", 1).pairs(row).tolist() == [[1, 0], [2, 0], [2, 0]]  # the last score counts
    assert session.seen == {"a", "b", "c"}
    assert session.pairs({"a": 0}).tolist() == []


def test_undo_takes_back_the_last_answer_and_no_more():
    session = Session().rate("a", 5).duel("b", "c")
    assert session.undo() == Session().rate("a", 5)
    assert Session().undo() == Session()


def test_a_saved_session_comes_back(tmp_path):
    session = Session().rate("käse.jpg", 4).duel("a/b.png", "c.webp").undo().rate("x", 1.5)
    session.save(tmp_path / "s.json")
    assert Session.load(tmp_path / "s.json") == session


@pytest.mark.parametrize("text", ["", "{}", '{"events": [["rate", "a"]]}', '{"events": [["rate", "a", "much"]]}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(DataError, match=r"s\.json is no saved session of the Taste Lab"):
        Session.load(tmp_path / "s.json")


def test_answers_that_cannot_be():
    with pytest.raises(ParameterError) as error:
        Session().rate("a", float("nan"))
    assert str(error.value) == "the score of 'a' is nan; expected a number."
    with pytest.raises(ParameterError) as error:
        Session().duel("a", "a")
    assert str(error.value) == "'a' cannot be compared with itself."


def test_without_answers_the_taste_is_the_crowds(gallery):
    taste = infer(gallery, Session().pairs(gallery.row))
    assert np.array_equal(taste.scores, gallery.value)
    np.testing.assert_allclose(taste.coefficients((3, 2)), 1 / 3)


def test_the_mode_has_no_slope(gallery, rater):
    pairs = simulate(gallery, rater, 8).pairs(gallery.row)
    taste = infer(gallery, pairs)
    x, share = gallery.x, min(1.0, len(np.unique(pairs)) / len(pairs))

    def loss(w):
        gap = (gallery.value + x @ w)[pairs]
        return share * np.logaddexp(0, gap[:, 1] - gap[:, 0]).sum() + w @ w / (2 * 0.5**2)

    for k in range(6):
        step = np.eye(6)[k] * 1e-4
        assert abs(loss(taste.change + step) - loss(taste.change - step)) < 1e-7


def test_an_answer_narrows_what_is_possible(gallery, rater):
    few, many = (infer(gallery, simulate(gallery, rater, n).pairs(gallery.row)) for n in (5, 20))
    assert np.linalg.slogdet(many.covariance)[1] < np.linalg.slogdet(few.covariance)[1]


def test_information_is_none_when_sure_and_most_when_torn():
    assert entropy(np.array([0.5, 0.0, 1.0])).round(6).tolist() == [1.0, 0.0, 0.0]
    told = information(np.array([0.0, 0.0, 8.0]), np.array([4.0, 0.0, 4.0]))
    assert told[1] == pytest.approx(0, abs=1e-9)
    assert told[0] > 10 * told[2]
    assert 0 < told[0] < 1


def test_questions_are_never_repeated_and_end(gallery, rater):
    small = Gallery(gallery.names[:6], gallery.crowd[:6], gallery.value[:6], gallery.slope[:6])
    session = simulate(small, rater, 20)
    assert len(session) == 6
    assert len(session.ratings) == 6
    assert next_picture(small, infer(small, session.pairs(small.row)), session) is None


def test_the_duel_chosen_tells_more_than_chance(gallery, rater):
    taste, rng = infer(gallery, simulate(gallery, rater, 6).pairs(gallery.row)), np.random.default_rng(0)

    def bits(a, b):
        d = gallery.x[gallery.row[a]] - gallery.x[gallery.row[b]]
        gap = taste.scores[gallery.row[a]] - taste.scores[gallery.row[b]]
        return float(information(np.array([gap]), np.array([d @ taste.covariance @ d]))[0])

    by_chance = [bits(*rng.choice(gallery.names, 2, replace=False)) for _ in range(50)]
    assert bits(*next_duel(gallery, taste, rng)) > np.quantile(by_chance, 0.9)
    with pytest.raises(ParameterError, match=r"1 pictures; a duel needs two\."):
        next_duel(Gallery(("a",), np.zeros(1), np.zeros(1), np.zeros((1, 3, 2))), taste, rng)


@pytest.mark.parametrize("duels", [False, True])
def test_a_known_taste_is_recovered_after_twenty_answers(gallery, rater, duels):
    session = simulate(gallery, rater, 20, duels=duels)
    own, lead = margin(gallery, session, rater.opinion)
    assert len(session) == 20
    assert own.value > 0.8
    assert lead.low > 0.2


def test_the_learning_curve_rises_and_never_judges_on_what_was_answered(gallery, rater):
    session = simulate(gallery, rater, 20)
    points = curve(gallery, session, (2, 20, 500), rater.opinion)
    assert [p["answers"] for p in points] == [2, 20]
    assert points[1]["here"] > points[0]["here"]
    own = curve(gallery, session, (10, 18))
    assert [p["answers"] for p in own] == [10]  # after 18 only two ratings are left to judge by


def test_what_is_liked_more_than_by_the_crowd(gallery, rater):
    taste = infer(gallery, simulate(gallery, rater, 20).pairs(gallery.row))
    above, below = differences(gallery, taste)
    rank = {name: k for k, name in enumerate(ranking(gallery, taste.scores, M))}
    crowd = {name: k for k, name in enumerate(ranking(gallery, gallery.crowd, M))}
    assert all(rank[name] < crowd[name] for name in above)
    assert all(rank[name] > crowd[name] for name in below)
    coefficients = taste.coefficients((3, 2)).mean(1)
    assert coefficients[0] > coefficients[2] > coefficients[1]


def test_a_gallery_must_fit_together():
    with pytest.raises(ParameterError) as error:
        Gallery(("a",), np.zeros(2), np.zeros(1), np.zeros((1, 3, 2)))
    assert str(error.value) == "1 names, 2 scores, 1 slopes."
