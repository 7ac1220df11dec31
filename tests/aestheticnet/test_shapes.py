import numpy as np
import torch

from aeslib.aestheticnet.shapes import RandomSize, ShapedBatches, put_back, resized
from aeslib.training import FitConfig, fit, predict

SHAPES = np.array([(8, 8), (6, 8), (8, 6)])[np.arange(20) % 3]


def shaped() -> ShapedBatches:
    images = np.zeros((20, 3, 8, 8), np.uint8)
    for row, (height, width) in enumerate(SHAPES):
        images[row, :, :height, :width] = 10 * row + 1
    targets = {"score": np.arange(20, dtype=np.float32)}
    return ShapedBatches(images, targets, [str(k) for k in range(20)], 4, shapes=SHAPES)


def test_a_batch_has_one_shape_and_no_padding():
    data = shaped()
    batches = list(data.epoch(0, 0))
    assert len(batches) == data.steps == 6
    for batch in batches:
        assert (batch["image"] > 0).all()
        assert {tuple(SHAPES[row]) for row in batch["index"]} == {tuple(batch["image"].shape[2:])}
    assert sorted(int(row) for b in batches for row in b["index"]) == list(range(20))


def test_epochs_differ_and_repeat():
    data = shaped()
    first, second, again = ([b["index"].tolist() for b in data.epoch(0, epoch)] for epoch in (0, 1, 0))
    assert first == again != second


def test_predictions_come_back_in_order_of_the_rows():
    data = shaped().take(np.arange(1, 20))
    made = predict(torch.nn.Linear(1, 1), data, lambda _, batch: batch["score"])
    assert made.tolist() != sorted(made.tolist())
    assert put_back(made, data).tolist() == list(range(1, 20))


def test_training_runs_on_them():
    model = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 1))

    def objective(m, batch):
        return (m(batch["image"])[:, 0] - batch["score"] / 20).square().mean(), {}

    history = fit(model, objective, shaped(), FitConfig(epochs=30, lr=0.1), progress="")
    assert history.rows[-1]["loss"] < 0.3 * history.rows[0]["loss"]


def test_one_of_the_sizes_a_batch():
    torch.manual_seed(0)
    change = RandomSize((4, 6, 8))
    assert {tuple(change(torch.rand(2, 3, 6, 6)).shape) for _ in range(30)} == {(2, 3, s, s) for s in (4, 6, 8)}


def test_a_size_that_fits_is_left_alone():
    image = torch.rand(1, 3, 6, 6)
    assert resized(image, 6, 6) is image
    torch.testing.assert_close(resized(torch.ones(1, 3, 6, 6), 4, 9), torch.ones(1, 3, 4, 9))
