"""What the keys of a config must agree on, beyond the bounds of each. A rule raises ValueError with the reason."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig

LOSSES_WITH_LABELS = ("ns", "minimax", "lsgan")
"""The losses that label smoothing changes: those with a label for real curves."""


_POINT_SETS = {
    (1,): ("numbers", "1"),
    (2,): ("points of the plane", "2, x and y"),
    (1, 2): ("one point", "1 or 2, its coordinates"),
}
# An evaluation's samples in numbers: enough for 50,000 points of the plane, and for the memory of a small worker.
_MOST_JUDGED = 1 << 22


def check(config: "TrainConfig") -> None:
    """Check every rule."""
    check_curve(config)
    check_loss(config)
    if config.engine == "fused" and config.unfused:
        raise ValueError(f"engine fused cannot train with {config.unfused}; engine auto or torch can")
    check_intervals(config)
    if config.samples * config.points > _MOST_JUDGED:
        most = _MOST_JUDGED // config.points
        raise ValueError(f"samples must be at most {most} for curves of {config.points} points")


def check_curve(config: "TrainConfig") -> None:
    """Check that a curve has a length, and that a point has its coordinates."""
    if not config.x_min < config.x_max:
        raise ValueError("x_min must be smaller than x_max")
    if not config.curve.is_point:
        if config.points < 2:
            raise ValueError(f"points must be at least 2: {config.curve.family} is a curve, and a curve has two ends")
        return
    allowed = config.curve.points_allowed
    if config.points not in allowed or (config.x_min, config.x_max) != (-1.0, 1.0):
        kind, needed = _POINT_SETS[allowed]
        raise ValueError(
            f"{config.curve.family} is a set of {kind}: points must be {needed}, and x_min and x_max stay as they are"
        )


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


def check_intervals(config: "TrainConfig") -> None:
    """Check that an interval lies within the steps, and that it stores no more rows than its key allows."""
    for name, key in config.KEYS.items():
        if key.most_rows is None:
            continue
        if getattr(config, name) > config.steps:
            raise ValueError(f"{name} must be at most steps, {config.steps}")
        if config.steps > getattr(config, name) * key.most_rows:
            least = -(-config.steps // key.most_rows)
            raise ValueError(f"{name} must be at least {least} for {config.steps} steps")
