import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch.func import functional_call

from aeslib.backbones import build
from aeslib.errors import DataError, ParameterError
from aeslib.taskvec.coefficients import Personal
from aeslib.taskvec.network import TaskModel
from aeslib.taskvec.personalizer import Personalizer, pictures_of
from aeslib.taskvec.vectors import TaskStack, TaskVector, parameters_of

FAST = Personal(steps=25, lr=1e-2)


@pytest.fixture(scope="module")
def given():
    torch.manual_seed(0)
    model = TaskModel(build("cnn"), hidden=8).eval()
    start = parameters_of(model)
    vectors = [TaskVector({k: 0.1 * torch.randn_like(v) for k, v in start.items()}) for _ in range(3)]
    stack = TaskStack(start, vectors)
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 255, (40 + k, 50, 3), dtype=np.uint8) for k in range(20)]
    hidden = torch.zeros(stack.shape)
    hidden[2] = 1
    with torch.no_grad():
        scores = functional_call(model, stack.merged(hidden), (pictures_of(photos, 64),)).numpy()
    return stack, model, photos, scores


@pytest.mark.parametrize("solver", ["exact", "tangent"])
def test_it_learns_an_order_in_any_units(given, solver):
    stack, model, photos, scores = given
    me = Personalizer(stack, model, FAST, solver=solver).fit(photos[:14], 100 * scores[:14] + 7)
    assert me.coef_.shape == (3, 16)
    assert me.score(photos[:14], scores[:14]) > 0.8
    again = clone(me).fit(photos[:14], scores[:14])
    np.testing.assert_allclose(again.predict(photos[14:]), me.predict(photos[14:]), rtol=1e-4)


def test_paths_pictures_and_arrays_are_the_same(given, tmp_path):
    _, _, photos, _ = given
    Image.fromarray(photos[0]).save(tmp_path / "a.png")
    kinds = [tmp_path / "a.png", str(tmp_path / "a.png"), Image.open(tmp_path / "a.png"), photos[0]]
    shown = pictures_of(kinds, 64)
    for k in range(1, 4):
        torch.testing.assert_close(shown[k], shown[0])


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([3, 3, 3], "all 3 scores are 3; a preference needs at least two different scores."),
        ([1, 2, float("nan")], "score 2 is not finite; rate every photo."),
        ([1, 2], "3 photos and scores of shape (2,); expected one score per photo."),
    ],
)
def test_bad_scores_are_refused_before_training(given, scores, said):
    stack, model, photos, _ = given
    with pytest.raises(ParameterError) as error:
        Personalizer(stack, model).fit(photos[:3], scores)
    assert str(error.value) == said


def test_one_photo_is_not_enough(given):
    stack, model, photos, _ = given
    with pytest.raises(ParameterError) as error:
        Personalizer(stack, model).fit(photos[:1], [3])
    assert str(error.value) == "1 rated photo; a preference needs at least 2."


def test_unreadable_photos_are_named(given, tmp_path):
    stack, model, photos, _ = given
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match=r"cut\.jpg: not a whole picture"):
        Personalizer(stack, model).fit([tmp_path / "cut.jpg", photos[0]], [1, 2])
    with pytest.raises(ParameterError) as error:
        pictures_of([np.zeros((4, 4))], 64)
    assert str(error.value) == "photo 0 is float64 (4, 4); expected uint8 (H, W, 3)."
    with pytest.raises(ParameterError) as error:
        pictures_of([7], 64)
    assert str(error.value) == "photo 0 is int; expected a path, PIL picture or array."


def test_task_vectors_of_another_network_are_refused(given):
    stack, _, photos, scores = given
    with pytest.raises(ParameterError, match=r"model and task vectors: .* build both from the same backbone"):
        Personalizer(stack, TaskModel(build("clip-b16"), hidden=8)).fit(photos[:3], scores[:3])


def test_misuse_is_named(given):
    stack, model, photos, scores = given
    with pytest.raises(ParameterError) as error:
        Personalizer(stack, model, solver="newton").fit(photos[:3], scores[:3])
    assert str(error.value) == "solver is 'newton'; expected one of exact, tangent."
    with pytest.raises(NotFittedError):
        Personalizer(stack, model).predict(photos)
