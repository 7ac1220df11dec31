import numpy as np
import pytest
import torch

from aeslib.aestheticnet.shapes import RandomSize, ShapedBatches, equal_area, put_back, resized, seen
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


def test_shapes_of_equal_area_keep_their_aspect():
    assert equal_area((1, 1), 32) == (32, 32)
    assert equal_area((2, 3), 32) == (26, 39)
    assert equal_area((256, 171), 224, 8) == (272, 184)
    for shape in ((1, 2), (3, 4), (256, 171), (100, 256)):
        height, width = equal_area(shape, 224, 8)
        assert height % 8 == width % 8 == 0
        assert height * width == pytest.approx(224**2, rel=0.05)
        assert height / width == pytest.approx(shape[0] / shape[1], rel=0.06)


def test_a_crop_is_the_square_in_the_middle():
    image = torch.arange(24.0).view(1, 1, 4, 6).expand(1, 3, 4, 6)
    assert seen(image, "crop", 4, 4).tolist() == image[..., 1:5].tolist()
    assert seen(image, "own", 4, 6) is image
    assert seen(image, "squash", 4, 4).shape == (1, 3, 4, 4)


def test_every_view_has_the_same_batches_and_leaves_out_what_pads():
    own, squash, crop = (shaped().at(view, 8) for view in ("own", "squash", "crop"))
    for batches in zip(own.epoch(0, 0), squash.epoch(0, 0), crop.epoch(0, 0), strict=True):
        assert len({tuple(batch["index"].tolist()) for batch in batches}) == 1
        assert all((batch["image"] > 0).all() for batch in batches)
        assert {tuple(batch["image"].shape[2:]) for batch in batches[1:]} == {(8, 8)}
    assert {tuple(batch["image"].shape[2:]) for batch in own.in_order()} == {(8, 8), (7, 9), (9, 7)}
    assert squash.steps == crop.steps == own.steps
