"""The search step against an edge-by-edge loop: `python benchmarks/aestheticnet.py` prints ratios (larger is better).

Both compute the same mixture of the same operations: the loop runs every operation of every edge by itself and adds up,
as the formula reads. One thread, CPU seconds of the calling process, best of several calls, taken in turn.
"""

import time

import torch
from torch import Tensor, nn

from aeslib.aestheticnet.genotype import EDGES, NODES, OPS
from aeslib.aestheticnet.network import reductions
from aeslib.aestheticnet.operations import FactorizedReduce, operation, relu_conv_norm
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


def seconds(nets: list[nn.Module], image: Tensor, turns: int = 5) -> list[float]:
    """Best CPU time of a step of each, taken in turn so that a busy neighbour hits both."""
    best = [float("inf")] * len(nets)
    for _ in range(turns + 1):
        for k, net in enumerate(nets):
            start = time.process_time()
            step(net, image)
            best[k] = min(best[k], time.process_time() - start)
    return best


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


def main() -> None:
    """Print one line per size."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("channels cells pixels     loop      ours    ratio  kept for the backward pass")
    for c, cells, side in ((4, 5, 16), (4, 5, 32), (8, 5, 16), (8, 5, 32)):
        loop, ours = LoopNet(c, cells), Supernet((ALL, ALL), c, cells)
        image = torch.randn(BATCH, 3, side, side)
        slow, fast = seconds([loop, ours], image, turns=3 if side == 32 else 5)
        memory = saved_bytes(ours, image) / saved_bytes(loop, image)
        print(f"{c:8d} {cells:5d} {side:6d} {slow:8.3f}s {fast:8.3f}s {slow / fast:7.2f}x {memory:8.2f} of the loop's")


if __name__ == "__main__":
    main()
