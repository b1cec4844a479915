"""A network of every job of a pack as a function of its tensors. Knows no loss, no minibatch and no optimiser.

Legend of the shapes in names: j jobs, b rows of a minibatch, i inputs, h hidden, o outputs.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.activations import ACTIVATIONS
from curvegan_core.engines.stacked.normalisation import Norm, batch_norm, layer_norm, unit_norm
from curvegan_core.networks import layers, norm_of

# Of what each row counts in a mean, how many rows count, and how many units.
NORMS: dict[str, Callable[[Tensor, int, int], Norm | None]] = {
    "none": lambda *_: None,
    "batch": lambda share_jb, count, _: batch_norm(share_jb, count),
    "layer": lambda _, __, units: layer_norm(units),
}
"""Each norm by its name."""


class Network:
    """Layers of one size and kind in every job. Tensors are those of all jobs, in the order of `networks.shapes`."""

    def __init__(self, config: TrainConfig, network: str, share_jb: Tensor, count: int) -> None:
        """Take a job of the pack, and what each row of a minibatch counts in a mean: `count` of them 1/count.

        Raises KeyError for an activation or a norm that is not known.
        """
        self._activate, self._derive = ACTIVATIONS[config.activations[network]](config.slope)
        described = layers(config, network)
        self._depth = len(described) - 1
        self._norm = NORMS[norm_of(config, network)](share_jb, count, described[0].outputs)
        self.is_joint = norm_of(config, network) == "batch"
        """Whether a row's outputs depend on the other rows."""

    def forward(self, x_jbi: Tensor, tensors: Sequence[Tensor], running: Sequence[Tensor] | None = None) -> Tensor:
        """Return the outputs (j, b, o); running statistics that are given are updated."""
        return torch.baddbmm(tensors[-1], self.hidden(x_jbi, tensors, running), tensors[-2])

    def hidden(self, x_jbi: Tensor, tensors: Sequence[Tensor], running: Sequence[Tensor] | None = None) -> Tensor:
        """Return what the last layer reads (j, b, h)."""
        statistics = iter(running) if running else None
        for weight, bias, *norm in self._split(tensors[:-2]):
            x_jbi = torch.baddbmm(bias, x_jbi, weight)
            if self._norm is not None:
                pair = None if statistics is None else (next(statistics), next(statistics))
                x_jbi = self._norm(x_jbi, norm[0], norm[1], pair)
            x_jbi = self._activate(x_jbi)
        return x_jbi

    def slopes(self, x_jbi: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        """Return the gradient of each logit by its row, (j, b, i), itself differentiable by the tensors.

        It is written out layer by layer, so that one ordinary backward pass differentiates it; through a norm it is
        autograd's.
        """
        if self._norm is not None:
            x_jbi = x_jbi if x_jbi.requires_grad else x_jbi.detach().requires_grad_()
            return torch.autograd.grad(self.forward(x_jbi, tensors).sum(), x_jbi, create_graph=True)[0]
        slope = tensors[-2].mT
        masks = []
        for weight, bias in self._split(tensors[:-2]):
            hidden_jbh = torch.baddbmm(bias, x_jbi, weight)
            masks.append(self._derive(hidden_jbh))
            if len(masks) < self._depth:
                x_jbi = self._activate(hidden_jbh)
        for mask_jbh, (weight, _) in zip(reversed(masks), reversed(list(self._split(tensors[:-2]))), strict=True):
            slope = torch.bmm(mask_jbh * slope, weight.mT)
        return slope if masks else slope.expand(-1, x_jbi.shape[1], -1)

    def _split(self, tensors: Sequence[Tensor]) -> Iterator[Sequence[Tensor]]:
        """Yield the tensors of each hidden layer: weight and bias, and those of its norm."""
        size = 2 if self._norm is None else 4
        for first in range(0, len(tensors), size):
            yield tensors[first : first + size]


def normalised(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Divide every weight matrix of a network without norms by its largest singular value; biases stay."""
    return tuple(tensor if index % 2 else unit_norm(tensor) for index, tensor in enumerate(tensors))
