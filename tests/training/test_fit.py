"""The training loop: schedules, freezing, resume after a kill, non-finite losses, bad configs."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aeslib.data.transforms import mirror
from aeslib.errors import ParameterError, StateError
from aeslib.training import Batches, FitConfig, fit, predict
from aeslib.training.checkpoint import load_checkpoint, read_weights, save_weights


def data(n=60, batch_size=16, augment=mirror):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 3, 8, 8), dtype=np.uint8)
    return Batches(images, {"y": images.mean((1, 2, 3)) / 255}, [f"i{k}" for k in range(n)], batch_size, augment)


def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))


class StopError(Exception):
    pass


steps_left: list = []
"""Holds the number of steps after which `objective` fails, as a power cut would; empty: never."""


def objective(model, batch):
    if steps_left:
        steps_left[0] -= 1
        if steps_left[0] < 0:
            raise StopError
    loss = (model(batch["image"]) - batch["y"]).square().mean()
    return loss, {"rmse": loss.detach().sqrt()}


def config(**changes):
    return FitConfig(**{"epochs": 3, "lr": 1e-2, "seed": 5} | changes)


def test_learns_and_repeats_itself():
    runs = []
    for _ in range(2):
        model = net()
        runs.append((fit(model, objective, data(), config(epochs=6), progress=""), predict(model, data())))
    assert runs[0][0].column("loss") == runs[1][0].column("loss")
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
    assert runs[0][0].column("loss")[-1] < 0.2 * runs[0][0].column("loss")[0]
    other = fit(net(), objective, data(), config(seed=6), progress="")
    assert other.column("loss")[0] != runs[0][0].column("loss")[0]


def test_default_generator_is_left_alone():
    model = net()
    state = torch.get_rng_state()
    fit(model, objective, data(), config(), progress="")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_that_was_moved_to_predict_can_still_be_trained(monkeypatch):
    moves = []

    def copies(module, *_):
        """What going to another device does to parameters."""
        moves.append(1)
        return module._apply(torch.Tensor.clone)

    monkeypatch.setattr(nn.Module, "to", copies)
    model = net()
    before = predict(model, data())
    with torch.inference_mode():
        predict(model, data())
    assert len(moves) == 4
    fit(model, objective, data(), config(), progress="")
    assert not np.array_equal(before, predict(model, data()))


def test_precision_can_change_from_run_to_run():
    losses = [fit(net(), objective, data(), config(precision=p), progress="").column("loss") for p in ("no", "bf16")]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(*losses, rtol=0.05)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"lr": 0.01, "schedule": "cosine", "final_lr": 0.001}, {0: 0.01, 250: 0.0055, 500: 0.001}),  # taskvec App F
        (
            {"lr": 1e-4, "schedule": "halving", "half_life": 125},
            {125: 5e-5, 133: 4.783e-5, 399: 1.0942e-5},
        ),  # mtcnn 4.2
        ({"lr": 1.0, "warmup": 4}, {0: 0.25, 3: 1.0, 10: 1.0}),
    ],
)
def test_schedules(settings, wanted):
    made = config(**settings)
    for step, lr in wanted.items():
        assert made.lr_at(step, 500) == pytest.approx(lr, rel=1e-4)


def test_only_the_named_parameters_move():
    model = net()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fit(model, objective, data(), config(train_only=("4.",)), progress="")
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"4.weight", "4.bias"}
    assert all(p.requires_grad for p in model.parameters())
    with pytest.raises(ParameterError, match=r"^train_only=\('head',\) matches no parameter; names start with 1, 4\.$"):
        fit(model, objective, data(), config(train_only=("head",)), progress="")


def test_stops_early_and_keeps_the_best_on_validation_only():
    scores = iter([0.1, 0.5, 0.4, 0.3, 0.9])
    states = []

    def validate(model):
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        return next(scores)

    model = net()
    history = fit(model, objective, data(), config(epochs=5, patience=2, keep="best"), validate=validate, progress="")
    assert history.column("val") == [0.1, 0.5, 0.4, 0.3]
    assert history.best_epoch == 1
    assert all(torch.equal(value, states[1][name]) for name, value in model.state_dict().items())
    with pytest.raises(ParameterError, match="need validate="):
        fit(model, objective, data(), config(keep="best"))


def test_non_finite_loss_names_its_pictures():
    bad = data(n=4, batch_size=4)
    bad.targets["y"][2] = np.nan
    with pytest.raises(StateError) as caught:
        fit(net(), objective, bad, config(), progress="")
    text = str(caught.value)
    assert text.startswith("loss is nan in epoch 0 on a batch of 4 images, first 'i")
    assert text.endswith("; look at their targets, or lower lr=0.01, or set clip.")


def interrupted(steps, *args, **options):
    """Run `fit` until it has done `steps` steps and dies."""
    steps_left[:] = [steps]
    try:
        with pytest.raises(StopError):
            fit(*args, **options, progress="")
    finally:
        steps_left.clear()


@pytest.mark.parametrize("keep", ["last", "best"])
def test_resumes_to_the_same_numbers(tmp_path, keep):
    path = tmp_path / "run.safetensors"
    setup = config(epochs=5, keep=keep, optimizer="adamw", clip=1.0)
    target = data()

    def validate(model):
        return -float(np.square(predict(model, target) - target.targets["y"]).mean())

    whole = net()
    want = fit(whole, objective, data(), setup, validate=validate, progress="")
    for step in (1, 7, 11, 19):
        interrupted(step, net(), objective, data(), setup, validate=validate, checkpoint=path)
        model = net()
        got = fit(model, objective, data(), setup, validate=validate, checkpoint=path, progress="")
        assert got.resumed_from == step // 4
        assert got.rows == want.rows
        np.testing.assert_array_equal(predict(model, data()), predict(whole, data()))
        assert not path.exists()


CHILD = """
import json, sys
sys.path.insert(0, {here!r})
from test_fit import *
class Slow:
    def __call__(self, model, batch):
        time.sleep(0.02)
        return objective(model, batch)
history = fit(net(), Slow(), data(), config(epochs=6), checkpoint=Path({path!r}), progress="")
print(json.dumps(history.rows))
"""


@pytest.mark.slow
def test_kill_9_at_a_random_moment_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    code = CHILD.format(here=str(Path(__file__).parent), path=str(path))
    command = [sys.executable, "-c", code]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    while not path.exists():  # at least one epoch has been kept
        assert first.poll() is None
        time.sleep(0.01)
    time.sleep(random.Random(os.getpid()).uniform(0, 0.3))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == fit(net(), objective, data(), config(epochs=6), progress="").rows


def test_checkpoint_of_another_run_or_damaged_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"

    interrupted(5, net(), objective, data(), config(), checkpoint=path)
    with pytest.raises(StateError, match=r"run\.safetensors was made by a run with another configuration; delete it"):
        fit(net(), objective, data(), config(lr=0.5), checkpoint=path, progress="")
    wider = nn.Sequential(nn.Flatten(), nn.Linear(192, 9), nn.Linear(9, 1), nn.Flatten(0))
    with pytest.raises(StateError, match=r"run\.safetensors belongs to another model; delete it to start anew\.$"):
        fit(wider, objective, data(), config(), checkpoint=path, progress="")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StateError, match=r"run\.safetensors is damaged .*; delete it, it will be made again\.$"):
        fit(net(), objective, data(), config(), checkpoint=path, progress="")
    save_weights(path, {"a": torch.zeros(2)}, {"made": "by hand"})
    assert read_weights(path)[1] == {"made": "by hand"}
    with pytest.raises(StateError, match="is not a checkpoint of aeslib"):
        load_checkpoint(path)


def doubled(model, batch):
    loss, logs = objective(model, batch)
    return 2 * loss, logs


def other_targets():
    source = data()
    return replace(source, targets={"y": 1 - source.targets["y"]})


def other_images():
    source = data()
    return replace(source, images=255 - source.images)


def other_start():
    model = net()
    nn.init.normal_(model[1].weight, std=0.1)
    return model


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({"train": other_targets()}, "with other data"),
        ({"train": other_images()}, "with other data"),
        ({"train": replace(data(), ids=[f"j{k}" for k in range(60)])}, "with other data"),
        ({"train": replace(data(), augment=None)}, "with other data"),
        ({"objective": doubled}, "with another objective"),
        ({"objective": partial(objective)}, "with another objective"),
        ({"validate": lambda model: 1.0}, "with another validation score"),
        ({"model": other_start()}, "from other weights"),
    ],
)
def test_a_run_is_continued_only_by_itself(tmp_path, changes, other):
    path = tmp_path / "run.safetensors"
    run = {"model": net(), "objective": objective, "train": data(), "config": config(), "checkpoint": path}
    interrupted(5, **run)
    written = path.read_bytes()
    with pytest.raises(StateError) as error:
        fit(**run | {"model": net()} | changes, progress="")
    assert str(error.value) == f"run.safetensors was made by a run {other}; delete it to start anew."
    assert path.read_bytes() == written
    assert fit(**run | {"model": net()}, progress="").resumed_from == 1


def test_a_start_that_differs_in_its_last_bits_is_the_same(tmp_path):
    path = tmp_path / "run.safetensors"
    interrupted(5, net(), objective, data(), config(), checkpoint=path)
    model = net()
    with torch.no_grad():
        model[1].weight *= 1 + 1e-4
    assert fit(model, objective, data(), config(), checkpoint=path, progress="").resumed_from == 1


def test_processes_share_every_batch():
    source = data(n=50, batch_size=16, augment=None)
    whole = [batch["index"].tolist() for batch in source.epoch(1, 2)]
    shares = [list(source.epoch(1, 2, rank=rank, world=2)) for rank in range(2)]
    for rows, *parts in zip(whole, *shares, strict=True):
        assert sorted(rows) == sorted(torch.cat([part["index"] for part in parts]).tolist())
    assert sorted(chain.from_iterable(whole)) == list(range(50))
    assert whole != [batch["index"].tolist() for batch in source.epoch(1, 3)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": {"y": np.zeros(3)}}, "target 'y' has 3 rows for 4 images."),
        ({"ids": ["a"]}, "1 ids for 4 images."),
        ({"images": np.zeros((4, 8, 8, 3), np.uint8)}, "images are uint8 (4, 8, 8, 3); expected uint8 (N, 3, H, W)."),
    ],
)
def test_batches_refuse_what_does_not_fit(changes, message):
    good = {"images": np.zeros((4, 3, 8, 8), np.uint8), "targets": {}, "ids": list("abcd")}
    with pytest.raises(ParameterError) as caught:
        Batches(**good | changes)
    assert str(caught.value) == message


class Decaying(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate, self.weight = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))

    def no_weight_decay(self):
        return {"rate", "absent"}


def test_weight_decay_leaves_alone_what_a_model_names():
    """The gradient is zero, so each of 4 steps multiplies a decayed weight by 1 - lr * weight_decay = 0.95."""
    model = nn.ModuleDict({"part": Decaying(), "layer": nn.Linear(1, 1, bias=False)})
    nn.init.ones_(model["layer"].weight)

    def nothing(m, batch):
        return 0 * sum(p.sum() for p in m.parameters()), {}

    config = FitConfig(epochs=1, lr=0.1, optimizer="adamw", weight_decay=0.5)
    fit(model, nothing, data(n=64, batch_size=16), config, progress="")
    assert model["part"].rate.tolist() == [1, 1]
    assert model["part"].weight.tolist() == pytest.approx([0.95**4, 0.95**4])
    assert model["layer"].weight.item() == pytest.approx(0.95**4)
