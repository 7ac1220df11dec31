import numpy as np
import pytest
import torch

from aeslib.backbones import build
from aeslib.mtcnn.network import MultiTaskNet
from aeslib.mtcnn.stages import first_stage, predicted, second_stage, squared_errors
from aeslib.training import Batches, fit


def made(n: int = 12, side: int = 32) -> tuple[MultiTaskNet, Batches]:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (n, 3, side, side), dtype=np.uint8)
    target = rng.random((n, 3), dtype=np.float32)
    return MultiTaskNet(build("vgg16"), 3), Batches(images, {"target": target}, [str(k) for k in range(n)], 6)


def test_the_loss_is_the_mean_over_images_and_outputs():
    model = MultiTaskNet(build("vgg16"), 3)
    model.forward = lambda image: image  # type: ignore[method-assign]
    batch = {"image": torch.tensor([[0.6, 0.1, 0.05]]), "target": torch.tensor([[0.7, 0.2, -0.1]])}
    assert squared_errors(model, batch)[0].item() == pytest.approx(0.0141667, abs=1e-7)


def test_learning_rates_of_the_second_stage():
    rate = second_stage(0)
    assert [rate.lr_at(step, 399) for step in (0, 125, 133, 399)] == pytest.approx(
        [1e-4, 5e-5, 4.783e-5, 1.0942e-5], rel=1e-4
    )
    assert (rate.epochs, first_stage(0).epochs, first_stage(0).lr_at(300, 665)) == (3, 5, 1e-3)


def changed(before: dict, model: MultiTaskNet) -> set[str]:
    return {name.rsplit(".", 1)[0] for name, p in model.named_parameters() if not torch.equal(before[name], p)}


def test_only_the_chosen_layers_change():
    model, data = made()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    fit(model, squared_errors, data, first_stage(0, epochs=1), progress="")
    assert changed(before, model) == {"hidden.0", "hidden.2", "output"}
    fit(model, squared_errors, data, second_stage(0, epochs=1), progress="")
    assert changed(before, model) == {
        "hidden.0", "hidden.2", "output", "encoder.net.layers.19", "encoder.net.layers.21",
    }  # fmt: skip


def test_kept_maps_and_features_give_what_pictures_give():
    model, data = made()
    model.eval()
    image = data.batch(np.arange(4))["image"]
    sides = torch.stack([model.lower(image), model.lower(image.flip(-1))], 1)
    features = torch.stack([model.upper(side) for side in sides.unbind(1)], 1)
    by_picture = predicted(model, {"image": image})
    torch.testing.assert_close(predicted(model, {"maps": sides}), by_picture)
    torch.testing.assert_close(predicted(model, {"features": features}), by_picture)
    torch.manual_seed(3)
    drawn = predicted(model, {"maps": sides}, mirrored=True)
    both = torch.stack([by_picture, model(image.flip(-1))], 1)
    torch.manual_seed(3)
    chosen = torch.randint(2, (4,))
    assert 0 < chosen.sum() < 4
    torch.testing.assert_close(drawn, both[torch.arange(4), chosen])
