"""Merging task vectors and its gradient against plain forms, and many users against one exact fit each."""

from collections.abc import Callable

import torch
from timing import Comparison, best, sample
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import softplus

from aeslib.backbones import build
from aeslib.taskvec import Personal, TaskModel, TaskStack, TaskVector, parameters_of
from aeslib.taskvec.coefficients import bradley_terry
from aeslib.taskvec.solve import solve_exact, solve_tangent, tangent

N = 6


def stacked(model: TaskModel) -> TaskStack:
    """Random task vectors over the model's weights."""
    start = parameters_of(model)
    return TaskStack(start, [TaskVector({k: 0.01 * torch.randn_like(v) for k, v in start.items()}) for _ in range(N)])


def steps(model: TaskModel, stack: TaskStack, image: Tensor) -> dict[str, Callable[[], object]]:
    """One forward and backward pass: of the network alone, with our merge, with a loop over tensors and tasks."""
    truth, alpha = torch.arange(float(len(image))), torch.full(stack.shape, 1 / N, requires_grad=True)

    def plain() -> None:
        bradley_terry(model(image), truth).backward()

    def ours() -> None:
        bradley_terry(functional_call(model, stack.merged(alpha), (image,)), truth).backward()

    def loop() -> None:
        weights = {}
        for k, name in enumerate(stack.names):
            total = stack.start[name]
            for i in range(N):
                total = total + alpha[i, k] * stack.stacked[name][i].view(total.shape)
            weights[name] = total
        bradley_terry(functional_call(model, weights, (image,)), truth).backward()

    return {"plain": plain, "ours": ours, "loop": loop}


def merging(name: str, size: int, target: float) -> Callable[[bool], Comparison]:
    """What merging adds to a step of the network alone."""

    def made(quick: bool) -> Comparison:
        torch.manual_seed(0)
        large = name == "ViT-B/16" and not quick
        model = TaskModel(build("clip-b16", "paper") if large else build("cnn"), hidden=64).train()
        side, stack = 224 if large else 64, stacked(model)
        calls = steps(model, stack, torch.rand(size, 3, side, side))
        moved = 4 * sum(t.numel() for t in stack.start.values()) * (2 * N + 4)  # vectors twice; weights and slopes
        return Comparison(
            path=f"task-vector step, {name}, {N} tasks, B {size}", against="forward and backward of one network",
            unit="overhead", target=target, ours=calls["ours"], peer=calls["plain"],
            limit=("memory bandwidth", lambda machine: moved / machine.bandwidth),
        )  # fmt: skip

    return made


def loop_pairs(pred: Tensor, truth: Tensor) -> Tensor:
    """Eq 3 pair by pair."""
    losses = [
        softplus(-(pred[a] - pred[b]) * (truth[a] - truth[b]).sign())
        for a in range(len(pred))
        for b in range(a + 1, len(pred))
        if truth[a] != truth[b]
    ]
    return torch.stack(losses).mean()


def pair_rank(quick: bool) -> Comparison:
    """The loss of ordered pairs."""
    size, g = 8 if quick else 128, torch.Generator().manual_seed(0)
    pred, truth = torch.randn(size, generator=g), torch.randint(1, 10, (size,), generator=g).float()
    return Comparison(
        path=f"pair rank loss, B {size}", against="a Python loop", unit="x", target=90,
        ours=lambda: bradley_terry(pred, truth), peer=lambda: loop_pairs(pred, truth), once=True,
    )  # fmt: skip


def indexed_pairs(pred: Tensor, truth: Tensor) -> Tensor:
    """Eq 3 of many users, both pictures of every pair by their places."""
    a, b = torch.triu_indices(pred.shape[-1], pred.shape[-1], 1)
    side = (truth[:, a] - truth[:, b]).sign()
    losses = softplus(-side * (pred[:, a] - pred[:, b])) * (side != 0)
    return losses.sum(-1) / (side != 0).sum(-1)


def pair_rank_users(quick: bool) -> Comparison:
    """The same of many users at once, and its gradient: what every step of the tangent solver takes."""
    users, size, g = 4 if quick else 200, 32, torch.Generator().manual_seed(0)
    pred = torch.randn(users, size, generator=g, requires_grad=True)
    truth = torch.randint(1, 10, (users, size), generator=g).float()
    return Comparison(
        path=f"pair rank loss and gradient, {users} users, B {size}", against="pairs by indexing", unit="x", target=2,
        ours=lambda: torch.autograd.grad(bradley_terry(pred, truth).sum(), pred),
        peer=lambda: torch.autograd.grad(indexed_pairs(pred, truth).sum(), pred),
    )  # fmt: skip


def many_users(quick: bool) -> Comparison:
    """A world's users: one gradient per picture and all fits at once, against 500 exact steps for each."""
    torch.manual_seed(0)
    users, shots, pictures = (2, 4, 8) if quick else (40, 10, 400)
    model = TaskModel(build("cnn"), hidden=64).eval()
    stack, config = stacked(model), Personal(steps=4 if quick else 500)
    images, generator = torch.rand(pictures, 3, 64, 64), torch.Generator().manual_seed(0)
    rows = torch.stack([torch.randperm(pictures, generator=generator)[:shots] for _ in range(users)])
    truth, centre = torch.randint(1, 6, (users, shots), generator=generator).float(), torch.full(stack.shape, 1 / N)

    def quickly() -> None:
        known = tangent(model, stack, images, len(images), centre)
        solve_tangent(known, rows, truth, centre.expand(users, *stack.shape), config, generator)

    def value() -> float:
        exact = sample(lambda: solve_exact(model, stack, images[rows[0]], truth[0], centre, config, generator))
        return exact * users / best(quickly, 3)

    return Comparison(
        path=f"personalising {users} users, {shots} pictures each", against=f"{config.steps} exact steps for each",
        unit="x", target=20, value=value,
    )  # fmt: skip


COMPARISONS = {
    "taskvec-vit-b10": merging("ViT-B/16", 10, 0.05),
    "taskvec-vit-b2": merging("ViT-B/16", 2, 0.20),
    "taskvec-users": many_users,
    "taskvec-pair-rank": pair_rank,
    "taskvec-pair-rank-users": pair_rank_users,
}
