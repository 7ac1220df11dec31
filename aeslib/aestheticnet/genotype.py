"""Cells as data: which operation joins which states, read off a search, drawn at random, or written by hand.

A cell has two input states (0 and 1, the outputs of the two cells before it) and four nodes (states 2 to 5). An edge
(source, node) carries one operation; a node sums its edges, the cell joins its four nodes (methods 5.1).
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aeslib.errors import ParameterError, unknown

OPS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
"""The eight candidates, in the order of the rows of α."""
NODES = 4
EDGES = tuple((source, node) for node in range(2, 2 + NODES) for source in range(node))
"""The 14 edges (source, node), in the order of the rows of α."""
Gene = tuple[str, int]
"""Operation and the state it reads."""


@dataclass(frozen=True)
class Genotype:
    """Both cells: for each node in turn, its two incoming edges."""

    normal: tuple[Gene, ...]
    reduce: tuple[Gene, ...]

    def __post_init__(self) -> None:
        for name in ("normal", "reduce"):
            object.__setattr__(self, name, _checked(name, getattr(self, name)))

    def to_json(self) -> str:
        """Readable text that `from_json` takes back."""
        return json.dumps({"normal": self.normal, "reduce": self.reduce})

    @classmethod
    def from_json(cls, text: str) -> "Genotype":
        """The genotype of `to_json`; `ParameterError` says what is wrong with another text."""
        try:
            found = json.loads(text)
            return cls(*(tuple((op, source) for op, source in found[name]) for name in ("normal", "reduce")))
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise ParameterError(
                f'not a genotype ({error}); expected {{"normal": [[operation, state], …], "reduce": […]}}.'
            ) from error


def _checked(name: str, genes: Sequence[Gene]) -> tuple[Gene, ...]:
    """The genes of a cell, each node's in order of its source; `ParameterError` for what cannot be built."""
    if len(genes) != 2 * NODES:
        raise ParameterError(f"the {name} cell has {len(genes)} edges; expected {2 * NODES}, two for each node.")
    made: list[Gene] = []
    for node in range(2, 2 + NODES):
        pair = sorted(genes[2 * node - 4 : 2 * node - 2], key=lambda gene: gene[1])
        for op, source in pair:
            if op not in OPS[1:]:
                raise unknown("operation", op, OPS[1:])
            if type(source) is not int or not 0 <= source < node:
                raise ParameterError(f"node {node} of the {name} cell reads state {source}; expected 0 to {node - 1}.")
        if pair[0][1] == pair[1][1]:
            raise ParameterError(f"node {node} of the {name} cell reads state {pair[0][1]} twice.")
        made += pair
    return tuple(made)


PDARTS = Genotype(
    normal=(
        ("skip_connect", 0), ("dil_conv_3x3", 1), ("skip_connect", 0), ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1), ("sep_conv_3x3", 3), ("sep_conv_3x3", 0), ("dil_conv_5x5", 4),
    ),
    reduce=(
        ("avg_pool_3x3", 0), ("sep_conv_5x5", 1), ("sep_conv_3x3", 0), ("dil_conv_5x5", 2),
        ("max_pool_3x3", 0), ("dil_conv_3x3", 1), ("dil_conv_3x3", 1), ("dil_conv_5x5", 3),
    ),
)  # fmt: skip
"""The cells that P-DARTS found on CIFAR-10 [chen2019pdarts]; those of AestheticNet are pictures only (Figures 5, 6)."""


def candidates(weights: np.ndarray) -> list[np.ndarray]:
    """Return for each node the (edges, 8) weights of its operations, minus infinity for none and for dropped ones."""
    usable = np.where(np.asarray(weights, float) > 0, weights, -np.inf)
    usable[:, OPS.index("none")] = -np.inf
    ends = np.cumsum(range(2, 2 + NODES))  # node n reads n states, each by one edge
    return np.split(usable, ends[ends < len(usable)])


def strongest(weights: np.ndarray) -> tuple[Gene, ...]:
    """Return each edge's best operation but none; of each node's edges the two with the strongest such operation.

    Args:
        weights: (E, 8) softmax weights of one cell type, 0 for operations that were dropped; E edges of as many nodes
            as they belong to.

    Raises:
        ParameterError: when a node has fewer than two edges with an operation left.
    """
    genes: list[Gene] = []
    for node, edges in enumerate(candidates(weights), start=2):
        best = np.argsort(-edges.max(1), kind="stable")[:2]
        if np.isneginf(edges.max(1)[best]).any():
            raise ParameterError(f"node {node} has fewer than two edges with an operation; keep one more of them.")
        genes += [(OPS[int(edges[source].argmax())], int(source)) for source in sorted(best)]
    return tuple(genes)


def row_of(place: int, source: int) -> int:
    """Row of α of the `place`-th gene (two a node) that reads `source`."""
    node = 2 + place // 2
    return sum(range(2, node)) + source


def derive(weights: np.ndarray, max_skips: int | None = None) -> tuple[Gene, ...]:
    """Return the cell of `strongest`; while it has too many skips, its weakest is forbidden and it is derived again.

    The limit is P-DARTS's (2 in the normal cell), as the customised search inherits it (methods 5.2). A skip without
    which its node would lack an edge stays: an operation that the search has dropped is never put in its place.
    """
    weights = np.array(weights, float)
    skip = OPS.index("skip_connect")
    while True:
        genes = strongest(weights)
        rows = [row_of(place, source) for place, (op, source) in enumerate(genes) if op == "skip_connect"]
        if max_skips is None or len(rows) <= max_skips:
            return genes
        for row in sorted(rows, key=lambda row: weights[row, skip]):
            fewer = weights.copy()
            fewer[row, skip] = 0
            if all((edges.max(1) > 0).sum() >= 2 for edges in candidates(fewer)):
                weights = fewer
                break
        else:
            return genes


def random_cell(rng: np.random.Generator, max_skips: int | None = None) -> tuple[Gene, ...]:
    """Two different states and two operations for each node, all equally likely; `max_skips` as in `derive`."""
    while True:
        genes = tuple(
            (OPS[rng.integers(1, len(OPS))], int(source))
            for node in range(2, 2 + NODES)
            for source in sorted(rng.permutation(node)[:2])
        )
        if max_skips is None or Counter(op for op, _ in genes)["skip_connect"] <= max_skips:
            return genes


def random_genotype(rng: np.random.Generator, max_skips: int | None = 2) -> Genotype:
    """Random cells under the limit that the search has too (normal cell only)."""
    return Genotype(random_cell(rng, max_skips), random_cell(rng))


def likeness(a: Genotype, b: Genotype) -> float:
    """Share of edges with their operation (16 each) that two genotypes have in common, place by place (Jaccard)."""
    first, second = (
        {(kind, 2 + place // 2, *gene) for kind in ("normal", "reduce") for place, gene in enumerate(getattr(g, kind))}
        for g in (a, b)
    )
    return len(first & second) / len(first | second)
