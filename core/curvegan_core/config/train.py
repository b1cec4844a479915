"""What a job is asked to train. Knows neither torch nor numpy, so that a client can check a config in no time."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from curvegan_core.config.curve import CURVE_MODELS, Curve, Frozen, Parameter, Quadratic
from curvegan_core.config.limits import check_size, first_of
from curvegan_core.errors import InvalidConfig

__all__ = ["Quadratic", "TrainConfig"]

Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Width = Annotated[int, Field(ge=1, le=1024)]
Interval = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]

_DEFAULT_INTERVALS = {"record_every": 10, "snapshot_every": 1000, "checkpoint_every": 1000}
# Keys that came after the first release of this hash, and switches: what a step does depends on whether they are on.
_SWITCHES = ("r1", "r2", "gp", "clip", "spectral_norm", "instance_noise", "label_smoothing", "ema")
_LATER = ("activation", "latent_noise", "d_steps", *_SWITCHES)
_WITH_LABELS = ("ns", "minimax", "lsgan")
# How many rows a job may store: losses are 20 bytes a record, checkpoints about 74 kB each at the default size.
_MOST_RECORDS, _MOST_SNAPSHOTS, _MOST_CHECKPOINTS = 100_000, 1_000, 1_000


class TrainConfig(Frozen):
    """One training, complete: the same config and seed give the same numbers. Defaults are the tutorial's."""

    curve: Curve = Field(default=Quadratic(), description="the curve to learn: its family and that family's parameters")
    points: int = Field(default=15, ge=2, le=256, description="points of a curve; the generator's output size")
    x_min: Parameter = Field(default=-1.0, description="left end of the curve")
    x_max: Parameter = Field(default=1.0, description="right end of the curve")
    latent: int = Field(default=15, ge=1, le=256, description="size of the latent z, the generator's input")
    latent_noise: Literal["normal", "uniform"] = Field(
        default="normal", description="distribution of z: N(0, 1) or U(-1, 1) in each of its numbers"
    )
    hidden_g: Width = Field(default=128, description="hidden units of the generator")
    hidden_d: Width = Field(default=128, description="hidden units of the discriminator")
    activation: Literal["relu", "leaky_relu", "tanh"] = Field(
        default="relu", description="of the hidden units of both networks; leaky_relu has slope 0.2 below 0"
    )
    batch_size: int = Field(default=64, ge=1, le=4096, description="curves in a minibatch")
    steps: int = Field(default=10001, ge=1, le=10_000_000, description="generator updates to train")
    lr_g: Rate = Field(default=1e-4, description="learning rate of the generator (lr sets both)")
    lr_d: Rate = Field(default=1e-4, description="learning rate of the discriminator (lr sets both)")
    beta1: Beta = Field(default=0.9, description="Adam: decay of the first moment")
    beta2: Beta = Field(default=0.999, description="Adam: decay of the second moment")
    eps: float = Field(default=1e-8, gt=0, le=1, allow_inf_nan=False, description="Adam: added to the denominator")
    d_steps: int = Field(default=1, ge=1, le=100, description="discriminator updates to each generator update")
    loss: Literal["ns", "minimax", "lsgan", "hinge", "wgan", "rpgan"] = Field(
        default="ns", description="pair of losses, from logits; wgan needs gp or clip"
    )
    r1: Weight = Field(default=0.0, description="gamma of gamma/2 E(grad D)^2 at real curves; 0 is off")
    r2: Weight = Field(default=0.0, description="gamma of gamma/2 E(grad D)^2 at generated curves; 0 is off")
    gp: Weight = Field(default=0.0, description="lambda of lambda E(norm(grad D) - 1)^2 between the two; 0 is off")
    clip: Weight = Field(default=0.0, description="bound of the discriminator's weights after each update; 0 is off")
    spectral_norm: bool = Field(
        default=False, description="divide each weight matrix of the discriminator by its largest singular value"
    )
    instance_noise: Weight = Field(
        default=0.0, description="standard deviation of the noise on all that the discriminator sees; 0 is off"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=0.5, allow_inf_nan=False, description="what the label of real curves lacks to 1"
    )
    ema: Beta = Field(default=0.0, description="decay of the generator's averaged weights, judged beside it; 0 is off")
    seed: int = Field(default=0, ge=0, lt=2**64, description="64-bit seed of weights, noise and minibatches")
    record_every: Interval = Field(default=10, description="steps between two points of the loss curve")
    snapshot_every: Interval = Field(default=1000, description="steps between two snapshots of the generated curves")
    checkpoint_every: Interval = Field(default=1000, description="steps between two checkpoints")
    keep_checkpoints: Literal["few", "all", "final"] = Field(
        default="few", description="few are the first, the last two and the end's; final keeps few until the end"
    )
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$")] = Field(
        default="auto", description="auto, cpu, cuda or cuda:N; auto is the device of the worker that claims the job"
    )
    engine: Literal["auto", "torch", "fused"] = Field(
        default="auto",
        description="what computes the steps; auto is fused on a CPU where that can train, else torch",
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Check a user's values. Raises InvalidConfig with one line that names the keys that are wrong."""
        check_size(values)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InvalidConfig(first_of(_problem(cls, e) for e in error.errors())) from None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """Spell out the short forms: `lr` for both rates, a family's name for a curve, intervals within steps."""
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        if "lr" in values:
            lr = values.pop("lr")
            values = {"lr_g": lr, "lr_d": lr} | values
        values = _fill_curve(values)
        steps = values.get("steps", cls.model_fields["steps"].default)
        if isinstance(steps, int) and steps >= 1:
            values = {key: min(every, steps) for key, every in _DEFAULT_INTERVALS.items()} | values
        return values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.x_min < self.x_max:
            raise ValueError("x_min must be smaller than x_max")
        if self.curve.PLANE and (self.points, self.x_min, self.x_max) != (2, -1.0, 1.0):
            raise ValueError(
                f"{self.curve.family} is a set of points of the plane: points must be 2, x and y, and x_min and x_max "
                "stay as they are"
            )
        check_loss(self)
        if self.engine == "fused" and self.unfused:
            raise ValueError(f"engine fused cannot train with {self.unfused}; engine auto or torch can")
        self._check_intervals()
        return self

    def _check_intervals(self) -> None:
        for key in _DEFAULT_INTERVALS:
            if getattr(self, key) > self.steps:
                raise ValueError(f"{key} must be at most steps, {self.steps}")
        most = {"record_every": _MOST_RECORDS, "snapshot_every": _MOST_SNAPSHOTS, "checkpoint_every": _MOST_CHECKPOINTS}
        for key, rows in most.items():
            if self.steps > getattr(self, key) * rows:
                raise ValueError(f"{key} must be at least {-(-self.steps // rows)} for {self.steps} steps")

    @property
    def unfused(self) -> str | None:
        """What of this the fused engine cannot train with, on any machine; None where it can."""
        if self.activation != "relu":
            return f"activation {self.activation}"
        if self.device.startswith("cuda"):
            return f"device {self.device}"
        return "spectral_norm" if self.spectral_norm else None

    @property
    def hash(self) -> str:
        """Name of the training's numbers: equal hashes have equal states at equal steps (SHA-256, hex).

        Equal bit for bit on one device and engine; others round differently, and a checkpoint says which they were.
        """
        values = self.model_dump(
            mode="json", exclude={"steps", "keep_checkpoints", "device", "engine", *_DEFAULT_INTERVALS}
        )
        # A key that came later is left out at its default: checkpoints that are older than the key keep their name.
        named = {key: value for key, value in values.items() if key not in _LATER or value != _default(self, key)}
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    @property
    def pack_key(self) -> str:
        """Jobs with equal keys have equal tensor shapes and do the same operations: one pack can train them.

        Short, for a column of the store has room for 200 characters.
        """
        shape = ("points", "latent", "hidden_g", "hidden_d", "batch_size")
        values = [str(getattr(self, key)) for key in (*shape, "activation", "d_steps", "loss", "device", "engine")]
        return "/".join([self.curve.family, *values, *(key for key in _SWITCHES if getattr(self, key))])


def _default(config: TrainConfig, key: str) -> Any:
    return type(config).model_fields[key].default


def _fill_curve(values: dict[str, Any]) -> dict[str, Any]:
    """Write a family's name as its table, name the default family, and give a point set its two points."""
    curve = values.get("curve")
    if isinstance(curve, str):
        curve = {"family": curve}
    if isinstance(curve, Mapping):
        curve = {"family": "quadratic", **curve}
        values["curve"] = curve
        model = CURVE_MODELS.get(str(curve["family"]))
        if model is not None and model.PLANE:
            values.setdefault("points", 2)
    return values


def check_loss(config: TrainConfig) -> None:
    """Raise ValueError, with the reason, for a loss and regularisers that make no sense together."""
    slope = config.gp > 0, config.clip > 0, config.spectral_norm
    if config.loss == "wgan" and not any(slope[:2]):
        raise ValueError("loss wgan needs gp or clip: without a bound on its slope the critic grows for ever")
    if sum(slope) > 1:
        raise ValueError("gp, clip and spectral_norm each bound the discriminator's slope: use one of them")
    if config.gp and (config.r1 or config.r2):
        raise ValueError("gp draws the discriminator's slope to 1, r1 and r2 draw it to 0: use one or the other")
    if config.label_smoothing and config.loss not in _WITH_LABELS:
        raise ValueError(f"label_smoothing needs a loss with labels: {', '.join(_WITH_LABELS)}, not {config.loss}")


def _problem(model: type[BaseModel], error: Any) -> str:
    # The second part of a curve's path is the family that pydantic took it for; the user typed no such part.
    parts = [part for place, part in enumerate(error["loc"]) if not (place == 1 and error["loc"][0] == "curve")]
    path = ".".join(str(part) for part in parts)
    if error["type"] == "union_tag_invalid":
        family = error["ctx"]["tag"]
        return f"curve: no family {family!r}{_near(family, list(CURVE_MODELS), 'the families are')}"
    if error["type"] == "extra_forbidden":
        curve = CURVE_MODELS[error["loc"][1]] if len(error["loc"]) > 2 else Quadratic
        known = [*model.model_fields, "lr", *(f"curve.{key}" for key in curve.model_fields)]
        return f"unknown key {path!r}{_near(path, known)}"
    message = error["msg"].removeprefix("Value error, ")
    return message if not path else f"{path}: {message[0].lower()}{message[1:]} (got {error['input']!r:.60})"


def _near(path: str, known: list[str], listed: str = "") -> str:
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    if near:
        return f", did you mean {near[0]!r}?"
    return f"; {listed} {', '.join(known)}" if listed else "; `curvegan config` prints all keys"
