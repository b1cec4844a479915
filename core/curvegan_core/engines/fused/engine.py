"""The fused engine: trains one job after the other on a CPU core, many steps in one call of compiled code.

A job's weights, moments and activations stay in the core's cache, and nothing but records comes back. All arithmetic is
IEEE's in a fixed order, so a job's numbers are the same in any pack and process, after any resume, and for vectors of
any width. (Real curves of a family of many are drawn by numpy, which promises that for one machine only.) Knows no grid
of records and no store. The README beside this draws the layout and says who writes what.

Legend of the shapes in names: k minibatches, b rows of a minibatch, p points of a curve (padded), o offsets.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State, Trace
from curvegan_core.engines.claims import Claims
from curvegan_core.engines.fused.cache import MachineCode
from curvegan_core.engines.fused.deep.layout import ACTIVATIONS, deep_state_of, make_deep_job, make_deep_work
from curvegan_core.engines.fused.deep.step import run_deep
from curvegan_core.engines.fused.draws import describe
from curvegan_core.engines.fused.layout import make_job, make_work, state_of, width, zeros
from curvegan_core.engines.fused.losses import LOSS_NUMBERS
from curvegan_core.engines.fused.noise import LATENT_NUMBERS
from curvegan_core.engines.fused.optimisers import OPTIMISER_NUMBERS, SCHEDULE_NUMBERS
from curvegan_core.engines.fused.recipes import make_deep_recipe, make_recipe
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.step import Records, run
from curvegan_core.engines.fused.vectors import has_fused_multiply_add
from curvegan_core.errors import DeviceUnavailable
from curvegan_core.families import curves
from curvegan_core.families.family import Family

# Numbers of real curves, and of curves at records, that are held at once: 16 MB. Bounds memory for long runs.
_MOST_NUMBERS = 1 << 22

_SOURCES = sorted(Path(__file__).parent.rglob("*.py"))
CODE = MachineCode(run, _SOURCES)
"""The machine code of `step.run`. The types of its arguments are the same for all jobs."""
DEEP_CODE = MachineCode(run_deep, _SOURCES)
"""The machine code of `deep.step.run_deep`, likewise: one for networks of every depth."""


class FusedEngine:
    """Trains jobs of one `pack_key`. Curves, rates, weights of penalties, seeds and steps are each job's own.

    This one trains networks of one hidden layer of ReLU with Adam; real curves of families of many are numpy's.
    """

    name = "fused"
    # Rises with any change of a number, in its last bit even. Neither compiler nor processor is part of it.
    version = "1"
    code: ClassVar[MachineCode] = CODE
    draws: ClassVar[bool] = False
    claims = Claims(
        {
            "loss": LOSS_NUMBERS,
            "latent_noise": LATENT_NUMBERS,
            "activation": ACTIVATIONS,
            "activation_g": ("same", *ACTIVATIONS),
            "activation_d": ("same", *ACTIVATIONS),
            "optimiser": OPTIMISER_NUMBERS,
            "optimiser_g": ("same", *OPTIMISER_NUMBERS),
            "optimiser_d": ("same", *OPTIMISER_NUMBERS),
            "schedule": SCHEDULE_NUMBERS,
            "updates": ("alternating", "simultaneous"),
        },
        frozenset(
            {
                "layers_g",
                "layers_d",
                "g_steps",
                "slope",
                "momentum",
                "rms_decay",
                "schedule_to",
                "schedule_steps",
                "warmup",
            }
        )
        | frozenset({"r1", "r2", "gp", "clip", "instance_noise", "label_smoothing", "ema"}),
    )
    # A call costs some 20 us of Python. 64 steps a call cost 12 % more than 256; more bring nothing.
    steps_a_call = 256

    def __init__(
        self,
        configs: Sequence[TrainConfig],
        states: Sequence[State],
        device: str = "cpu",
        families: Sequence[Family] | None = None,
    ) -> None:
        """Take jobs at the states given, with their families of curves if they are at hand.

        Raises DeviceUnavailable if device is not "cpu".
        """
        if device != "cpu":
            raise DeviceUnavailable(f"the fused engine trains on cpu, not on {device!r}; the torch engine does")
        families = families or [curves.family(config) for config in configs]
        self._jobs = [self._take(*job) for job in zip(configs, states, families, strict=True)]
        # Jobs of a pack have one shape and train in turn, so one set of arrays serves them all, and stays in the cache.
        self._work = self._jobs[0].make_work()

    @staticmethod
    def trains(config: TrainConfig) -> bool:
        """Whether this engine can train the config on this machine's processor."""
        return config.unfused is None and FusedEngine.claims.missing(config) is None and has_fused_multiply_add()

    @classmethod
    def prepare(cls) -> None:
        """Load the compiled code, or wait some seconds for the compiler, now instead of in the first job."""
        # The smallest job there is: the types of its arguments are those of any other.
        config = TrainConfig(batch_size=1, hidden_g=1, hidden_d=1)
        cls([config], [State.initial(config)]).run([0], 1, [])

    def _take(self, config: TrainConfig, state: State, family: Family) -> "_Training":
        real = describe(config, family) if self.draws else None
        return _Training(config, make_job(config, state), make_recipe(config, real), family, self)

    def make_work(self, config: TrainConfig, job: Any, real: int) -> Any:
        """Make the arrays that a step works in."""
        return make_work(config, job, real)

    def state_of(self, config: TrainConfig, job: Any) -> State:
        """Copy a job's state out of its layout."""
        return state_of(config, job)

    def run(self, steps: Sequence[int], count: int, offsets: Sequence[int]) -> Trace:
        """Do `count` updates of every job, numbered from its own entry of `steps`; look closely at `offsets`.

        The first call of a process loads the compiled code, or waits some seconds for the compiler.
        """
        starts = zip(self._jobs, steps, strict=True)
        columns = [job.train(self._work, step, count, sorted(offsets)) for job, step in starts]
        return Trace(tuple(offsets), *(np.stack(series, axis=1) for series in zip(*columns, strict=True)))

    def state(self, index: int) -> State:
        """Copy the state of the job with this index in the pack."""
        return self._jobs[index].state()

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone, in this order."""
        self._jobs = [self._jobs[index] for index in indices]


class DrawnEngine(FusedEngine):
    """Draws real curves in compiled code, where a few numbers describe their family."""

    version = "2"
    draws = True


class DeepEngine(FusedEngine):
    """Trains networks of any depth, with any optimiser; draws real curves as well."""

    version = "3"
    code = DEEP_CODE
    draws = True

    def _take(self, config: TrainConfig, state: State, family: Family) -> "_Training":
        recipe = make_deep_recipe(config, describe(config, family))
        return _Training(config, make_deep_job(config, state), recipe, family, self)

    def make_work(self, config: TrainConfig, job: Any, real: int) -> Any:
        return make_deep_work(config, job, real)

    def state_of(self, config: TrainConfig, job: Any) -> State:
        return deep_state_of(config, job)


class _Series(NamedTuple):
    """What one job saw, as in a Trace: losses of every step, the others of the offsets that were asked for."""

    g_loss: Floats
    d_loss: Floats
    d_real: Floats
    d_fake: Floats
    rmse: Floats


class _Training:
    """One job: its numbers in the engine's layout, its recipe, its real curves."""

    def __init__(self, config: TrainConfig, job: Any, recipe: Any, family: Family, engine: FusedEngine) -> None:
        self._config, self._job, self._recipe, self._family, self._engine = config, job, recipe, family, engine
        # Where all real curves are equal one row stands for all, unless each gets noise of its own.
        self._real_rows = 1 if family.FIXED and not config.instance_noise else config.batch_size
        drawn = recipe.real.kind >= 0
        self._blocks = None if family.FIXED or drawn else curves.minibatches(config, family)

    def make_work(self) -> Any:
        """Make the arrays that jobs of this one's shape work in."""
        return self._engine.make_work(self._config, self._job, self._real_rows)

    def state(self) -> State:
        """Copy the job's state."""
        return self._engine.state_of(self._config, self._job)

    def train(self, work: Any, step: int, count: int, offsets: Sequence[int]) -> _Series:
        """Do `count` updates, the first with the number `step`; look closely at `offsets`, which rise."""
        parts = [
            self._train(work, step + first, length, inside) for first, length, inside in self._parts(count, offsets)
        ]
        return _Series(*(np.concatenate(series) for series in zip(*parts, strict=True)))

    def _parts(self, count: int, offsets: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
        """Cut steps into parts that memory has room for: yield each one's first step, length and offsets."""
        a_step = self._config.d_steps * self._config.batch_size * width(self._config)
        most = max(1, count if self._family.FIXED else _MOST_NUMBERS // a_step)
        for first in range(0, count, most):
            inside = [offset - first for offset in offsets if 0 <= offset - first < most]
            yield first, min(most, count - first), inside

    def _train(self, work: Any, step: int, count: int, offsets: Sequence[int]) -> _Series:
        series = _Series(*(np.zeros(size, np.float32) for size in (count, count, *[len(offsets)] * 3)))
        # A family of one curve has its RMSE computed in compiled code; any other knows its nearest members in numpy.
        kept = 0 if self._family.FIXED else len(offsets)
        curves_obp = np.zeros((kept, self._config.batch_size, width(self._config)), np.float32)
        records = Records(np.array(offsets, np.int64), *series, curves_obp)
        args = (self._job, work, self._recipe, step, self._real_curves(step, count), records)
        self._engine.code.load(*args)(*args)
        if kept:
            series.rmse[:] = self._rmse(curves_obp)
        return series

    def _real_curves(self, step: int, count: int) -> Floats:
        """Return the real curves of the discriminator's minibatches, each with a one behind it, or one set for all.

        The one is the input of the discriminator's bias, so that a bias is learned as any other weight.
        """
        config = self._config
        sets = 1 if self._blocks is None else count * config.d_steps
        real_kbp = zeros(sets, self._real_rows, width(config))
        real_kbp[..., config.seen] = 1
        if self._family.FIXED:
            real_kbp[0, :, : config.outputs] = self._family.members(np.zeros(self._real_rows))
        elif self._blocks is not None:
            self._blocks.fill(real_kbp[..., : config.seen], step * config.d_steps)
        return real_kbp

    def _rmse(self, curves_obp: Floats) -> list[float]:
        """Return the RMSE of each minibatch to the nearest curves of the family.

        One by one: a matrix product of numpy may round differently when other rows are beside.
        """
        minibatches = (np.ascontiguousarray(curves_bp[:, : self._config.outputs]) for curves_bp in curves_obp)
        return [float(np.sqrt(np.mean(self._family.distances(curves_bp) ** 2))) for curves_bp in minibatches]


def is_shallow(config: TrainConfig) -> bool:
    """Whether `step.run` trains it: one hidden layer of ReLU in each network, Adam, plain updates, no labels."""
    return (
        (config.layers_g, config.layers_d) == (1, 1)
        and set(config.activations.values()) == {"relu"}
        and set(config.optimisers.values()) == {"adam"}
        and (config.schedule, config.warmup) == ("constant", 0)
        and (config.updates, config.g_steps) == ("alternating", 1)
        and not config.labelled
    )


def engines(config: TrainConfig) -> tuple[type[FusedEngine], ...]:
    """Return the engines that can train the config, the one for new jobs first."""
    if not is_shallow(config):
        return (DeepEngine,)
    family = curves.FAMILIES.get(config.curve.family)
    return (FusedEngine,) if family and family.FIXED else (DrawnEngine, FusedEngine)


def keep_in(folder: Path, shipped: Path | None = None) -> None:
    """Name the folder for all machine code. Raises OSError as `MachineCode.keep_in` does."""
    for code in (CODE, DEEP_CODE):
        code.keep_in(folder, shipped)
