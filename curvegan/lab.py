"""The laboratory of one place: its jobs, sweeps and data sets, from Python. Nothing is opened before it is used."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from curvegan.given import by_key, seed_of, whole, word, words
from curvegan.services import Services

if TYPE_CHECKING:
    from curvegan.data import Data
    from curvegan.job import Job
    from curvegan.jobs import Jobs
    from curvegan.sweep import Sweep
    from curvegan.tuning.study import Study


def connect(
    *,
    home: str | Path | None = None,
    database_url: str | None = None,
    broker_url: str | None = None,
    queue_prefix: str | None = None,
    workers: int | None = None,
) -> "Lab":
    """Return the laboratory that the commands use here: what is not given comes from CURVEGAN_ variables, then files.

    Args:
        home: folder of the embedded store.
        database_url: where the jobs are kept.
        broker_url: what wakes the workers.
        queue_prefix: what the names of its queues begin with.
        workers: how many a submission starts where it finds none.
    """
    given = {"home": home, "database_url": database_url, "broker_url": broker_url, "queue_prefix": queue_prefix}
    said = {name: None if value is None else str(value) for name, value in (given | {"workers": workers}).items()}
    return Lab.of_environment(**said)


class Lab(Services):
    """Jobs, sweeps and data sets of one place. Threads may share it; `with` closes its connections at the end."""

    @classmethod
    def of_environment(cls, **given: str | None) -> Self:
        """Make it of settings, those that are None from the variables of the environment."""
        import os

        from curvegan.services import WORKER_VARIABLES
        from curvegan_worker.settings import NAMES, variable

        named = {name: os.environ.get(variable(name)) for name in NAMES}
        variables = {name: os.environ[name] for name in WORKER_VARIABLES if name in os.environ}
        return cls(**{name: given.get(name) or named[name] for name in NAMES}, variables=variables)

    def submit(
        self,
        *,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        priority: int = 0,
        preset: str | None = None,
        data: str | None = None,
        start: "Job | int | str | None" = None,
        config: Mapping[str, Any] | str | Path | None = None,
        worker: bool = True,
        **keys: Any,
    ) -> "Job":
        """Queue a job, the tutorial's but for the keys given, and return its handle at once.

        Args:
            name: a name to know it by.
            tags: words to find it by.
            priority: high goes first.
            preset: keys to start from, by the preset's name.
            data: the data set to learn.
            start: a job whose config to start from.
            config: keys below those given here: a mapping, or the path of a TOML file.
            worker: whether a background worker is started where the store is embedded and none lives.
            keys: keys of the config; `curve` is a family's name or a mapping with its parameters.

        Raises InvalidInput, InvalidConfig, DatasetNotFound. What keeps the job from running here is a warning.
        """
        from curvegan.job import Job
        from curvegan.submitting.layers import layered
        from curvegan.submitting.starting import have_workers
        from curvegan_db.values import JobRequest

        layers = self._layers(keys, preset, data, start, config)
        labels = name, words(tags, "tags"), whole(priority, "a priority")
        [job_id] = self.store.submit([JobRequest(layered(layers), *labels)])
        have_workers(self, [job_id], worker)
        return Job(self, job_id)

    def sweep(
        self,
        axes: Mapping[str, Any] | None = None,
        *,
        seeds: int | str | Iterable[int] | None = None,
        random: int | None = None,
        sweep_seed: int = 0,
        skip_invalid: bool = False,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        priority: int = 0,
        preset: str | None = None,
        data: str | None = None,
        start: "Job | int | str | None" = None,
        config: Mapping[str, Any] | str | Path | None = None,
        needed: bool = False,
        worker: bool = True,
        **keys: Any,
    ) -> "Sweep":
        """Queue a job for every point of a grid, all or none, and return the sweep's handle at once.

        Args:
            axes: by key a list of values, `log(a, b, n)`, `lin(a, b, n)`, or for `random` a `span(a, b)`.
            seeds: seeds for every point: so many, these, or a text that `--seeds` takes.
            random: draw so many points in place of the whole grid.
            sweep_seed: the seed of `random`.
            skip_invalid: leave out points that make no valid job.
            needed: leave out jobs that have succeeded before; of no job the sweep is empty, and its id 0.
            keys: keys of the config that all its jobs have; the other arguments are those of `submit`.

        Raises InvalidInput, InvalidConfig, DatasetNotFound.
        """
        from curvegan.submitting.axes import axis_of
        from curvegan.submitting.layers import data_layers, repeats
        from curvegan.submitting.plan import Draw, planned
        from curvegan.submitting.starting import have_workers
        from curvegan.sweep import Sweep

        all_axes = [axis_of(key, values) for key, values in by_key(axes or {}, "axes").items()]
        repeated, keys = repeats(seeds, keys)
        plan = planned(
            self._layers(keys, preset, data, start, config),
            all_axes,
            repeated,
            None if random is None else Draw(whole(random, "random", 1), seed_of(sweep_seed)),
            name=name,
            tags=words(tags, "tags"),
            priority=whole(priority, "a priority"),
            skip_invalid=skip_invalid,
            datasets=data_layers(self.store, all_axes) if any(axis.key == "data" for axis in all_axes) else {},
        )
        submitted = self.store.submit_sweep(plan.requests, plan.described, plan.name, needed)
        if submitted.id is not None:
            have_workers(self, submitted.jobs, worker)
        return Sweep(self, submitted.id or 0)

    def tune(
        self,
        space: Mapping[str, Any] | None = None,
        *,
        by: str | Sequence[str] | None = None,
        trials: int | None = None,
        seeds: int | str | Iterable[int] = 3,
        batch: int | None = None,
        halving: int | None = None,
        sampler: str = "tpe",
        sampler_seed: int = 0,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        priority: int = 0,
        preset: str | None = None,
        data: str | None = None,
        start: "Job | int | str | None" = None,
        config: Mapping[str, Any] | str | Path | None = None,
        worker: bool = True,
        **keys: Any,
    ) -> "Study":
        """Begin a search for good settings, or go on with the one of this name; return its handle at once.

        It goes on while somebody waits: `lab.tune(...).wait()`.

        Args:
            space: by key a list of values, a `span(a, b)`, a list with spans, or a text that `--space` takes behind
                the key; without a space the study of this name goes on as it is.
            by: the metric that is made small, or large where that is the better end; without it rmse, and of own
                curves the energy of held-out rows. Of several metrics the search looks for the front.
            trials: how many points to try, 60 where that is not said; a study that is there may get more.
            seeds: seeds for every point: so many, or these; a trial's value is the median over them.
            batch: how many trials are chosen at once, by what came of the batches before: so the search is repeatable.
            halving: in how many rungs trials grow: the best third of each trains on, up to all `steps`.
            sampler: tpe, cmaes, random or grid.
            sampler_seed: the seed of its choices.
            keys: keys of the config that all its jobs have; the other arguments are those of `submit`.

        Raises InvalidInput, InvalidConfig, DatasetNotFound.
        """
        from curvegan.submitting.layers import repeats
        from curvegan.submitting.starting import have_workers
        from curvegan.tuning.controller import opened
        from curvegan.tuning.plan import TRIALS, new_plan
        from curvegan.tuning.space import dimension_of
        from curvegan.tuning.study import Study

        repeated, keys = repeats(seeds, keys)
        trials = None if trials is None else whole(trials, "trials")
        plan = (
            None
            if space is None
            else new_plan(
                [dimension_of(key, values) for key, values in by_key(space, "what is searched").items()],
                self._layers(keys, preset, data, start, config),
                by=words(() if by is None else by, "metrics"),
                seeds=repeated or "1",
                trials=TRIALS if trials is None else trials,
                batch=None if batch is None else whole(batch, "a batch"),
                halving=None if halving is None else whole(halving, "halving"),
                sampler=sampler,
                seed=seed_of(sampler_seed),
                tags=words(tags, "tags"),
                priority=whole(priority, "a priority"),
            )
        )
        controller, ids = opened(self, name, plan, trials)
        if ids:
            have_workers(self, ids, worker)
        return Study(self, controller.id, controller)

    def find_study(self, which: int | str = "last") -> "Study":
        """Return a study by its id, its name, or as "last". Raises InvalidInput, SweepNotFound."""
        from curvegan.tuning.controller import study_id_of
        from curvegan.tuning.study import Study

        return Study(self, study_id_of(self, which if isinstance(which, str) else whole(which, "a study's id")))

    def jobs(self, where: str | None = None) -> "Jobs":
        """Return all jobs, or those that a filter means, as in `loss=ns and rmse<0.1`: a set that reads nothing yet.

        Raises InvalidInput for what is no filter.
        """
        from curvegan.jobs import Jobs

        everything = Jobs(self)
        return everything if where is None else everything.where(where)

    def __getitem__(self, which: int | str) -> "Job":
        """Return a job by its id, its name, or as "last". Raises JobNotFound, InvalidInput."""
        from curvegan.job import Job
        from curvegan.selecting import select_one

        if isinstance(which, str):
            return Job(self, select_one(self.store, which))
        return Job(self, self.store.job(whole(which, "a job's id")).id)

    # A laboratory is no sequence: `lab.jobs()` is.
    __iter__ = None

    def find_sweep(self, which: int | str = "last") -> "Sweep":
        """Return a sweep by its id, its name, or as "last". Raises SweepNotFound, InvalidInput."""
        from curvegan.selecting import select_sweep
        from curvegan.sweep import Sweep

        sweep_id = select_sweep(self.store, which) if isinstance(which, str) else whole(which, "a sweep's id")
        return Sweep(self, self.store.sweep(sweep_id).id)

    @cached_property
    def data(self) -> "Data":
        """The data sets."""
        from curvegan.data import Data

        return Data(self)

    def _layers(
        self,
        keys: Mapping[str, Any],
        preset: str | None,
        data: str | None,
        start: "Job | int | str | None",
        config: Mapping[str, Any] | str | Path | None,
    ) -> list[Mapping[str, Any]]:
        from curvegan.job import Job
        from curvegan.submitting.layers import job_layers, keyed

        started = None if start is None else start if isinstance(start, Job) else self[start]
        file = Path(config) if isinstance(config, str | Path) else None
        below = None if file or config is None else keyed(by_key(config, "keys of a config"))
        named = (
            None if preset is None else word(preset, "a preset"),
            None if data is None else word(data, "a data set"),
        )
        return job_layers(self, keyed(keys), named[0], file, below, named[1], started.config if started else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        from curvegan_db.sql.database import shown_url

        return f"<Lab in {shown_url(self.store.engine)}>"
