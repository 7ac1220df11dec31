"""The training loop on a GPU: it goes there and comes back, learns as on a CPU, resumes, and takes half precision."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from torch import nn

from aeslib.data.transforms import mirror
from aeslib.training import Batches, FitConfig, fit, predict

pytestmark = pytest.mark.gpu


def data(augment=mirror) -> Batches:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (96, 3, 8, 8), dtype=np.uint8)
    images[:, 0] = rng.integers(0, 256, (96, 1, 1))
    return Batches(images, {"y": images[:, 0].mean((1, 2)) / 255}, [f"i{k}" for k in range(96)], 16, augment)


def net() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))


def trained(**changes):
    """History and predictions, and where the batches were; nothing is drawn, as a GPU draws other numbers."""
    model, seen, train = net(), set(), data(augment=None)

    def objective(m, batch):
        seen.add(batch["image"].device.type)
        return (m(batch["image"]) - batch["y"]).square().mean(), {}

    history = fit(model, objective, train, FitConfig(epochs=8, lr=3e-3, seed=5, **changes), progress="")
    assert next(model.parameters()).device.type == "cpu"
    return history.column("loss"), predict(model, train), seen


@pytest.fixture
def on_the_cpu(monkeypatch):
    """`with on_the_cpu():` hides the GPU from `fit`."""

    @contextmanager
    def hidden():
        AcceleratorState._reset_state(reset_partial_state=True)
        monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
        yield
        monkeypatch.delenv("ACCELERATE_USE_CPU")
        AcceleratorState._reset_state(reset_partial_state=True)

    return hidden


def test_a_gpu_learns_what_a_cpu_learns(on_the_cpu):
    loss, pred, seen = trained()
    with on_the_cpu():
        there, same, where = trained()
    assert (seen, where) == ({"cuda"}, {"cpu"})
    np.testing.assert_allclose(loss, there, rtol=1e-3)
    np.testing.assert_allclose(pred, same, atol=1e-3)
    assert loss[-1] < 0.2 * loss[0]


def test_a_model_that_predicted_can_be_trained():
    model = net()
    before = predict(model, data())
    config = FitConfig(epochs=1, lr=1e-2)
    fit(model, lambda m, b: ((m(b["image"]) - b["y"]).square().mean(), {}), data(), config, progress="")
    assert not np.array_equal(before, predict(model, data()))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_as_well(precision):
    loss, pred, _ = trained()
    half, near, _ = trained(precision=precision)
    assert half != loss
    np.testing.assert_allclose(half[-1], loss[-1], atol=0.05 * loss[0])
    np.testing.assert_allclose(near, pred, atol=0.1)


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    config, file = FitConfig(epochs=4, lr=3e-3, seed=5), tmp_path / "run.pt"

    def objective(m, batch):
        return (m(batch["image"]) - batch["y"]).square().mean(), {}

    whole = net()
    fit(whole, objective, data(), config, progress="")
    stopped, calls = net(), []

    def dies(m, batch):
        calls.append(1)
        if len(calls) > 2 * data().steps:
            raise KeyboardInterrupt
        return objective(m, batch)

    with pytest.raises(KeyboardInterrupt):
        fit(stopped, dies, data(), config, checkpoint=file, progress="")
    resumed = net()
    history = fit(resumed, objective, data(), config, checkpoint=file, progress="")
    assert history.resumed_from == 2
    np.testing.assert_allclose(predict(resumed, data()), predict(whole, data()), atol=1e-5)
