"""One job trained with plain torch: `nn.Sequential`, `torch.optim` and autograd, as a paper's code would write it."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import prod

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize, softplus

from curvegan_core.config.train import TrainConfig
from curvegan_core.families import curves
from curvegan_core.networks import init_weights
from curvegan_core.noise import Stream, normals_of, uniforms_of

Parameters = dict[str, Tensor]
_ACTIVATIONS: dict[str, Callable[[float], nn.Module]] = {
    "relu": lambda _: nn.ReLU(),
    "leaky_relu": nn.LeakyReLU,
    "tanh": lambda _: nn.Tanh(),
    "elu": lambda _: nn.ELU(),
    "silu": lambda _: nn.SiLU(),
    "gelu": lambda _: nn.GELU(),
}


class LayerNorm(nn.LayerNorm):
    """Of torch's own the third derivative, which unrolled penalties need, is wrong (2.13), by finite differences."""

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + self.eps).sqrt() * self.weight + self.bias


def sequential(config: TrainConfig, network: str) -> nn.Sequential:
    """Build a network with the job's initial weights."""
    if network == "generator":
        sizes = [config.latent, *[config.hidden_g] * config.layers_g, config.points]
        norm, activation = config.norm_g, config.activation_g
    else:
        sizes = [config.pack * config.points, *[config.hidden_d] * config.layers_d, 1]
        norm, activation = config.norm_d, config.activation_d
    activation = config.activation if activation == "same" else activation
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        modules.append(nn.Linear(inputs, outputs))
        if norm != "none":
            modules.append(nn.BatchNorm1d(outputs) if norm == "batch" else LayerNorm(outputs))
        modules.append(_ACTIVATIONS[activation](config.slope))
    built = nn.Sequential(*modules, nn.Linear(sizes[-2], sizes[-1]))
    weights = {name: torch.from_numpy(tensor) for name, tensor in init_weights(config).items()}
    own = {name.removeprefix(f"{network}."): tensor for name, tensor in weights.items() if name.startswith(network)}
    built.load_state_dict(own, strict=norm != "batch")
    return built


class OptimisticAdam(torch.optim.Optimizer):
    """Daskalakis et al. (2018), algorithm 1."""

    def __init__(self, parameters: Iterator[nn.Parameter], lr: float, betas: tuple[float, float], eps: float) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], group["lr"]
            for parameter in group["params"]:
                state = self.state[parameter]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * parameter.grad
                v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * parameter.grad**2
                step = lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"])
                parameter += -2 * step + state.get("step", 0)
                state["step"] = step


def optimiser(config: TrainConfig, network: str, parameters: Iterator[nn.Parameter]) -> torch.optim.Optimizer:
    own, lr = (config.optimiser_g, config.lr_g) if network == "generator" else (config.optimiser_d, config.lr_d)
    name, betas = config.optimiser if own == "same" else own, (config.beta1, config.beta2)
    if name == "sgd":
        return torch.optim.SGD(parameters, lr, momentum=config.momentum)
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, lr, alpha=config.rms_decay, eps=config.eps)
    if name == "oadam":
        return OptimisticAdam(parameters, lr, betas, config.eps)
    return torch.optim.Adam(parameters, lr, betas, config.eps)


def share_of_rate(config: TrainConfig, step: int) -> float:
    share = 1.0
    if config.schedule != "constant":
        done = min(1.0, step / config.schedule_steps)
        left = 1 - done if config.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        share = config.schedule_to + (1 - config.schedule_to) * left
    return share * min(1.0, (step + 1) / config.warmup) if config.warmup else share


class Plain:
    """The loop."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.g, self.d = sequential(config, "generator"), sequential(config, "discriminator")
        self.g_optimiser = optimiser(config, "generator", self.g.parameters())
        self.d_optimiser = optimiser(config, "discriminator", self.d.parameters())
        self.real_curves = curves.minibatches(config, curves.family(config))

    def draw(self, stream: Stream, number: int, *shape: int) -> Tensor:
        steps, draw = np.array([number], np.uint64), uniforms_of if stream == Stream.PENALTY else normals_of
        return torch.from_numpy(draw(self.config.seed, stream, steps, prod(shape)).reshape(shape))

    def minibatch(self, number: int) -> None:
        """Draw what an update of the discriminator, and the generator's next, read."""
        config, shape = self.config, (self.config.batch_size, self.config.points)
        self.z = self.draw(Stream.LATENT, number, config.batch_size, config.latent)
        real = np.empty((1, *shape), np.float32)
        self.real_curves.fill(real, number)
        self.real = torch.from_numpy(real[0])
        self.noise = config.instance_noise * self.draw(Stream.INSTANCE, number, 2, *shape)
        self.mix = self.draw(Stream.PENALTY, number, config.batch_size // config.pack, 1)

    def shown(self, samples: Tensor, kind: int) -> Tensor:
        config = self.config
        return (samples + self.noise[kind]).reshape(config.batch_size // config.pack, config.pack * config.points)

    def judge(self, rows: Tensor, parameters: Parameters | None) -> Tensor:
        judged: Tensor = torch.func.functional_call(self.d, parameters, (rows,)) if parameters else self.d(rows)
        return judged[:, 0]

    def plain_d_loss(self, fake: Tensor, parameters: Parameters | None = None) -> tuple[Tensor, Tensor, Tensor]:
        real, label = self.judge(self.shown(self.real, 0), parameters), 1 - self.config.label_smoothing
        false = self.judge(self.shown(fake, 1), parameters)
        losses = {
            "ns": lambda: cross(real, label) + cross(false, 0),
            "minimax": lambda: cross(real, label) + cross(false, 0),
            "lsgan": lambda: 0.5 * ((real - label) ** 2).mean() + 0.5 * (false**2).mean(),
            "hinge": lambda: (1 - real).relu().mean() + (1 + false).relu().mean(),
            "wgan": lambda: false.mean() - real.mean(),
            "rpgan": lambda: softplus(false - real).mean(),
        }
        return losses[self.config.loss](), real, false

    def whole_d_loss(self, fake: Tensor, parameters: Parameters | None = None) -> Tensor:
        config = self.config
        loss = self.plain_d_loss(fake, parameters)[0]
        rows = self.shown(self.real, 0), self.shown(fake, 1)
        for gamma, x in zip((config.r1, config.r2), rows, strict=True):
            if gamma:
                loss = loss + gamma / 2 * (self.slope(x, parameters) ** 2).sum(1).mean()
        if config.gp:
            between = self.mix * rows[0] + (1 - self.mix) * rows[1]
            loss = loss + config.gp * ((self.slope(between, parameters).norm(dim=1) - 1) ** 2).mean()
        return loss

    def slope(self, x: Tensor, parameters: Parameters | None) -> Tensor:
        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(self.judge(x, parameters).sum(), x, create_graph=True)[0]

    def g_loss(self, fake: Tensor, parameters: Parameters | None = None) -> Tensor:
        false = self.judge(self.shown(fake, 1), parameters)
        losses = {
            "ns": lambda: cross(false, 1),
            "minimax": lambda: -cross(false, 0),
            "lsgan": lambda: 0.5 * ((false - 1) ** 2).mean(),
            "hinge": lambda: -false.mean(),
            "wgan": lambda: -false.mean(),
            "rpgan": lambda: softplus(self.judge(self.shown(self.real, 0), parameters) - false).mean(),
        }
        return losses[self.config.loss]()

    def g_gradients(self, fake: Tensor) -> tuple[Tensor, list[Tensor]]:
        config, parameters = self.config, list(self.g.parameters())
        ahead = self.unrolled(fake) if config.unroll else None
        loss = self.g_loss(fake, ahead)
        # Metz et al. (2017), equation 7: the game's value, of real curves too, for the discriminator ahead saw both.
        whole = -self.plain_d_loss(fake, ahead)[0] if ahead and config.loss in ("minimax", "wgan") else loss
        if config.g_grad:
            field = torch.autograd.grad(self.plain_d_loss(fake)[0], list(self.d.parameters()), create_graph=True)
            whole = loss + config.g_grad * squared(field)
        if config.gdpp:
            whole = loss + config.gdpp * self.diversity(fake)
        return loss, list(torch.autograd.grad(whole, parameters))

    def diversity(self, fake: Tensor) -> Tensor:
        """Elfeki et al. (2019): of GDPP's loss the slope alone, from all eigenvectors of both whole kernels."""
        rows = self.shown(self.real, 0), self.shown(fake, 1)
        true, made = (normalize(self.d[:-1](each), dim=1).double() for each in rows)
        with torch.no_grad():
            (theirs, wanted), (values, vectors) = (torch.linalg.eigh(each @ each.T) for each in (true, made))
            weight = (theirs - theirs[0]) / (theirs[-1] - theirs[0])
            pulled = -weight * (vectors * wanted).sum(0).sign() * wanted
            gap = values - values[:, None]
            turned = vectors.T @ pulled * gap / (gap**2 + (1e-7 * len(made)) ** 2)
            by_kernel = vectors @ (turned + torch.diag(2e-4 * (values - theirs) / len(made))) @ vectors.T
            slope: Tensor = (by_kernel + by_kernel.T) @ made
        return (slope * made).sum()

    def unrolled(self, fake: Tensor) -> Parameters:
        """Metz et al. (2017), equation 7, with sgd without momentum, at the rates that its next updates have."""
        parameters = {name: parameter.detach().requires_grad_() for name, parameter in self.d.named_parameters()}
        config = self.config
        first = (self.now + (config.updates == "alternating")) * config.d_steps
        for number in range(first, first + config.unroll):
            loss = self.whole_d_loss(fake, parameters)
            gradients = torch.autograd.grad(loss, list(parameters.values()), create_graph=True)
            rate = config.lr_d * share_of_rate(config, number // config.d_steps)
            moved = zip(parameters.items(), gradients, strict=True)
            parameters = {name: self.bounded(parameter - rate * gradient) for (name, parameter), gradient in moved}
        return parameters

    def update_d(self, gradients: list[Tensor]) -> None:
        apply(self.d, self.d_optimiser, gradients)
        with torch.no_grad():
            for parameter in self.d.parameters():
                parameter.copy_(self.bounded(parameter))

    def bounded(self, parameter: Tensor) -> Tensor:
        return parameter.clamp(-self.config.clip, self.config.clip) if self.config.clip else parameter

    def d_gradients(self, fake: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad(self.whole_d_loss(fake.detach()), list(self.d.parameters())))

    def consensus(self, fake: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Mescheder et al. (2017), equation 12."""
        ours, theirs = list(self.d.parameters()), list(self.g.parameters())
        loss = self.g_loss(fake)
        field = [
            *torch.autograd.grad(self.whole_d_loss(fake), ours, create_graph=True),
            *torch.autograd.grad(loss, theirs, create_graph=True),
        ]
        energy = self.config.consensus * 0.5 * squared(field)
        more = torch.autograd.grad(energy, [*ours, *theirs], materialize_grads=True)
        total = [gradient + other for gradient, other in zip(field, more, strict=True)]
        return loss, total[: len(ours)], total[len(ours) :]

    def step(self, step: int) -> list[float]:
        """Return g_loss, d_loss, d_real, d_fake as our records define them."""
        config, self.now = self.config, step
        for optimiser, lr in ((self.g_optimiser, config.lr_g), (self.d_optimiser, config.lr_d)):
            optimiser.param_groups[0]["lr"] = lr * share_of_rate(config, step)
        for update in range(config.d_steps):
            self.minibatch(step * config.d_steps + update)
            fake = self.g(self.z)
            loss, real, false = self.plain_d_loss(fake.detach())
            if config.updates == "alternating":
                self.update_d(self.d_gradients(fake))
        if config.updates == "simultaneous":
            if config.consensus:
                g_loss, d_gradients, g_gradients = self.consensus(fake)
            else:
                d_gradients, (g_loss, g_gradients) = self.d_gradients(fake), self.g_gradients(fake)
            self.update_d(d_gradients)
            apply(self.g, self.g_optimiser, g_gradients)
        for update in range(config.g_steps if config.updates == "alternating" else 0):
            if update:
                number = step * (config.g_steps - 1) + update - 1
                fake = self.g(self.draw(Stream.GENERATOR, number, config.batch_size, config.latent))
            g_loss, g_gradients = self.g_gradients(fake)
            apply(self.g, self.g_optimiser, g_gradients)
        return [g_loss.item(), loss.item(), real.sigmoid().mean().item(), false.sigmoid().mean().item()]


def squared(gradients: Iterable[Tensor]) -> Tensor:
    return torch.stack([(gradient**2).sum() for gradient in gradients]).sum()


def cross(logits: Tensor, label: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def apply(network: nn.Module, optimiser: torch.optim.Optimizer, gradients: list[Tensor]) -> None:
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        parameter.grad = gradient.detach()
    optimiser.step()


class Exact(Plain):
    """The loop in float64, from the same first weights and the same draws."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        self.g.double()
        self.d.double()

    def draw(self, stream: Stream, number: int, *shape: int) -> Tensor:
        return super().draw(stream, number, *shape).double()

    def minibatch(self, number: int) -> None:
        super().minibatch(number)
        self.real = self.real.double()
