import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aeslib.aestheticnet.genotype import OPS, Genotype
from aeslib.aestheticnet.search import SearchConfig, _Search, dropped, search, skip_dropout
from aeslib.errors import ParameterError, StateError
from aeslib.training import Batches

TINY = SearchConfig(cells=(3, 3, 3), ops=(8, 5, 2), epochs=2, warmup=1, c=2, stem="quarter", alpha_lr=0.1)


def pictures(n: int, seed: int) -> Batches:
    rng = np.random.default_rng(seed)
    hist = rng.dirichlet(np.ones(10), n).astype(np.float32)
    return Batches(rng.integers(0, 256, (n, 3, 16, 16), np.uint8), {"hist": hist}, [f"{seed}-{k}" for k in range(n)], 8)


TRAIN, VALID = pictures(16, 0), pictures(8, 1)


@pytest.fixture(scope="module")
def found():
    return search(TRAIN, VALID, TINY, progress="")


@pytest.mark.parametrize(("epoch", "rate"), [(0, 0.384), (9, 0.24), (10, 0.4), (15, 0.1472), (24, 0.0243)])
def test_skip_dropout_by_hand(epoch, rate):
    assert skip_dropout(0.4, epoch, 25, 10) == pytest.approx(rate, abs=5e-5)


def test_three_stages_with_eight_five_and_two_operations(found):
    assert [row["stage"] for row in found.log.rows] == [0, 0, 1, 1, 2, 2]
    left = [(np.array(m) > 0).sum(-1) for m in found.log.mixtures]
    assert [np.unique(n).tolist() for n in left] == [[8], [8], [5], [5], [2], [2]]
    np.testing.assert_allclose(np.array(found.log.mixtures).sum(-1), 1, atol=1e-6)
    assert isinstance(found.genotype, Genotype)
    assert sum(op == "skip_connect" for op, _ in found.genotype.normal) <= 2


def test_alpha_rests_while_the_stage_warms_up(found):
    assert [np.isnan(row["val"]) for row in found.log.rows] == [True, False] * 3
    spread = [found.log.mixture(t)[found.log.mixture(t) > 0].std() for t in range(2)]
    assert spread[0] < 1e-3 < spread[1]


def test_each_stage_keeps_the_operations_of_largest_alpha(found):
    for kind in (0, 1):
        end, after = found.log.mixture(1)[kind], found.log.mixture(2)[kind]
        for row in range(14):
            assert set(np.flatnonzero(after[row])) == set(np.argsort(-end[row])[:5])
    gone = dropped(found.log, 0)
    assert [len(stage) for stage in gone] == [14 * 3, 14 * 3]
    assert gone[0][0][:2] == (0, 2)
    assert {op for _, _, op in gone[0]} <= set(OPS)


def test_the_same_seed_finds_the_same_and_another_does_not(found):
    again = search(TRAIN, VALID, TINY, progress="")
    assert again.genotype == found.genotype
    assert again.log.mixtures == found.log.mixtures
    assert search(TRAIN, VALID, replace(TINY, seed=1), progress="").log.mixtures != found.log.mixtures


@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
def test_a_killed_search_goes_on_at_its_last_epoch(found, epochs, tmp_path):
    path = tmp_path / "search.safetensors"
    killed = _Search(TRAIN, VALID, TINY)
    for _ in range(epochs):
        killed.one_epoch()
        killed.save(path)
    killed.one_epoch()  # and dies before it is saved
    resumed = search(TRAIN, VALID, TINY, checkpoint=path, progress="")
    assert resumed.genotype == found.genotype
    assert resumed.log.mixtures == found.log.mixtures
    assert json.dumps(resumed.log.rows) == json.dumps(found.log.rows)
    assert not path.exists()


def test_a_checkpoint_of_another_search_is_refused(tmp_path):
    path = tmp_path / "search.safetensors"
    run = _Search(TRAIN, VALID, TINY)
    run.one_epoch()
    run.save(path)
    with pytest.raises(StateError) as error:
        search(TRAIN, VALID, replace(TINY, seed=3), checkpoint=path, progress="")
    assert str(error.value) == (
        "search.safetensors was made by a search with another configuration; delete it to start anew."
    )
    for data in (
        (replace(TRAIN, images=255 - TRAIN.images), VALID),
        (TRAIN, replace(VALID, images=255 - VALID.images)),
    ):
        with pytest.raises(StateError) as error:
            search(*data, TINY, checkpoint=path, progress="")
        assert str(error.value) == "search.safetensors was made by a search with other data; delete it to start anew."


def test_one_update_changes_only_its_own_parameters():
    run = _Search(TRAIN, VALID, TINY)
    batch = next(TRAIN.epoch(0, 0))
    weights, alphas = ([p.detach().clone() for p in group] for group in (run.weights, run.alphas))
    run._update(batch, run.alphas, run.of_alphas)
    assert all(torch.equal(a, b) for a, b in zip(weights, run.weights, strict=True))
    assert not torch.equal(alphas[0], run.alphas[0])


def test_the_order_of_updates_matters(found):
    turned = search(TRAIN, VALID, replace(TINY, order="a_w"), progress="")
    assert turned.log.mixtures != found.log.mixtures
    assert [row["stage"] for row in turned.log.rows] == [0, 0, 1, 1, 2, 2]


def test_a_loss_that_is_not_finite_stops_the_search():
    broken = replace(TRAIN, targets={"hist": np.full((16, 10), np.nan, np.float32)})
    with pytest.raises((ParameterError, StateError)):
        search(broken, VALID, TINY, progress="")


def test_every_stage_needs_its_sizes():
    with pytest.raises(ParameterError) as error:
        SearchConfig(cells=(3, 5))
    assert str(error.value) == (
        "cells for 2 stages, operations for 3, dropout for 3; expected one of each for every stage."
    )
