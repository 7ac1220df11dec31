"""The network of all candidate networks, fast: everything that leaves one state of a cell is computed together.

An edge mixes its operations by softmax(α) (methods 5.1). All edges that leave a state share its ReLU and its pools,
their convolutions are one grouped convolution each, `none` costs nothing, and the softmax weight is the scale of the
batch norm that an operation ends with. Convolutions of small maps take the forms of `depthwise`, and maps lie in memory
channels last, both because processors have faster code for that; the map between the two halves of a `sep_conv` is
computed again in backward. The result is that of the edge-by-edge loop; `benchmarks/aestheticnet.py` compares both.

Letters: B batch · C channels · E edges that leave one state · K kernel size.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, dropout, max_pool2d

from aeslib.aestheticnet.depthwise import LAST, depthwise, norm_relu_depthwise, pointwise
from aeslib.aestheticnet.genotype import EDGES, NODES, OPS
from aeslib.aestheticnet.network import Stem, reductions, small_stem
from aeslib.aestheticnet.operations import FactorizedReduce, relu_conv_norm, shifted

Kept = tuple[tuple[str, ...], ...]
"""The operations that each of the 14 edges still has, in the order of `OPS`."""
ALL: Kept = (OPS,) * len(EDGES)
POOLS = ("max_pool_3x3", "avg_pool_3x3")
DENSE = 64
"""Channels up to which pointwise convolutions of several edges are one dense one."""
CHEAP = (*POOLS, "skip_connect")
"""Operations without weights (where nothing is halved): one product mixes them for all edges."""


def normed(x: Tensor, weight: Tensor | None = None) -> Tensor:
    """Batch norm by the batch's own statistics (a search is never evaluated with running ones), times a scale."""
    return batch_norm(x, None, None, weight, None, training=True)


def grouped_weight(groups: int, c_out: int, c_in: int, k: int) -> nn.Parameter:
    """Weights of `groups` convolutions side by side, drawn as `nn.Conv2d` draws each one's."""
    weight = torch.empty(groups * c_out, c_in, k, k)
    bound = (c_in * k * k) ** -0.5
    return nn.Parameter(weight.uniform_(-bound, bound))


def block_diagonal(weight: Float[Tensor, "EC C 1 1"], edges: int) -> Float[Tensor, "EC EC 1 1"]:
    """E pointwise convolutions as one dense one: more products, but faster while there are few channels."""
    own = torch.eye(edges, device=weight.device)[:, None, :, None]
    blocks = weight.view(edges, -1, 1, weight.shape[1]) * own  # (E, C, E, C)
    return blocks.reshape(len(weight), -1, 1, 1)


class Separable(nn.Module):
    """ReLU is done; depthwise K×K, pointwise and norm of E edges at once; `repeats` 2 makes sep_conv of it."""

    def __init__(self, edges: int, c: int, k: int, repeats: int) -> None:
        super().__init__()
        self.edges, self.c = edges, c
        self.depthwise = nn.ParameterList(grouped_weight(edges * c, 1, 1, k) for _ in range(repeats))
        self.pointwise = nn.ParameterList(grouped_weight(edges, c, c, 1) for _ in range(repeats))

    def forward(
        self, x: Float[Tensor, "B EC H W"], weight: Float[Tensor, " E"], stride: int, dilation: int
    ) -> Float[Tensor, "B EC h w"]:
        """The rectified state, once per edge → each edge's result, scaled."""
        x = self._mixed(depthwise(x, self.depthwise[0], stride, dilation), self.pointwise[0])
        for deep, point in zip(self.depthwise[1:], self.pointwise[1:], strict=True):
            x = self._mixed(norm_relu_depthwise(x, deep), point)
        return normed(x, weight.repeat_interleave(self.c))

    def _mixed(self, x: Tensor, point: Tensor) -> Tensor:
        """Pointwise convolution of each edge."""
        if self.edges * self.c <= DENSE:
            return pointwise(x, block_diagonal(point, self.edges))
        return conv2d(x, point, groups=self.edges)


class Halved(nn.Module):
    """skip_connect of E edges of stride 2: `FactorizedReduce` for each."""

    def __init__(self, edges: int, c: int) -> None:
        super().__init__()
        self.edges, self.c = edges, c
        self.even = grouped_weight(edges, c // 2, c, 1)
        self.odd = grouped_weight(edges, c - c // 2, c, 1)

    def forward(self, x: Float[Tensor, "B C H W"], weight: Float[Tensor, " E"]) -> Float[Tensor, "B EC h w"]:
        """The rectified state → each edge's result, scaled."""
        even, odd = (
            pointwise(part, w).unflatten(1, (self.edges, -1))
            for part, w in zip(shifted(x), (self.even, self.odd), strict=True)
        )
        return normed(torch.cat([even, odd], 2).flatten(1, 2), weight.repeat_interleave(self.c))


def copies(x: Float[Tensor, "B C H W"], n: int) -> Float[Tensor, "B nC H W"]:
    """x once per edge; unlike `repeat` this keeps channels last."""
    return torch.cat([x] * n, 1) if n > 1 else x


def _convolution(name: str, edges: int, c: int) -> nn.Module:
    if name == "skip_connect":
        return Halved(edges, c)
    kind, _, size = name.split("_")
    return Separable(edges, c, int(size[0]), 1 if kind == "dil" else 2)


class Fan(nn.Module):
    """All edges that leave one state.

    Args:
        kept: operations of each edge.
        c: channels.
        stride: 2 where a reduction cell reads its inputs.
        p: skip dropout; one draw for all edges of the state (P-DARTS draws for each edge).
    """

    def __init__(self, kept: Sequence[tuple[str, ...]], c: int, stride: int, p: float = 0.0) -> None:
        super().__init__()
        self.c, self.stride, self.p, self.edges = c, stride, p, len(kept)
        cheap = CHEAP if stride == 1 else POOLS
        self.cheap = [op for op in cheap if any(op in ops for ops in kept)]
        users = {op: [e for e, ops in enumerate(kept) if op in ops] for op in OPS[1:] if op not in cheap}
        self.users = {op: edges for op, edges in users.items() if edges}
        self.convolutions = nn.ModuleDict({op: _convolution(op, len(e), c) for op, e in self.users.items()})

    def forward(self, x: Float[Tensor, "B C H W"], weights: Float[Tensor, "E 8"]) -> list[list[Tensor]]:
        """The terms of each edge, which its node sums; `weights` is 0 for operations that an edge has not."""
        terms: list[list[Tensor]] = [[] for _ in range(self.edges)]
        if self.cheap:
            for edge, term in enumerate(self._mixed(x, weights)):
                terms[edge].append(term)
        for who, total in self._convolved(x.relu(), weights):
            for edge, term in zip(who, total.unflatten(1, (len(who), self.c)).unbind(1), strict=True):
                terms[edge].append(term)
        return terms

    def _convolved(self, bare: Tensor, weights: Tensor) -> list[tuple[tuple[int, ...], Tensor]]:
        """Edges, and the sum of the convolutions that just these have."""
        wide, sums = dict[int, Tensor](), dict[tuple[int, ...], Tensor]()
        for op, users in self.users.items():
            run, weight, who = self.convolutions[op], weights[users, OPS.index(op)], tuple(users)
            if op == "skip_connect":
                made = run(bare, weight)
            else:
                if len(users) not in wide:
                    wide[len(users)] = copies(bare, len(users))
                made = run(wide[len(users)], weight, self.stride, 2 if op.startswith("dil") else 1)
            sums[who] = sums[who] + made if who in sums else made
        return list(sums.items())

    def _mixed(self, x: Tensor, weights: Tensor) -> Sequence[Tensor]:
        """Pools and identity, each computed once, mixed for all edges by one product."""
        made = []
        for op in self.cheap:
            if op == "skip_connect":
                made.append(dropout(x, self.p, self.training) if self.p else x)
            elif op == "max_pool_3x3":
                made.append(normed(max_pool2d(x, 3, self.stride, 1)))
            else:
                made.append(normed(avg_pool2d(x, 3, self.stride, 1, count_include_pad=False)))
        chosen = weights[:, [OPS.index(op) for op in self.cheap]]
        flat = torch.stack([m.permute(0, 2, 3, 1) for m in made])  # (k, B, h, w, C)
        mixed = (chosen @ flat.flatten(1)).view(self.edges, *flat.shape[1:])
        return mixed.permute(0, 1, 4, 2, 3).unbind(0)


class SearchCell(nn.Module):
    """A cell whose 14 edges all carry their mixture of operations."""

    def __init__(self, kept: Kept, c_before: int, c_last: int, c: int, halves: bool, halved: bool, p: float) -> None:
        super().__init__()
        self.before = FactorizedReduce(c_before, c, False) if halved else relu_conv_norm(c_before, c, False)
        self.last = relu_conv_norm(c_last, c, False)
        self.rows = [[row for row, (i, _) in enumerate(EDGES) if i == source] for source in range(NODES + 1)]
        self.fans = nn.ModuleList(
            Fan([kept[row] for row in rows], c, 2 if halves and source < 2 else 1, p)
            for source, rows in enumerate(self.rows)
        )

    def forward(self, before: Tensor, last: Tensor, weights: Float[Tensor, "14 8"]) -> Float[Tensor, "B F h w"]:
        """The four nodes joined."""
        terms: dict[int, list[Tensor]] = {node: [] for node in range(2, 2 + NODES)}
        nodes = []
        for source, (fan, rows) in enumerate(zip(self.fans, self.rows, strict=True)):
            if source < 2:
                state = self.before(before) if source == 0 else self.last(last)
            else:
                state = sum_of(terms[source])
                nodes.append(state)
            for row, found in zip(rows, fan(state, weights[rows]), strict=True):
                terms[EDGES[row][1]] += found
        nodes.append(sum_of(terms[1 + NODES]))
        return torch.cat(nodes, 1)


def sum_of(terms: list[Tensor]) -> Tensor:
    """Their sum."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


class Supernet(nn.Module):
    """Stem, L cells and a linear layer, with the two tables α.

    Args:
        kept: operations left, for the normal and for the reduction cells.
        c: channels of the first cells.
        cells: L.
        bins: of the histogram that it predicts.
        stem: "cifar" as published, "quarter" for speed.
        p: skip dropout, may be changed while training (`set_dropout`).
    """

    def __init__(
        self, kept: tuple[Kept, Kept], c: int, cells: int, bins: int = 10, stem: Stem = "cifar", p: float = 0.0
    ) -> None:
        super().__init__()
        self.kept = kept
        self.stem = small_stem(c, stem)
        c_before = c_last = 3 * c
        halved, made = False, []
        for place in range(cells):
            halves = place in reductions(cells)
            c = 2 * c if halves else c
            made.append(SearchCell(kept[halves], c_before, c_last, c, halves, halved, p))
            c_before, c_last, halved = c_last, NODES * c, halves
        self.cells, self.halves = nn.ModuleList(made), [place in reductions(cells) for place in range(cells)]
        self.head = nn.Linear(c_last, bins)
        self.alphas = nn.ParameterList(nn.Parameter(1e-3 * torch.randn(len(EDGES), len(k[0]))) for k in kept)
        self.columns = [torch.tensor([[OPS.index(op) for op in ops] for ops in k]) for k in kept]

    def set_dropout(self, p: float) -> None:
        """Skip dropout of all cells."""
        for module in self.modules():
            if isinstance(module, Fan):
                module.p = p

    def mixture(self, kind: int) -> Float[Tensor, "14 8"]:
        """softmax(α) of the normal (0) or reduction (1) cells; 0 for operations that are gone."""
        alpha = self.alphas[kind]
        blank = alpha.new_zeros(len(EDGES), len(OPS))
        return blank.scatter(1, self.columns[kind].to(alpha.device), alpha.softmax(1))

    def forward(self, image: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B bins"]:
        """Logits over the bins."""
        weights = [self.mixture(0), self.mixture(1)]
        before = last = self.stem(image.contiguous(memory_format=LAST))
        for cell, halves in zip(self.cells, self.halves, strict=True):
            before, last = last, cell(before, last, weights[halves])
        return self.head(last.mean((2, 3)))

    def weights(self) -> list[nn.Parameter]:
        """ω: all parameters but α."""
        return [p for name, p in self.named_parameters() if not name.startswith("alphas")]


def keep_best(mixture: Float[Tensor, "14 8"], kept: Kept, count: int) -> Kept:
    """Each edge's `count` operations of largest α, `none` among the candidates (Algorithm 1)."""
    best = []
    for row, ops in zip(mixture.tolist(), kept, strict=True):
        ranked = sorted(ops, key=lambda op: -row[OPS.index(op)])[:count]
        best.append(tuple(op for op in OPS if op in ranked))
    return tuple(best)
