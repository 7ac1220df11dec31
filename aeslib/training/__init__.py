"""One training loop for all papers."""

from aeslib.training.batches import Batches
from aeslib.training.fit import FitConfig, History, fit, predict

__all__ = ["Batches", "FitConfig", "History", "fit", "predict"]
