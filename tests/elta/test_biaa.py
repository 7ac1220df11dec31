"""BIAA: both levels by hand, and what they leave of the model."""

import pytest
import torch

from aeslib.backbones import ScoreModel, build
from aeslib.elta.biaa import Bilevel, Reparametrised
from aeslib.elta.objective import Elta
from aeslib.elta.tfa import TFA
from aeslib.seeding import seeded

BATCH = {"image": torch.rand(9, 3, 64, 64, generator=torch.Generator().manual_seed(0)),
         "score": torch.linspace(2, 9, 9), "target": torch.linspace(2, 9, 9), "index": torch.arange(9)}  # fmt: skip


@pytest.fixture
def model():
    with seeded(0):
        return ScoreModel(build("cnn"), range(1, 11)).train()


def test_without_an_inner_step_it_is_the_loss_on_the_query(model):
    query = {name: rows[3:] for name, rows in BATCH.items()}
    loss, _ = Bilevel(base=Elta(), steps=0)(model, BATCH)
    torch.testing.assert_close(loss, Elta()(model, query)[0])


def test_one_inner_step_by_hand(model):
    """The same adaptation by `torch.autograd.grad`, and the same gradient of the outer level."""
    model.eval()  # statistics of batch normalisation stay as they are
    lr, support, query = 0.02, *({name: rows[part] for name, rows in BATCH.items()} for part in (slice(3), slice(3, 9)))
    start = dict(model.named_parameters())
    slopes = torch.autograd.grad(Elta()(model, support)[0], list(start.values()), create_graph=True)
    moved = {name: p - lr * slope for (name, p), slope in zip(start.items(), slopes, strict=True)}
    by_hand = Elta()(Reparametrised(model, moved), query)[0]
    loss, _ = Bilevel(base=Elta(), lr=lr, steps=1)(model, BATCH)
    torch.testing.assert_close(loss, by_hand)
    weights = list(start.values())
    for mine, hand in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(by_hand, weights), strict=True):
        torch.testing.assert_close(mine, hand, rtol=1e-3, atol=1e-4)


def test_the_outer_level_looks_through_the_inner_one(model):
    """Its gradient is not that of the query loss at the start, so this is no ordinary training on fewer images."""
    model.eval()
    weight = model.head[0].weight
    query = {name: rows[3:] for name, rows in BATCH.items()}
    (ordinary,) = torch.autograd.grad(Elta()(model, query)[0], weight)
    (outer,) = torch.autograd.grad(Bilevel(base=Elta(), lr=0.02, steps=1)(model, BATCH)[0], weight)
    assert (outer - ordinary).norm() > 0.05 * ordinary.norm()


def test_statistics_are_moved_by_the_query_alone(model):
    with seeded(0):
        twin = ScoreModel(build("cnn"), range(1, 11)).train()
    Bilevel(base=Elta(), steps=1, lr=0.0)(model, BATCH)
    Elta()(twin, {name: rows[3:] for name, rows in BATCH.items()})
    for (name, mine), (_, other) in zip(model.named_buffers(), twin.named_buffers(), strict=True):
        torch.testing.assert_close(mine, other, msg=name)


def test_modules_are_plugged_into_the_outer_level(model):
    with seeded(0):
        loss, logs = Bilevel(base=Elta(tfa=TFA(n=2), flsa=0.3))(model, BATCH)
    loss.backward()
    assert {"supervised", "alignment"} <= set(logs)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("images", [1, 2])
def test_a_last_batch_of_one_or_two_images_is_trained_on(model, images):
    model.eval()
    loss, _ = Bilevel(base=Elta())(model, {name: rows[:images] for name, rows in BATCH.items()})
    assert loss.isfinite()
