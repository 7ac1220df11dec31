"""Checks of values and parameters that all statistics share."""

import numpy as np
from numpy.typing import ArrayLike

from aeslib.errors import ParameterError

MIN_VALUES = 3
"""Fewest values that a bootstrap interval is made of: resamples of one or two repeat them and know no spread."""


def as_floats(values: ArrayLike, name: str) -> np.ndarray:
    """Return `values` as an array of floats of the same shape.

    Raises:
        ParameterError: when it is a masked array that hides some of them, because numpy would bring those back.
    """
    rows = values if isinstance(values, list | tuple) else [values]
    hidden = sum(int(np.ma.count_masked(row)) for row in rows if isinstance(row, np.ma.MaskedArray))
    if hidden:
        raise ParameterError(
            f"{name}: {hidden} of {np.size(values)} values are masked; leave them out first, on both sides: "
            "pred[~mask], truth[~mask]."
        )
    return np.asarray(values, float)


def check_finite(values: np.ndarray, name: str) -> None:
    """Raise `ParameterError` with the place of the first of `values` that is NaN or infinite."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        place = tuple(bad[0])
        where = ", ".join(map(str, place))
        raise ParameterError(f"{name}[{where}] is {values[place]}; {len(bad)} of {values.size} are not finite.")


def check_resampling(resamples: int, level: float = 0.95) -> None:
    """Raise `ParameterError` unless a bootstrap can have that many resamples and that coverage."""
    if isinstance(resamples, bool) or not isinstance(resamples, int | np.integer) or resamples < 1:
        raise ParameterError(f"resamples is {resamples!r}; expected a whole number, 1 or more (1000 is usual).")
    if not 0 < level < 1:
        hint = f"; for {level:g} % pass level={level / 100:g}" if 1 < level < 100 else ""
        raise ParameterError(f"level is {level!r}; expected a share between 0 and 1, such as 0.95{hint}.")
