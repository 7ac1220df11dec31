"""A generated world whose truth, raters and noise are known: what every method is tried on when no data is there."""

from aeslib.data.synthetic.pictures import pictures
from aeslib.data.synthetic.standins import Ceiling, ceiling, people, standin, world

__all__ = ["Ceiling", "ceiling", "people", "pictures", "standin", "world"]
