"""Merging and its gradient against plain forms: `python benchmarks/taskvec.py` prints ratios (larger is better for us).

One thread, median of several calls. The small network of the default profile; with --large ViT-B/16 too (4 GB).
The plain forms: a sum of products per tensor and task in Python, and for many users the exact solver, one by one.
"""

import sys
import time
from collections.abc import Callable

import torch
from timing import seconds
from torch import Tensor
from torch.func import functional_call

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


def one_step(name: str, model: TaskModel, sizes: tuple[int, ...], side: int) -> None:
    """Overheads over the plain network."""
    model.train()
    stack = stacked(model)
    for size in sizes:
        image = torch.rand(size, 3, side, side)
        took = {kind: seconds(call) for kind, call in steps(model, stack, image).items()}
        ours, loop = (took[kind] / took["plain"] - 1 for kind in ("ours", "loop"))
        print(
            f"{name}, B {size:2d}: plain {took['plain'] * 1e3:7.1f} ms, merging +{ours:4.0%}, tensor loop +{loop:4.0%}"
        )


def many_users(users: int = 40, shots: int = 10) -> None:
    """A world's users: one gradient per picture and all fits at once, against one exact fit each."""
    model = TaskModel(build("cnn"), hidden=64).eval()
    stack, config = stacked(model), Personal(steps=100)
    images, generator = torch.rand(400, 3, 64, 64), torch.Generator().manual_seed(0)
    rows = torch.stack([torch.randperm(400, generator=generator)[:shots] for _ in range(users)])
    truth, centre = torch.randint(1, 6, (users, shots), generator=generator).float(), torch.full(stack.shape, 1 / N)

    def quick() -> None:
        known = tangent(model, stack, images, len(images), centre)
        solve_tangent(known, rows, truth, centre.expand(users, *stack.shape), config, generator)

    start = time.perf_counter()
    for k in range(3):
        solve_exact(model, stack, images[rows[k]], truth[k], centre, config, generator)
    exact = (time.perf_counter() - start) / 3
    fast = seconds(quick) / users
    print(
        f"{users} users, {shots} images: exact {exact:5.2f} s a user, first order {fast:6.4f} s, {exact / fast:4.0f} x"
    )


def main() -> None:
    """Print one line per comparison."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    one_step("small network", TaskModel(build("cnn"), hidden=64), (32, 10, 2), 64)
    if "--large" in sys.argv:
        one_step("ViT-B/16", TaskModel(build("clip-b16", "paper")), (10, 2), 224)
    many_users()


if __name__ == "__main__":
    main()
