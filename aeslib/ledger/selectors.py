"""Strict selection by name: what a claim names must be there, and only once.

A misspelt or doubled name is an error that says where and what was meant; it never becomes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

import pandas as pd

from aeslib.data.adapters import ADAPTERS
from aeslib.data.cards import load_card
from aeslib.data.table import Level
from aeslib.errors import DataError, ParameterError, unknown

CELL = ("group", "row", "column")
"""Columns that together name a published number."""


def require(names: Iterable[str], known: Iterable[object], kind: str) -> None:
    """Raise `ParameterError` for a name that is not among the known ones, or that is given twice."""
    known_names, seen = list(map(str, known)), set()
    for name in names:
        if name not in known_names:
            raise unknown(kind, name, known_names)
        if name in seen:
            raise ParameterError(f"{kind} {name!r} is given twice; give it once.")
        seen.add(name)


def check_numbers(cells: pd.DataFrame, place: str) -> None:
    """Raise `DataError` when there are no cells, or one of them has no number: nothing can be judged by those."""
    lines, columns = cells.isna().to_numpy().nonzero()
    if len(lines):
        line = cells.index[lines[0]]
        name = " ".join(filter(None, map(str, line if isinstance(line, tuple) else (line,))))
        raise DataError(f"{place} has no number at {name}, {cells.columns[columns[0]]}; select cells that have one.")
    if cells.empty:
        raise DataError(f"{place} has no cells in this selection; select some.")


def one_row(table: pd.DataFrame, place: str, **names: str) -> pd.Series:
    """Return the only row of a table that has these names in these columns.

    Raises:
        ParameterError: for a column or a name that the table does not have, with the nearest right one.
        DataError: when several rows have these names.
    """
    rows = table
    for column, name in names.items():
        require([column], table.columns, f"column of {place}")
        require([name], rows[column].dropna().unique(), f"{column} of {place}")
        rows = rows[rows[column] == name]
    if len(rows) != 1:
        selection = ", ".join(f"{column} {name!r}" for column, name in names.items() if name)
        others = [c for c in ("group", "row", "column", "metric", "rival", "stage") if c in rows and c not in names]
        apart = [column for column in others if rows[column].nunique(dropna=False) > 1]
        advice = f"select by {' and '.join(apart)} too" if apart else "make the table again"
        raise DataError(f"{place} has {len(rows)} rows with {selection or 'no selection'}, expected one; {advice}.")
    return rows.iloc[0]


def check_cells(frame: pd.DataFrame, item: str) -> None:
    """Raise `DataError` when a published cell stands twice in its table."""
    twice = frame[frame.duplicated(list(CELL))]
    if len(twice):
        address = " | ".join(filter(None, (item, *(str(twice.iloc[0][name]) for name in CELL))))
        raise DataError(f"{address} stands twice in the published table; keep the right one.")


def check_labels(key: str, family: str | None, level: str, splits: Sequence[str]) -> None:
    """Raise `ParameterError` for a family, level or split that the card of a data set does not name."""
    card, layouts = load_card(key), ADAPTERS[key].LAYOUTS
    require([family] if family else [], layouts, f"family of {key}")
    require([level], get_args(Level), "level")
    known = dict.fromkeys(split.name for split in card.splits if family in (None, split.family))
    require(splits, known or splits, f"split of {key}" + (f" ({family})" if family else ""))


def check_attributes(key: str, names: Sequence[str], *, also: Sequence[str] = ()) -> None:
    """Raise `ParameterError` for an attribute that is neither on the card of a data set nor among `also`."""
    attributes = [c.name.removeprefix("attr_") for c in load_card(key).columns if c.name.startswith("attr_")]
    require(names, [*also, *attributes], f"attribute of {key}")
