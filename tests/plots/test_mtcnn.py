import numpy as np
import pandas as pd
import torch

from aeslib.backbones import build
from aeslib.mtcnn.network import MultiTaskNet, layer_table
from aeslib.plots import mtcnn as plots

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 255, (2, 3, 8, 8), dtype=np.uint8)


def words(figure) -> set[str]:
    return {text.get_text() for ax in figure.axes for text in [*ax.texts, ax.title]}


def test_the_network_is_drawn_step_by_step():
    with torch.device("meta"):
        layers = layer_table(MultiTaskNet(build("vgg16", "paper"), 12), 256)
    figure = plots.figure_network(layers)
    assert len(figure.axes[0].patches) == len(layers) == 22
    assert {"b4_conv2 · 512 × 32²", "outputs · 12"} <= words(figure)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[1] == "trained from the second stage: 4,719,616"


def test_agreement_shows_the_range_of_predictions():
    truth = RNG.random(50)
    figure = plots.figure_agreement(truth, 0.4 + 0.1 * truth, unit="0 to 1", scale=(0, 1))
    band = figure.axes[0].patches[0].get_extents().transformed(figure.axes[0].transData.inverted())
    assert 0.4 <= band.y0 < band.y1 <= 0.5
    assert figure.axes[0].get_xlabel() == "true score (0 to 1)"


def test_pictures_and_maps_carry_their_captions():
    assert {"a", "b"} <= words(plots.figure_pictures(PICTURES, ["a", "b"]))
    maps = {"conv2": RNG.random((2, 8, 8)), "conv3": RNG.random((2, 8, 8))}
    figure = plots.figure_maps(PICTURES, maps, ["low", "high"])
    assert {"low", "high", "conv2", "conv3"} <= words(figure)
    assert len(figure.axes) == 2 * 3 + 1


def test_bars_stand_on_each_scores_own_scale():
    scores = pd.DataFrame({"Overall": [0.5, 1.0], "light": [4.0, 1.0]}, index=["high", "low"])
    figure = plots.figure_examples(PICTURES, scores, {"Overall": (0, 1), "light": (1, 4)})
    bars = [[bar.get_width() for bar in ax.patches] for ax in figure.axes[2:]]
    assert bars == [[0.5, 1.0], [1.0, 0.0]]


def test_pairs_join_two_values():
    figure = plots.figure_pairs(pd.DataFrame({"x": [0.1, 0.2], "y": [0.3, 0.1]}, index=["p", "q"]), xlabel="rho")
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines[:2]] == [[0.1, 0.2], [0.3, 0.1]]
