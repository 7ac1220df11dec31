from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import aeslib.elta
from aeslib.backbones import ScoreModel, SimpleCNN
from aeslib.elta.balance import FDS, lds_weights
from aeslib.elta.objective import LFDS, Elta, RankSim, SelfTraining, distance
from aeslib.elta.tfa import TFA
from aeslib.losses import emd
from aeslib.training import Batches, FitConfig, fit, predict

BINS = [float(score) for score in range(1, 11)]


def batches(n=40, seed=0, batch_size=10, kind="hist"):
    """Grey pictures as bright as their score is high."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(1, 10, n).astype(np.float32)
    images = (score[:, None, None, None] * 25 + rng.normal(0, 3, (n, 3, 32, 32))).clip(0, 255).astype(np.uint8)
    near = np.exp(-((score[:, None] - np.array(BINS)) ** 2)).astype(np.float32)
    hist = near / near.sum(1, keepdims=True)
    score = hist @ np.array(BINS, np.float32)
    target = hist if kind == "hist" else score
    return Batches(images, {"target": target, "score": score}, [str(k) for k in range(n)], batch_size)


def model():
    torch.manual_seed(0)
    return ScoreModel(SimpleCNN(4), BINS, hidden=16)


@pytest.fixture
def batch():
    return batches().batch(np.arange(10))


def test_without_modules_it_is_the_plain_loss(batch):
    net = model().eval()
    loss, logs = Elta()(net, batch)
    torch.testing.assert_close(loss, emd(net(batch["image"]).softmax(1), batch["target"]).mean())
    assert set(logs) == {"supervised"}


def test_a_scalar_target_is_regressed(batch):
    logits = torch.zeros(10, 10)
    found = distance(logits, batch["score"], torch.tensor(BINS))
    torch.testing.assert_close(found, (5.5 - batch["score"]).square())


def test_mixed_samples_enter_head_loss_and_alignment(batch):
    seen = []
    net = model().eval()
    net.head.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    _, logs = Elta(tfa=TFA(n=3), flsa=0.5)(net, batch)
    assert seen == [13]
    assert set(logs) == {"supervised", "alignment"}


def test_pixels_are_mixed_before_the_encoder(batch):
    seen = []
    net = model().eval()
    net.encoder.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    Elta(tfa=TFA(n=3, level="pixel"))(net, batch)
    Elta(tfa=TFA(n=3))(net, batch)
    assert seen == [13, 10]


def test_a_frozen_trunk_sees_only_the_mixed_pictures(batch):
    identity = nn.Identity()
    identity.num_features = 3
    net, shapes = ScoreModel(identity, BINS), []

    def trunk(image):
        shapes.append(image.shape)
        return image.mean((2, 3))

    features = {**batch, "features": batch["image"].mean((2, 3))}
    Elta(tfa=TFA(n=2, level="pixel"), x="features", trunk=trunk)(net, features)
    assert shapes == [(2, 3, 32, 32)]


@pytest.mark.parametrize("kind", ["hist", "score"])
def test_every_objective_trains(kind):
    train = batches(kind=kind)
    fds = FDS(SimpleCNN(4).num_features, 1, 0.5, 18)
    fds.update([(torch.randn(40, fds.mean.shape[1]), torch.from_numpy(train.targets["score"]))])
    counts = torch.ones(18)
    for objective in (
        Elta(tfa=TFA(n=2), flsa=1.0),
        Elta(tfa=TFA(n=2, level="pixel")),
        LFDS(fds=fds, weights=lds_weights(counts)),
        RankSim(),
    ):
        net = model()
        history = fit(net, objective, train, FitConfig(epochs=2, lr=3e-3, seed=1), progress="")
        assert all(np.isfinite(value) for row in history.rows for value in row.values())


def test_elta_learns_to_tell_bright_from_dark():
    net, train = model(), batches(80)
    fit(net, Elta(tfa=TFA(n=2), flsa=0.1), train, FitConfig(epochs=8, lr=3e-3, seed=1), progress="")
    shares = torch.from_numpy(predict(net, train)).softmax(1)
    found = np.corrcoef((shares @ torch.tensor(BINS)).numpy(), train.targets["score"])[0, 1]
    assert found > 0.9


def test_the_extra_round_averages_over_all_of_the_pool(batch):
    net = model().eval()
    pool = batches(30, seed=5)
    keep = np.zeros(30, bool)
    none = SelfTraining(base=Elta(), pool=replace(pool, targets={**pool.targets, "keep": keep}))
    every = SelfTraining(base=Elta(), pool=replace(pool, targets={**pool.targets, "keep": ~keep}))
    plain = Elta()(net, batch)[0]
    torch.testing.assert_close(none(net, batch)[0], plain)
    torch.manual_seed(4)
    loss, logs = every(net, batch)
    torch.manual_seed(4)
    drawn = pool.batch(torch.randint(30, (10,)).numpy())
    wanted = emd(net(drawn["image"]).softmax(1), drawn["target"]).mean()
    torch.testing.assert_close(logs["unlabelled"], wanted.detach())
    torch.testing.assert_close(loss, plain + wanted)


def test_the_snippet_of_the_docstring_runs(batch):
    lines = [line for line in (aeslib.elta.__doc__ or "").splitlines() if line.startswith("    ")]
    assert len(lines) == 5
    scope = {
        **{name: getattr(aeslib.elta, name) for name in aeslib.elta.__all__},
        "emd": emd, "model": model(), "images": batch["image"], "votes": batch["target"], "scores": batch["score"],
        "bins": torch.tensor(BINS), "validation_logits": torch.randn(60, 10) * 4, "validation_scores": torch.rand(60),
        "pool_logits": torch.randn(20, 10) * 4, "generator": torch.Generator().manual_seed(0),
    }  # fmt: skip
    exec("\n".join(line.removeprefix("    ") for line in lines), scope)
    scope["loss"].backward()
    assert len(scope["z"]) == 11
    assert scope["chosen"].shape == (20,)
