"""Where the network looks: Grad-CAM (mtcnn 5.1.3), and whether the places it marks matter to the score.

Letters: B pictures · K outputs · T steps of a deletion or insertion curve.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.transforms.functional import gaussian_blur

from aeslib.errors import unknown
from aeslib.mtcnn.network import NAMES, MultiTaskNet
from aeslib.seeding import torch_generator

LAYERS = ("block4_conv2", "block4_conv3")
"""The two layers that fine-tuning opens and that the paper's maps are of."""
STEPS = 8


def block(model: MultiTaskNet, name: str) -> nn.Module:
    """The ReLU behind the convolution of that name."""
    places = {layer: k + 1 for k, layer in NAMES.items() if "conv" in layer}
    if name not in places:
        raise unknown("layer", name, places)
    return model.layers[places[name]]


def grad_cam(model: nn.Module, layer: nn.Module, images: Tensor, output: int = 0) -> Float[Tensor, "B h w"]:
    """Grad-CAM of one output: ReLU(Σ_k w_k A_k) with w_k the spatial mean of ∂y/∂A_k, its largest value set to 1.

    Before or behind the sigmoid makes no difference, since the map is normalised. All zero where nothing speaks for a
    higher score.
    """
    from captum.attr import LayerGradCam

    with torch.enable_grad():
        cam = LayerGradCam(model, layer).attribute(images, target=output, relu_attributions=True).detach()[:, 0]
    peak = cam.amax((1, 2), keepdim=True)
    return cam / torch.where(peak > 0, peak, 1)


def enlarged(maps: Float[Tensor, "B h w"], side: int) -> Float[Tensor, "B H W"]:
    """Maps at the size of the pictures, bilinear."""
    return interpolate(maps[:, None], (side, side), mode="bilinear", align_corners=False)[:, 0]


@dataclass(frozen=True)
class Faithfulness:
    """Mean of the score over the curve, per picture: (B,) each, NaN where the map marks no place."""

    deletion: Tensor
    """The most marked places blurred first: low when the map marks what raises the score."""
    insertion: Tensor
    """Blurred picture, the most marked places restored first: high when it does."""


@torch.no_grad()
def faithfulness(
    score: Callable[[Tensor], Tensor], images: Float[Tensor, "B 3 H W"], maps: Float[Tensor, "B h w"]
) -> Faithfulness:
    """Deletion and insertion scores of maps ([petsiuk2018rise] 4, here with blur as what hides).

    Args:
        score: pictures (n, 3, H, W) → (n,).
        images: in 0–1.
        maps: higher is more important; enlarged here. One that is zero everywhere ranks no place: its picture gets NaN.
    """
    empty = maps.flatten(1).amax(1) <= 0
    size, side = len(images), images.shape[-1]
    hidden = gaussian_blur(images, [side // 4 * 2 + 1] * 2, [side / 8] * 2)
    rank = enlarged(maps, side).flatten(1).argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    share = rank.view(size, 1, side, side) / side**2  # 0: most important
    curves = []
    for first, then in ((hidden, images), (images, hidden)):
        steps = [torch.where(share < t / STEPS, first, then) for t in range(STEPS + 1)]
        values = score(torch.cat(steps)).view(STEPS + 1, size)
        curves.append(((values[1:] + values[:-1]).mean(0) / 2).masked_fill(empty.to(values.device), torch.nan))
    return Faithfulness(*curves)


def random_maps(size: int, cells: int, seed: int) -> Float[Tensor, "B h w"]:
    """Maps of chance with as many cells as a Grad-CAM map, so that they are as smooth when enlarged."""
    return torch.rand(size, cells, cells, generator=torch_generator(seed))
