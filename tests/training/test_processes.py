"""One training that two processes share through `accelerate launch`, as several GPUs would, ends as one does."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from aeslib.metrics import plcc, srcc
from aeslib.training import Batches, FitConfig, fit, predict

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_processes import trained
from accelerate import PartialState
pred = trained()
state = PartialState()
assert (state.num_processes, state.backend, state.device.type) == (2, "gloo", "cpu"), state
if state.is_main_process:
    import numpy as np
    np.save({out!r}, pred)
"""


def data():
    """Grey pictures whose level is to be told; 40 are two batches of 16 and one of 8."""
    rng = np.random.default_rng(0)
    level = rng.uniform(0, 1, 40).astype(np.float32)
    pictures = (255 * level[:, None, None, None] * np.ones((1, 3, 4, 4))).astype(np.uint8)
    return Batches(pictures, {"level": level}, [str(k) for k in range(40)], 16)


def trained():
    """(40,) predictions after four epochs."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 1))

    def objective(m, batch):
        loss = (m(batch["image"])[:, 0] - batch["level"]).square().mean()
        return loss, {}

    fit(model, objective, data(), FitConfig(epochs=4, lr=1e-2, schedule="cosine", clip=1.0), progress="")
    return predict(model, data())[:, 0]


def test_two_processes_train_as_one(tmp_path):
    out, script = tmp_path / "pred.npy", tmp_path / "run.py"
    script.write_text(SCRIPT.format(folder=os.path.dirname(__file__), out=str(out)), encoding="utf-8")
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    own = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path)}  # nobody's configuration
    run = subprocess.run(
        [*launch, str(script)], env=os.environ | own, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    shared, alone, level = np.load(out), trained(), data().targets["level"]
    np.testing.assert_allclose(shared, alone, rtol=1e-3, atol=1e-4)
    assert plcc(alone, level) > 0.9
    for metric in (plcc, srcc):
        assert metric(shared, level) == pytest.approx(metric(alone, level), abs=1e-3)
