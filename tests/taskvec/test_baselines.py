import numpy as np
import pytest
import torch

from aeslib.backbones import build
from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.taskvec.baselines import MetaHead, Pam, fine_tuned, ridge
from aeslib.taskvec.coefficients import Personal
from aeslib.taskvec.network import TaskModel


@pytest.fixture
def linear():
    """Features, and scores that follow one direction."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 8))
    return features, features[:, 0] + 0.1 * rng.normal(size=120)


def test_ridge_finds_a_direction(linear):
    features, scores = linear
    support = np.arange(40)
    assert srcc(ridge(features, support, scores[support])[40:], scores[40:]) > 0.9


@pytest.mark.parametrize("kinds", [("attributes",), ("attributes", "contents")])
def test_pam_learns_what_the_generic_score_leaves(linear, kinds):
    features, attribute = linear
    rated = np.stack([attribute, np.where(np.arange(120) % 7, features[:, 1], np.nan)], 1)
    pam = Pam.of(features, features, rated)
    generic, taste, support = 5 + features[:, 2], features[:, 2] - attribute, np.arange(60)
    personal = pam.predict(generic, support, (5 + taste)[support], kinds)
    assert srcc(personal[60:], taste[60:]) > srcc(generic[60:], taste[60:]) + 0.1


def test_a_meta_learnt_head_adapts_better_than_its_start():
    torch.manual_seed(0)
    model, z = TaskModel(build("cnn"), hidden=16), torch.randn(400, 384)
    z[:, 0] *= 6
    users = []
    for k in range(20):
        rows = torch.randperm(400, generator=torch.Generator().manual_seed(k))[:60]
        users.append((rows, (5.5 + (1 if k % 2 else -1) * z[rows, 0] / 3).clamp(1, 10)))
    start, taught = (MetaHead(model, torch.Generator().manual_seed(0)) for _ in range(2))
    taught.fit(z, users, steps=60)

    def error(head):
        return np.mean(
            [float((head.predict(z[r], torch.arange(10), y[:10]) - y)[10:].square().mean()) for r, y in users]
        )

    assert error(taught) < 0.9 * error(start)


def test_who_rated_too_few_teaches_nothing():
    head, z = MetaHead(TaskModel(build("cnn"), hidden=8), torch.Generator().manual_seed(0)), torch.randn(30, 384)
    few, many = ((torch.arange(n), torch.linspace(1, 10, n)) for n in (5, 12))
    head.fit(z, [few, many], steps=2, shots=4)
    with pytest.raises(ParameterError) as found:
        head.fit(z, [few], steps=2, shots=4)
    assert str(found.value) == "nobody rated 12 pictures; meta-training needs them, or fewer shots."


def test_fine_tuning_learns_the_order_it_is_shown():
    torch.manual_seed(0)
    images, scores = torch.rand(8, 3, 64, 64), torch.arange(8.0)
    model = fine_tuned(
        TaskModel(build("cnn"), hidden=8), images, scores, Personal(steps=60, lr=2e-3), torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        assert srcc(model(images).numpy(), scores.numpy()) > 0.9
