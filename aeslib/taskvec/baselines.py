"""What task vectors are compared with, as runnable rows.

Ridge regression on frozen features; PAM [ren2017personalized], a generic score plus a support vector machine on what is
left of it, fed with attributes and contents; a head learnt by bi-level meta-learning, after BLG-PIAA
[zhu2020personalized] (which adapts the whole network; here the tower stays); and the paper's own control, fine-tuning
the model that fits the user best (taskvec Table 5).

Letters: N pictures · K rated ones · d features · U users of meta-training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from torch import Tensor, nn
from torch.func import functional_call, vmap

from aeslib.errors import ParameterError
from aeslib.seeding import moved, seeded
from aeslib.taskvec.coefficients import Personal, personal_loss
from aeslib.taskvec.network import TaskModel
from aeslib.taskvec.solve import lr_at
from aeslib.training.bilevel import INNER_LR, INNER_STEPS, adapted

PENALTIES = np.logspace(0, 5, 11)
CONTENTS = 10
"""Clusters that stand for what a picture shows (PAM)."""


def ridge(features: np.ndarray, support: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(N,) predictions of a ridge regression on standardised features (N, d), its penalty by leave-one-out."""
    ready = StandardScaler().fit_transform(features)
    return RidgeCV(PENALTIES).fit(ready[support], scores).predict(ready)


@dataclass(frozen=True)
class Pam:
    """Attributes and contents of pictures, standardised, for the residual model."""

    attributes: np.ndarray
    """(N, A)."""
    contents: np.ndarray
    """(N, CONTENTS)."""

    @classmethod
    def of(cls, features: np.ndarray, known: np.ndarray, rated: np.ndarray, seed: int = 0) -> "Pam":
        """For pictures with frozen features (N, d).

        Args:
            features: of the pictures.
            known: (M, d) features of pictures with rated attributes.
            rated: (M, A) those ratings; NaN counts as the column's mean.
            seed: of the clusters.
        """
        filled = np.where(np.isnan(rated), np.nanmean(rated, 0), rated)
        scale = StandardScaler().fit(known)
        attributes = Ridge(100.0).fit(scale.transform(known), filled).predict(scale.transform(features))
        clusters = KMeans(CONTENTS, n_init=1, random_state=moved(seed)).fit(scale.transform(known))
        away = clusters.transform(scale.transform(features))
        near = np.exp(-((away - away.min(1, keepdims=True)) / away.std()))
        return cls(*(StandardScaler().fit_transform(part) for part in (attributes, near / near.sum(1, keepdims=True))))

    def predict(
        self,
        generic: np.ndarray,
        support: np.ndarray,
        scores: np.ndarray,
        kinds: Sequence[str] = ("attributes", "contents"),
    ) -> np.ndarray:
        """(N,) generic scores plus the personal residual learnt on the support."""
        seen = np.concatenate([getattr(self, kind) for kind in kinds], axis=1)
        left = scores - generic[support]
        with seeded(0):  # libsvm takes a seed from numpy, though this kind of fit does not use it
            fitted = SVR(C=1.0, epsilon=0.1).fit(seen[support], left)
        return generic + fitted.predict(seen)


class MetaHead:
    """A head that is learnt so that a few gradient steps fit it to a user (first loop), over many users (second loop).

    Args:
        model: whose head is the start; its tower gave the features.
        inner_lr: step of the first loop, with `inner_steps` of them.
        inner_steps: also what a new user gets.
        generator: draws users and their images.
    """

    def __init__(
        self,
        model: TaskModel,
        generator: torch.Generator,
        *,
        inner_lr: float = INNER_LR,
        inner_steps: int = INNER_STEPS,
    ) -> None:
        self.model, self.generator = model, generator
        self.inner_lr, self.inner_steps = inner_lr, inner_steps
        self.head = {name: p.detach().clone() for name, p in model.head.named_parameters()}

    def scores(self, head: Mapping[str, Tensor], z: Tensor) -> Tensor:
        """Of features z (B, d); no dropout."""
        out = functional_call(self.model.head, dict(head), (z,)).sigmoid()
        return out / out.sum(-1, keepdim=True) @ self.model.template

    def adapted(self, head: Mapping[str, Tensor], z: Tensor, scores: Tensor) -> dict[str, Tensor]:
        """The head after the inner steps on one support; differentiable."""
        return adapted(
            head, lambda h: (self.scores(h, z) - scores).square().mean(), lr=self.inner_lr, steps=self.inner_steps
        )

    def fit(
        self, z: Tensor, users: Sequence[tuple[Tensor, Tensor]], *, steps: int, shots: int = 10, tasks: int = 8
    ) -> None:
        """Meta-train on users given as (rows of z, scores), those who rated `3 * shots` pictures or more.

        Raises:
            ParameterError: when nobody did.
        """
        users = [user for user in users if len(user[0]) >= 3 * shots]
        if not users:
            raise ParameterError(f"nobody rated {3 * shots} pictures; meta-training needs them, or fewer shots.")
        self.model.head.eval()
        free = {name: value.requires_grad_(True) for name, value in self.head.items()}
        optimizer = torch.optim.Adam(free.values(), lr=1e-3)

        def query_loss(head: dict[str, Tensor], s: Tensor, t: Tensor, q: Tensor, u: Tensor) -> Tensor:
            return (self.scores(self.adapted(head, s, t), q) - u).square().mean()

        for _ in range(steps):
            drawn = torch.randint(len(users), (tasks,), generator=self.generator).tolist()
            picks = [torch.randperm(len(users[u][0]), generator=self.generator)[: 3 * shots] for u in drawn]
            rows = torch.stack([users[u][0][p] for u, p in zip(drawn, picks, strict=True)])
            given = torch.stack([users[u][1][p] for u, p in zip(drawn, picks, strict=True)])
            seen = z[rows]
            losses = vmap(query_loss, in_dims=(None, 0, 0, 0, 0))(
                free, seen[:, :shots], given[:, :shots], seen[:, shots:], given[:, shots:]
            )
            optimizer.zero_grad(set_to_none=True)
            losses.mean().backward()
            optimizer.step()
        self.head = {name: value.detach() for name, value in free.items()}

    def predict(self, z: Tensor, support: Tensor, scores: Tensor) -> Tensor:
        """(N,) scores of features z (N, d) after adapting to the support rows."""
        with torch.no_grad():
            return self.scores(self.adapted(self.head, z[support], scores), z)


def fine_tuned(
    model: TaskModel, images: Tensor, scores: Tensor, config: Personal, generator: torch.Generator
) -> TaskModel:
    """Best-fit FT: all weights of `model`, in place, on one user's images with the personal loss (Table 5)."""
    parameters: list[nn.Parameter] = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=config.lr, weight_decay=0.0)
    model.train()
    model.head.train(config.dropout)
    with seeded(generator.initial_seed()):  # dropout
        for step in range(config.steps):
            rows = torch.randperm(len(scores), generator=generator)[: config.batch]
            loss = personal_loss(model(images[rows]), scores[rows], config)
            optimizer.param_groups[0]["lr"] = lr_at(step, config)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return model.eval()
