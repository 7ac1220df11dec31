import pytest
import torch
from safetensors.torch import save_file

from aeslib.errors import ParameterError, StateError
from aeslib.taskvec.vectors import TaskStack, TaskVector, cosines

PRE = {"a": torch.tensor([1.0, 2.0]), "head.b": torch.tensor([[0.0]])}
FT1 = {"a": torch.tensor([2.0, 2.0]), "head.b": torch.tensor([[1.0]])}
FT2 = {"a": torch.tensor([1.0, 4.0]), "head.b": torch.tensor([[3.0]])}
V1, V2 = (TaskVector.between(PRE, ft) for ft in (FT1, FT2))
STACK = TaskStack(PRE, [V1, V2])


def same(one: TaskVector, other: TaskVector) -> bool:
    return all(torch.equal(value, other.delta[name]) for name, value in one.delta.items())


def test_the_algebra():
    assert same(V1 + V2, V2 + V1)
    assert same(V1 - V1, 0.0 * V1)
    assert same(2.0 * V1, V1 + V1)
    assert same({"a": 2.0, "head.b": 0.5} * V1, TaskVector({"a": 2 * V1.delta["a"], "head.b": V1.delta["head.b"] / 2}))
    for name, value in V1.apply_to(PRE).items():
        assert torch.equal(value, FT1[name])


def test_merging_with_the_softmax_of_two_correlations():
    alpha = torch.tensor([0.5, 0.3]).softmax(0)[:, None].expand(2, 2)
    torch.testing.assert_close(STACK.merged(alpha)["a"], torch.tensor([1.549834, 2.900332]), atol=1e-6, rtol=0)


def test_no_coefficients_give_the_start_and_a_one_gives_that_model_exactly():
    for alpha, wanted in ((torch.zeros(2, 2), PRE), (torch.tensor([[1.0, 1], [0, 0]]), FT1)):
        merged = STACK.merged(alpha)
        for name, value in wanted.items():
            assert torch.equal(merged[name], value), name


def test_a_coefficients_slope_is_the_product_with_its_task_vector():
    stack = TaskStack({"a": torch.zeros(2)}, [TaskVector({"a": torch.tensor(e)}) for e in ([1.0, 0.0], [0.0, 1.0])])
    alpha = torch.zeros(2, 1, requires_grad=True)
    (stack.merged(alpha)["a"] @ torch.tensor([2.0, 3.0])).backward()
    torch.testing.assert_close(alpha.grad, torch.tensor([[2.0], [3.0]]))


def test_cosines_leave_the_head_out():
    rows = [
        {"x": torch.tensor([1.0, 0, 1]), "head.w": torch.ones(9)},
        {"x": torch.tensor([0.0, 1, 1]), "head.w": -torch.ones(9)},
    ]
    torch.testing.assert_close(cosines([TaskVector(r) for r in rows]), torch.tensor([[1, 0.5], [0.5, 1]]))


def test_a_part_of_the_tasks():
    assert STACK.take([1]).shape == (1, 2)
    assert same(STACK.take([1]).vector(0), V2)


def test_a_file_brings_them_back_to_the_last_bit(tmp_path):
    V1.save(tmp_path / "v.safetensors", data="ava")
    assert same(TaskVector.load(tmp_path / "v.safetensors"), V1)


def test_a_file_with_nan_or_damage_is_refused(tmp_path):
    save_file({"a": torch.tensor([float("nan")])}, tmp_path / "nan.safetensors")
    with pytest.raises(ParameterError) as error:
        TaskVector.load(tmp_path / "nan.safetensors")
    assert str(error.value) == "nan.safetensors: 'a' holds values that are not finite; make it again."
    (tmp_path / "cut.safetensors").write_bytes(b"12")
    with pytest.raises(StateError):
        TaskVector.load(tmp_path / "cut.safetensors")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"a": torch.zeros(2)},
            "task vectors of different architectures: only the first has 'head.b' (2 and 1 tensors).",
        ),
        (
            {"a": torch.zeros(3), "head.b": torch.zeros(1, 1)},
            "task vectors: 'a' is torch.float32 (2,) in the first, torch.float32 (3,) in the second; "
            "build both from the same backbone.",
        ),
        (
            {"a": torch.zeros(2, dtype=torch.float64), "head.b": torch.zeros(1, 1)},
            "task vectors: 'a' is torch.float32 (2,) in the first, torch.float64 (2,) in the second; "
            "build both from the same backbone.",
        ),
    ],
)
def test_another_architecture_is_refused(other, said):
    with pytest.raises(ParameterError) as error:
        V1 + TaskVector(other)
    assert str(error.value) == said


def test_what_cannot_be_stacked_is_refused():
    with pytest.raises(ParameterError, match="no task vectors; pass at least one"):
        TaskStack(PRE, [])
    with pytest.raises(ParameterError) as error:
        STACK.merged(torch.zeros(2, 3))
    assert str(error.value) == "coefficients are (2, 3); expected (2, 2) (tasks, layers)."
    with pytest.raises(ParameterError, match=r"one scale per layer is needed: 'head\.b' is on one side only"):
        {"a": 1.0} * V1
