"""Numbers are worked out in the specification for s = [2, 5, 5, 6, 9], mean 5.4."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aeslib.elta.tfa import TFA, Pairs, anchor_logits, gumbel, mixing_factor, partner_logits
from aeslib.errors import ParameterError

S = torch.tensor([2.0, 5, 5, 6, 9])


def close(found, wanted, atol=1e-6):
    torch.testing.assert_close(found, torch.tensor(wanted), atol=atol, rtol=0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("tau1", "wanted"),
    [
        (0.5, [0.399923, 0.000991, 0.000991, 0.001479, 0.596615]),
        (2.0, [0.357395, 0.079746, 0.079746, 0.088132, 0.394982]),
    ],
)
def test_anchors_are_far_from_the_mean(tau1, wanted):
    close(anchor_logits(S, tau1).softmax(0), wanted)


def test_partners_have_near_scores():
    p = partner_logits(S, torch.tensor([0, 1, 4]), tau2=2.0).softmax(1)
    close(p[0], [0, 0.283146, 0.283146, 0.239910, 0.193798])
    close(p[1], [0.0, 0, 1, 0, 0])  # a tie takes it all
    close(p[2], [0.202556, 0.250751, 0.250751, 0.295941, 0])


@pytest.mark.parametrize(
    ("i", "j", "tau1", "wanted"), [(4, 3, 0.5, 0.997527), (4, 3, 2.0, 0.817574), (0, 4, 2.0, 0.475021)]
)
def test_the_rarer_of_a_pair_weighs_more(i, j, tau1, wanted):
    close(mixing_factor(S, torch.tensor([i]), torch.tensor([j]), tau1), [wanted])


def test_mixing_is_the_same_for_features_scores_and_histograms():
    pair = Pairs(torch.tensor([4]), torch.tensor([3]), torch.tensor([0.817574]))
    z = torch.zeros(5, 2)
    z[4, 0] = z[3, 1] = 1
    close(pair.mix(z), [[0.817574, 0.182426]])
    close(pair.mix(S), [8.452723], atol=2e-6)
    votes = torch.rand(5, 10).softmax(1)
    close(pair.append(votes).sum(1), [1.0] * 6, atol=1e-6)
    assert pair.append(torch.rand(5, 3, 4, 4)).shape == (6, 3, 4, 4)


def test_ties_at_a_high_temperature_stay_finite():
    p = partner_logits(S, torch.tensor([1]), tau2=10.0).softmax(1)
    assert p.isfinite().all()
    close(p.sum(1), [1.0])


def test_anchors_are_drawn_as_often_as_their_probability_says():
    rows = TFA(tau1=0.5).logits(S).expand(10_000, 5)
    drawn = (rows + gumbel(rows, seeded())).argmax(1)
    assert float(((drawn == 0) | (drawn == 4)).float().mean()) == pytest.approx(0.996538, abs=0.002)
    assert float((drawn == 4).float().mean()) == pytest.approx(0.596615, abs=0.015)


def test_partners_are_drawn_as_often_as_their_probability_says():
    generator, tfa = seeded(1), TFA(n=5, tau2=2.0)  # all five are anchors
    pairs = [tfa.draw(S, generator) for _ in range(1_000)]
    j = torch.cat([pair.j[pair.i == 4] for pair in pairs])
    assert len(j) == 1_000
    close(torch.bincount(j, minlength=5) / len(j), [0.202556, 0.250751, 0.250751, 0.295941, 0], atol=0.05)


@given(st.lists(st.floats(0, 10, width=32), min_size=2, max_size=60), st.integers(1, 80), st.floats(1e-4, 1e4),
       st.floats(1e-4, 1e4))  # fmt: skip
def test_any_scores_and_temperatures_give_sound_pairs(scores, n, tau1, tau2):
    s = torch.tensor(scores)
    for strategy in ("tfa", "random"):
        pairs = TFA(n=n, tau1=tau1, tau2=tau2, strategy=strategy).draw(s, seeded())
        assert len(pairs.i) == min(n, len(s))
        assert len(pairs.i.unique()) == len(pairs.i)
        assert not (pairs.i == pairs.j).any()
        assert ((pairs.lam >= 0) & (pairs.lam <= 1)).all()


def test_equal_scores_mix_half_and_half_and_one_picture_not_at_all():
    close(TFA(n=2).draw(torch.full((4,), 5.0), seeded()).lam, [0.5, 0.5])
    assert TFA().draw(torch.tensor([5.0]), seeded()).i.tolist() == []
    assert TFA().draw(torch.tensor([5.0]), seeded()).append(torch.ones(1, 3)).shape == (1, 3)


def test_the_threshold_strategy_pairs_far_scores_only():
    tfa = TFA(n=4, strategy="threshold", threshold=1.0)
    pairs = tfa.draw(S, seeded())
    assert sorted(pairs.i.tolist()) == [0, 4]
    assert pairs.j.tolist() == [4 - i for i in pairs.i.tolist()]
    assert len(TFA(strategy="threshold", threshold=3.5).draw(S, seeded()).i) == 0  # one sample alone has no partner


def test_random_draws_ignore_the_scores():
    generator, tfa = seeded(), TFA(strategy="random")
    drawn = torch.cat([tfa.draw(S, generator).i for _ in range(1_000)])
    close(torch.bincount(drawn, minlength=5) / 1_000, [0.2] * 5, atol=0.05)


def test_the_same_generator_draws_the_same_and_gradients_reach_both_of_a_pair():
    s = torch.rand(20, generator=seeded()) * 9
    first, again = (TFA(n=5, tau1=2.0).draw(s, seeded(3)) for _ in range(2))  # at small τ1 some 1 - λ are 0 in float32
    assert first.i.tolist() == again.i.tolist()
    assert first.j.tolist() == again.j.tolist()
    z = torch.rand(20, 3, requires_grad=True)
    first.mix(z).sum().backward()
    assert z.grad is not None
    assert set(z.grad.abs().sum(1).nonzero()[:, 0].tolist()) == {*first.i.tolist(), *first.j.tolist()}


def test_wrong_options_are_named():
    with pytest.raises(ParameterError) as found:
        TFA(strategy="treshold")
    assert str(found.value) == (
        "no TFA strategy named 'treshold'. Did you mean 'threshold'? Known: tfa, random, threshold."
    )
    with pytest.raises(ParameterError) as found:
        TFA(level="pixels")
    assert str(found.value) == "no TFA level named 'pixels'. Did you mean 'pixel'? Known: feature, pixel."
    with pytest.raises(ParameterError) as found:
        TFA(tau1=0)
    assert str(found.value) == "TFA has n=1, tau1=0, tau2=4; expected n of 1 or more, temperatures > 0."


def test_a_draw_without_a_generator_is_an_error():
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'generator'"):
        TFA().draw(S)
