"""Recipes of the papers: sides, crops, flips; pictures at their own aspect."""

import numpy as np
import pytest
import torch

from aeslib.data.images import ImageStore
from aeslib.data.transforms import RECIPES, crop, get_recipe, mirror, resize, same_shape
from aeslib.errors import ParameterError
from aeslib.training import Batches


@pytest.mark.parametrize("paper", sorted(RECIPES))
def test_sides(paper):
    recipe = get_recipe(paper).at(48)
    image = torch.rand(4, 3, recipe.store, recipe.store)
    for made in (recipe.train(image), recipe.evaluate(image)):
        assert made.shape == (4, 3, 48, 48)
        assert 0 <= made.min() <= made.max() <= 1
    torch.testing.assert_close(recipe.evaluate(image), recipe.evaluate(image))
    with pytest.raises(
        ParameterError, match=r"^pictures are \(8, 8\), this recipe stores \d+ × \d+; open the store with"
    ):
        recipe.train(image[..., :8, :8])


@pytest.mark.parametrize("paper", sorted(RECIPES))
def test_pictures_are_changed_where_they_are_sent(paper):
    recipe = get_recipe(paper).at(48)
    stored = np.zeros((4, 3, recipe.store, recipe.store), np.uint8)
    data = Batches(stored, {}, list("abcd"), 4, recipe.train, recipe.evaluate, device="meta")
    for batch in (next(data.epoch(0, 0)), next(data.in_order())):
        assert batch["image"].device.type == "meta"
        assert batch["image"].shape == (4, 3, 48, 48)


def test_published_sides():
    sides = {paper: (recipe.store, recipe.side) for paper, recipe in RECIPES.items()}
    assert sides["elta"] == (300, 256)
    assert sides["aesmamba"] == sides["taskvec"] == (256, 224)
    with pytest.raises(ParameterError, match=r"no recipe named 'eltas'\. Did you mean 'elta'"):
        get_recipe("eltas")


def test_crops_are_parts_at_places_of_their_own():
    torch.manual_seed(0)
    image = torch.arange(100.0).view(1, 1, 10, 10).expand(64, 3, 10, 10)
    parts = crop(image, 4, random=True)
    corners = parts[:, 0, 0, 0]
    rows, columns = corners // 10, corners % 10
    assert rows.max() <= 6
    assert columns.max() <= 6
    assert len(corners.unique()) > 20
    torch.testing.assert_close(parts[:, 1, 3, 2], corners + 32)
    assert crop(image, 4, random=False)[0, 0, 0, 0] == 33


def test_mirror_turns_about_half():
    torch.manual_seed(0)
    image = torch.rand(400, 3, 4, 4)
    made = mirror(image)
    turned = (made != image).flatten(1).any(1)
    assert 150 < int(turned.sum()) < 250
    torch.testing.assert_close(made[turned].flip(-1), image[turned])


def test_resize_keeps_constants():
    torch.testing.assert_close(resize(torch.full((1, 3, 9, 9), 0.7), 5), torch.full((1, 3, 5, 5), 0.7))


def test_own_aspect():
    array = np.zeros((3, 3, 40, 40), np.uint8)
    array[1, :, :20, :40] = 255
    shapes = np.array([[40, 40], [20, 40], [40, 40]])
    groups = same_shape(ImageStore(("a", "b", "c"), array, shapes, {}), [0, 1, 2], short_side=16)
    assert {tuple(batch.shape): rows for rows, batch in groups} == {(2, 3, 16, 16): [0, 2], (1, 3, 16, 32): [1]}
    assert groups[1][1].min() > 0.99  # no padding came along
