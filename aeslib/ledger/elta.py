"""Judges of ELTA's definitions."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from aeslib.ledger.evidence import Evidence, Finding, judge, settled
from aeslib.ledger.labels import of_split

LOGITS = np.array([[0.0, 1.0, 2.0], [1.0, 1.5, 1.0], [3.0, 0.0, 0.0]])
"""(B, C) a small batch: B = 3 images, C = 3 score bins."""


@judge
def temperature(see: Evidence, *, temperatures: tuple[float, ...] = (2.0, 1.0, 0.5)) -> Finding:
    """Eq 7: a temperature above 1 smooths a distribution, one below 1 sharpens it."""
    peaks = [softmax(LOGITS[0] / t).max() for t in temperatures]
    told = ", ".join(f"{p:.3f} at {t:g}" for t, p in zip(temperatures, peaks, strict=True))
    return settled(bool((np.diff(peaks) > 0).all()), published="sharper below 1, smoother above", ours=told,
                   why=f"The largest probability for the logits 0, 1, 2 is {told}.")  # fmt: skip


@judge
def normalised_over_the_batch(see: Evidence) -> Finding:
    """Eq 7 and 8: with the printed sum over the B images of a batch, each image gets a distribution over the bins."""
    over_batch, over_bins = softmax(LOGITS, axis=0).sum(axis=1), softmax(LOGITS, axis=1).sum(axis=1)
    told = ", ".join(f"{total:.3f}" for total in over_batch)
    return settled(bool(np.allclose(over_batch, 1)), published="each sums to 1", ours=told,
                   why=f"Three images normalised over the batch sum to {told}; "
                       f"over the bins to {over_bins[0]:.0f} each.")  # fmt: skip


@judge
def empty_selection(see: Evidence) -> Finding:
    """Eq 9: minimising the printed sum of errors over the selected samples finds accurate pseudo-labels."""
    truth, bins = np.array([3.0, 2.0, 1.2]), np.arange(1, 4)
    confidence, scores = softmax(LOGITS, axis=1).max(axis=1), softmax(LOGITS, axis=1) @ bins
    sums = {t: float(abs(scores - truth)[confidence >= t].sum()) for t in (0.4, 0.6, 0.8, 0.95)}
    kept = {t: int((confidence >= t).sum()) for t in sums}
    chosen = min(sums, key=lambda t: sums[t])
    told = ", ".join(f"{t:g} keeps {kept[t]} with sum {sums[t]:.3f}" for t in sums)
    return settled(kept[chosen] > 0, published="the most accurate selection", ours=f"{kept[chosen]} selected",
                   why=f"Of three samples threshold {told}: the sum is least at {chosen:g}, "
                       f"with {kept[chosen]} selected.")  # fmt: skip


@judge
def mixing(see: Evidence, *, tau: float = 0.5) -> Finding:
    """Eq 4: its two printed forms are equal, and the sample farther from the mean gets more than half."""
    far = abs(np.array([2.0, 5.0, 5.0, 6.0, 9.0]) - 5.4) / tau
    p, e = softmax(far), np.exp(far)
    first, second = p[:, None] / (p[:, None] + p), e[:, None] / (e[:, None] + e)
    gap, heavier = abs(first - second).max(), bool(((first > 0.5) == (far[:, None] > far + 1e-12)).all())
    return settled(bool(gap < 1e-12) and heavier, published="equal, more to the minority", ours=f"gap {gap:.0e}",
                   why=f"For scores 2, 5, 5, 6, 9 the two forms differ by at most {gap:.0e}, and the sample farther "
                       f"from the mean {'always' if heavier else 'not always'} gets more than half.")  # fmt: skip


@judge
def tied_pairs(see: Evidence, *, labels: str, split: str, batch: int) -> Finding:
    """Eq 3 divides by the difference of two scores: defined only while no two scores of a batch are equal."""
    scores = of_split(see, labels, split).mos.round(9)
    share = np.unique(scores, return_counts=True)[1] / len(scores)
    pairs = batch * (batch - 1) / 2 * float((share**2).sum())
    return settled(pairs < 0.5, published="a probability for every pair", ours=f"{pairs:.1f} equal pairs a batch",
                   why=f"The {len(scores):,} scores take {len(share)} values, so {batch} of them hold {pairs:.1f} "
                       "equal pairs on average, where the formula divides by zero.")  # fmt: skip
