"""Bilevel gradient optimisation: weights from which a few steps on some images do well on other images.

The method of BLG-PIAA, which ELTA's tables call BIAA [zhu2020personalized]. The inner level adapts weights to the
support images of one task; the outer level differentiates the loss of the adapted weights on the task's query images.

[zhu2020personalized]  Zhu et al., Personalized Image Aesthetics Assessment via Meta-Learning With Bilevel Gradient
Optimization, 2020.
"""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.func import grad

INNER_LR = 0.05
"""Learning rate of the inner level."""
INNER_STEPS = 5
"""Gradient steps of the inner level."""


def adapted(
    parameters: Mapping[str, Tensor],
    loss: Callable[[dict[str, Tensor]], Tensor],
    *,
    lr: float = INNER_LR,
    steps: int = INNER_STEPS,
) -> dict[str, Tensor]:
    """Return the parameters after gradient descent on a loss, as a differentiable function of where they started.

    Args:
        parameters: by name.
        loss: of such parameters on the support images, a scalar.
        lr: length of a step, as a multiple of the gradient.
        steps: number of steps.
    """
    current = dict(parameters)
    for _ in range(steps):
        slope = grad(loss)(current)
        current = {name: value - lr * slope[name] for name, value in current.items()}
    return current
