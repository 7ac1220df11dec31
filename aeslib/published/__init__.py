"""What the papers print: tables number by number, the index of the 90 items, and the claims.

A table file `tables/ITEM.csv` is long: `row, group, column, value, std, printed, status`.
  row      the line's label as a reader would name it ("Ours", "NIMA", "Content")
  group    the block it stands in (a data set, "10-shot"); empty where there is one block
  column   the column's head ("PLCC")
  value    the number; empty where there is none
  std      the printed standard deviation or second number after ±; empty where none
  printed  the cell's characters as printed ("0.777", "700", "39M")
  status   "printed" | "not in the source text"
"""

from functools import cache
from importlib.resources import files

import pandas as pd

from aeslib.errors import unknown

PAPERS = ("elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet")
_HERE = files("aeslib.published")


@cache
def items() -> pd.DataFrame:
    """The 90 items: `item, paper, kind (table|figure), number, title, notebook, outputs, status`.

    `notebook` names the chapters that make it (several where parts live apart, blanks between); `outputs` the files'
    stems (blanks between); `status` is "done" only when a run regenerates it, else "to come".
    """
    with (_HERE / "items.csv").open(encoding="utf-8") as source:
        return pd.read_csv(source, keep_default_na=False).set_index("item", drop=False)


@cache
def table(item: str) -> pd.DataFrame:
    """The published numbers of `item` ("elta.T1"), long form; `ParameterError` for an item without printed numbers."""
    path = _HERE / "tables" / f"{item}.csv"
    if not path.is_file():
        known = sorted(entry.name.removesuffix(".csv") for entry in (_HERE / "tables").iterdir())
        raise unknown("published table", item, known)
    with path.open(encoding="utf-8") as source:
        text = ("row", "group", "column", "printed", "status")
        empty = {"value": [""], "std": [""]}
        return pd.read_csv(source, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=empty)


def value(item: str, row: str, column: str, group: str = "") -> float:
    """One published number; `ParameterError` names the nearest row, group or column when it is not there."""
    frame = table(item)
    for name, wanted in (("group", group), ("row", row), ("column", column)):
        if wanted not in set(frame[name]):
            raise unknown(f"{name} of {item}", wanted, frame[name].unique())
        frame = frame[frame[name] == wanted]
    return float(frame["value"].iloc[0])
