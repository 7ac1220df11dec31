"""CBAM: weights for channels, then for places, of a feature map [woo2018cbam] (aestheticnet 4.2; methods 5.4)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class CBAM(nn.Module):
    """F'' = M_s ⊙ F', F' = M_c ⊙ F.

    M_c = σ(MLP(mean over places) + MLP(max over places)), M_s = σ(BN(conv([max over channels; mean over channels]))).
    """

    def __init__(self, channels: int, reduction: int = 16, kernel: int = 7) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(1, momentum=0.01)

    def channels(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C 1 1"]:
        """M_c."""
        return (self.mlp(f.mean((2, 3))) + self.mlp(f.amax((2, 3)))).sigmoid()[:, :, None, None]

    def places(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 1 H W"]:
        """M_s of the map that channels have weighted already."""
        pooled = torch.cat([f.amax(1, keepdim=True), f.mean(1, keepdim=True)], 1)
        return self.norm(self.conv(pooled)).sigmoid()

    def forward(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """F''."""
        f = self.channels(f) * f
        return self.places(f) * f
