"""The search step against an edge-by-edge loop.

Both compute the same mixture of the same operations: the loop runs every operation of every edge by itself and adds up,
as the formula reads, with torch's convolutions.
"""

from collections.abc import Callable
from types import MethodType

import torch
from timing import Comparison
from torch import Tensor, nn

from aeslib.aestheticnet.depthwise import Pointwise
from aeslib.aestheticnet.genotype import EDGES, NODES, OPS
from aeslib.aestheticnet.network import reductions
from aeslib.aestheticnet.operations import Depthwise, FactorizedReduce, operation, relu_conv_norm
from aeslib.aestheticnet.supernet import ALL, Supernet

BATCH = 32


def candidate(op: str, c: int, stride: int) -> nn.Module:
    """One operation of one edge; pools end with a batch norm."""
    made = operation(op, c, stride, affine=False)
    return nn.Sequential(made, nn.BatchNorm2d(c, affine=False)) if "pool" in op else made


class LoopCell(nn.Module):
    """14 edges of 8 operations each, one after the other."""

    def __init__(self, c_before: int, c_last: int, c: int, halves: bool, halved: bool) -> None:
        super().__init__()
        self.before = FactorizedReduce(c_before, c, False) if halved else relu_conv_norm(c_before, c, False)
        self.last = relu_conv_norm(c_last, c, False)
        self.edges = nn.ModuleList(
            nn.ModuleList(candidate(op, c, 2 if halves and source < 2 else 1) for op in OPS) for source, _ in EDGES
        )

    def forward(self, before: Tensor, last: Tensor, weights: Tensor) -> Tensor:
        """The four nodes joined."""
        states = [self.before(before), self.last(last)]
        for node in range(2, 2 + NODES):
            rows = [row for row, edge in enumerate(EDGES) if edge[1] == node]
            mixed = [
                sum(w * op(states[EDGES[row][0]]) for w, op in zip(weights[row], self.edges[row], strict=True))
                for row in rows
            ]
            states.append(sum(mixed))  # type: ignore[arg-type]
        return torch.cat(states[2:], 1)


class LoopNet(nn.Module):
    """The same supernet in loops."""

    def __init__(self, c: int, cells: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * c, 3, padding=1, bias=False), nn.BatchNorm2d(3 * c))
        c_before = c_last = 3 * c
        halved, made = False, []
        for place in range(cells):
            halves = place in reductions(cells)
            c = 2 * c if halves else c
            made.append(LoopCell(c_before, c_last, c, halves, halved))
            c_before, c_last, halved = c_last, NODES * c, halves
        self.cells, self.halves = nn.ModuleList(made), [place in reductions(cells) for place in range(cells)]
        self.head = nn.Linear(c_last, 10)
        self.alphas = nn.ParameterList(nn.Parameter(1e-3 * torch.randn(len(EDGES), len(OPS))) for _ in range(2))
        for part in self.modules():
            if isinstance(part, Depthwise | Pointwise):  # torch's code, not our faster forms of it
                part.forward = MethodType(nn.Conv2d.forward, part)  # type: ignore[method-assign]

    def forward(self, image: Tensor) -> Tensor:
        """Logits."""
        weights = [alpha.softmax(1) for alpha in self.alphas]
        before = last = self.stem(image)
        for cell, halves in zip(self.cells, self.halves, strict=True):
            before, last = last, cell(before, last, weights[halves])
        return self.head(last.mean((2, 3)))


def step(net: nn.Module, image: Tensor) -> None:
    """Forward and backward."""
    loss = net(image).softmax(-1).square().sum()
    torch.autograd.grad(loss, list(net.parameters()))


def saved_bytes(net: nn.Module, image: Tensor) -> int:
    """Bytes of the maps that the forward pass keeps for the backward pass, each storage once."""
    kept: dict[int, int] = {}

    def keep(t: Tensor) -> Tensor:
        kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        held = net(image).sum()
    del held
    return sum(kept.values())


def nets(c: int, quick: bool) -> tuple[LoopNet, Supernet, Tensor]:
    """The loop, ours and pictures."""
    torch.manual_seed(0)
    cells, batch, side = (3, 2, 8) if quick else (5, BATCH, 16)
    return LoopNet(c, cells), Supernet((ALL, ALL), c, cells), torch.randn(batch, 3, side, side)


def search_step(c: int, target: float) -> Callable[[bool], Comparison]:
    """Time of a step."""

    def made(quick: bool) -> Comparison:
        loop, ours, image = nets(c, quick)
        return Comparison(
            path=f"P-DARTS search step, {len(ours.cells)} cells, C {c}", against="operations edge by edge", unit="x",
            target=target, ours=lambda: step(ours, image), peer=lambda: step(loop, image),
        )  # fmt: skip

    return made


def kept(c: int) -> Callable[[bool], Comparison]:
    """Memory of a step."""

    def made(quick: bool) -> Comparison:
        loop, ours, image = nets(c, quick)
        return Comparison(
            path=f"P-DARTS search step, what is kept for backward, C {c}", against="operations edge by edge",
            unit="share", target=0.6, value=lambda: saved_bytes(ours, image) / saved_bytes(loop, image),
        )  # fmt: skip

    return made


COMPARISONS = {
    "search-c8": search_step(8, 2.3),
    "search-c4": search_step(4, 2.5),
    "search-memory-c8": kept(8),
    "search-memory-c4": kept(4),
}
