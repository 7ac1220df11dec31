"""BIAA as a model of mean scores: the generic model of bilevel meta-learning, without a user [zhu2020personalized].

For personal scores a task is one user, whose support images adapt the model and whose query images judge it. ELTA's
data have no users, and ELTA does not say what its tasks were. Here a task is a random subset of the training images:
one batch of training, of which a third is the support. This choice is ours. The model is used as meta-learning leaves
it, since there is nobody to adapt it to.

[zhu2020personalized]  see `aeslib.training.bilevel`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.func import functional_call

from aeslib.elta.objective import Elta, Logs, Model
from aeslib.training.batches import Batch
from aeslib.training.bilevel import INNER_LR, INNER_STEPS, adapted

SUPPORT = 1 / 3
"""Share of a batch that the inner level adapts to."""


@dataclass(frozen=True)
class Reparametrised:
    """A model read with other parameters than its own: `encode`, `head` and `bins` as objectives use them."""

    model: Model
    parameters: Mapping[str, Tensor]
    """By the names of the model's; buffers that are not among them are the model's own."""

    def _call(self, part: str, x: Tensor) -> Tensor:
        own = {name.removeprefix(f"{part}."): p for name, p in self.parameters.items() if name.startswith(f"{part}.")}
        return functional_call(getattr(self.model, part), own, (x,))

    def encode(self, x: Tensor) -> Tensor:
        """Features z (B, d) of images, or of what the encoder takes in their place."""
        return self._call("encoder", x)

    def head(self, z: Tensor) -> Tensor:
        """Logits (B, C) of features z (B, d)."""
        return self._call("head", z)

    @property
    def bins(self) -> Tensor:
        """(C,) scores of the bins."""
        return self.model.bins


@dataclass(frozen=True, kw_only=True)
class Bilevel:
    """Outer level of meta-learning as an objective for `fit`: the loss on the query after adapting to the support."""

    base: Elta
    """The loss on the query, with ELTA's modules where they are plugged in; the inner level has none of them."""
    lr: float = INNER_LR
    steps: int = INNER_STEPS

    @property
    def x(self) -> str:
        """The entry of a batch that the model encodes."""
        return self.base.x

    def __call__(self, model: Model, batch: Batch) -> tuple[Tensor, Logs]:
        """Loss of one task; `fit` hands out batches in random order, so each is a random subset."""
        shots = round(SUPPORT * len(batch["score"]))
        support, query = ({name: rows[part] for name, rows in batch.items()} for part in _split(shots))

        def inner_loss(parameters: dict[str, Tensor]) -> Tensor:
            statistics = {name: value.clone() for name, value in model.named_buffers()}  # the outer level moves them
            return Elta(x=self.x)(Reparametrised(model, {**parameters, **statistics}), support)[0]

        parameters = dict(model.named_parameters())
        if shots:
            parameters = adapted(parameters, inner_loss, lr=self.lr, steps=self.steps)
        return self.base(Reparametrised(model, parameters), query)


def _split(shots: int) -> tuple[slice, slice]:
    return slice(shots), slice(shots, None)
