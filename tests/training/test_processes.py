"""One training shared by two processes, as several GPUs would share it, ends where one process ends."""

import os
import subprocess
import sys

import numpy as np
import torch
from torch import nn

from aeslib.training import Batches, FitConfig, fit, predict

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_processes import trained
from accelerate import PartialState
pred = trained()
assert PartialState().num_processes == 2, PartialState()
if PartialState().is_main_process:
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
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    run = subprocess.run(launch, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    alone = trained()
    assert np.corrcoef(alone, data().targets["level"])[0, 1] > 0.9
    np.testing.assert_allclose(np.load(out), alone, rtol=1e-3, atol=1e-4)
