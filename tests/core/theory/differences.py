"""Gradients of functions of tensors, by central differences and by autograd, for the tests."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def central(value: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-5) -> Tensor:
    """The gradient of value(x).sum() by central differences, number by number."""
    gradient = torch.zeros_like(x)
    for index in np.ndindex(*x.shape):
        shift = torch.zeros_like(x)
        shift[index] = step
        gradient[index] = (value(x + shift).sum() - value(x - shift).sum()) / (2 * step)
    return gradient


def slope(value: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    # Where units switch on and off a bias moves no slope, and autograd knows no gradient for it: 0 times it has one.
    return torch.autograd.grad(value(x).sum() + 0 * x.sum(), x)[0]
