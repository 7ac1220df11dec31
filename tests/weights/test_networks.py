"""Networks that read pictures: names, preprocessing, and what they see in real photographs."""

import re
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import ImageNetInfo
from torch import nn

from aeslib.errors import ParameterError, StateError
from aeslib.numerics import one_thread
from aeslib.weights import load, load_card
from aeslib.weights.networks import Convolutions, PictureNetwork, build, timm_state

LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def names_of(blocks: int) -> list[str]:
    """Layers of an EfficientNet-Lite in the naming of efficientnet_pytorch."""
    layers = ["_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"]
    inner = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
    for block in range(blocks):
        layers += [f"_blocks.{block}.{name}" for name in (inner[2:] if block == 0 else inner)]
    return layers


@pytest.mark.parametrize(("name", "blocks"), [*zip(LITES, (16, 21, 21), strict=True)])
def test_names_are_mapped_one_to_one(name, blocks):
    with torch.device("meta"):
        net = build(load_card(name))
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    kinds = {True: norm, False: ("weight",)}
    names = [f"{n}.{kind}" for n in names_of(blocks) for kind in kinds["bn" in n]] + ["_fc.bias"]
    state = timm_state({key: torch.tensor(0) for key in names}, net)
    assert len(state) == len(names)
    assert set(state) == set(net.state_dict())


@pytest.mark.parametrize("name", [*LITES, "vgg16"])
def test_the_preprocessing_is_timms(name):
    card = load_card(name)
    with torch.device("meta"):
        published = timm.create_model(card.network).pretrained_cfg
    ours = card.preprocessing
    assert (3, ours.side, ours.side) == published["input_size"]
    for field, key in (("crop", "crop_pct"), ("interpolation", "interpolation"), ("mean", "mean"), ("std", "std")):
        assert getattr(ours, field) == published[key]


def test_a_picture_is_cut_from_the_middle_and_normalised_once():
    how = load_card("vgg16_conv").preprocessing.model_copy(update={"side": 8, "crop": 0.5})
    network = PictureNetwork(Convolutions(), how)
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[4:12, 8:16] = 255  # the middle eight of sixteen
    image = network.prepare(Image.fromarray(picture))
    assert image.shape == (3, 8, 8)
    assert (image == 1).all()
    network.net.features = nn.Identity()
    read = network.maps(torch.ones(1, 3, 1, 1))
    # 255 less the mean of each colour
    torch.testing.assert_close(read.flatten(), 255 - torch.tensor([123.68, 116.779, 103.939]), rtol=1e-4, atol=1e-3)


def test_what_is_absent_or_reads_texts_says_so():
    with pytest.raises(StateError) as caught:
        load("vgg16_conv")
    assert str(caught.value) == (
        "the weights of VGG16, the original convolutions are not here: `./run_all.sh weights fetch vgg16_conv`."
    )
    with pytest.raises(ParameterError, match=r"^minilm reads texts; call text_encoder\('minilm'\)\.$"):
        load("minilm")


@pytest.mark.weights
def test_vgg16_reads_red_green_blue(published):
    """The owners' first numbers, as print-outs of the first kernel show them: that of blue comes first there."""
    published("vgg16_conv")
    network = load("vgg16_conv")
    first = network.net.features[0]
    assert first.weight.dtype == torch.float32
    half = {"rtol": 1e-3, "atol": 1e-4}
    torch.testing.assert_close(first.weight[:2, 2, 0, 0], torch.tensor([0.42947057, 0.11727387]), **half)
    torch.testing.assert_close(first.bias[:3], torch.tensor([0.73429835, 0.09340367, 0.06775674]), **half)
    assert network.features(torch.rand(2, 3, 64, 48)).shape == (2, 512)
    assert not network.training


@pytest.fixture
def photographs(real_data) -> list[Path]:
    paths = sorted((real_data("oasis_beauty") / "images").glob("*.jpg"))
    if len(paths) < 300:
        pytest.skip("needs the photographs in oasis_beauty/images under AESLIB_DATA")
    return paths


def theme(path: Path) -> str:
    """What a photograph's file is named after, its number left out."""
    return re.sub(r"[ \d]+$", "", path.stem)


@pytest.mark.weights
@pytest.mark.real
@pytest.mark.parametrize("picture", ["Zebra 1", "Tiger 1", "Keyboard 1", "Volcano 1"])
def test_it_names_what_a_photograph_shows(picture, published, photographs):
    published("efficientnet_lite0")
    network = load("efficientnet_lite0")
    path = next(path for path in photographs if path.stem == picture)
    with one_thread(), torch.inference_mode():
        shares = network(network.prepare(Image.open(path))[None])[0].softmax(0)
    assert theme(path).lower() in ImageNetInfo().index_to_description(int(shares.argmax()))
    assert shares.max() > 0.4


@pytest.mark.weights
@pytest.mark.real
@pytest.mark.slow
def test_nearest_neighbours_share_a_theme(published, photographs):
    """Of 338 photographs .54 have a nearest neighbour of their theme; two photographs share it with chance .013."""
    published("efficientnet_lite0")
    network = load("efficientnet_lite0")
    with one_thread(), torch.inference_mode():
        rows = [network.features(network.prepare(Image.open(path))[None])[0] for path in photographs]
    near = torch.nn.functional.normalize(torch.stack(rows), dim=1)
    near = (near @ near.T).fill_diagonal_(-1).argmax(1).numpy()
    themes = np.array([theme(path) for path in photographs])
    same = themes[:, None] == themes
    chance = (same.sum() - len(themes)) / (len(themes) * (len(themes) - 1))
    assert chance < 0.02
    assert (themes == themes[near]).mean() > 0.4
