"""HGCN rebuilt from its public facts: layout-aware graphs over a picture's regions, in two floors ([she2021hgcn]).

Kept: nodes are the cells of a convolutional map, with their coordinates; neighbours are those near in place and those
alike in looks; significant nodes gather into a few aggregates that have a graph of their own; z joins both floors.
Not kept: the published layer's exact formulas, its weights, its trunk (ResNet50 stands in).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.backbones import Entry, SimpleCNN


class LayoutGraph(nn.Module):
    """One graph convolution whose neighbours are those near in place and, apart from it, those alike in looks."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.near, self.alike = nn.Linear(width, width), nn.Linear(width, width)
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.reach = nn.Parameter(torch.tensor(0.0))

    def forward(self, nodes: Float[Tensor, "B N d"], place: Float[Tensor, "*B N 2"]) -> Float[Tensor, "B N d"]:
        """Nodes with what their neighbours say added; `place` in 0–1."""
        x = self.norm(nodes)
        apart = (place.unsqueeze(-2) - place.unsqueeze(-3)).square().sum(-1)
        spatial = (-apart * 8 * self.reach.exp()).softmax(-1)
        looks = (self.query(x) @ self.key(x).mT / x.shape[-1] ** 0.5).softmax(-1)
        return nodes + torch.relu(spatial @ self.near(x) + looks @ self.alike(x))


class HGCN(nn.Module):
    """z joins the mean of the aggregates' graph and the attractiveness-weighted mean of the regions."""

    def __init__(self, trunk: nn.Module, channels: int, width: int, aggregates: int) -> None:
        super().__init__()
        self.trunk, self.num_features = trunk, 2 * width
        self.embed = nn.Linear(channels, width)
        self.regions = nn.ModuleList(LayoutGraph(width) for _ in range(2))
        self.attract, self.gather = nn.Linear(width, 1), nn.Linear(width, aggregates)
        self.whole = LayoutGraph(width)

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        """z of pictures of any size that leaves a cell of the map."""
        last = self.trunk(image)
        rows, columns = ((torch.arange(n, device=last.device, dtype=last.dtype) + 0.5) / n for n in last.shape[-2:])
        place = torch.cartesian_prod(rows, columns)
        nodes = self.embed(last.flatten(2).mT)
        for layer in self.regions:
            nodes = layer(nodes, place)
        attract = self.attract(nodes)
        share = (self.gather(nodes) + attract).softmax(1).mT  # (B, K, N)
        whole = self.whole(share @ nodes, share @ place)
        return torch.cat([whole.mean(1), (attract.softmax(1) * nodes).sum(1)], 1)


def _small() -> nn.Module:
    return HGCN(SimpleCNN().blocks[:3], channels=64, width=48, aggregates=8)


def _paper(pretrained: bool) -> nn.Module:
    import timm

    net = timm.create_model("resnet50", pretrained=pretrained, num_classes=0, global_pool="")
    return HGCN(net, channels=2048, width=512, aggregates=16)


ENTRY = Entry(_small, _paper, 27_717_716, "[she2021hgcn], on ResNet50")
