"""A generated world whose truth, raters and noise are known: what every method is tried on when no data is there."""

from aeslib.data.synthetic.standins import Ceiling, ceiling, standin

__all__ = ["Ceiling", "ceiling", "standin"]
