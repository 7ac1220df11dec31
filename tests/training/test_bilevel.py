import torch

from aeslib.training.bilevel import adapted


def test_two_steps_on_a_parabola_and_their_slope():
    """Loss p²: a step of 0.25 halves p, so two steps from 1 end at 0.25, and the end moves a quarter as far as p."""
    start = torch.tensor(1.0, requires_grad=True)
    end = adapted({"p": start}, lambda now: now["p"].square(), lr=0.25, steps=2)["p"]
    torch.testing.assert_close(end, torch.tensor(0.25))
    end.backward()
    torch.testing.assert_close(start.grad, torch.tensor(0.25))


def test_no_step_leaves_the_parameters():
    start = {"p": torch.tensor([1.0, 2.0])}
    assert adapted(start, lambda now: now["p"].sum(), lr=1.0, steps=0)["p"] is start["p"]
