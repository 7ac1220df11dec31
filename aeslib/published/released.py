"""Numbers that stand in the papers' released code rather than in the papers."""

from importlib.resources import files

import pandas as pd


def class_counts() -> pd.DataFrame:
    """Training images per score class, as aesmamba's released code weighs its balanced cross-entropy with.

    Returns:
        A row per (data set, attribute), a column per class from 0, the lowest; empty where a data set has fewer.
        PARA's classes are 1 wide from 1, AADB's 0.2 from 0, TAD66K's 2 from 0, AVA's 1 from 1, Photo.Net's 1 from 3.
    """
    with (files("aeslib.published") / "released_class_counts.csv").open(encoding="utf-8") as source:
        counts = pd.read_csv(source, index_col=["data", "attribute"]).astype("Int64")
    return counts.set_axis([int(k) for k in counts.columns], axis=1)
