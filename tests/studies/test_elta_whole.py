"""The whole network on a long tail: equal steps, shots by rule, a control that sees balanced images."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from aeslib.backbones import build
from aeslib.numerics import one_thread
from aeslib.profiles import get_profile
from aeslib.seeding import seeded
from aeslib.studies import elta_whole as studies
from aeslib.studies.core import find_study, run_study
from aeslib.studies.elta_whole import CONTROL, ROWS, TRIALS, Whole

SMOKE = replace(get_profile("smoke"), images=320, test_images=60, image_size=32)
UNEQUAL = "none, one round"


@pytest.fixture
def untrained(monkeypatch):
    """The encoder of the small size without its pretext."""

    def pretrained(name, profile, **options):
        assert options["themes_only"]
        with seeded(0):
            return build(name)

    monkeypatch.setattr(studies, "pretrained", pretrained)
    cached = studies.splits
    cached.cache_clear()
    yield
    cached.cache_clear()


def test_longer_is_the_base_itself_since_all_rows_take_as_many_steps(untrained, monkeypatch):
    """40 images are two steps a pass; two rounds of one pass are four steps, and only "one round" takes two."""
    steps, plain = [], studies.fit

    def counted(model, objective, data, config, **options):
        steps.append(config.epochs * data.steps)
        return plain(model, objective, data, config, **options)

    monkeypatch.setattr(studies, "fit", counted)
    taken = {}
    for name, run in studies.named_runs().items():
        studies.train_model(run, SMOKE)
        taken[name] = steps.pop()
    assert taken == {name: 2 if name == UNEQUAL else 4 for name in (*ROWS, CONTROL)}


def test_every_parameter_of_the_encoder_is_trained(untrained):
    before = studies.pretrained("cnn", SMOKE, themes_only=True)
    after = studies.train_model(Whole(), SMOKE).model.encoder
    for name, parameter in before.named_parameters():
        assert not np.array_equal(parameter.detach(), dict(after.named_parameters())[name].detach()), name


def test_training_has_the_tail_and_what_is_judged_is_balanced(untrained):
    profile = replace(SMOKE, images=8 * 400, test_images=400)
    long, even = (studies.splits(profile, tail, 0) for tail in (studies.LONG, studies.BALANCED))
    spread = [data.targets["score"].std() for data in (long.train, long.val, long.test, even.train)]
    assert spread[0] < 0.75 * min(spread[1:])
    assert long.test.ids == even.test.ids
    ids = [set(part.ids) for part in (long.train, long.val, long.test)]
    assert not ids[0] & ids[1] | ids[0] & ids[2] | ids[1] & ids[2]
    assert long.detail.endswith(": size 400, seed 0, tail 2")


def test_shots_of_scores_by_hand():
    """Six bins of 0.25 hold 10, 2, 0, 0, 0 and 0 of 12 images, two on average: cuts at a third of one and at 1.67."""
    train = np.r_[np.full(10, 5.0), np.full(2, 5.3)]
    truth = np.array([5.1, 5.25, 5.5, 6.3])
    assert studies.edges_of(train, truth).tolist() == [5.0, 5.25, 5.5, 5.75, 6.0, 6.25, 6.5]
    assert studies.shots_of(train, truth).tolist() == ["many", "many", "few", "few"]


def test_errors_by_part_of_the_scale():
    train = np.r_[np.full(10, 5.0), np.full(2, 5.3)]
    truth = np.array([5.1, 5.25, 5.5, 6.3])
    pred = truth + np.array([0.1, 0.3, -0.5, -0.7])
    one = np.ones((1, 4))
    found = {name: value(pred, truth, one)[0] for name, value in studies.statistics(train, truth).items()}
    assert found["MAE"] == pytest.approx(0.4)
    assert found["MAE many"] == pytest.approx(0.2)
    assert found["MAE few"] == pytest.approx(0.6)
    assert np.isnan(found["MAE medium"])


def test_the_table_pairs_rows_and_prints_what_could_be_seen():
    rng = np.random.default_rng(0)
    train = np.r_[np.full(60, 5.1), np.full(12, 5.3), [6.4]]
    truth = np.repeat([5.1, 5.3, 6.3], 30)
    base = truth + rng.normal(0, 0.3, (3, 90))
    rows = {"none": base, "better": truth + 0.5 * (base - truth)}
    table = studies.Setting(rows, truth, train).compare(200)
    assert list(table["metric"].unique()) == ["SRCC", "MAE", "MAE many", "MAE medium", "MAE few"]
    few = table.query("row == 'better' and metric == 'MAE few'").iloc[0]
    assert few["change high"] < 0 < few["mde"]
    assert few["change"] == pytest.approx(-np.abs(base - truth)[:, 60:].mean() / 2, abs=1e-4)


def test_grids():
    default = get_profile("default")
    cells = studies.grid(default)
    assert len(cells) == (len(ROWS) + 1) * default.seeds == len({str(asdict(cell)) for cell in cells})
    assert {cell.images for cell in cells} == {0}
    assert studies.grid(get_profile("paper")) == []
    for study in (studies.STUDY, studies.TRIAL_STUDY):
        assert find_study(study.name) is study


def test_each_method_was_tried_with_as_many_settings_at_seeds_of_no_study():
    assert {name: len(settings) for name, settings in TRIALS.items()} == dict.fromkeys(TRIALS, 8)
    for name, settings in TRIALS.items():
        assert ROWS[name] in settings
    tried = studies.trials(get_profile("default"))
    assert set(Counter(replace(cell, seed=0) for cell in tried).values()) == {3}
    assert not {cell.seed for cell in tried} & {cell.seed for cell in studies.grid(get_profile("default"))}
    assert {cell.images for cell in tried} == {studies.TRIAL_IMAGES}
    both = replace(ROWS["TFA"], flsa=ROWS["FLSA"].flsa)
    assert ROWS["TFA+FLSA"] == both


def test_trials_never_see_test_images(untrained, monkeypatch):
    data = studies.splits(SMOKE, studies.LONG, studies.TRIAL_IMAGES)
    monkeypatch.setattr(studies, "splits", lambda *_: replace(data, test=None))
    run = studies.trials(SMOKE)[0]
    assert np.isfinite(studies.compute_trial(run, SMOKE, Path("unused")).metrics["MAE"])
    with pytest.raises(AttributeError):
        studies.compute(run, SMOKE, Path("unused"))


def test_the_study_runs_through_and_says_what_it_has_read(untrained):
    found = run_study(studies.STUDY, SMOKE, progress=False)
    setting = studies.setting_of(found, SMOKE)
    rows = setting.rows
    assert list(rows) == [*ROWS, CONTROL]
    edges, train, names, test = setting.bins()
    assert (train.sum(), test.sum(), len(names), len(edges) - 1) == (40, 60, len(train), len(test))
    assert {pred.shape for pred in rows.values()} == {(1, 60)}
    assert len({pred.tobytes() for pred in rows.values()}) == len(rows)
    details = {entry.detail.rpartition(": ")[2] for entry in found.data}
    assert {"size 40, seed 0, tail 2", "size 40, seed 0, tail 0", "size 60, seed 1000, tail 0"} <= details
    with one_thread():
        again = studies.compute(ROWS["TFA"], SMOKE, Path("unused"))
    assert np.array_equal(again.arrays["pred"], rows["TFA"][0])
