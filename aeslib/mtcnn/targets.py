"""Targets that a sigmoid can reach: every score on 0 to 1, and the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aeslib.errors import ParameterError

OVERALL = "Overall"
"""The first output."""


@dataclass(frozen=True)
class Scaling:
    """One straight line per output. Spearman's ρ is the same on either side of it."""

    names: tuple[str, ...]
    """K outputs."""
    low: np.ndarray
    high: np.ndarray
    """(K,) native scores that become 0 and 1."""

    @classmethod
    def of(cls, score_range: tuple[float, float], attributes: Mapping[str, tuple[float, float]]) -> "Scaling":
        """Each output's full scale onto 0 to 1: an attribute a in −1 to 1 becomes (a + 1) / 2, in 1 to 4 (a − 1) / 3.

        The paper does not say what it does with targets below 0; this is our reading (methods 4.2).
        """
        ends = np.array([score_range, *attributes.values()], float)
        return cls((OVERALL, *attributes), ends[:, 0], ends[:, 1])

    def as_printed(self) -> "Scaling":
        """Scores left as they are, as the paper reads literally: targets below 0 or above 1 cannot be met."""
        return Scaling(self.names, np.zeros(len(self.names)), np.ones(len(self.names)))

    def first(self, outputs: int) -> "Scaling":
        """Of the first outputs only; 1 is the single-task control."""
        return Scaling(self.names[:outputs], self.low[:outputs], self.high[:outputs])

    def unit(self, native: np.ndarray) -> np.ndarray:
        """(N, K) native scores to 0–1, float32."""
        return ((self._checked(native) - self.low) / (self.high - self.low)).astype(np.float32)

    def native(self, unit: np.ndarray) -> np.ndarray:
        """(N, K) predictions in 0–1 to native scores."""
        return self.low + self._checked(unit) * (self.high - self.low)

    def _checked(self, values: np.ndarray) -> np.ndarray:
        if values.ndim != 2 or values.shape[1] != len(self.names):
            raise ParameterError(
                f"scores have shape {values.shape}; expected (N, {len(self.names)}): {', '.join(self.names)}."
            )
        return values


def columns(score: np.ndarray, attributes: np.ndarray | None, names: Sequence[str]) -> np.ndarray:
    """(N, K) overall score and attributes side by side, in the order of `names`."""
    parts = [score[:, None]] + ([] if attributes is None else [attributes])
    stacked = np.concatenate(parts, axis=1)
    if stacked.shape[1] < len(names):
        raise ParameterError(f"{stacked.shape[1]} columns of targets for {len(names)} outputs ({', '.join(names)}).")
    return stacked[:, : len(names)]
