"""Judges of the task-vector paper's definitions."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import softmax

from aeslib.ledger.evidence import Evidence, Finding, judge, settled
from aeslib.ledger.selectors import one_row, require


@judge
def template(see: Evidence, *, values: tuple[float, ...], scale: tuple[float, float]) -> Finding:
    """App D: sigmoid outputs times a template give scores on the data's scale."""
    low, high = 0.0, float(sum(values))  # all sigmoids at 0, all at 1
    return settled((low, high) == tuple(scale), published=f"{scale[0]:g} to {scale[1]:g}", ours=f"{low:g} to {high:g}",
                   why=f"{len(values)} outputs between 0 and 1 times the template {values[0]:g} to {values[-1]:g} give "
                       f"scores from {low:g} to {high:g}; the scale is {scale[0]:g} to {scale[1]:g}.")  # fmt: skip


@judge
def limits(see: Evidence, *, hot: float = 1e6, cold: float = 1e-3) -> Finding:
    """Eq 6: the softmax is uniform for a large temperature and picks the best model for a small one."""
    srcc = np.linspace(0, 0.5, 6)
    flat, sharp = softmax(srcc / hot), softmax(srcc / cold)
    holds = np.allclose(flat, 1 / 6, atol=1e-6) and np.allclose(sharp, np.eye(6)[-1], atol=1e-6)
    return settled(bool(holds), published="uniform / best fit", ours=f"{flat.max():.3f} / {sharp.max():.3f}",
                   why=f"For six SRCC from 0 to 0.5 the largest weight is {flat.max():.3f} at T = {hot:g} and "
                       f"{sharp.max():.3f} at T = {cold:g}.")  # fmt: skip


@judge
def tied_ranks(see: Evidence) -> Finding:
    """Eq 5 is Spearman's correlation: true without ties, but users score on five steps."""
    truth, pred = np.array([1, 2, 2, 3]), np.array([1, 3, 2, 4])
    gap = stats.rankdata(truth) - stats.rankdata(pred)
    n = len(truth)
    formula, spearman = 1 - 6 * float(gap @ gap) / (n * (n * n - 1)), float(stats.spearmanr(truth, pred).statistic)
    return settled(abs(formula - spearman) < 1e-9, published="Spearman's SRCC", ours=f"{formula:.4f} / {spearman:.4f}",
                   why=f"For the scores 1, 2, 2, 3 and predictions 1, 3, 2, 4 the formula gives {formula:.4f}, the "
                       f"correlation of ranks {spearman:.4f}; scores in five steps always hold ties.")  # fmt: skip


@judge
def every_database(see: Evidence, *, databases: tuple[str, ...], tables: tuple[str, ...]) -> Finding:
    """App G: there is a table of the performance on each training database (named as in taskvec.T1)."""
    require(databases, see.table("taskvec.T1")["row"].unique(), "database of taskvec.T1")
    require(tables, tables, "table")
    titles = [see.title(item).lower() for item in tables]
    without = [name for name in databases if not any(name.lower() in title for title in titles)]
    n, good = len(databases), len(databases) - len(without)
    return settled(not without, published=f"{n} databases", ours=f"{good} of {n}",
                   why=f"{good} of {n} training databases have a table in {tables[0]} to {tables[-1]}"
                       + (f"; not {', '.join(without)}." if without else "."))  # fmt: skip


@judge
def orthogonal(see: Evidence) -> Finding:
    """Section 5.1: task vectors of different data sets do not overlap, more than chance makes them."""
    columns = ("pairs", "outside the band", "lowest", "highest", "mean", "null low", "null high")
    table = see.result("taskvec.F4-band")
    require(columns, table.columns, "column of taskvec.F4-band")
    line = one_row(table, "taskvec.F4-band")
    pairs, outside = int(line["pairs"]), int(line["outside the band"])
    told = f"{line['lowest']:.2f} to {line['highest']:.2f}"
    return Finding(
        verdict="does not hold here" if outside else "holds here", published="typically orthogonal",
        ours=f"{outside} of {pairs} pairs outside the band", basis="experiment",
        why=f"The {pairs} cosines run from {told}, mean {line['mean']:.2f}; those of permuted vectors from "
            f"{line['null low']:.3f} to {line['null high']:.3f}, and {outside} pairs lie outside. One set of vectors.",
    )  # fmt: skip
