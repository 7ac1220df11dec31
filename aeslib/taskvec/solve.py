"""Learning one user's coefficients: exactly, by merging at every step, or to first order for many users at once.

The first-order (tangent) solver takes scores as linear around a common centre c: f(x; α) ≈ f(x; c) + ⟨J(x), α − c⟩ with
J(x) (n, L) = ∂f/∂α at c. One gradient per picture serves all users, trials, losses and starts; what remains are small
matrix products. It is ours, for speed; the exact solver is the paper's.

Letters: n tasks · L layers · K images of a user · R runs (users × trials) · M pictures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from aeslib.errors import ParameterError
from aeslib.seeding import seeded
from aeslib.taskvec.coefficients import Personal, personal_loss
from aeslib.taskvec.vectors import TaskStack

CHUNK = 32
"""Pictures whose gradients are in memory at once."""
EXACT_WEIGHT_DECAY = 0.0
"""AdamW's; the launch file of the released code says 0, its script's default is 0.01."""


@dataclass(frozen=True)
class Tangent:
    """Scores of M pictures and their slopes in α, at the centre."""

    value: Float[Tensor, " M"]
    slope: Float[Tensor, "M n L"]
    centre: Float[Tensor, "n L"]

    def at(self, rows: Int[Tensor, "*R K"], alpha: Float[Tensor, "*R n L"]) -> Float[Tensor, "*R K"]:
        """First-order scores of these pictures under these coefficients."""
        moved = (alpha - self.centre).flatten(-2)
        return self.value[rows] + (self.slope.flatten(1)[rows] @ moved[..., None])[..., 0]


def tangent(
    model: nn.Module, stack: TaskStack, images: Float[Tensor, "M 3 H W"] | Callable[[slice], Tensor],
    count: int, centre: Float[Tensor, "n L"],
) -> Tangent:  # fmt: skip
    """Scores and slopes of `count` pictures.

    Args:
        model: the architecture; its weights are not used.
        stack: start and task vectors.
        images: all pictures in 0–1, or what gives a slice of them (so that they need not fit in memory).
        count: M.
        centre: coefficients around which scores are taken as linear.
    """
    model.eval()
    weights = stack.merged(centre)
    one = grad_and_value(lambda theta, x: functional_call(model, theta, (x[None],))[0])
    values, slopes = [], []
    with torch.no_grad():
        for start in range(0, count, CHUNK):
            part = slice(start, min(start + CHUNK, count))
            shown = images(part) if callable(images) else images[part]
            found, value = vmap(one, in_dims=(None, 0), randomness="same")(weights, shown)
            by_layer = [found[name].flatten(1) @ stack.stacked[name].T for name in stack.names]  # (B, n) each
            slopes.append(torch.stack(by_layer, -1))
            values.append(value)
    return Tangent(torch.cat(values), torch.cat(slopes), centre)


def lr_at(step: int, config: Personal) -> float:
    """Cosine from `lr` to `final_lr` over the steps (App F)."""
    wave = 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return config.final_lr + (config.lr - config.final_lr) * wave


def descend(
    begin: Float[Tensor, "*R n L"],
    score: Callable[[Tensor, Tensor], Tensor],
    truth: Float[Tensor, "*R K"],
    config: Personal,
    generator: torch.Generator,
    each: Callable[[int, float], None] | None = None,
) -> Float[Tensor, "*R n L"]:
    """AdamW on coefficients; all runs at once, each with its own loss.

    Args:
        begin: the start.
        score: (coefficients, rows (k,) of the K images) → predictions (*R, k).
        truth: the users' scores.
        config: how.
        generator: draws the batches (the same rows of the support for all runs).
        each: called with step and mean loss, for progress.

    Raises:
        ParameterError: when scores are not finite, or fewer than two images are given.
    """
    count = truth.shape[-1]
    if count < 2:
        raise ParameterError(f"{count} rated images; a preference needs at least 2.")
    if not bool(truth.isfinite().all()):
        raise ParameterError("a rating is not finite; drop the images without one.")
    free = (begin if config.layer_wise else begin.mean(-1, keepdim=True)).clone().requires_grad_(True)
    first = free.detach().clone()
    optimizer = torch.optim.AdamW([free], lr=config.lr, weight_decay=EXACT_WEIGHT_DECAY)
    for step in range(config.steps):
        rows = torch.randperm(count, generator=generator)[: config.batch]
        loss = personal_loss(score(free.expand(begin.shape), rows), truth[..., rows], config)
        if config.anchor:
            loss = loss + config.anchor * (free - first).square().sum((-1, -2))
        optimizer.param_groups[0]["lr"] = lr_at(step, config)
        optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()
        optimizer.step()
        if each is not None:
            each(step, float(loss.detach().mean()))
    return free.detach().expand(begin.shape).clone()


def solve_exact(
    model: nn.Module,
    stack: TaskStack,
    images: Float[Tensor, "K 3 H W"],
    truth: Float[Tensor, " K"],
    begin: Float[Tensor, "n L"],
    config: Personal,
    generator: torch.Generator,
    each: Callable[[int, float], None] | None = None,
) -> Float[Tensor, "n L"]:
    """Return one user's coefficients as the paper learns them: merge, run, step (Eq 2 and 3).

    Dropout follows the seed of `generator`.
    """
    model.train(config.dropout)

    def score(alpha: Tensor, rows: Tensor) -> Tensor:
        return functional_call(model, stack.merged(alpha), (images[rows],))

    with seeded(generator.initial_seed()):
        found = descend(begin, score, truth, config, generator, each)
    model.eval()
    return found


def solve_tangent(
    known: Tangent,
    rows: Int[Tensor, "R K"],
    truth: Float[Tensor, "R K"],
    begin: Float[Tensor, "R n L"],
    config: Personal,
    generator: torch.Generator,
) -> Float[Tensor, "R n L"]:
    """Coefficients of R runs at once, to first order.

    Args:
        known: of the pictures that `rows` point into.
        rows: the images that each run's user rated.
        truth: their ratings.
        begin: where each run starts.
        config: how.
        generator: draws the batches.
    """
    value, slope = known.value[rows], known.slope.flatten(1)[rows]  # (R, K), (R, K, n L)

    def score(alpha: Tensor, chosen: Tensor) -> Tensor:
        moved = (alpha - known.centre).flatten(-2)
        return value[:, chosen] + (slope[:, chosen] @ moved[..., None])[..., 0]

    return descend(begin, score, truth, config, generator)
