"""What a job is asked to train. Knows neither torch nor numpy, so that a client can check a config in no time."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curvegan.bounds import check_size, first_of
from curvegan.errors import InvalidConfig

Parameter = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Width = Annotated[int, Field(ge=1, le=1024)]
Interval = Annotated[int, Field(ge=1)]

_DEFAULT_INTERVALS = {"record_every": 10, "snapshot_every": 1000, "checkpoint_every": 1000}
# How many rows a job may store: losses are 20 bytes a record, checkpoints about 74 kB each at the default size.
_MOST_RECORDS, _MOST_SNAPSHOTS, _MOST_CHECKPOINTS = 100_000, 1_000, 1_000


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Quadratic(_Frozen):
    """The parabola y = a x^2 + c."""

    family: Literal["quadratic"] = "quadratic"
    a: Parameter = 2.0
    c: Parameter = 1.0


class TrainConfig(_Frozen):
    """One training, complete: the same config and seed give the same numbers. Defaults are the tutorial's."""

    curve: Quadratic = Field(
        default=Quadratic(), description="the curve to learn: its family and that family's parameters"
    )
    points: int = Field(default=15, ge=2, le=256, description="points of a curve; the generator's output size")
    x_min: Parameter = Field(default=-1.0, description="left end of the curve")
    x_max: Parameter = Field(default=1.0, description="right end of the curve")
    latent: int = Field(default=15, ge=1, le=256, description="size of the latent z, the generator's normal input")
    hidden_g: Width = Field(default=128, description="hidden units of the generator")
    hidden_d: Width = Field(default=128, description="hidden units of the discriminator")
    batch_size: int = Field(default=64, ge=1, le=4096, description="curves in a minibatch")
    steps: int = Field(default=10001, ge=1, le=10_000_000, description="generator updates to train")
    lr_g: Rate = Field(default=1e-4, description="learning rate of the generator (lr sets both)")
    lr_d: Rate = Field(default=1e-4, description="learning rate of the discriminator (lr sets both)")
    beta1: Beta = Field(default=0.9, description="Adam: decay of the first moment")
    beta2: Beta = Field(default=0.999, description="Adam: decay of the second moment")
    eps: float = Field(default=1e-8, gt=0, le=1, allow_inf_nan=False, description="Adam: added to the denominator")
    loss: Literal["ns"] = Field(default="ns", description="ns: the non-saturating loss, from logits")
    seed: int = Field(default=0, ge=0, lt=2**64, description="64-bit seed of weights, noise and minibatches")
    record_every: Interval = Field(default=10, description="steps between two points of the loss curve")
    snapshot_every: Interval = Field(default=1000, description="steps between two snapshots of the generated curves")
    checkpoint_every: Interval = Field(default=1000, description="steps between two checkpoints")
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$")] = Field(
        default="auto", description="auto, cpu, cuda or cuda:N; auto is the device of the worker that claims the job"
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
        if isinstance(values.get("curve"), str):
            values["curve"] = {"family": values["curve"]}
        steps = values.get("steps", cls.model_fields["steps"].default)
        if isinstance(steps, int) and steps >= 1:
            values = {key: min(every, steps) for key, every in _DEFAULT_INTERVALS.items()} | values
        return values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.x_min < self.x_max:
            raise ValueError("x_min must be smaller than x_max")
        for key in _DEFAULT_INTERVALS:
            if getattr(self, key) > self.steps:
                raise ValueError(f"{key} must be at most steps, {self.steps}")
        most = {"record_every": _MOST_RECORDS, "snapshot_every": _MOST_SNAPSHOTS, "checkpoint_every": _MOST_CHECKPOINTS}
        for key, rows in most.items():
            if self.steps > getattr(self, key) * rows:
                raise ValueError(f"{key} must be at least {-(-self.steps // rows)} for {self.steps} steps")
        return self

    @property
    def hash(self) -> str:
        """Name of the training's numbers: equal hashes have equal states at equal steps (SHA-256, hex)."""
        values = self.model_dump(mode="json", exclude={"steps", "device", *_DEFAULT_INTERVALS})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    @property
    def pack_key(self) -> str:
        """Jobs with equal keys have equal tensor shapes and can be trained in one pack."""
        keys = ("points", "latent", "hidden_g", "hidden_d", "batch_size", "loss", "device")
        return "/".join(f"{key}={getattr(self, key)}" for key in keys)


def _problem(model: type[BaseModel], error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {path!r}{_nearest(model, path)}"
    message = error["msg"].removeprefix("Value error, ")
    return message if not path else f"{path}: {message[0].lower()}{message[1:]} (got {error['input']!r:.60})"


def _nearest(model: type[BaseModel], path: str) -> str:
    known = [*model.model_fields, "lr", *(f"curve.{key}" for key in Quadratic.model_fields)]
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    return f", did you mean {near[0]!r}?" if near else "; `curvegan config` prints all keys"
