import numpy as np
import pytest
import torch
from torch.func import functional_call

from aeslib.backbones import build
from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.taskvec.coefficients import Personal, initial
from aeslib.taskvec.network import TaskModel
from aeslib.taskvec.solve import lr_at, solve_exact, solve_tangent, tangent
from aeslib.taskvec.vectors import TaskStack, TaskVector, parameters_of


@pytest.fixture(scope="module")
def given():
    """A model, three random task vectors over it, and pictures."""
    torch.manual_seed(0)
    model = TaskModel(build("cnn"), hidden=8).eval()
    start = parameters_of(model)
    vectors = [TaskVector({k: 0.1 * torch.randn_like(v) for k, v in start.items()}) for _ in range(3)]
    return model, TaskStack(start, vectors), torch.rand(24, 3, 64, 64)


def scores(model, stack, images, alpha):
    with torch.no_grad():
        return functional_call(model, stack.merged(alpha), (images,))


def test_the_schedule_of_the_paper():
    config = Personal()
    assert [round(lr_at(step, config), 6) for step in (0, 250, 500)] == [0.01, 0.0055, 0.001]


def test_slopes_are_those_of_the_merged_model(given):
    model, stack, images = given
    centre = torch.full(stack.shape, 1 / 3)
    known = tangent(model, stack, images, len(images), centre)
    torch.testing.assert_close(known.value, scores(model, stack, images, centre), atol=1e-4, rtol=0)
    alpha = centre.clone().requires_grad_(True)
    functional_call(model, stack.merged(alpha), (images[5:6],))[0].backward()
    torch.testing.assert_close(known.slope[5], alpha.grad, atol=1e-4, rtol=1e-3)


def test_near_the_centre_the_tangent_is_the_model(given):
    model, stack, images = given
    centre = torch.full(stack.shape, 1 / 3)
    known = tangent(model, stack, lambda part: images[part], len(images), centre)
    step = 1e-3 * torch.randn(stack.shape, generator=torch.Generator().manual_seed(1))
    exact = scores(model, stack, images, centre + step) - known.value
    near = known.at(torch.arange(len(images)), centre + step) - known.value
    assert float((exact - near).abs().max()) < 0.05 * float(exact.abs().max())


def test_a_hidden_taste_is_found_by_both_solvers(given):
    model, stack, images = given
    hidden = torch.zeros(stack.shape)
    hidden[1] = 1
    wanted = scores(model, stack, images, hidden)
    begin = initial(torch.zeros(3), stack.shape[1])
    config = Personal(steps=60, lr=1e-2)
    before = srcc(scores(model, stack, images, begin).numpy(), wanted.numpy())
    found = solve_exact(model, stack, images, wanted, begin, config, torch.Generator().manual_seed(0))
    assert srcc(scores(model, stack, images, found).numpy(), wanted.numpy()) > before + 0.1
    known, rows = tangent(model, stack, images, len(images), begin), torch.arange(len(images))
    quick = solve_tangent(known, rows[None], wanted[None], begin[None], config, torch.Generator().manual_seed(0))
    assert srcc(known.at(rows, quick[0]).numpy(), wanted.numpy()) > before + 0.1


def test_runs_side_by_side_are_those_one_by_one(given):
    model, stack, images = given
    centre = torch.full(stack.shape, 1 / 3)
    known = tangent(model, stack, images, len(images), centre)
    rows = torch.tensor([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])
    truth, begin = torch.rand(2, 5, generator=torch.Generator().manual_seed(2)), centre.expand(2, *stack.shape)
    config = Personal(steps=20)
    both = solve_tangent(known, rows, truth, begin, config, torch.Generator().manual_seed(0))
    alone = solve_tangent(known, rows[1:], truth[1:], begin[1:], config, torch.Generator().manual_seed(0))
    torch.testing.assert_close(both[1:], alone, atol=1e-5, rtol=1e-4)


def test_one_coefficient_for_all_layers(given):
    model, stack, images = given
    begin = initial(torch.zeros(3), stack.shape[1])
    found = solve_exact(
        model, stack, images[:6], torch.arange(6.0), begin, Personal(steps=5, layer_wise=False), torch.Generator()
    )
    assert np.ptp(found.numpy(), axis=1).max() < 1e-7
    assert float((found - begin).abs().max()) > 1e-3


def test_equal_scores_leave_the_start(given):
    model, stack, images = given
    begin = initial(torch.zeros(3), stack.shape[1])
    found = solve_exact(model, stack, images[:4], torch.full((4,), 3.0), begin, Personal(steps=3), torch.Generator())
    torch.testing.assert_close(found, begin)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ([1.0], "1 rated images; a preference needs at least 2."),
        ([1.0, float("nan")], "a rating is not finite; drop the images without one."),
    ],
)
def test_bad_ratings_are_refused(given, truth, said):
    model, stack, images = given
    begin = initial(torch.zeros(3), stack.shape[1])
    with pytest.raises(ParameterError) as error:
        solve_exact(model, stack, images[: len(truth)], torch.tensor(truth), begin, Personal(), torch.Generator())
    assert str(error.value) == said
