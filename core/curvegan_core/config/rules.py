"""What the keys of a config must agree on, beyond the bounds of each. A rule raises ValueError with the reason."""

from typing import TYPE_CHECKING

from curvegan_core.config.keys import NEWEST
from curvegan_core.config.work import MOST_WORK, multiply_adds

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig

LOSSES_WITH_LABELS = ("ns", "minimax", "lsgan")
"""The losses that label smoothing changes: those with a label for real curves."""


_POINTS = {
    (1,): ("a set of numbers", "1"),
    (2,): ("a set of points of the plane", "2, x and y"),
    (1, 2): ("one point", "1 or 2, its coordinates"),
}
# An evaluation's samples in numbers: enough for 50,000 points of the plane, and for the memory of a small worker.
_MOST_JUDGED = 1 << 22


def check(config: "TrainConfig") -> None:
    """Check every rule."""
    check_curve(config)
    check_unread(config)
    check_data(config)
    check_loss(config)
    check_norms(config)
    check_updates(config)
    check_work(config)
    if config.engine == "fused" and config.unfused:
        raise ValueError(f"engine fused cannot train with {config.unfused}; engine auto or torch can")
    check_intervals(config)
    if bool(config.fork_of) != bool(config.fork_step):
        raise ValueError("fork_of and fork_step belong together; `curvegan fork` sets both")
    if config.fork_step >= config.steps:
        raise ValueError(f"steps must be above fork_step, {config.fork_step}")
    if config.samples * config.points > _MOST_JUDGED:
        most = _MOST_JUDGED // config.points
        raise ValueError(f"samples must be at most {most} for curves of {config.points} points")


def check_curve(config: "TrainConfig") -> None:
    """Check that a curve has a length, and that a point has its coordinates."""
    if not config.x_min < config.x_max:
        raise ValueError("x_min must be smaller than x_max")
    if config.points < config.curve.LEAST_POINTS and not config.curve.is_point:
        raise ValueError(f"{config.curve.family} needs points of at least {config.curve.LEAST_POINTS}")
    allowed = config.curve.points_allowed
    if allowed and (config.points not in allowed or (config.x_min, config.x_max) != (-1.0, 1.0)):
        kind, needed = _POINTS[allowed]
        raise ValueError(
            f"{config.curve.family} is {kind}: points must be {needed}, and x_min and x_max stay as they are"
        )


def check_data(config: "TrainConfig") -> None:
    """Check that what is for a person's own curves is said of those."""
    if config.curve.family != "data":
        own = {"front": config.front != "standardise", "holdout": config.holdout, "prior_rows": config.prior_rows}
        said = next((name for name, value in own.items() if value), None)
        if said:
            raise ValueError(f"{said} is of your own curves: give --data NAME, or leave {said} out")
        return
    if config.stop != "none" and config.holdout:
        raise ValueError("stop needs holdout 0: what rows that were held out say is looked at when a training ends")
    if config.labelled and config.pack > 1:
        raise ValueError("pack judges curves of several labels at once: leave it out, or add the data without labels")
    components = getattr(config.curve, "components", 0)
    if config.front == "pca" and not 1 <= components <= config.points:
        raise ValueError("front pca needs curve.components from 1 to points, as `--data NAME` writes it")


def check_loss(config: "TrainConfig") -> None:
    """Check that loss and regularisers make sense together."""
    bounds = config.gp > 0, config.clip > 0, config.spectral_norm
    if config.loss == "wgan" and not any(bounds[:2]):
        raise ValueError("loss wgan needs gp or clip: without a bound on its slope the critic grows for ever")
    if sum(bounds) > 1:
        raise ValueError("gp, clip and spectral_norm each bound the discriminator's slope: use one of them")
    if config.gp and (config.r1 or config.r2):
        raise ValueError("gp draws the discriminator's slope to 1, r1 and r2 draw it to 0: use one or the other")
    if config.label_smoothing and config.loss not in LOSSES_WITH_LABELS:
        labelled = ", ".join(LOSSES_WITH_LABELS)
        raise ValueError(f"label_smoothing needs a loss with labels: {labelled}, not {config.loss}")


def check_unread(config: "TrainConfig") -> None:
    """Check that no key was set that nothing of the config reads."""
    activations, optimisers = config.activations.values(), config.optimisers.values()
    readers = {
        "slope": ("activation leaky_relu", "leaky_relu" in activations),
        "init_gain": ("init orthogonal", config.init == "orthogonal"),
        "init_deviation": ("init normal", config.init == "normal"),
        "momentum": ("optimiser sgd", "sgd" in optimisers),
        "rms_decay": ("optimiser rmsprop", "rmsprop" in optimisers),
        "schedule_to": ("schedule linear or cosine", config.schedule != "constant"),
        "schedule_steps": ("schedule linear or cosine", config.schedule != "constant"),
        "stop_patience": ("stop", config.stop != "none"),
    }
    for name, (reader, read) in readers.items():
        if not read and getattr(config, name) != type(config).model_fields[name].default:
            raise ValueError(f"{name} is read by {reader} alone: set that too, or leave {name} out")


def check_norms(config: "TrainConfig") -> None:
    """Check that there is something to normalise, and nothing that normalising would undo or mix up."""
    for network, norm, layers, units in (
        ("g", config.norm_g, config.layers_g, config.hidden_g),
        ("d", config.norm_d, config.layers_d, config.hidden_d),
    ):
        if norm != "none" and not layers:
            raise ValueError(f"norm_{network} normalises hidden layers, and layers_{network} is 0")
        if norm == "layer" and units == 1:
            raise ValueError(
                f"norm_{network} layer leaves nothing of a layer of one unit; hidden_{network} must be more"
            )
    batch = config.batch_size // (config.pack if config.norm_d == "batch" else 1)
    if "batch" in (config.norm_g, config.norm_d) and batch < 2:
        raise ValueError("norm batch needs minibatches of at least 2: it leaves nothing of a single one")
    if config.norm_g == "batch" and not config.latent:
        raise ValueError("norm_g batch leaves nothing of a generator without latents, whose curves are all equal")
    if config.norm_d == "batch" and (config.r1 or config.r2 or config.gp):
        raise ValueError(
            "r1, r2 and gp are of the slope at each curve by itself, and norm_d batch makes it depend on the others: "
            "use norm_d layer (Gulrajani et al. 2017, section 4)"
        )
    if config.norm_d != "none" and config.spectral_norm:
        raise ValueError("norm_d undoes the scale that spectral_norm gives to the weights: use one of them")


def check_updates(config: "TrainConfig") -> None:
    """Check that what changes the order or the gradient of updates is there once."""
    if config.batch_size % config.pack:
        raise ValueError(f"batch_size must be a multiple of pack, {config.pack}")
    if config.updates == "simultaneous" and (config.d_steps, config.g_steps) != (1, 1):
        raise ValueError("updates simultaneous are one of each network: d_steps and g_steps must be 1")
    if config.consensus and config.updates != "simultaneous":
        raise ValueError("consensus is of both gradients at one point: it needs updates simultaneous")
    cures = bool(config.unroll), bool(config.consensus), bool(config.g_grad)
    if sum(cures) + bool(config.gdpp) > 1:
        raise ValueError("unroll, consensus, g_grad and gdpp each change the generator's gradient: use one of them")
    if config.gdpp and not config.layers_d:
        raise ValueError("gdpp reads the discriminator's last hidden layer, and layers_d is 0")
    if any(cures) and config.spectral_norm:
        raise ValueError(
            "unroll, consensus and g_grad differentiate the discriminator's gradient, which spectral_norm's held "
            "singular vectors do not allow"
        )


def check_work(config: "TrainConfig") -> None:
    """Check that one step does not take a minute. What could be said before there was depth may stay as it is."""
    names = (name for name, key in config.KEYS.items() if key.since >= NEWEST and key.numbers)
    newer = any(getattr(config, name) != type(config).model_fields[name].default for name in names)
    if newer and (work := multiply_adds(config)) > MOST_WORK:
        raise ValueError(
            f"one step would be {work:.1e} multiply-adds, more than {MOST_WORK:.0e}, and a worker is replaced that is "
            "silent for a minute: lower hidden_g, hidden_d, batch_size, the layers or the updates in a step"
        )


def check_intervals(config: "TrainConfig") -> None:
    """Check that an interval lies within the steps, and that it stores no more rows than its key allows."""
    steps, least = config.steps, []
    for name, key in config.KEYS.items():
        if key.most_rows is None:
            continue
        if getattr(config, name) > steps:
            raise ValueError(f"{name} must be at most steps, {steps}")
        if steps > getattr(config, name) * key.most_rows:
            least.append(f"{name} must be at least {-(-steps // key.most_rows)}")
    if least:
        raise ValueError(f"{', '.join(least)} for {steps} steps")
