"""Judges of AesMamba's definitions: its size, its fusion and scan, its score classes, and the sizes it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

from aeslib.ledger.evidence import Evidence, Finding, judge, settled
from aeslib.ledger.labels import of_split
from aeslib.ledger.selectors import check_attributes, require
from aeslib.seeding import numpy_generator


@judge
def encoder_size(see: Evidence, *, says: float, within: float) -> Finding:
    """Section 4.2.1: the model has about so many parameters."""
    from aeslib.aesmamba.model import AesMamba
    from aeslib.aesmamba.vmamba import tiny
    from aeslib.backbones import count_parameters

    see.package("torch")
    encoder, model = count_parameters(tiny), count_parameters(lambda: AesMamba(tiny(), ("aesthetic",), classes=4))
    return settled(abs(model - says) <= within, published=f"about {says:,.0f}", ours=f"{model:,}",
                   why=f"Built, the image encoder has {encoder:,} parameters and AesMamba-V {model:,}.")  # fmt: skip


@judge
def class_counts(see: Evidence, *, labels: str, split: str, attribute: str) -> Finding:
    """Released code weighs its classes by the counts of the training labels."""
    from aeslib.aesmamba.mba import class_counts as counted
    from aeslib.published.released import class_counts as released

    require([labels], released().index.get_level_values(0).unique(), "data set of the released counts")
    check_attributes(labels, [attribute], also=["aesthetic"])
    table = of_split(see, labels, split)
    scores = table.mos if attribute == "aesthetic" else table.attribute(attribute)
    ours = counted(labels, np.asarray(scores)[:, None])[0]
    theirs = released().xs((labels, attribute)).dropna().to_numpy(int)
    told = [f"{a:,} and {b:,}" for a, b in zip(ours, theirs, strict=True) if a != b]
    return settled(not told, published=", ".join(f"{n:,}" for n in theirs), ours=", ".join(f"{n:,}" for n in ours),
                   why=f"{len(ours) - len(told)} of {len(ours)} classes hold as many training images as released"
                       + (f"; not {'; '.join(told)}." if told else "."))  # fmt: skip


@judge
def printed_order(see: Evidence, *, sizes: Mapping[str, Sequence[float]]) -> Finding:
    """Section 4.1.1: sizes are printed in the order of the data sets' names (name: [printed, size elsewhere])."""
    printed, known = (np.array(side, float) for side in zip(*sizes.values(), strict=True))
    off = {order: float(abs(np.log(printed[list(order)] / known)).max()) for order in permutations(range(len(known)))}
    best = min(off, key=lambda order: off[order])
    same = best == tuple(range(len(known)))
    told = ", ".join(f"{name} {printed[k]:,.0f}" for name, k in zip(sizes, best, strict=True))
    return settled(same, published="in the order of the names", ours=told,
                   why=f"The order that fits the sizes best is {told}: off by at most {np.expm1(off[best]):.0%}, "
                       f"as printed by up to {np.expm1(off[tuple(range(len(known)))]):.0%}.")  # fmt: skip


@judge
def word_order(see: Evidence, *, width: int, tokens: int) -> Finding:
    """Eq 2: attention over the text gives the same whatever the order of its words."""
    rng = numpy_generator(0)
    q, k, v = rng.normal(size=width), rng.normal(size=(tokens, width)), rng.normal(size=(tokens, width))

    def read(order: np.ndarray) -> np.ndarray:
        weights = np.exp(k[order] @ q / np.sqrt(width))
        return weights @ v[order] / weights.sum()

    gap = abs(read(np.arange(tokens)) - read(rng.permutation(tokens))).max()
    return settled(bool(gap < 1e-12), published="one vector per text", ours=f"gap {gap:.0e}",
                   why=f"Permuting {tokens} tokens changes what is read by at most {gap:.0e}: word order must come "
                       "from the text encoder.")  # fmt: skip


@judge
def constant_prompt(see: Evidence) -> Finding:
    """Section 4.4: a person's prompt informs the fine-tuning on that person's own pictures.

    Within one person the prompt is a constant: in a linear score it is collinear with the intercept.
    """
    rng = numpy_generator(0)
    x, prompt = rng.normal(size=(10, 3)), np.tile(rng.normal(size=4), (10, 1))
    without, within = np.linalg.matrix_rank(np.c_[x, np.ones(10)]), np.linalg.matrix_rank(np.c_[x, np.ones(10), prompt])
    return settled(bool(within > without), published="conditioned on the person", ours=f"rank {without} and {within}",
                   why=f"Ten pictures of one person span rank {without} without and {within} with a prompt of four "
                       "numbers: it can act only through what other persons taught.")  # fmt: skip
