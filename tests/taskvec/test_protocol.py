import numpy as np
import pytest

from aeslib.errors import ParameterError
from aeslib.taskvec.protocol import Collection, agreement, trials

USERS = [Collection(name, np.arange(20), np.arange(20.0)) for name in ("a", "b")]


def test_every_draw_is_another_and_support_and_test_never_share():
    plan = trials(USERS, 10, 3, seed=0)
    assert [t.user for t in plan] == [0, 0, 0, 1, 1, 1]
    for trial in plan:
        assert sorted([*trial.support, *trial.test]) == list(range(20))
    assert len({tuple(t.support) for t in plan}) == 6
    assert [t.support.tolist() for t in trials(USERS, 10, 3, seed=0)] == [t.support.tolist() for t in plan]


def test_ranks_are_judged_on_one_part():
    trial = trials(USERS, 10, 1, seed=0)[0]
    pred = np.arange(20.0)
    pred[trial.support] *= -1
    assert agreement(pred, USERS, trial) == pytest.approx(1)
    assert agreement(pred, USERS, trial, "support") == pytest.approx(-1)


@pytest.mark.parametrize(
    ("shots", "said"),
    [
        (1, "1-shot: a preference needs at least 2 rated images."),
        (18, "user 'a' rated 20 images; 18-shot needs 21."),
    ],
)
def test_too_few_images(shots, said):
    with pytest.raises(ParameterError) as error:
        trials(USERS, shots, 1, seed=0)
    assert str(error.value) == said
