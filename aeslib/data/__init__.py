"""Every data set, real or synthetic, in one form: `load(key)` answers with labels, images and where they come from."""

from aeslib.data.cards import KEYS, DatasetCard, load_card
from aeslib.data.load import Dataset, describe_source, families, load, pictured
from aeslib.data.table import LabelTable

__all__ = [
    "KEYS", "Dataset", "DatasetCard", "LabelTable", "describe_source", "families", "load", "load_card", "pictured",
]  # fmt: skip
