import json

import numpy as np
import pytest

from aeslib.aestheticnet.genotype import EDGES, OPS, PDARTS, Genotype, derive, likeness, random_genotype, row_of
from aeslib.errors import ParameterError


def weights(*edges: dict[str, float]) -> np.ndarray:
    short = {"sep3": "sep_conv_3x3", "sep5": "sep_conv_5x5", "dil3": "dil_conv_3x3", "skip": "skip_connect",
             "max": "max_pool_3x3", "none": "none"}  # fmt: skip
    table = np.zeros((len(edges), len(OPS)))
    for row, edge in enumerate(edges):
        for name, value in edge.items():
            table[row, OPS.index(short[name])] = value
    return table


TWO_NODES = weights(
    {"none": 0.6, "sep3": 0.4}, {"skip": 0.55, "max": 0.45},
    {"none": 0.9, "dil3": 0.1}, {"skip": 0.7, "sep5": 0.3}, {"skip": 0.51, "sep3": 0.49},
)  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, "sep_conv_3x3 0, skip_connect 1, skip_connect 1, skip_connect 2"),
        (2, "sep_conv_3x3 0, skip_connect 1, skip_connect 1, sep_conv_3x3 2"),
        (1, "sep_conv_3x3 0, max_pool_3x3 1, skip_connect 1, sep_conv_3x3 2"),
        (0, "sep_conv_3x3 0, max_pool_3x3 1, sep_conv_5x5 1, sep_conv_3x3 2"),
    ],
)
def test_derivation_and_limit_of_skips(limit, expected):
    before = TWO_NODES.copy()
    assert ", ".join(f"{op} {source}" for op, source in derive(TWO_NODES, limit)) == expected
    np.testing.assert_array_equal(TWO_NODES, before)


def test_an_operation_that_was_dropped_never_comes_back():
    """Node 2 has two edges: its skip beside none alone stays; the other goes, however weak."""
    table = weights({"none": 0.5, "skip": 0.5}, {"skip": 0.9, "sep3": 0.1})
    assert derive(table, 1) == (("skip_connect", 0), ("sep_conv_3x3", 1))
    assert derive(table, 0) == (("skip_connect", 0), ("sep_conv_3x3", 1))
    rng = np.random.default_rng(0)
    for _ in range(200):
        table = rng.random((14, len(OPS))) * (rng.random((14, len(OPS))) < 0.4)
        table[:, OPS.index("skip_connect")] = rng.random(14)
        for place, (op, source) in enumerate(derive(table, 2)):
            assert table[row_of(place, source), OPS.index(op)] > 0


def test_a_node_without_two_edges_is_refused():
    with pytest.raises(ParameterError, match="node 2 has fewer than two edges with an operation"):
        derive(weights({"none": 1.0}, {"sep3": 1.0}))


def test_the_fourteen_edges_and_their_rows():
    assert len(EDGES) == 14
    assert EDGES[:5] == ((0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    for place, source, row in ((0, 0, 0), (1, 1, 1), (2, 2, 4), (5, 3, 8), (7, 4, 13)):
        assert row_of(place, source) == row
        assert EDGES[row] == (source, 2 + place // 2)


def test_json_goes_there_and_back():
    assert Genotype.from_json(PDARTS.to_json()) == PDARTS
    found = json.loads(PDARTS.to_json())
    assert found["normal"][1] == ["dil_conv_3x3", 1]
    assert list(found) == ["normal", "reduce"]


def test_genes_of_a_node_are_kept_in_order_of_their_source():
    turned = list(PDARTS.normal)
    turned[0], turned[1] = turned[1], turned[0]
    assert Genotype(tuple(turned), PDARTS.reduce) == PDARTS


@pytest.mark.parametrize(
    ("place", "gene", "message"),
    [
        (0, ("sep_conv_7x7", 0), "no operation named 'sep_conv_7x7'"),
        (1, ("none", 1), "no operation named 'none'"),
        (1, ("skip_connect", 2), "node 2 of the normal cell reads state 2; expected 0 to 1."),
        (1, ("skip_connect", 0), "node 2 of the normal cell reads state 0 twice."),
    ],
)
def test_a_cell_that_cannot_be_built_is_refused(place, gene, message):
    genes = list(PDARTS.normal)
    genes[place] = gene
    with pytest.raises(ParameterError) as error:
        Genotype(tuple(genes), PDARTS.reduce)
    assert str(error.value).startswith(message)


def test_too_few_edges():
    with pytest.raises(ParameterError) as error:
        Genotype(PDARTS.normal[:6], PDARTS.reduce)
    assert str(error.value) == "the normal cell has 6 edges; expected 8, two for each node."


@pytest.mark.parametrize("text", ["{", "[]", '{"normal": []}', '{"normal": [1], "reduce": []}'])
def test_other_json_is_refused(text):
    with pytest.raises(
        ParameterError, match=r'^not a genotype \(.*\); expected \{"normal": \[\[operation, state\], …\]'
    ):
        Genotype.from_json(text)


def test_random_cells_are_cells_under_the_limit():
    rng = np.random.default_rng(0)
    drawn = [random_genotype(rng) for _ in range(50)]
    assert max(sum(op == "skip_connect" for op, _ in g.normal) for g in drawn) <= 2
    assert {op for g in drawn for op, _ in g.normal + g.reduce} == set(OPS[1:])
    assert drawn[0] == random_genotype(np.random.default_rng(0))


def test_likeness():
    assert likeness(PDARTS, PDARTS) == 1
    other = Genotype((("max_pool_3x3", 0), *PDARTS.normal[1:]), PDARTS.reduce)
    assert likeness(PDARTS, other) == likeness(other, PDARTS) == 15 / 17
