"""Many persons at once are the same as one after another."""

import numpy as np
import torch
from scipy.stats import pearsonr, spearmanr
from torch import nn

from aeslib.aesmamba.model import AesMamba
from aeslib.aesmamba.personal import Reader, correlations, personalise, scores
from aeslib.aesmamba.text import TextEncoder


class Given(nn.Identity):
    num_features = 8


def world(users=3, pictures=6):
    torch.manual_seed(0)
    model = AesMamba(Given(), ("a", "b"), text=TextEncoder(20, 8, layers=1, heads=2), heads=2, hidden=8)
    words, mask = model.text(torch.randint(1, 20, (users, 5)))
    x, target = torch.randn(users, pictures, 8), torch.rand(users, pictures, 2)
    return Reader(model), x, words.detach(), mask, target


def test_a_person_alone_gets_the_same_model():
    reader, x, words, mask, target = world()
    how = {"epochs": 3, "lr": 1e-2, "batch": 4, "seed": 0}
    together = scores(reader, x, words, mask, personalise(reader, x, words, mask, target, **how))
    one = slice(1, 2)
    alone = personalise(reader, x[one], words[one], mask[one], target[one], **how)
    torch.testing.assert_close(
        scores(reader, x[one], words[one], mask[one], alone), together[one], atol=1e-5, rtol=1e-4
    )


def test_fine_tuning_lowers_the_error_and_leaves_the_start_alone():
    reader, x, words, mask, target = world()
    before = {name: p.clone() for name, p in reader.state_dict().items()}
    start = scores(reader, x, words, mask)
    own = personalise(reader, x, words, mask, target, epochs=20, lr=1e-2, batch=6, seed=0)
    end = scores(reader, x, words, mask, own)
    assert ((end - target) ** 2).mean() < 0.5 * ((start - target) ** 2).mean()
    assert all(torch.equal(before[name], p) for name, p in reader.state_dict().items())


def test_nobody_in_particular_reads_as_the_whole_model_does():
    reader, x, words, mask, _ = world()
    wide = words[0].expand(6, -1, -1), mask[0].expand(6, -1)
    plain = reader.mba(reader.fusion(x[0], *wide)).scores[..., 0]
    torch.testing.assert_close(scores(reader, x, words, mask)[0], plain)


def test_correlations_of_persons():
    rng = np.random.default_rng(0)
    pred, truth = rng.normal(size=(4, 20)), rng.integers(1, 5, (4, 20)).astype(float)
    truth[3] = 2
    linear, ranks = correlations(pred, truth)
    np.testing.assert_allclose(linear[:3], [pearsonr(p, t).statistic for p, t in zip(pred[:3], truth[:3], strict=True)])
    np.testing.assert_allclose(ranks[:3], [spearmanr(p, t).statistic for p, t in zip(pred[:3], truth[:3], strict=True)])
    assert (linear[3], ranks[3]) == (0, 0)
