"""The one form that every data set's labels take: a validated table and what its numbers mean.

Columns of an image table:   image_id · split · mos · [std] · [n_votes] · [votes_1 … votes_K] · [attr_NAME …] · [theme]
Columns of a list:           image_id · split · [high] · [text]   (split lists and captions come without scores)
Columns of a rating table:   image_id · split · user_id · score · [attr_NAME …]

Scores stay in the data set's own units (AADB 0–1, AVA 1–10 …); `score_range` says which. One image may stand in two
splits (AADB as released has 127 of them), but only once in each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa

from aeslib.errors import DataError

Level = Literal["image", "rating"]
Source = Literal["real", "labels", "synthetic"]


@dataclass(frozen=True)
class LabelTable:
    """Labels of one data set, one row per image (or per rating)."""

    frame: pd.DataFrame
    score_range: tuple[float, float]
    """Lowest and highest possible score, native units."""
    level: Level = "image"
    bins: tuple[float, ...] = ()
    """Score of each vote column `votes_1 … votes_K`; empty when votes are not published."""
    attributes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Attribute name (without `attr_`) → its range."""
    scored: bool = True
    """False for lists that publish no mean score; `high` (1: mean above the middle, 0: not) may be there instead."""
    notes: tuple[str, ...] = ()
    """What was left out or mended on reading, in words."""

    def __post_init__(self) -> None:
        validate(self)

    def __len__(self) -> int:
        return len(self.frame)

    def split(self, *names: str) -> "LabelTable":
        """Only the rows of these splits; `DataError` names the splits there are when one is missing."""
        have = sorted(self.frame["split"].unique())
        absent = [name for name in names if name not in have]
        if absent:
            raise DataError(f"no split {absent[0]!r} in this table; it has {', '.join(have)}.")
        return replace(self, frame=self.frame[self.frame["split"].isin(names)].reset_index(drop=True))

    def of_images(self, names: Iterable[str]) -> "LabelTable":
        """Return the table with only the rows of these images."""
        frame = self.frame[self.frame["image_id"].isin(set(names))]
        return self if len(frame) == len(self) else replace(self, frame=frame.reset_index(drop=True))

    @property
    def mos(self) -> np.ndarray:
        """(N,) mean opinion scores, native units; `DataError` for a list that publishes none."""
        if not self.scored:
            raise DataError(f"this list publishes no mean scores; it has {', '.join(self.frame.columns)}.")
        return self.frame["mos"].to_numpy(float)

    def votes(self) -> np.ndarray:
        """(N, K) vote counts or shares; `DataError` when the data set publishes none."""
        if not self.bins:
            raise DataError("this data set publishes no vote histogram; use mos (and std where present).")
        return self.frame[[f"votes_{k}" for k in range(1, len(self.bins) + 1)]].to_numpy(float)

    def attribute(self, name: str) -> np.ndarray:
        """(N,) values of one attribute."""
        if name not in self.attributes:
            raise DataError(f"no attribute {name!r}; this table has {', '.join(self.attributes) or 'none'}.")
        return self.frame[f"attr_{name}"].to_numpy(float)


def schema(table: LabelTable) -> pa.DataFrameSchema:
    """The pandera schema of a table: columns, types, ranges, ids unique in each split (and for each user)."""
    low, high = table.score_range
    score = pa.Column(float, pa.Check.in_range(low, high), nullable=False)
    columns: dict[str, pa.Column] = {
        "image_id": pa.Column(str, pa.Check.str_length(min_value=1), nullable=False),
        "split": pa.Column(str, nullable=False),
    }
    if table.level == "rating":
        columns |= {"user_id": pa.Column(str, nullable=False), "score": score}
    else:
        columns |= _image_columns(table, score)
    for name, (bottom, top) in table.attributes.items():
        columns[f"attr_{name}"] = pa.Column(float, pa.Check.in_range(bottom, top), nullable=True, coerce=True)
    once = ["split", "image_id"] if table.level == "image" else ["split", "user_id", "image_id"]
    return pa.DataFrameSchema(columns, strict=False, unique=once)


def _image_columns(table: LabelTable, score: pa.Column) -> dict[str, pa.Column]:
    columns = {
        "std": pa.Column(float, pa.Check.ge(0), nullable=True, required=False),
        "n_votes": pa.Column(int, pa.Check.ge(0), required=False, coerce=True),
        "high": pa.Column(int, pa.Check.isin((0, 1)), required=False, coerce=True),
        "theme": pa.Column(str, nullable=False, required=False),
        "text": pa.Column(str, nullable=False, required=False),
    }
    if table.scored:
        columns["mos"] = score
    for k in range(1, len(table.bins) + 1):
        columns[f"votes_{k}"] = pa.Column(float, pa.Check.ge(0), nullable=False, coerce=True)
    return columns


def validate(table: LabelTable) -> None:
    """Raise `DataError` with the first offending row unless the table fits its schema."""
    try:
        schema(table).validate(table.frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        more = f" ({len(cases)} failing cells in all.)" if len(cases) > 1 else ""
        raise DataError(f"label table: {_complaint(table, cases.iloc[0])}{more}") from errors


def _complaint(table: LabelTable, case: pd.Series) -> str:
    """What is wrong, from one row of pandera's list of failures."""
    if case["check"] == "column_in_dataframe":
        return f"no column {case['failure_case']!r}; it has {', '.join(table.frame.columns)}."
    if case["check"] == "multiple_fields_uniqueness":
        row = table.frame.loc[case["index"]]
        person = f" by user {row['user_id']!r}" if table.level == "rating" else ""
        return f"image {row['image_id']!r}{person} stands more than once in split {row['split']!r}."
    where = "" if pd.isna(case["index"]) else f"row {int(case['index'])}: "
    return f"{where}{case['column']} is {case['failure_case']}; expected {case['check']}."
