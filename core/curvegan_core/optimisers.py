"""The optimisers that a config can name: formulas, sources, what each keeps from step to step. Engines compute them.

g is the gradient at update t, from 1; lr the rate at that step, as `schedules` gives it; all of every number by itself.

adam: m += (1 - beta1)(g - m), v += (1 - beta2)(g^2 - v), p -= s, where s = lr m^ / (sqrt(v^) + eps),
m^ = m/(1 - beta1^t), v^ = v/(1 - beta2^t). Kingma and Ba, "Adam" (2015), algorithm 1.
oadam: the same m, v and s, and p -= 2 s - (s of the last update, 0 at first). Daskalakis et al., "Training GANs with
optimism" (2018), algorithm 1.
sgd: b = momentum b + g, p -= lr b. Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).
rmsprop: v = rms_decay v + (1 - rms_decay) g^2, p -= lr g / (sqrt(v) + eps). Tieleman and Hinton, "Lecture 6.5" (2012).
"""

from curvegan_core.config.train import TrainConfig
from curvegan_core.networks import NETWORKS, shapes, trained

KEPT: dict[str, tuple[str, ...]] = {
    "adam": ("adam_m", "adam_v"),
    "oadam": ("adam_m", "adam_v", "oadam_step"),
    "sgd": ("momentum",),
    "rmsprop": ("rms_v",),
}
"""What each optimiser keeps of every number, by the names of a state's groups: m and v, the last s, b, v."""

GROUPS = tuple(dict.fromkeys(group for groups in KEPT.values() for group in groups))
"""Every such group."""


def kept_shapes(config: TrainConfig) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shape of every tensor of every group; a network whose optimiser keeps none is not in it."""
    return {
        group: {
            name: shape
            for network in NETWORKS
            if group in KEPT[config.optimisers[network]]
            for name, shape in shapes(config).items()
            if name.startswith(f"{network}.") and trained(name)
        }
        for group in GROUPS
    }
