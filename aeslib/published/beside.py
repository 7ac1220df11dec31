"""Published beside computed: one table with a verdict a row, for label statistics that must come out as printed."""

import re
from typing import Protocol

import numpy as np
import pandas as pd

from aeslib.errors import unknown
from aeslib.published import table

UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}


class Origin(Protocol):
    """What a verdict must know of a data set."""

    @property
    def key(self) -> str:
        """The card's key."""

    @property
    def source(self) -> str:
        """`real`, `labels` or `synthetic`."""


def last_place(printed: str) -> float:
    """The unit of the last printed digit: 0.01 for "0.70", 1000 for "7K", 1 for "10,073"; NaN when it is no number."""
    parts = re.fullmatch(r"[-−]?\d[\d,]*(?:\.(\d+))?([KMG]?)", printed)
    return np.nan if parts is None else UNITS[parts[2]] * 10.0 ** -len(parts[1] or "")


def agrees(here: float, value: float, printed: str) -> bool:
    """Whether `here` rounds to what is printed: within half a unit of the last printed digit of `value`."""
    return bool(abs(here - value) <= last_place(printed) / 2 * (1 + 1e-9))


def beside(item: str, here: pd.DataFrame, data: Origin, *, group: str = "", complete: bool = True) -> pd.DataFrame:
    """The published cells of an item next to ours.

    Args:
        item: "mtcnn.T3".
        here: our numbers; index and columns are rows and columns of the published table.
        data: the data set they were computed from.
        group: the block of the published table.
        complete: False when the files at hand hold only a part of what the paper counted.

    Returns:
        Columns row, column, published (as printed, empty where nothing is), here and verdict: "exact", "contradicted",
        "not printed", or "needs data" where `data` is a stand-in or incomplete.
    """
    printed = table(item)
    printed = printed[printed["group"] == group]
    for name, labels in (("row", here.index), ("column", here.columns)):
        for label in set(labels) - set(printed[name]):
            raise unknown(f"{name} of {item}", label, printed[name].unique())
    ours = here.rename_axis("row").reset_index().melt("row", var_name="column", value_name="here")
    both = ours.merge(printed, on=["row", "column"], how="left", validate="one_to_one")
    lacking = f"needs data ({data.key})" if data.source == "synthetic" or not complete else ""
    both["verdict"] = [
        "not printed" if pd.isna(value) else lacking or ("exact" if agrees(mine, value, text) else "contradicted")
        for mine, value, text in zip(both["here"], both["value"], both["printed"], strict=True)
    ]
    return both.rename(columns={"printed": "published"})[["row", "column", "published", "here", "verdict"]]
