"""Task vectors and their algebra (taskvec Eq 1; [ilharco2023editing] Section 2).

τ = θ_ft − θ_pre, tensor by tensor. They add, subtract and scale like vectors; a scale may be one number or one per
layer. `TaskStack` holds n of them over one start and merges them: θ^l = θ_pre^l + Σ_i α_i^l τ_i^l (Eq 2).

Letters: n tasks · L layers (parameter tensors) · α (n, L) coefficients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aeslib.errors import ParameterError
from aeslib.taskvec.network import layers
from aeslib.training.checkpoint import read_weights, save_weights

State = Mapping[str, Tensor]


def check_same(first: State, second: State, what: str = "task vectors") -> None:
    """Raise `ParameterError`, naming the first difference, unless both have the same tensors."""
    if first.keys() != second.keys():
        odd = sorted(first.keys() ^ second.keys())[0]
        side = "first" if odd in first else "second"
        raise ParameterError(
            f"{what} of different architectures: only the {side} has {odd!r} ({len(first)} and {len(second)} tensors)."
        )
    for name, value in first.items():
        other = second[name]
        if value.shape != other.shape or value.dtype != other.dtype:
            raise ParameterError(
                f"{what}: {name!r} is {value.dtype} {tuple(value.shape)} in the first, {other.dtype} "
                f"{tuple(other.shape)} in the second; build both from the same backbone."
            )


@dataclass(frozen=True)
class TaskVector:
    """θ_ft − θ_pre by parameter name."""

    delta: State

    @classmethod
    def between(cls, start: State, tuned: State) -> "TaskVector":
        """From two sets of weights; tensors that are no floats (counters) are left out."""
        check_same(start, tuned, "weights")
        return cls({name: tuned[name] - value for name, value in start.items() if value.is_floating_point()})

    def __add__(self, other: "TaskVector") -> "TaskVector":
        check_same(self.delta, other.delta)
        return TaskVector({name: value + other.delta[name] for name, value in self.delta.items()})

    def __neg__(self) -> "TaskVector":
        return TaskVector({name: -value for name, value in self.delta.items()})

    def __sub__(self, other: "TaskVector") -> "TaskVector":
        return self + (-other)

    def __rmul__(self, scale: float | Mapping[str, float]) -> "TaskVector":
        """Scaled by one number, or by one per layer (all must be named)."""
        if isinstance(scale, Mapping):
            missing = sorted(self.delta.keys() ^ scale.keys())
            if missing:
                raise ParameterError(f"one scale per layer is needed: {missing[0]!r} is on one side only.")
            return TaskVector({name: float(scale[name]) * value for name, value in self.delta.items()})
        return TaskVector({name: scale * value for name, value in self.delta.items()})

    def apply_to(self, start: State) -> dict[str, Tensor]:
        """θ_pre + τ; what τ does not name stays."""
        check_same({name: value for name, value in start.items() if name in self.delta}, self.delta)
        return {name: value + self.delta[name] if name in self.delta else value for name, value in start.items()}

    def flat(self, names: Sequence[str] | None = None) -> Tensor:
        """(P,) these tensors (None: the tower's, as taskvec 5.1 has it) in one vector."""
        chosen = layers(list(self.delta)) if names is None else names
        return torch.cat([self.delta[name].flatten() for name in chosen])

    def save(self, path: Path, **note: object) -> None:
        """As safetensors, atomically, with a JSON-able note."""
        save_weights(path, self.delta, note)

    @classmethod
    def load(cls, path: Path) -> "TaskVector":
        """From safetensors; `StateError` when missing or damaged, `ParameterError` when it holds NaN."""
        delta, _ = read_weights(path)
        for name, value in delta.items():
            if not bool(value.isfinite().all()):
                raise ParameterError(f"{path.name}: {name!r} holds values that are not finite; make it again.")
        return cls(delta)


def cosines(vectors: Sequence[TaskVector], names: Sequence[str] | None = None) -> Float[Tensor, "n n"]:
    """Cosines between task vectors over these tensors (None: the tower's), 0 where one is zero (taskvec 5.1)."""
    rows = torch.nn.functional.normalize(torch.stack([v.flat(names) for v in vectors]), dim=1)
    return rows @ rows.T


class TaskStack:
    """n task vectors over one start, stacked layer by layer.

    Args:
        start: θ_pre; only its parameters (buffers are the model's own).
        vectors: n task vectors with the same names.
    """

    def __init__(self, start: State, vectors: Sequence[TaskVector]) -> None:
        if not vectors:
            raise ParameterError("no task vectors; pass at least one.")
        for vector in vectors:
            check_same(start, vector.delta)
        self.start = {name: value.detach() for name, value in start.items()}
        self.names = tuple(start)
        self.stacked = {name: torch.stack([v.delta[name].flatten() for v in vectors]) for name in self.names}
        self.n = len(vectors)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, L)."""
        return self.n, len(self.names)

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """The layers that the paper counts: the tower's, without the head."""
        return layers(self.names)

    def merged(self, alpha: Float[Tensor, "n L"]) -> dict[str, Tensor]:
        """θ (Eq 2). One `addmv` per layer, and in backward ∂loss/∂α_i^l = ⟨∂loss/∂θ^l, τ_i^l⟩ is another one."""
        if alpha.shape != self.shape:
            raise ParameterError(f"coefficients are {tuple(alpha.shape)}; expected {self.shape} (tasks, layers).")
        made = {}
        for name, column in zip(self.names, alpha.unbind(1), strict=True):
            base = self.start[name]
            made[name] = torch.addmv(base.flatten(), self.stacked[name].T, column).view(base.shape)
        return made

    def take(self, tasks: Sequence[int]) -> "TaskStack":
        """Only these task vectors, in this order."""
        chosen = [TaskVector({k: v[i].view(self.start[k].shape) for k, v in self.stacked.items()}) for i in tasks]
        return TaskStack(self.start, chosen)

    def vector(self, task: int) -> TaskVector:
        """One of them."""
        return TaskVector({name: rows[task].view(self.start[name].shape) for name, rows in self.stacked.items()})


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    """The model's parameters by name, detached copies."""
    return {name: value.detach().clone() for name, value in model.named_parameters()}
