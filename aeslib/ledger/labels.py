"""Statistics of the owners' labels that claims speak of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scipy import stats

from aeslib.data.table import LabelTable, Level
from aeslib.errors import unknown
from aeslib.ledger.evidence import missing
from aeslib.ledger.selectors import check_attributes, check_labels

if TYPE_CHECKING:
    from aeslib.ledger.evidence import Evidence

Splits = str | Sequence[str] | None


def of_split(see: Evidence, key: str, split: Splits, **how: Any) -> LabelTable:
    """The labels of these splits (all when None); `MissingDataError` when the files at hand do not hold one."""
    names = [split] if isinstance(split, str) else list(split or [])
    check_labels(key, how.get("family"), how.get("level", "image"), names)
    table = see.labels(key, **how)
    absent = [name for name in names if name not in set(table.frame["split"])]
    if absent:
        raise missing(key, f"the labels of split {absent[0]!r}")
    return table.split(*names) if names else table


def srcc(table: LabelTable, attribute: str) -> float:
    """Rank correlation of an attribute with the overall score."""
    return float(stats.spearmanr(table.mos, table.attribute(attribute)).statistic)


Statistic = Callable[[LabelTable, Any], float]
STATISTICS: dict[str, Statistic] = {
    "rows": lambda t, _: len(t),
    "images": lambda t, _: t.frame["image_id"].nunique(),
    "users": lambda t, _: t.frame["user_id"].nunique(),
    "themes": lambda t, _: t.frame["theme"].nunique(),
    "least per user": lambda t, _: t.frame.groupby("user_id").size().min(),
    "most per user": lambda t, _: t.frame.groupby("user_id").size().max(),
    "least": lambda t, _: t.mos.min(),
    "most": lambda t, _: t.mos.max(),
    "share high": lambda t, _: t.frame["high"].mean(),
    "share between": lambda t, ends: ((t.mos >= ends[0]) & (t.mos <= ends[1])).mean(),
    "share off the grid": lambda t, step: (abs(t.mos / step - (t.mos / step).round()) > 1e-6).mean(),
    "fewest votes": lambda t, _: t.frame["n_votes"].min(),
    "most votes": lambda t, _: t.frame["n_votes"].max(),
    "votes per image": lambda t, _: t.frame["n_votes"].mean(),
    "negative": lambda t, name: (t.attribute(name) < 0).sum(),
    "zero": lambda t, name: (t.attribute(name) == 0).sum(),
    "positive": lambda t, name: (t.attribute(name) > 0).sum(),
    "SRCC": srcc,
}
"""Name → what is computed from the table and `value`: a pair of scores, a step of the scale, or an attribute."""


def statistic(
    see: Evidence,
    *,
    labels: str,
    stat: str,
    split: Splits = None,
    family: str | None = None,
    level: Level = "image",
    value: Any = None,
    bins: int | None = None,
) -> float:
    """One number of a data set's labels.

    Args:
        see: notes the data set.
        labels: its key.
        stat: a name of `STATISTICS`.
        split: one split or several; all when left out.
        family: of splits.
        level: images or single ratings.
        value: what the statistic needs to know.
        bins: how many steps the votes must have; a copy that lost some cannot answer.
    """
    if stat not in STATISTICS:
        raise unknown("statistic", stat, STATISTICS)
    if isinstance(value, str):
        check_attributes(labels, [value])
    table = of_split(see, labels, split, family=family, level=level)
    if bins is not None and len(table.bins) != bins:
        raise missing(labels, f"votes on all {bins} steps (those at hand have {len(table.bins)})")
    if isinstance(value, str) and not table.attributes:
        raise missing(labels, "the scores of attributes")
    return float(STATISTICS[stat](table, value))
