"""Tables of the AesMamba chapters from invented predictions, what the grids hold, and what persons' models read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aeslib.aesmamba.model import LAMBDA
from aeslib.metrics import Interval, interval
from aeslib.profiles import get_profile
from aeslib.studies import aesmamba, aesmamba_people
from aeslib.studies.aesmamba_tables import (
    METRICS,
    balanced_accuracy,
    by_attribute,
    by_class,
    by_weight,
    error_of_classes,
    lead_sentences,
    leads,
    printed_leads,
    recomputed_averages,
    trends,
    with_accuracy,
    with_published,
)
from aeslib.studies.effects import drawn, lines
from aeslib.studies.parts import Parts
from aeslib.training import Batches


def invented(seeds=3, n=120, attributes=2):
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 5, (n, attributes))
    good, bad = (truth + rng.normal(0, s, (seeds, n, attributes)) for s in (0.5, 2.0))
    return truth, good, bad


def test_leads_and_lines_agree():
    truth, good, bad = invented()
    found = drawn({"base": bad[:, :, 0], "ours": good[:, :, 0]}, truth[:, 0], 200, METRICS)
    table, ahead = lines(found, base="base", group="G"), leads(found, "ours", ["base"], "G")
    change = table[(table["row"] == "ours") & (table["metric"] == "SRCC")].iloc[0]
    lead = ahead[ahead["metric"] == "SRCC"].iloc[0]
    assert (change["change"], change["change low"]) == (lead["change"], lead["change low"])
    assert lead["change low"] > 0
    assert table[table["row"] == "base"]["change"].isna().all()
    said = lead_sentences(ahead[ahead["metric"] == "SRCC"])
    assert said == [
        f"SRCC (G), ours against base: {Interval(*lead[['change', 'change low', 'change high']]):+.3f}, above zero."
    ]


def test_the_average_is_the_mean_of_attributes():
    truth, good, _ = invented()
    found = by_attribute({"m": good}, truth, ("aesthetic", "quality"), 50)
    both = [interval(found[name]["m", "SRCC"]).value for name in ("Aesthetic", "Quality")]
    assert interval(found["Average"]["m", "SRCC"]).value == pytest.approx(np.mean(both))


def test_printed_averages_recomputed():
    table = recomputed_averages()
    assert table.loc[table["verdict"] == "contradicted", "row"].unique().tolist() == ["ResNeXt50"]
    off = table[(table["row"] == "ResNeXt50") & (table["metric"] == "PLCC")].iloc[0]
    assert (off["printed"], off["mean of nine"]) == (0.896, 0.8889)
    ours = table[table["row"] == "AesMamba-F"].set_index("metric")
    assert ours.loc["SRCC", ["printed", "verdict"]].tolist() == [0.875, "exact"]


def test_changes_within_classes():
    truth, good, bad = invented(n=400)
    points = by_class({"A": bad, "B": bad, "C": good}, truth, truth, ("aesthetic", "quality"))
    assert set(points["class"]) == {"[1, 2)", "[2, 3)", "[3, 4)", "[4, 5]"}
    assert (points[points["model"] == "B"]["relative"] == 0).all()
    assert points[points["model"] == "C"]["relative"].median() > 0
    flat = trends(points).set_index("model")
    assert flat.loc["B", ["slope per 10 %", "at share 0"]].tolist() == [0, 0]


def test_grids_hold_each_run_once():
    profile = get_profile("default")
    for grid in (
        aesmamba.visual,
        aesmamba.multimodal,
        aesmamba.fine_grained,
        aesmamba.balance,
        aesmamba_people.persons,
    ):
        cells = grid(profile)
        assert len(cells) == len(set(cells))
    assert {cell.seed for cell in aesmamba.visual(profile)} == set(range(3))
    assert {cell.seed for cell in aesmamba.visual(get_profile("paper"))} == set(range(get_profile("paper").seeds))


def test_published_rows_stand_beside_ours_and_the_others_follow():
    ours = pd.DataFrame({"group": ["few", "few"], "row": ["psn", "AesMamba-P"], "metric": "SRCC", "here": [0.5, 0.6]})
    table = with_published(ours, "aesmamba.T4", rows={"PARA* (psn)": "psn"}, groups={"10-shot": "few"})
    assert table["published"].iloc[:2].tolist() == [0.691, 0.707]
    assert table["published std"].iloc[:2].tolist() == [0.0009, 0.0049]
    assert len(table) == 2 + 44 - 14 - 2  # 14 cells are dashes, two stand beside ours
    assert table["here"].iloc[2:].isna().all()
    assert not table.duplicated(["group", "row", "metric"]).any()


def test_leads_that_the_paper_prints():
    table = printed_leads("aesmamba.T1", "AesMamba-V").set_index(["group", "metric"])
    assert table.loc[("AADB", "SRCC"), ["published", "next best", "its value", "lead"]].tolist() == [
        0.768, "TAVAR", 0.761, 0.007
    ]  # fmt: skip
    assert table.loc[("TAD66K", "SRCC"), "lead"] == pytest.approx(0.475 - 0.513)
    assert table.loc[("AVA", "Accuracy"), "lead"] == 0.0  # as HGCN


def test_accuracy_is_in_percent_as_printed():
    metric = with_accuracy(5.0)["Accuracy"]
    truth, pred = np.array([5.0, 5.1, 4.9, 6.0]), np.array([[5.2, 4.8, 4.9, 5.5]])
    assert metric(pred[0], truth, np.ones((1, 4))).tolist() == [50.0]


def test_both_class_losses_are_trained_at_every_weight():
    profile = get_profile("default")
    grids = (aesmamba.visual, aesmamba.multimodal, aesmamba.fine_grained, aesmamba.balance)
    cells = [cell for grid in grids for cell in grid(profile) if cell.adapter]
    tasks = {(cell.data, cell.task, cell.text, cell.ratio) for cell in aesmamba.balance(profile)}
    assert len(tasks) == 8  # V on five data sets, M, F and the control
    for data, task, text, ratio in tasks:
        own = [c for c in cells if (c.data, c.task, c.text, c.ratio) == (data, task, text, ratio)]
        for seed in range(3):
            for loss in ("ce", "balanced"):
                lams = [c.lam for c in own if (c.classes, c.seed) == (loss, seed)]
                assert sorted(lams) == sorted(aesmamba.WEIGHTS)
            assert [c.seed for c in own if not c.classes].count(seed) == 1
    assert aesmamba.WEIGHTS[0] == LAMBDA == aesmamba.Cell(data="ava").lam == 0.001


def test_the_weight_is_chosen_on_validation_alone():
    truth = np.arange(12.0).reshape(6, 2)
    exact, wrong = truth[None], truth[None, ::-1]
    table = by_weight({0.001: wrong, 0.01: np.stack([exact[0], wrong[0]]), 0.1: exact, 1.0: exact}, truth)
    assert table["SRCC"].tolist() == [-1, 0, 1, 1]
    assert table["weight"][table["chosen"]].tolist() == [0.1]  # of equal ones the first


def test_classes_made_fifty_to_one():
    label = np.repeat([0, 1, 2, 3], [400, 900, 2000, 300])
    rows = aesmamba.long_tailed(label, 50)
    # 2000 · 50^(-k/3) for k = 0 … 3 is 2000, 542.9, 147.4, 40
    assert np.bincount(label[rows]).tolist() == [147, 543, 2000, 40]
    assert (np.diff(rows) > 0).all()
    assert np.array_equal(rows, aesmamba.long_tailed(label, 50))
    assert np.bincount(label[aesmamba.long_tailed(label, 2)]).tolist() == [400, 900, 2000, 300]  # none is doubled


def test_measures_of_the_control():
    truth, pred = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    weights = np.array([[1.0, 1, 1, 1], [1, 0, 2, 0]])
    # recalls 2/3 and 1; of class 0, one image of three drawn is right, and no image of class 1 was drawn
    assert balanced_accuracy(pred, truth, weights) == pytest.approx([(2 / 3 + 1) / 2, 1 / 3])
    scores, said = np.array([0.1, 0.5, 0.9, 0.95]), np.array([0.3, 0.5, 0.8, 0.95])
    error = error_of_classes("aadb", (0, 4))  # outer fifths: errors 0.2, 0.1 and 0
    assert error(said, scores, np.array([[1.0, 1, 1, 1], [0, 5, 1, 1]])) == pytest.approx([0.1, 0.05])


@pytest.fixture
def little(monkeypatch):
    """A data set whose frozen features tell the score, in place of the stand-ins."""

    def prepared(key, encoder, profile):
        rng = np.random.default_rng(0)

        def part(n):
            truth = rng.beta(3, 3, n).astype(np.float32)
            x = np.column_stack([truth, rng.normal(size=(n, 3))]).astype(np.float32)
            votes = np.full((n, 2), 0.5, np.float32)
            targets = {"score": truth, "features": x, "hist": votes}
            return Batches(
                np.zeros((1, 3, 1, 1), np.uint8), targets, [str(k) for k in range(n)], 32, rows=np.zeros(n, int)
            )

        return Parts(key, part(300), part(40), part(60), (0.0, 1.0), (), (0.0, 1.0), "synthetic", "")

    monkeypatch.setattr(aesmamba, "prepared", prepared)
    return get_profile("smoke")


def test_a_run_has_the_weight_the_classes_and_the_ratio_of_its_config(little, tmp_path):
    cells = [aesmamba.Cell(data="aadb", ratio=50, lam=lam) for lam in (LAMBDA, 1.0)]
    data = aesmamba.data_of(cells[0], little)
    sizes = np.bincount(data.train.targets["label"][:, 0])
    assert len(data.train) == sizes.sum() < 300
    assert sizes.min() == round(sizes.max() / 50)
    assert len(data.val) == 40
    weak, strong = (aesmamba.compute(cell, little, tmp_path / "none").arrays for cell in cells)
    assert not np.array_equal(weak["pred"], strong["pred"])
    assert weak["class"].shape == (60, 1)
    assert set(np.unique(weak["class"])) <= set(range(5))
    assert "class" not in aesmamba.compute(aesmamba.Cell(data="aadb"), little, tmp_path / "none").arrays


def test_the_stated_score_is_the_word_of_its_class(little):
    cell = aesmamba.Cell(data="ava_captions", text="stated")
    score = np.array([1.2, 5.0, 5.9, 8.9])
    batch = Batches(np.zeros((4, 3, 1, 1), np.uint8), {"score": score}, list("abcd"))
    said = ["i give it a one", "i give it a five", "i give it a five", "i give it a eight"]
    assert aesmamba.comments_of(cell, batch, little) == said
    words = aesmamba.vocabulary("ava_captions", little, True)
    assert words.pieces(words.encode(said)[1]) == ["[CLS]", "i", "give", "it", "a", "five", "[SEP]"]
    assert len({tuple(row) for row in words.encode([aesmamba.STATED.format(n) for n in aesmamba.NUMBERS])}) == 8


# --- persons ---

SMOKE = get_profile("smoke")


def given_to_fit(monkeypatch, cell):
    """(image row, scores) of each example that the common model of a run is trained on."""
    w, given = aesmamba_people.world_of(SMOKE), []
    fit = aesmamba_people.fit
    monkeypatch.setattr(aesmamba_people, "fit", lambda *args, **how: (given.append(args[2]), fit(*args, **how)))
    aesmamba_people.of_others(cell, SMOKE)
    row = {features.tobytes(): k for k, features in enumerate(w.features)}
    examples = []
    for targets in (train.targets for train in given if "features" in train.targets):
        x, y = (targets[name].reshape(-1, targets[name].shape[-1]) for name in ("features", "target"))
        examples += [(row[one.tobytes()], votes.tobytes()) for one, votes in zip(x, y, strict=True)]
    return examples


def test_no_training_sees_votes_of_the_pool_or_images_of_the_tests(monkeypatch):
    """Every example is a vote of somebody outside the pool on an image no test has: nor are there means of votes."""
    w, own = aesmamba_people.world_of(SMOKE), aesmamba.prepared("para", "vmamba", SMOKE)
    ids = np.array([*own.train.ids, *own.val.ids])
    examples = given_to_fit(monkeypatch, aesmamba_people.Cell(kind="all"))
    drawn = [aesmamba_people.draw(w, repeat, 20) for repeat in range(5)]
    tested = {str(name) for _, _, test in drawn for name in ids[w.image[test]].ravel()}
    assert tested.isdisjoint(str(ids[image]) for image, _ in examples)
    voters = {}
    for image, user, votes in zip(w.image, w.user, w.votes, strict=True):
        voters.setdefault((image, votes.tobytes()), set()).add(w.people["user_id"][user])
    kept_out = set(w.people["user_id"][w.pool])
    assert all(voters.get(example, set()) - kept_out for example in examples)
    used = {(image, votes.tobytes()) for image, votes in zip(w.image[w.others], w.votes[w.others], strict=True)}
    assert set(examples) == used


def test_baselines_read_no_vote_that_is_kept_out():
    w = aesmamba_people.world_of(SMOKE)
    persona = np.hstack([np.ones((len(w.people), 1)), aesmamba_people.persona_numbers(w.people)])
    votes = np.full_like(w.votes, 1e6)
    votes[w.others] = w.votes[w.others]
    changed = replace(w, votes=votes)
    for numbers in (persona, persona[:, :1]):
        assert np.array_equal(*(aesmamba_people.ridge_scores(world, numbers, 0) for world in (w, changed)))


def test_ridge_finds_a_taste_that_follows_the_persona():
    """Votes are a product of the persona's first number and one feature: no score without a persona can rank them."""
    rng, w = np.random.default_rng(0), aesmamba_people.world_of(SMOKE)
    persona = rng.normal(size=(len(w.people), 2))
    liked = persona[:, :1] * w.features[:, 0] / w.features[:, 0].std()  # (people, N)
    made = replace(w, votes=np.repeat(liked[w.user, w.image, None], 9, 1).astype(np.float32))
    tested, user = np.flatnonzero(w.tested), w.pool[abs(persona[w.pool, 0]) > 1]
    found = aesmamba_people.ridge_scores(made, persona, 0)[tested][:, user].T
    assert np.mean(aesmamba_people.correlations(found, liked[user][:, tested])[1]) > 0.95


def test_nobody_is_given_their_own_persona_as_anothers():
    who = np.arange(30, 50)
    for repeat in range(5):
        speaker = aesmamba_people.another(who, repeat)
        assert sorted(speaker) == list(who)
        assert (speaker != who).all()


def test_true_scores_know_the_taste_that_a_persona_tells():
    found = aesmamba_people.baselines(aesmamba_people.Cell(kind="ridge"), SMOKE).arrays
    crowd, persona, another = (found[f"SRCC_{name}"].mean() for name in ("true_crowd", "true_persona", "true_another"))
    assert persona > crowd > another
