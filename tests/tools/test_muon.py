"""Muon in float32 is torch's but for the precision."""

import pytest
import torch

from tools.tiny_model.muon import Float32Muon, orthogonalized


@pytest.mark.parametrize("shape", [(16, 16), (48, 16), (16, 48)])
def test_it_is_the_rule_of_torch(shape: tuple[int, int]) -> None:
    """After five steps on the same gradients the parameters differ by the rounding of bfloat16 only."""
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(shape, generator=generator)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    settings = {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.01}
    optimizers = (Float32Muon([ours], **settings), torch.optim.Muon([theirs], **settings))
    for _ in range(5):
        gradient = torch.randn(shape, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() < 0.03 * moved
    assert moved > 0.1


def test_an_orthogonalized_matrix_has_singular_values_around_one() -> None:
    """The quintic iteration brings them between 0.6 and 1.3, whatever they were."""
    matrix = torch.randn((8, 24), generator=torch.Generator().manual_seed(2)) * torch.logspace(-1, 1, 8)[:, None]
    values = torch.linalg.svdvals(orthogonalized(matrix))
    assert 0.5 < values.min() <= values.max() < 1.4


def test_parameters_without_a_gradient_stay() -> None:
    """And a closure is refused."""
    parameter = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = Float32Muon([parameter], lr=0.1)
    optimizer.step()
    assert torch.equal(parameter, torch.ones(2, 2))
    with pytest.raises(ValueError, match="no closure"):
        optimizer.step(lambda: None)
