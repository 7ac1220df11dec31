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


def test_bars_end_at_the_number_beside_them_and_scales_do_not_share_an_axis():
    scores = pd.DataFrame(
        {"Overall": [0.5, 1.0], "Content": [0.4, -0.6], "light": [4.0, 1.5], "Symmetry": [0.0, 1.0]},
        index=["high", "low"],
    )
    ranges = {"Overall": (0, 1), "Content": (-1, 1), "light": (1, 4), "Symmetry": (0.0, 1.0)}
    figure = plots.figure_examples(PICTURES, scores, ranges)
    for k, image in enumerate(scores.index):
        axes = figure.axes[2 + k :: 2]
        assert [ax.get_xlabel() for ax in axes] == ["score, 0 to 1", "score, -1 to 1", "score, 1 to 4"]
        for ax, names in zip(axes, (["Overall", "Symmetry"], ["Content"], ["light"]), strict=True):
            ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
            assert ends == scores.loc[image, names].tolist()
            assert [text.get_text() for text in ax.texts] == [f"{end:.2f}" for end in ends]
            low, high = ranges[names[0]]
            assert ax.get_xlim()[0] <= low < high < ax.get_xlim()[1]
            assert {bar.get_x() for bar in ax.patches} == {0.0 if low < 0 else low}
    assert [label.get_text() for label in figure.axes[2].get_yticklabels()] == ["Overall", "Symmetry"]


def test_an_empty_map_says_so_and_covers_nothing():
    layers = np.stack([np.zeros((8, 8)), np.full((8, 8), 1e-6)])
    figure = plots.figure_maps(PICTURES, {"conv2": layers, "conv3": layers[::-1]}, ["low", "high"])
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes[:6]]
    assert texts == [[], ["no positive evidence"], [], [], [], ["no positive evidence"]]
    assert [len(ax.images) for ax in figure.axes[:6]] == [1, 1, 2, 1, 2, 1]
    undefined = plots.figure_maps(PICTURES[:1], {"conv2": np.full((1, 8, 8), np.nan)}, ["low"])
    assert [text.get_text() for text in undefined.axes[1].texts] == ["not defined"]
    assert (undefined.axes[2].get_ylim(), undefined.axes[2].get_ylabel()) == ((0, 1), "importance (largest = 1)")


def test_pairs_without_a_value_say_so():
    figure = plots.figure_pairs(pd.DataFrame({"x": [0.1, np.nan], "y": [0.3, 0.1]}, index=["p", "q"]), xlabel="rho")
    assert [(text.get_text(), text.get_position()[1]) for text in figure.axes[0].texts] == [("not defined", 1)]


def test_pairs_join_two_values():
    figure = plots.figure_pairs(pd.DataFrame({"x": [0.1, 0.2], "y": [0.3, 0.1]}, index=["p", "q"]), xlabel="rho")
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines[:2]] == [[0.1, 0.2], [0.3, 0.1]]
