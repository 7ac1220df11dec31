import pytest
import torch
from torch import nn

from aeslib.backbones import build
from aeslib.errors import ParameterError
from aeslib.mtcnn.maps import block, enlarged, faithfulness, grad_cam, random_maps
from aeslib.mtcnn.network import MultiTaskNet


class TwoMaps(nn.Module):
    """y0 = mean(A1) − 0.5 mean(A2), y1 the same behind a sigmoid."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, maps):
        means = self.layer(maps).mean((2, 3))
        y = means[:, 0] - 0.5 * means[:, 1]
        return torch.stack([y, y.sigmoid()], 1)


A = torch.tensor([[[[1.0, 2], [3, 4]], [[4, 3], [2, 1]]]], requires_grad=True)


@pytest.mark.parametrize("output", [0, 1])
def test_grad_cam_by_hand(output):
    # w = (1/4, -1/8); sum_k w_k A_k = ((-0.25, 0.125), (0.5, 0.875)), so ReLU gives ((0, 0.125), (0.5, 0.875))
    model = TwoMaps()
    cam = grad_cam(model, model.layer, A, output)
    torch.testing.assert_close(cam, torch.tensor([[[0, 0.142857], [0.571429, 1]]]), rtol=0, atol=1e-6)


def test_a_map_without_support_is_zero():
    model = TwoMaps()
    assert not grad_cam(model, model.layer, -A.detach().requires_grad_(), 0)[0, 1, 1].any()
    flat = grad_cam(model, model.layer, (-A[:, [0, 0]]).detach().requires_grad_(), 0)
    assert not flat.any()


def test_maps_of_the_network_differ_by_output_and_layer():
    torch.manual_seed(0)
    model = MultiTaskNet(build("vgg16"), 5).eval()
    images = torch.rand(2, 3, 64, 64)
    third = block(model, "block4_conv3")
    maps = [grad_cam(model, third, images, k) for k in (0, 3)]
    assert maps[0].shape == (2, 8, 8)
    assert not torch.equal(maps[0], maps[1])
    assert not torch.equal(maps[0], grad_cam(model, block(model, "block4_conv2"), images, 0))
    assert enlarged(maps[0], 64).shape == (2, 64, 64)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_unknown_layer_is_told():
    with pytest.raises(ParameterError) as error:
        block(MultiTaskNet(build("vgg16"), 5), "block4_conv4")
    assert "block4_conv3" in str(error.value)


def test_a_map_of_what_matters_beats_its_opposite():
    """The score is the sharpness of the left half; a map that marks the left half must find it."""
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    left = torch.zeros(3, 4, 4)
    left[:, :, :2] = 1

    def score(x):
        return x[..., :16].std((1, 2, 3))

    right, wrong = faithfulness(score, images, left), faithfulness(score, images, 1 - left)
    assert (right.deletion < wrong.deletion).all()
    assert (right.insertion > wrong.insertion).all()
    by_chance = faithfulness(score, images, random_maps(3, 4, seed=0))
    assert (right.deletion < by_chance.deletion).all()
    assert (by_chance.deletion < wrong.deletion).all()


def test_curves_start_and_end_at_picture_and_blur():
    """With a constant score every curve is that constant."""
    images = torch.rand(2, 3, 16, 16)
    flat = faithfulness(lambda x: torch.full((len(x),), 0.3), images, random_maps(2, 4, seed=1))
    torch.testing.assert_close(flat.deletion, torch.full((2,), 0.3))
    torch.testing.assert_close(flat.insertion, torch.full((2,), 0.3))


def test_the_largest_value_is_one_however_small_the_gradients_are():
    model = TwoMaps()
    cam = grad_cam(model, model.layer, (A.detach() * 1e-15).requires_grad_(), 0)
    torch.testing.assert_close(cam.amax(), torch.tensor(1.0))


def test_a_map_that_marks_no_place_ranks_none():
    images, maps = torch.rand(2, 3, 16, 16), torch.zeros(2, 4, 4)
    maps[1, 0, 0] = 1
    found = faithfulness(lambda x: x.mean((1, 2, 3)), images, maps)
    for curve in (found.deletion, found.insertion):
        assert curve.isnan().tolist() == [True, False]
