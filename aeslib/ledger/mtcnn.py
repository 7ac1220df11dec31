"""Judges of the multi-task network's definitions and of its reading of AADB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aeslib.ledger.evidence import Evidence, Finding, judge, settled
from aeslib.ledger.labels import of_split, srcc
from aeslib.ledger.selectors import check_attributes, check_labels
from aeslib.seeding import numpy_generator


@judge
def layer_split(see: Evidence, *, inputs: int, outputs: int) -> Finding:
    """Section 3: one output layer and separate one-unit output layers are two architectures."""
    rng = numpy_generator(0)
    hidden, weight, bias = rng.random((8, inputs)), rng.normal(size=(outputs, inputs)), rng.normal(size=outputs)
    together = hidden @ weight.T + bias
    apart = np.stack([hidden @ weight[k] + bias[k] for k in range(outputs)], axis=1)
    sizes = weight.size + bias.size, outputs * (inputs + 1)
    same = sizes[0] == sizes[1] and np.allclose(together, apart, rtol=0, atol=1e-12)
    return settled(not same, published="two architectures", ours=f"{sizes[0]} and {sizes[1]} parameters",
                   why=f"{sizes[0]} parameters in one layer, {sizes[1]} in {outputs} layers of one unit, with outputs "
                       f"that differ by at most {abs(together - apart).max():.0e} with equal weights.")  # fmt: skip


@judge
def unreachable(see: Evidence, *, labels: str, split: str) -> Finding:
    """Section 3 and 4.1: sigmoid outputs are trained to predict all attribute scores."""
    table = of_split(see, labels, split)
    targets = np.concatenate([table.attribute(name) for name in table.attributes])
    share = float((targets < 0).mean())
    return settled(share == 0, published="all attribute scores", ours=f"{share:.1%} not",
                   why=f"{share:.1%} of the {targets.size:,} targets are below 0, which no sigmoid is.")  # fmt: skip


@judge
def disjoint(see: Evidence, *, labels: str, splits: Sequence[str]) -> Finding:
    """Section 4.1: the splits are separate subsets."""
    check_labels(labels, "as_released", "image", splits)
    ids = [set(of_split(see, labels, split, family="as_released").frame["image_id"]) for split in splits]
    rows = [len(of_split(see, labels, split, family="as_released")) for split in splits]
    common = {f"{a} and {b}": len(ids[i] & ids[j]) for i, a in enumerate(splits) for j, b in enumerate(splits) if i < j}
    told = ", ".join(f"{pair} {n}" for pair, n in common.items())
    return settled(not any(common.values()), published="separate subsets", ours=f"{sum(common.values())} images shared",
                   why=f"Of {', '.join(map(str, rows))} rows, images shared by {told}.")  # fmt: skip


@judge
def attribute_ranks(see: Evidence, *, labels: str, names: Sequence[str], lowest: bool = False) -> Finding:
    """Sections 5.1.3: these attributes follow the overall score most (or least) closely in the data, in this order."""
    check_attributes(labels, names)
    table = of_split(see, labels, None, family="as_released")
    ranked = sorted(((srcc(table, name), name) for name in table.attributes), reverse=not lowest)
    found = ranked[: len(names)]
    told = ", ".join(f"{name} {value:.3f}" for value, name in found)
    holds = {n for _, n in found} == set(names) if lowest else [n for _, n in found] == list(names)
    return settled(holds, published=", ".join(names), ours=told,
                   why=f"The {'lowest' if lowest else 'highest'} rank correlations are {told}.")  # fmt: skip
