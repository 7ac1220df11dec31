"""What the papers print: tables number by number, the index of the 90 items, and the claims.

A table file `tables/ITEM.csv` is long: `row, group, column, value, std, printed, status`.
  row      the line's label as a reader would name it ("Ours", "NIMA", "Content")
  group    the block it stands in (a data set, "10-shot"); empty where there is one block
  column   the column's head ("PLCC")
  value    the number ("7K" is 7000); empty where there is none
  std      the printed standard deviation or second number after ±; empty where none
  printed  the cell's characters as printed ("0.777", "700", "7K")
  status   "printed" | "printed as an image" (in the authors' repository, not in the text) | "not in the source text"
Three things are the same for all papers: methods are rows and metrics columns, also where the paper prints them the
other way round; a rank correlation is called SRCC and a linear one PLCC, whatever the paper's word; citation marks are
left out of labels. Figures whose numbers stand in the text have a file too ("elta.F1"). What a reader must know to
use an item's numbers (inferred labels, units of the cells) is in `notes.csv`, see `note`.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import pandas as pd

from aeslib.errors import ParameterError, unknown

PAPERS = ("elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet")
LOST = "not in the source text"
IMAGE = "printed as an image"
_HERE = files("aeslib.published")


def _read(name: str) -> pd.DataFrame:
    with (_HERE / name).open(encoding="utf-8") as source:
        return pd.read_csv(source, keep_default_na=False)


@cache
def items() -> pd.DataFrame:
    """The 90 items: `item, paper, kind (table|figure), number, title, notebook, outputs, status`.

    `notebook` names the chapters that make it (several where parts live apart, blanks between); `outputs` the files'
    stems (blanks between); `status` is "done" only when a run regenerates it, else "to come".
    """
    return _read("items.csv").set_index("item", drop=False)


@cache
def table(item: str) -> pd.DataFrame:
    """The published numbers of `item` ("elta.T1"), long form; `ParameterError` for an item without printed numbers."""
    known = sorted(entry.name.removesuffix(".csv") for entry in (_HERE / "tables").iterdir())
    if item not in known:  # never asked of the disk: an item may come from a damaged file
        raise unknown("published table", item, known)
    with (_HERE / "tables" / f"{item}.csv").open(encoding="utf-8") as source:
        text = ("row", "group", "column", "printed", "status")
        empty = {"value": [""], "std": [""]}
        return pd.read_csv(source, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=empty)


def note(item: str) -> str:
    """What to know before using the numbers of `item`; empty where there is nothing to say."""
    notes = _read("notes.csv")
    return " ".join(notes.loc[notes["item"] == item, "note"])


def value(item: str, row: str, column: str, group: str = "") -> float:
    """One published number.

    Raises:
        ParameterError: naming the nearest row, group or column when it is not there, or for a cell without a number.
    """
    frame = table(item)
    for name, wanted in (("group", group), ("row", row), ("column", column)):
        frame = _only(frame, item, name, wanted)
    cell = frame.iloc[0]
    if pd.isna(cell["value"]):
        shown = repr(cell["printed"]) if cell["printed"] else cell["status"]
        place = ", ".join(part for part in (group, row, column) if part)
        raise ParameterError(f"{item} has no number at {place}: {shown}. Read `table({item!r})` for those that it has.")
    return float(cell["value"])


def wide(item: str, group: str = "", cell: Literal["value", "std", "printed"] = "value") -> pd.DataFrame:
    """One block of a published table as it is read: a line per row, a column per head, in printed order.

    Args:
        item: its key, such as "elta.T1".
        group: the block ("AVA"); empty where the table has only one.
        cell: which of the three to show; "printed" also has the cells that are words.

    Raises:
        ParameterError: for an item without printed numbers, or a block that it does not have.
    """
    block = _only(table(item), item, "group", group)
    grid = block.pivot(index="row", columns="column", values=cell)
    return grid.reindex(index=block["row"].unique(), columns=block["column"].unique()).rename_axis(columns=None)


def _only(frame: pd.DataFrame, item: str, name: str, wanted: str) -> pd.DataFrame:
    if wanted not in set(frame[name]):
        raise unknown(f"{name} of {item}", wanted, frame[name].unique())
    return frame[frame[name] == wanted]
