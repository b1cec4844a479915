"""What a job is asked to train."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from curvegan_core.config.curve import CURVE_MODELS, Curve, Parameter, Quadratic
from curvegan_core.config.keys import CHOICE, FIRST, FREE, LATER, SHAPE, SWITCH, Keyed, key, numbers, pack_words, whole
from curvegan_core.config.limits import check_size
from curvegan_core.config.problems import one_line
from curvegan_core.config.rules import check
from curvegan_core.errors import InvalidConfig

__all__ = ["Quadratic", "TrainConfig"]

Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Smoothing = Annotated[float, Field(ge=0, lt=0.5, allow_inf_nan=False)]
Width = Annotated[int, Field(ge=1, le=1024)]
Interval = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Device = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$")]
Activation = Literal["relu", "leaky_relu", "tanh"]
Loss = Literal["ns", "minimax", "lsgan", "hinge", "wgan", "rpgan"]
# How many rows a job may store: losses are 20 bytes a record, checkpoints about 74 kB each at the default size.
_MOST_RECORDS, _MOST_SNAPSHOTS, _MOST_CHECKPOINTS = 100_000, 1_000, 1_000


class TrainConfig(Keyed):
    """One training, complete: the same config and seed give the same numbers. Defaults are the tutorial's."""

    curve: Curve = key(Quadratic(), SHAPE, "the curve to learn: its family and that family's parameters", since=FIRST)
    points: int = key(15, SHAPE, "points of a curve; the generator's output size", since=FIRST, ge=2, le=256)
    x_min: Parameter = key(-1.0, FREE, "left end of the curve", since=FIRST)
    x_max: Parameter = key(1.0, FREE, "right end of the curve", since=FIRST)
    latent: int = key(15, SHAPE, "size of the latent z, the generator's input", since=FIRST, ge=1, le=256)
    latent_noise: Literal["normal", "uniform"] = key(
        "normal", FREE, "distribution of z: N(0, 1) or U(-1, 1) in each of its numbers", since=LATER
    )
    hidden_g: Width = key(128, SHAPE, "hidden units of the generator", since=FIRST)
    hidden_d: Width = key(128, SHAPE, "hidden units of the discriminator", since=FIRST)
    activation: Activation = key(
        "relu",
        CHOICE,
        "of the hidden units of both networks; leaky_relu has slope 0.2 below 0",
        since=LATER,
        fused=("relu",),
    )
    batch_size: int = key(64, SHAPE, "curves in a minibatch", since=FIRST, ge=1, le=4096)
    steps: int = key(10001, FREE, "generator updates to train", numbers=False, ge=1, le=10_000_000)
    lr_g: Rate = key(1e-4, FREE, "learning rate of the generator (lr sets both)", since=FIRST)
    lr_d: Rate = key(1e-4, FREE, "learning rate of the discriminator (lr sets both)", since=FIRST)
    beta1: Beta = key(0.9, FREE, "Adam: decay of the first moment", since=FIRST)
    beta2: Beta = key(0.999, FREE, "Adam: decay of the second moment", since=FIRST)
    eps: Rate = key(1e-8, FREE, "Adam: added to the denominator", since=FIRST)
    d_steps: int = key(1, CHOICE, "discriminator updates to each generator update", since=LATER, ge=1, le=100)
    loss: Loss = key("ns", CHOICE, "pair of losses, from logits; wgan needs gp or clip", since=FIRST)
    r1: Weight = key(0.0, SWITCH, "gamma of gamma/2 E(grad D)^2 at real curves; 0 is off", since=LATER)
    r2: Weight = key(0.0, SWITCH, "gamma of gamma/2 E(grad D)^2 at generated curves; 0 is off", since=LATER)
    gp: Weight = key(0.0, SWITCH, "lambda of lambda E(norm(grad D) - 1)^2 between the two; 0 is off", since=LATER)
    clip: Weight = key(0.0, SWITCH, "bound of the discriminator's weights after each update; 0 is off", since=LATER)
    spectral_norm: bool = key(
        False,
        SWITCH,
        "divide each weight matrix of the discriminator by its largest singular value",
        since=LATER,
        fused=(False,),
    )
    instance_noise: Weight = key(
        0.0, SWITCH, "standard deviation of the noise on all that the discriminator sees; 0 is off", since=LATER
    )
    label_smoothing: Smoothing = key(0.0, SWITCH, "what the label of real curves lacks to 1", since=LATER)
    ema: Beta = key(0.0, SWITCH, "decay of the generator's averaged weights, judged beside it; 0 is off", since=LATER)
    seed: int = key(0, FREE, "64-bit seed of weights, noise and minibatches", since=FIRST, ge=0, lt=2**64)
    record_every: Interval = key(
        10, FREE, "steps between two points of the loss curve", numbers=False, most_rows=_MOST_RECORDS
    )
    snapshot_every: Interval = key(
        1000, FREE, "steps between two snapshots of the generated curves", numbers=False, most_rows=_MOST_SNAPSHOTS
    )
    checkpoint_every: Interval = key(
        1000, FREE, "steps between two checkpoints", numbers=False, most_rows=_MOST_CHECKPOINTS
    )
    keep_checkpoints: Literal["few", "all", "final"] = key(
        "few", FREE, "few are the first, the last two and the end's; final keeps few until the end", numbers=False
    )
    device: Device = key(
        "auto",
        CHOICE,
        "auto, cpu, cuda or cuda:N; auto is the device of the worker that claims the job",
        numbers=False,
        since=FIRST,
        fused=("auto", "cpu"),
    )
    engine: Literal["auto", "torch", "fused"] = key(
        "auto",
        CHOICE,
        "what computes the steps; auto is fused on a CPU where that can train, else torch",
        numbers=False,
        since=FIRST,
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Check a user's values. Raises InvalidConfig with one line that names the keys that are wrong."""
        check_size(values)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InvalidConfig(one_line(cls, error.errors())) from None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """Spell out the short forms: `lr` for both rates, a family's name for a curve, intervals within steps."""
        if not isinstance(values, Mapping):
            return values
        values = whole(cls, values)
        if "lr" in values:
            lr = values.pop("lr")
            values = {"lr_g": lr, "lr_d": lr} | values
        values = _fill_curve(values)
        steps = values.get("steps", cls.model_fields["steps"].default)
        if isinstance(steps, int) and steps >= 1:
            intervals = [name for name, declared in cls.KEYS.items() if declared.most_rows]
            values = {name: min(cls.model_fields[name].default, steps) for name in intervals} | values
        return values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        check(self)
        return self

    @property
    def unfused(self) -> str | None:
        """What of this the fused engine cannot train with, on any machine; None where it can."""
        for name, declared in self.KEYS.items():
            value = getattr(self, name)
            if declared.fused is not None and value not in declared.fused:
                return name if value is True else f"{name} {value}"
        return None

    @property
    def hash(self) -> str:
        """Name of the training's numbers: equal hashes have equal states at equal steps (SHA-256, hex).

        Equal bit for bit on one device and engine; others round differently, and a checkpoint says which they were.
        """
        return hashlib.sha256(json.dumps(numbers(self), sort_keys=True).encode()).hexdigest()

    @property
    def pack_key(self) -> str:
        """Jobs with equal keys have equal tensor shapes and do the same operations: one pack can train them.

        Short, for a column of the store has room for 200 characters.
        """
        return "/".join(pack_words(self))


def _fill_curve(values: dict[str, Any]) -> dict[str, Any]:
    """Write a family's name as its table, name the default family, and give a point set its two points."""
    curve = values.get("curve")
    if isinstance(curve, str):
        curve = {"family": curve}
    if isinstance(curve, Mapping):
        curve = {"family": "quadratic", **curve}
        model = CURVE_MODELS.get(str(curve["family"]))
        values["curve"] = curve if model is None else whole(model, curve)
        if model is not None and model.PLANE:
            values.setdefault("points", 2)
    return values
