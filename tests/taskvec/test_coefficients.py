import pytest
import torch

from aeslib.errors import ParameterError
from aeslib.taskvec.coefficients import Personal, bradley_terry, initial, personal_loss

PRED, TRUTH = torch.tensor([5.0, 4, 6, 5.5]), torch.tensor([4.0, 3, 2, 4])


@pytest.mark.parametrize(
    ("temperature", "wanted"),
    [
        (1.0, [0.401760, 0.328933, 0.269307]),
        (0.1, [0.866813, 0.117310, 0.015876]),
        (float("inf"), [1 / 3, 1 / 3, 1 / 3]),
        (0.0, [1.0, 0.0, 0.0]),
    ],
)
def test_the_start_follows_the_temperature(temperature, wanted):
    alpha = initial(torch.tensor([0.5, 0.3, 0.1]), 2, temperature)
    torch.testing.assert_close(alpha, torch.tensor(wanted)[:, None].expand(3, 2), atol=1e-6, rtol=0)


def test_a_constant_model_counts_as_zero_and_ties_go_to_the_first():
    agreement = torch.tensor([float("nan"), 0.0])
    torch.testing.assert_close(initial(agreement, 1), torch.full((2, 1), 0.5))
    assert initial(agreement, 1, 0.0)[:, 0].tolist() == [1.0, 0.0]


def test_a_negative_temperature_is_refused():
    with pytest.raises(ParameterError) as error:
        initial(torch.zeros(2), 1, -1.0)
    assert str(error.value) == "temperature is -1.0; expected 0 (best fit) to inf (uniform)."


def test_the_worked_losses():
    # halves: (5, 6) with 4 > 2 and (4, 5.5) with 3 < 4
    torch.testing.assert_close(bradley_terry(PRED, TRUTH, pairs="half"), torch.tensor(0.757337), atol=1e-6, rtol=0)
    # all pairs but the tie of images 0 and 3
    torch.testing.assert_close(bradley_terry(PRED, TRUTH), torch.tensor(0.985788), atol=1e-6, rtol=0)


def test_three_rules_for_ties():
    pred, tied = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 3.0])
    for tie, wanted in (("drop", 0.0), ("zero", 0.0), ("half", 0.813262)):
        torch.testing.assert_close(bradley_terry(pred, tied, tie=tie), torch.tensor(wanted), atol=1e-6, rtol=0)
    # released code keeps the tie in the mean: five losses over six pairs
    torch.testing.assert_close(
        bradley_terry(PRED, TRUTH, tie="zero"), torch.tensor(0.985788 * 5 / 6), atol=1e-6, rtol=0
    )


def test_rows_are_independent_and_only_the_order_of_scores_counts():
    both = bradley_terry(torch.stack([PRED, PRED]), torch.stack([TRUTH, 10 * TRUTH]))
    torch.testing.assert_close(both, bradley_terry(PRED, TRUTH).expand(2))


def test_no_pair_leaves_nothing_to_learn():
    pred = PRED.clone().requires_grad_(True)
    bradley_terry(pred, torch.full((4,), 2.0)).backward()
    assert pred.grad.tolist() == [0, 0, 0, 0]


def test_the_squared_loss():
    torch.testing.assert_close(
        personal_loss(PRED, TRUTH, Personal(loss="squared")), torch.tensor((1 + 1 + 16 + 2.25) / 4)
    )


def test_shapes_must_agree():
    with pytest.raises(ParameterError) as error:
        bradley_terry(PRED, TRUTH[:3])
    assert str(error.value) == "predictions are (4,), scores (3,); expected equal shapes."
