"""The stand-ins keep the published facts: columns, scales, histograms; and their noise is known."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr

from aeslib.data.adapters import aadb, eva, para, spaq
from aeslib.data.cards import KEYS
from aeslib.data.synthetic import ceiling, people, standin, world
from aeslib.data.synthetic.comments import BLAME, PRAISE
from aeslib.data.synthetic.scenes import THEMES
from aeslib.data.synthetic.specs import SHARES, SPECS, TASKS
from aeslib.data.synthetic.standins import visible
from aeslib.data.synthetic.truth import QUALITIES, beauty
from aeslib.errors import ParameterError

ELTA_F1 = {
    "ava": (1, (6, 491, 7000, 60_000, 116_000, 43_000, 3000, 46)),
    "aadb": (10, (506, 826, 1338, 1768, 880, 1533, 967, 640)),
    "tad66k": (1, (180, 2409, 6851, 11066, 12074, 11306, 6973, 1389)),
    "para": (2, (0, 81, 1000, 2000, 8000, 13_000, 3000, 114)),
}


@pytest.mark.parametrize("key", KEYS)
def test_same_seed_same_labels(key: str) -> None:
    first = standin(key, size=150, seed=3).frame
    world.cache_clear()
    assert first.equals(standin(key, size=150, seed=3).frame)
    assert not first["mos"].equals(standin(key, size=150, seed=4).frame["mos"])


@pytest.mark.parametrize("adapter", [aadb, eva], ids=["aadb", "eva"])
def test_attributes_are_named_as_the_owners_name_them(adapter: object) -> None:
    key = adapter.__name__.rpartition(".")[2]
    assert standin(key, size=50, seed=0).attributes == adapter.ATTRIBUTES


def test_para_and_spaq_attributes() -> None:
    assert list(standin("para", size=50, seed=0).attributes) == list(para.COLUMNS)
    assert list(standin("spaq", size=50, seed=0).attributes) == list(spaq.COLUMNS)


def test_means_come_from_the_votes() -> None:
    table = standin("ava", size=200, seed=0)
    votes = table.votes()
    np.testing.assert_allclose(votes @ np.arange(1, 11) / votes.sum(1), table.mos)
    assert (votes.sum(1) == table.frame["n_votes"]).all()
    assert (votes == votes.round()).all()


@pytest.mark.parametrize("key", ["para", "eva", "flickr_aes", "aadb"])
def test_image_means_come_from_the_ratings(key: str) -> None:
    table, ratings = standin(key, size=200, seed=0), standin(key, size=200, seed=0, level="rating")
    columns = {"score": "mos"} | {f"attr_{name}": f"attr_{name}" for name in table.attributes}
    means = ratings.frame.groupby("image_id")[list(columns)].mean().rename(columns=columns)
    wanted = table.frame.set_index("image_id")[list(columns.values())]
    np.testing.assert_allclose(means.loc[wanted.index].to_numpy(), wanted.to_numpy(), atol=1e-9)
    assert not ratings.frame.duplicated(["image_id", "user_id"]).any()


@pytest.mark.parametrize("key", ELTA_F1)
def test_elta_figure_1(key: str) -> None:
    """Shares up to each printed edge (closed right below 5, left from 6) within 0.03."""
    scale, counts = ELTA_F1[key]
    score = (scale * standin(key, size=4000, seed=0).mos).round(6)
    ours = [(score <= edge).mean() if edge <= 5 else (score < edge).mean() for edge in range(2, 9)]
    assert np.abs(np.array(ours) - np.cumsum(counts)[:-1] / np.sum(counts)).max() <= 0.03


@pytest.mark.parametrize("key", [key for key, spec in SPECS.items() if spec.quantiles])
def test_published_quantiles(key: str) -> None:
    """Kolmogorov-Smirnov distance at most 0.03 from the published score distribution."""
    mos = np.sort(standin(key, size=4000, seed=0).mos)
    grid = np.linspace(*SPECS[key].range, 401)
    published = np.interp(grid, SPECS[key].quantiles, SHARES)
    assert np.abs(np.searchsorted(mos, grid + 1e-9, side="right") / len(mos) - published).max() <= 0.03


@pytest.mark.real
@pytest.mark.parametrize(
    "key", ["aadb", "ava", "eva", "flickr_aes", "koniq10k", "photonet", "spaq", "tad66k", "tid2013"]
)
def test_histogram_of_the_real_labels(key: str, real_data: object) -> None:
    from aeslib.data import load

    real_data(key)
    table = load(key).table
    mos = (table.split("train") if key in {"aadb", "flickr_aes"} else table).mos
    assert ks_2samp(mos.round(6), standin(key, size=4000, seed=0).mos.round(6)).statistic <= 0.04


@pytest.mark.parametrize("key", [key for key in KEYS if key != "real_cur"])
def test_ceiling_leaves_room_below_one(key: str) -> None:
    best = ceiling(key, size=1000, seed=0)
    assert 0.78 < best.srcc < 0.995
    assert 0.78 < best.plcc < 0.995


def test_ceiling_is_what_a_second_crowd_would_reach() -> None:
    """Two means with independent chance correlate at the square of the ceiling (classical test theory)."""
    from aeslib.data.synthetic.raters import cast

    w = world("eva", 3000, 0)
    first, second = (cast(np.random.default_rng(s), w.opinion, w.spec.habits) for s in (1, 2))
    means = [np.bincount(v["image"], v["score"]) / np.bincount(v["image"]) for v in (first, second)]
    assert np.corrcoef(*means)[0, 1] == pytest.approx(ceiling("eva", size=3000, seed=0).plcc ** 2, abs=0.015)


def test_tail_is_a_dial() -> None:
    def outer_share(tail: float) -> float:
        """Share of images outside the published 10-90 % range."""
        mos = standin("ava", size=1500, seed=0, tail=tail).mos
        return float(((mos < 4.44) | (mos > 6.33)).mean())

    flat, published, extreme = (outer_share(tail) for tail in (0, 1, 2))
    assert flat > 0.4
    assert 0.15 < published < 0.25
    assert extreme < 0.15


def test_flickr_users_of_the_test_images_are_their_own() -> None:
    ratings = standin("flickr_aes", size=4000, seed=0, level="rating").frame
    users = ratings.groupby("split")["user_id"].agg(set)
    assert len(users["test"]) == 37
    assert not users["test"] & users["train"]
    assert ratings[ratings["split"] == "test"].groupby("user_id").size().between(105, 180).all()


def test_a_small_crowd_with_one_person_of_a_kind_still_votes() -> None:
    crowd = world("real_cur", 400, 3000).crowd.people
    assert (crowd["kind"] == "none").sum() == 1
    assert np.isfinite(world("real_cur", 400, 3000).mos).all()


def test_near_users_are_nearest_to_the_criterion_they_are_named_after() -> None:
    w = world("aadb", 2000, 0)
    known = visible(w.scenes, w.qualities)[:, len(QUALITIES) :]
    tastes = w.opinion - w.opinion.mean(1, keepdims=True)
    crowd = known - known.mean(1, keepdims=True)
    near = np.flatnonzero(w.crowd.people["kind"] == "near")
    likeness = np.corrcoef(np.column_stack([tastes[:, near], crowd]).T)[: len(near), len(near) :]
    named = [TASKS.index(key) for key in w.crowd.people["near"].iloc[near]]
    assert (likeness.argmax(1) == named).mean() > 0.6


def test_personas_shape_tastes() -> None:
    """Extraverts like vivid pictures more than the crowd does, experienced photographers clean ones."""
    w = world("para", 800, 0)
    likes = (w.opinion - w.opinion.mean(1, keepdims=True)).T

    def liking(name: str) -> np.ndarray:
        quality = w.qualities[:, QUALITIES.index(name)]
        return np.array([np.corrcoef(one, quality)[0, 1] for one in likes])

    levels = w.crowd.people["photographyExperience"].map(dict(beginner=0, competent=1, proficient=2, expert=3))
    none = (w.crowd.people["kind"] == "none").to_numpy()
    assert spearmanr(w.crowd.people["personality-E"][none], liking("vivid")[none]).statistic > 0.3
    assert spearmanr(levels[none], liking("clean")[none]).statistic > 0.3


def test_people_of_para() -> None:
    crowd = people("para", size=300, seed=0)
    assert len(crowd) == 438
    assert set(crowd["artExperience"]) == {"beginner", "competent", "proficient", "expert"}
    assert crowd[[f"personality-{trait}" for trait in "OCEAN"]].stack().between(1, 10).all()
    assert set(crowd["kind"]) == {"mixture", "near", "none"}
    assert crowd["ceiling"].median() > 0.6


def test_comments_carry_the_score() -> None:
    frame = standin("ava_captions", size=1500, seed=0).frame
    praise = frame["text"].map(lambda text: sum(p in text for p in PRAISE.values()))
    blame = frame["text"].map(lambda text: sum(b in text for b in BLAME.values()))
    assert 0.3 < spearmanr(praise - blame, frame["mos"]).statistic < 0.8


def test_captions_are_those_of_the_same_pictures() -> None:
    both = [standin(key, size=60, seed=1).frame for key in ("ava", "ava_captions")]
    assert both[0]["mos"].equals(both[1]["mos"])


def test_data_sets_disagree_about_the_same_pictures() -> None:
    w = world("ava", 1500, 0)
    known = visible(w.scenes, w.qualities)[:, len(QUALITIES) :]
    agreement = spearmanr(known).statistic[np.triu_indices(len(TASKS), 1)]
    assert agreement.min() < 0.6
    assert agreement.max() < 0.97


def test_themes_ask_for_different_things() -> None:
    """The same symmetry adds twice as much to a building as to a portrait."""
    scenes = world("ava", 50, 0).scenes[[0, 0, 0, 0]].copy()
    scenes["theme"] = [THEMES.index(theme) for theme in ("architecture", "architecture", "portrait", "portrait")]
    seen = np.repeat(world("ava", 50, 0).qualities[:1], 4, axis=0)
    seen[:, QUALITIES.index("symmetry")] = [0, 1, 0, 1]
    value = beauty(scenes, seen, {"symmetry": 0.3}, 0.0)
    np.testing.assert_allclose(np.diff(value)[[0, 2]], [0.6, 0.3])


def test_messages() -> None:
    with pytest.raises(ParameterError) as unknown:
        standin("avaa", size=10, seed=0)
    assert str(unknown.value).startswith(
        "no stand-in named 'avaa'. Did you mean 'ava'? Known: ava, aadb, tad66k, para,"
    )
    with pytest.raises(ParameterError) as size:
        standin("ava", size=0, seed=0)
    assert str(size.value) == "a stand-in of size 0 and tail 1.0 cannot be made; size >= 1 and 0 <= tail <= 2."
    with pytest.raises(ParameterError) as users:
        standin("ava", size=10, seed=0, level="rating")
    assert str(users.value) == (
        "ava has no single users; level 'rating' exists for aadb, para, eva, flickr_aes, real_cur, oasis_beauty."
    )
