"""Fast forms of convolutions: what is kept between calls serves prediction and training."""

import torch

from aeslib.aestheticnet.depthwise import depthwise, taps


def test_a_model_that_has_predicted_can_be_trained():
    weight, x = torch.randn(3, 1, 5, 5, requires_grad=True), torch.randn(2, 3, 7, 7)
    taps.cache_clear()
    with torch.inference_mode():
        depthwise(x, weight)
    depthwise(x, weight).sum().backward()
    assert weight.grad is not None
