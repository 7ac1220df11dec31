import pytest
import torch

from aeslib.backbones import build, count_parameters
from aeslib.taskvec.network import HALF, TaskModel, clip_tower, encoder_of, layers
from aeslib.taskvec.tasks import on_template, shared_head
from aeslib.taskvec.vectors import parameters_of

OUTPUTS = torch.tensor([0.1, 0.2, 0.9, 0.8, 0.5, 0.5, 0.3, 0.1, 0.1, 0.1])
TOWERS = {"clip-b16": (152, 912, 86_192_640), "clip-l14": (296, 1776, 303_966_208)}


@pytest.fixture
def saying():
    """A model whose sigmoids are OUTPUTS whatever it sees."""

    def make(**options) -> TaskModel:
        model = TaskModel(build("cnn"), hidden=4, **options)
        with torch.no_grad():
            model.head[3].weight.zero_()
            model.head[3].bias.copy_(OUTPUTS.logit())
        return model.eval()

    return make


def test_the_score_is_the_weighted_mean_of_the_template(saying):
    image = torch.rand(2, 3, 64, 64)
    for options, wanted in (({"normalize": False}, 16.7), ({}, 4.638889), ({"template": HALF}, 2.319445)):
        torch.testing.assert_close(saying(**options)(image), torch.full((2,), wanted), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", TOWERS)
def test_the_paper_counts_layers_without_timms_bias_and_without_the_head(name):
    tensors, coefficients, size = TOWERS[name]
    with torch.device("meta"):
        model = TaskModel(build(name, "paper"))
    counted = layers([n for n, _ in model.named_parameters()])
    assert len(counted) == tensors
    assert 6 * len(counted) == coefficients
    assert len(list(model.parameters())) == tensors + 4
    assert sum(p.numel() for n, p in model.named_parameters() if n in counted) == size


def test_the_head_of_the_large_model_has_the_published_size():
    with torch.device("meta"):
        assert sum(p.numel() for p in TaskModel(build("clip-l14", "paper")).head.parameters()) == 398_858


def test_only_the_projections_bias_is_missing():
    import timm

    with torch.device("meta"):
        ours = {n for n, _ in clip_tower("vit_base_patch16_clip_224", 512).named_parameters()}
        theirs = {n for n, _ in timm.create_model("vit_base_patch16_clip_224", num_classes=512).named_parameters()}
    assert theirs - ours == {"head.bias"}
    assert ours < theirs


@pytest.mark.parametrize(("which", "size"), [("large", 60_688), ("small", 15_368)])
def test_the_small_size_has_two_widths(which, size):
    assert count_parameters(lambda: build(encoder_of(which, "small"))) == size


def test_batch_statistics_never_change():
    model = TaskModel(build("cnn"), hidden=4).train()
    before = {n: b.clone() for n, b in model.named_buffers()}
    model(torch.rand(4, 3, 64, 64)).sum().backward()
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name]), name


def test_every_task_starts_from_the_same_head():
    one, other = (TaskModel(build("cnn"), hidden=4) for _ in range(2))
    for model in (one, other):
        shared_head(3, model)
    for name, value in parameters_of(one).items():
        if name.startswith("head."):
            assert torch.equal(value, parameters_of(other)[name])


def test_scores_of_all_scales_fall_on_the_template():
    assert on_template(torch.tensor([1.0, 3.0, 5.0]).numpy(), (1, 5)).tolist() == [1.0, 5.5, 10.0]
    assert on_template(torch.tensor([0.0, 100.0]).numpy(), (0, 100)).tolist() == [1.0, 10.0]
