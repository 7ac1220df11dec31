import numpy as np
import pytest
import torch

from aeslib.backbones import build
from aeslib.data.synthetic.scenes import Camera, draw_scenes
from aeslib.errors import ParameterError
from aeslib.mtcnn.network import MultiTaskNet
from aeslib.mtcnn.targets import Scaling
from aeslib.widgets.mtcnn import LATENTS, LatentExplorer, respond

SCALING = Scaling.of((0, 10), {"light": (1, 4)})
SCENES = draw_scenes(np.random.default_rng(0), 3, Camera())


@pytest.fixture
def model() -> MultiTaskNet:
    torch.manual_seed(0)
    return MultiTaskNet(build("vgg16"), 2).eval()


def test_the_picture_follows_and_the_scene_stays(model):
    kept = SCENES[0].copy()
    dark, bright = (
        respond(model, SCALING, SCENES[0], output="light", latent="exposure", value=value) for value in (-2, 2)
    )
    assert bright.picture.mean() > dark.picture.mean() + 20
    assert dark.picture.shape == (3, 64, 64)
    assert dark.map.shape == (64, 64)
    assert (dark.scores >= SCALING.low).all()
    assert not np.array_equal(dark.scores, bright.scores)
    assert SCENES[0] == kept


def test_unknown_names_are_told(model):
    with pytest.raises(ParameterError) as error:
        respond(model, SCALING, SCENES[0], output="ligth", latent="exposure", value=0)
    assert "light" in str(error.value)
    with pytest.raises(ParameterError) as error:
        respond(model, SCALING, SCENES[0], output="light", latent="exposre", value=0)
    assert "exposure" in str(error.value)


def test_every_control_answers(model):
    app = LatentExplorer(model, SCALING, SCENES)
    first = app.line.value
    assert first.startswith("<b>Overall: predicted ")
    for latent, (low, high) in LATENTS.items():
        app.latent.value = latent
        assert (app.value.min, app.value.max) == (low, high)
        assert "(+0.000)" in app.line.value or latent in {"x", "y", "size"}  # those may be drawn beyond the slider
    app.output.value = "light"
    app.scene.value = 2
    app.value.value = app.value.max
    assert app.line.value != first
    assert app.picture.value.count("<img alt=") == 1
