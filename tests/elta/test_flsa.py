import torch
from torch.nn.functional import cosine_similarity

from aeslib.elta.flsa import alignment, feature_similarity, label_similarity

Z, S = torch.tensor([[1.0, 0], [0, 1], [1, 1]]), torch.tensor([1.0, 3, 5])


def test_the_worked_example():
    # cosines 0, 0.7071, 0.7071 against 0.5, 0, 0.5: 2 (0.25 + 0.5 + 0.0429) / 9
    h = 0.70710678
    torch.testing.assert_close(feature_similarity(Z), torch.tensor([[1, 0, h], [0, 1, h], [h, h, 1]]))
    torch.testing.assert_close(label_similarity(S), torch.tensor([[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]))
    torch.testing.assert_close(alignment(Z, S), torch.tensor(0.176198), atol=1e-6, rtol=0)


def test_cosines_are_those_of_torch():
    z = torch.randn(30, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(feature_similarity(z), cosine_similarity(z[:, None], z, dim=-1))


def test_equal_scores_and_empty_features_stay_finite():
    z = torch.zeros(4, 3, requires_grad=True)
    loss = alignment(z, torch.full((4,), 5.0))
    loss.backward()
    assert loss.isfinite()
    assert z.grad is not None
    assert z.grad.isfinite().all()


def test_labels_get_no_gradient():
    z, s = Z.clone().requires_grad_(), S.clone().requires_grad_()
    alignment(z, s).backward()
    assert s.grad is None
    assert z.grad is not None


def test_a_step_down_its_gradient_aligns_better():
    z = torch.randn(20, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    s = torch.rand(20, generator=torch.Generator().manual_seed(1))
    before = alignment(z, s)
    before.backward()
    assert alignment(z.detach() - z.grad, s) < before
