"""The pretext gives a start, once, and nothing of the aesthetic score enters it."""

from dataclasses import replace

import torch

from aeslib.paths import artifacts_dir
from aeslib.profiles import PROFILES
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
