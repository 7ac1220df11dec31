"""The pretext gives a start, once, and nothing of the aesthetic score enters it."""

from dataclasses import replace

import numpy as np
import torch

from aeslib.backbones import build
from aeslib.paths import artifacts_dir
from aeslib.profiles import PROFILES
from aeslib.seeding import seeded
from aeslib.training import pretext

TINY = replace(PROFILES["smoke"], pretext_images=48, pretext_epochs=1)


def test_made_once_and_the_same_for_everybody(monkeypatch):
    first = pretext.pretrained("cnn", TINY, progress=False)
    state = torch.get_rng_state()
    monkeypatch.setattr(pretext, "fit", None)  # not again
    again = pretext.pretrained("cnn", TINY, progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    monkeypatch.undo()


def test_another_size_is_another_start():
    pretext.pretrained("cnn", TINY, progress=False)
    pretext.pretrained("cnn", replace(TINY, pretext_images=40), progress=False)
    assert len(list((artifacts_dir("smoke") / "pretext").glob("cnn-*.safetensors"))) == 2


def test_a_damaged_file_is_made_again():
    first = pretext.pretrained("cnn", TINY, progress=False)
    (path,) = (artifacts_dir("smoke") / "pretext").glob("cnn-*.safetensors")
    path.write_bytes(b"half")
    again = pretext.pretrained("cnn", TINY, progress=False)
    assert all(torch.equal(again.state_dict()[name], value) for name, value in first.state_dict().items())


def test_targets_are_themes_and_visible_qualities():
    made = pretext.pictures(30, 32)
    assert set(made.targets) == {"theme", "quality"}
    assert made.targets["theme"].max() < 12
    assert made.targets["quality"].min() >= 0
    assert made.targets["quality"].max() <= 1


def test_themes_alone_are_another_start_in_a_file_of_its_own():
    """Without the option nothing changes: the name of the file and the weights are those of before."""
    usual = pretext.pretrained("cnn", TINY, progress=False)
    themes = pretext.pretrained("cnn", TINY, themes_only=True, progress=False)
    folder = artifacts_dir("smoke") / "pretext"
    assert len(list(folder.glob("cnn-themes-*.safetensors"))) == 1
    assert len(list(folder.glob("cnn-*.safetensors"))) == 2
    assert not all(torch.equal(themes.state_dict()[name], value) for name, value in usual.state_dict().items())
    again = pretext.pretrained("cnn", TINY, themes_only=True, progress=False)
    assert all(torch.equal(again.state_dict()[name], value) for name, value in themes.state_dict().items())


def test_no_quality_is_a_target_of_themes_alone():
    with seeded(0):
        model = pretext.PretextModel(build("cnn"))
    batch = pretext.pictures(6, 32).batch(np.arange(6))
    loss, logs = pretext.theme_objective(model, batch)
    loss.backward()
    assert set(logs) == {"theme_accuracy"}
    assert model.quality.weight.grad is None
    assert model.theme.weight.grad is not None
    other = batch | {"quality": 1 - batch["quality"]}
    assert torch.equal(pretext.theme_objective(model.eval(), other)[0], pretext.theme_objective(model, batch)[0])
