"""What a job is asked to train."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator

from curvegan_core.config import scalars
from curvegan_core.config.curve import Curve, Data, Quadratic
from curvegan_core.config.family_parameters import Parameter, Positive
from curvegan_core.config.keys import (
    CHOICE,
    FIRST,
    FREE,
    LATER,
    PAST,
    SHAPE,
    STATE,
    SWITCH,
    Keyed,
    key,
    numbers,
    pack_words,
)
from curvegan_core.config.limits import check_size
from curvegan_core.config.problems import one_line, problems_of
from curvegan_core.config.rules import check
from curvegan_core.config.short_forms import spelled_out
from curvegan_core.errors import InvalidConfig

# How many rows a job may store: losses are 20 bytes a record, checkpoints about 74 kB each at the default size.
_MOST_RECORDS, _MOST_SNAPSHOTS, _MOST_CHECKPOINTS = 100_000, 1_000, 1_000
_MOST_PACK_KEY = 200


class TrainConfig(Keyed):
    """One training, complete: the same config and seed give the same numbers. Defaults are the tutorial's."""

    curve: Curve = key(
        Quadratic(), SHAPE, "the curve to learn: its family and that family's parameters", since=FIRST, fixed=PAST
    )
    points: int = key(
        15, SHAPE, "points of a curve; the generator's output size", since=FIRST, ge=1, le=256, fixed=STATE
    )
    x_min: Parameter = key(-1.0, FREE, "left end of the curve", since=FIRST, fixed=PAST)
    x_max: Parameter = key(1.0, FREE, "right end of the curve", since=FIRST, fixed=PAST)
    front: Literal["standardise", "points", "pca"] = key(
        "standardise",
        FREE,
        "what training sees of your own curves: their values, each point by its own deviation, or principal components",
        fixed=STATE,
    )
    holdout: scalars.HeldOut = key(
        0.0, FREE, "share of your own curves that is not trained on, by the seed; 0 is none", fixed=PAST
    )
    prior_rows: scalars.Rows = key(
        0.0, FREE, "most rows that a normal distribution like your own counts as beside them; 0 is none", fixed=PAST
    )
    latent: int = key(
        15,
        SHAPE,
        "size of the latent z, the generator's input; 0 makes one curve of all",
        since=FIRST,
        ge=0,
        le=256,
        fixed=STATE,
    )
    latent_noise: Literal["normal", "uniform"] = key(
        "normal", FREE, "distribution of z: N(0, 1) or U(-1, 1) in each of its numbers", since=LATER
    )
    layers_g: scalars.Depth = key(1, SHAPE, "hidden layers of the generator; 0 is linear", fixed=STATE)
    layers_d: scalars.Depth = key(1, SHAPE, "hidden layers of the discriminator; 0 is linear", fixed=STATE)
    hidden_g: scalars.Width = key(128, SHAPE, "units of each hidden layer of the generator", since=FIRST, fixed=STATE)
    hidden_d: scalars.Width = key(
        128, SHAPE, "units of each hidden layer of the discriminator", since=FIRST, fixed=STATE
    )
    activation: scalars.Activation = key("relu", CHOICE, "of the hidden units of both networks", since=LATER)
    activation_g: scalars.OwnActivation = key("same", CHOICE, "the generator's own activation")
    activation_d: scalars.OwnActivation = key("same", CHOICE, "the discriminator's own activation")
    slope: float = key(0.2, CHOICE, "leaky_relu: slope below 0", ge=0, lt=1, allow_inf_nan=False)
    init: Literal["torch", "orthogonal", "normal", "he", "glorot"] = key(
        "torch", FREE, "how weights are drawn at first; the biases of all but torch are 0", fixed=PAST
    )
    init_gain: Positive = key(1.0, FREE, "orthogonal: factor of the weights", fixed=PAST)
    init_deviation: Positive = key(0.02, FREE, "normal: standard deviation of the weights", fixed=PAST)
    norm_g: scalars.Norm = key(
        "none", CHOICE, "normalisation before each activation of the generator", fused=("none",), fixed=STATE
    )
    norm_d: scalars.Norm = key(
        "none", CHOICE, "normalisation before each activation of the discriminator", fused=("none",), fixed=STATE
    )
    batch_size: int = key(64, SHAPE, "curves in a minibatch", since=FIRST, ge=1, le=4096)
    steps: int = key(10001, FREE, "generator updates to train", numbers=False, ge=1, le=10_000_000)
    lr_g: scalars.Rate = key(1e-4, FREE, "learning rate of the generator (lr sets both)", since=FIRST)
    lr_d: scalars.Rate = key(1e-4, FREE, "learning rate of the discriminator (lr sets both)", since=FIRST)
    optimiser: scalars.Optimiser = key("adam", CHOICE, "of both networks; oadam is optimistic Adam", fixed=STATE)
    optimiser_g: scalars.OwnOptimiser = key("same", CHOICE, "the generator's own optimiser", fixed=STATE)
    optimiser_d: scalars.OwnOptimiser = key("same", CHOICE, "the discriminator's own optimiser", fixed=STATE)
    beta1: scalars.Beta = key(0.9, FREE, "adam, oadam: decay of the first moment", since=FIRST)
    beta2: scalars.Beta = key(0.999, FREE, "adam, oadam: decay of the second moment", since=FIRST)
    eps: scalars.Rate = key(1e-8, FREE, "adam, oadam, rmsprop: added to the denominator", since=FIRST)
    momentum: scalars.Beta = key(0.0, FREE, "sgd: share of the last step that the next one keeps")
    rms_decay: scalars.Beta = key(0.99, FREE, "rmsprop: decay of the mean square")
    schedule: Literal["constant", "linear", "cosine"] = key(
        "constant", FREE, "how both rates fall from their value to schedule_to of it"
    )
    schedule_to: scalars.Share = key(0.0, FREE, "linear, cosine: share of the rates that is left at the end")
    schedule_steps: scalars.Steps = key(0, FREE, "linear, cosine: steps of the fall; 0 takes the job's steps")
    warmup: scalars.Steps = key(0, FREE, "steps in which both rates first rise from 0")
    updates: Literal["alternating", "simultaneous"] = key(
        "alternating", CHOICE, "generator against the updated discriminator, or both at once"
    )
    d_steps: scalars.Updates = key(1, CHOICE, "discriminator updates in a step", since=LATER)
    g_steps: scalars.Updates = key(1, CHOICE, "generator updates in a step")
    loss: scalars.Loss = key("ns", CHOICE, "pair of losses, from logits; wgan needs gp or clip", since=FIRST)
    r1: scalars.Weight = key(0.0, SWITCH, "gamma of gamma/2 E(grad D)^2 at real curves; 0 is off", since=LATER)
    r2: scalars.Weight = key(0.0, SWITCH, "gamma of gamma/2 E(grad D)^2 at generated curves; 0 is off", since=LATER)
    gp: scalars.Weight = key(
        0.0, SWITCH, "lambda of lambda E(norm(grad D) - 1)^2 between the two; 0 is off", since=LATER
    )
    clip: scalars.Weight = key(
        0.0, SWITCH, "bound of the discriminator's weights after each update; 0 is off", since=LATER
    )
    spectral_norm: bool = key(
        False,
        SWITCH,
        "divide each weight matrix of the discriminator by its largest singular value",
        since=LATER,
        fused=(False,),
    )
    instance_noise: scalars.Weight = key(
        0.0, SWITCH, "standard deviation of the noise on all that the discriminator sees; 0 is off", since=LATER
    )
    pack: int = key(
        1, SHAPE, "curves that the discriminator judges together (PacGAN)", fused=(1,), ge=1, le=8, fixed=STATE
    )
    unroll: int = key(
        0, CHOICE, "discriminator updates that the generator's update looks ahead", fused=(0,), ge=0, le=10
    )
    consensus: scalars.Weight = key(
        0.0, SWITCH, "gamma of gamma/2 of both gradients' squared norm, in both updates; 0 is off", fused=(0.0,)
    )
    g_grad: scalars.Weight = key(
        0.0, SWITCH, "eta of eta times D's gradient's squared norm, in the generator's update; 0 is off", fused=(0.0,)
    )
    gdpp: scalars.Weight = key(
        0.0,
        SWITCH,
        "weight of GDPP's loss, how diverse generated curves are beside real ones, in the generator's update; 0 is off",
        fused=(0.0,),
    )
    label_smoothing: scalars.Smoothing = key(0.0, SWITCH, "what the label of real curves lacks to 1", since=LATER)
    ema: scalars.Beta = key(
        0.0, SWITCH, "decay of the generator's averaged weights, judged beside it; 0 is off", since=LATER, fixed=STATE
    )
    seed: int = key(0, FREE, "64-bit seed of weights, noise and minibatches", since=FIRST, ge=0, lt=2**64)
    samples: int = key(1024, FREE, "generated curves that each evaluation judges", numbers=False, ge=1024, le=50_000)
    threshold: float = key(
        3.0,
        FREE,
        "hq, modes: how many standard deviations a curve may be off its mode",
        numbers=False,
        gt=0,
        le=10,
    )
    record_every: scalars.Interval = key(
        10, FREE, "steps between two points of the loss curve", numbers=False, most_rows=_MOST_RECORDS, fixed=PAST
    )
    snapshot_every: scalars.Interval = key(
        1000,
        FREE,
        "steps between two snapshots of the generated curves",
        numbers=False,
        most_rows=_MOST_SNAPSHOTS,
        fixed=PAST,
    )
    checkpoint_every: scalars.Interval = key(
        1000, FREE, "steps between two checkpoints", numbers=False, most_rows=_MOST_CHECKPOINTS
    )
    keep_checkpoints: Literal["few", "all", "final"] = key(
        "few", FREE, "few are the first, the last two and the end's; final keeps few until the end", numbers=False
    )
    stop: scalars.Stop = key(
        "none",
        FREE,
        "verdicts that end the training early, at a snapshot, once one has held for stop_patience of them",
        numbers=False,
    )
    stop_patience: int = key(
        3, FREE, "snapshots in a row that must show a verdict of stop", numbers=False, ge=1, le=_MOST_SNAPSHOTS
    )
    fork_of: scalars.Hash = key(
        "", FREE, "hash of the training that `curvegan fork` went on from; nobody else sets it", fixed=PAST
    )
    fork_step: scalars.Steps = key(0, FREE, "the step up to which that training is this one's past", fixed=PAST)
    device: scalars.Device = key(
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
            problems = problems_of(cls, error.errors())
            raise InvalidConfig(one_line(problems), problems) from None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        return spelled_out(cls, values) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        check(self)
        return self

    @property
    def outputs(self) -> int:
        """How many numbers the networks see of a curve: its points, or the scores of its components."""
        return self.curve.components if self.front == "pca" and isinstance(self.curve, Data) else self.points

    @property
    def labelled(self) -> tuple[int, ...]:
        """How many rows each label of your own curves has; empty where labels are not learnt."""
        said = self.curve.labels if isinstance(self.curve, Data) else ""
        return tuple(map(int, said.split("/"))) if said else ()

    @property
    def seen(self) -> int:
        """How many numbers the discriminator sees of a curve: `outputs`, and a one of as many as there are labels."""
        return self.outputs + len(self.labelled)

    @property
    def unfused(self) -> str | None:
        """What of this the fused engine cannot train with, on any machine; None where it can."""
        for name, declared in self.KEYS.items():
            value = getattr(self, name)
            if declared.fused is not None and value not in declared.fused:
                return name if value is True else f"{name} {value}"
        return None

    @property
    def activations(self) -> dict[str, str]:
        """The activation of each network, by its name."""
        return self._own(self.activation, self.activation_g, self.activation_d)

    @property
    def optimisers(self) -> dict[str, str]:
        """The optimiser of each network, by its name."""
        return self._own(self.optimiser, self.optimiser_g, self.optimiser_d)

    @staticmethod
    def _own(both: str, generator: str, discriminator: str) -> dict[str, str]:
        own = {"generator": generator, "discriminator": discriminator}
        return {network: both if word == "same" else word for network, word in own.items()}

    @property
    def wanted_engine(self) -> str:
        """The engine that a worker must have to train this: "fused", "torch", or "any" where either can."""
        if self.engine != "auto":
            return self.engine
        return "torch" if self.unfused or self.device.startswith("cuda") else "any"

    @property
    def hash(self) -> str:
        """Name of the training's numbers: equal hashes have equal states at equal steps (SHA-256, hex).

        Equal bit for bit on one device and engine; others round differently, and a checkpoint says which they were.
        """
        return hashlib.sha256(json.dumps(numbers(self), sort_keys=True).encode()).hexdigest()

    @property
    def pack_key(self) -> str:
        """Jobs with equal keys have equal tensor shapes and do the same operations: one pack can train them.

        A column of the store has room for 200 characters: a longer one ends in the digest of all of it.
        """
        words = "/".join(pack_words(self))
        if len(words) <= _MOST_PACK_KEY:
            return words
        digest = hashlib.sha256(words.encode()).hexdigest()
        return f"{words[: _MOST_PACK_KEY - len(digest) - 1]}/{digest}"
