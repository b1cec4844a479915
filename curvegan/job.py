"""A job by its id: where it stands, what came of it, and what can be done to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from curvegan.given import step_of, whole, word, words, written
from curvegan.look import Look
from curvegan.results.picture import Picture
from curvegan.results.table import WORD, Table
from curvegan.words import inert

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from curvegan.results.networks import Discriminator, Generator
    from curvegan.results.snapshots import Snapshots
    from curvegan.services import Services
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.values import Job as Record


class Job:
    """A job. What it says of itself is at most half a second old; jobs that were listed together are read together.

    Every method raises JobNotFound once the job was deleted.
    """

    def __init__(self, services: "Services", job_id: int, look: Look | None = None) -> None:
        """Make the handle; nothing is read."""
        self.id = job_id
        self._services = services
        self._look = look or Look(services, [job_id])

    @property
    def record(self) -> "Record":
        """All that the store knows of it, as a plain frozen value."""
        return self._look.record(self.id)

    @property
    def state(self) -> str:
        """Where it stands: queued, running, lost, succeeded, failed or cancelled."""
        return self.record.state

    @property
    def ended(self) -> bool:
        """Whether it has succeeded, failed, or been cancelled."""
        from curvegan.watching.job_fields import ENDED

        return self.state in ENDED

    @property
    def name(self) -> str | None:
        """What it is called."""
        return self.record.name

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.record.tags

    @property
    def step(self) -> int:
        """How many of its steps are done."""
        return self.record.step

    @property
    def config(self) -> "TrainConfig":
        """What it trains: every key is an attribute, and `model_dump()` a dict."""
        return self.record.config

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of its end by name; empty until then."""
        return dict(self.record.metrics or {})

    @property
    def verdict(self) -> str | None:
        """How its training went, in a word; None until its end."""
        return self.record.verdict

    @property
    def error(self) -> str | None:
        """What its worker said as it failed."""
        return self.record.error

    def log(self) -> Table:
        """Return its log: at, attempt, worker, kind, text; what happened to it, and what its workers said."""
        lines, _ = self._services.store.log(self.id)
        from datetime import datetime

        kinds = {"at": datetime, "attempt": int, "worker": WORD, "kind": WORD, "text": str}
        return Table.of_rows([{name: getattr(line, name) for name in kinds} for line in lines], kinds)

    def losses(self) -> Table:
        """Return its loss curve so far, every record: step, g_loss, d_loss, d_real, d_fake, rmse."""
        from curvegan_core.records.loss_record import COLUMNS

        curve = self._services.store.losses(self.id)
        return Table(dict(zip(COLUMNS, curve.columns, strict=True)))

    def snapshots(self) -> "Snapshots":
        """Return its snapshots so far. Raises ResultNotFound where there is none yet."""
        from curvegan.datasets import own_curves
        from curvegan.results.snapshots import Snapshots
        from curvegan_core.families.curves import points_x
        from curvegan_db.errors import ResultNotFound

        stored, record = self._services.store.snapshots(self.id), self.record
        if not stored:
            raise ResultNotFound(f"job {self.id} has no snapshot yet: it is {record.state}")
        return Snapshots.of_rows(stored, points_x(record.config, own_curves(self._services.store, record)))

    def generator(self, step: int | None = None, last: bool = False) -> "Generator":
        """Return its generator as of a checkpoint, the newest without a step: a function on numpy arrays.

        Args:
            step: which checkpoint; `checkpoints` lists them.
            last: take the weights as they were left, not their average where the config has `ema`.

        Raises ResultNotFound, ResultDamaged, InvalidInput.
        """
        from curvegan.results.networks import Generator
        from curvegan_core.records.checkpoint import Checkpoint

        stored = self._services.store.checkpoint(self.id, step_of(step))
        config = self.record.config
        generator = Generator(Checkpoint.from_bytes(stored.data, config), config)
        return generator.last if last else generator

    def discriminator(self, step: int | None = None) -> "Discriminator":
        """Return its discriminator as of a checkpoint, as `generator` does."""
        return self.generator(step).discriminator

    def sample(
        self,
        n: int = 10,
        seed: int = 0,
        *,
        z: "ArrayLike | None" = None,
        step: int | None = None,
        label: str | None = None,
    ) -> "NDArray[Any]":
        """Return curves (n, points) in units of y, as of a checkpoint: the numbers of `curvegan sample`.

        Args:
            n: how many curves.
            seed: which curves: any job meets the same latents under a seed.
            z: latents (n, latent) to take in place of drawn ones; where labels are learnt, with one number for each.
            step: which checkpoint; the newest without it.
            label: of your own curves the label to draw; without it as often as the rows have each.

        Raises:
            InvalidInput: no such label was learnt, or latents of another size.
        """
        from curvegan.datasets import label_number

        number = None if label is None else label_number(self._services.store, self.record, word(label, "a label"))
        generator = self.generator(step)
        return generator.sample(n, seed, number) if z is None else generator(z)

    @property
    def checkpoints(self) -> list[int]:
        """The steps at which it has a checkpoint, in order."""
        return sorted(row.step for row in self._services.store.checkpoints(self.id))

    def plot(self, kind: str = "curve") -> Picture:
        """Return a picture of it: curve, losses or evolution; a notebook shows it. Raises InvalidInput, ResultNotFound.

        While it runs the picture shows how far it is. Of own curves there are quantiles, scores and pairs, too.
        """
        from curvegan.pictures.job_picture import OWN_KINDS, job_picture
        from curvegan_core.errors import InvalidInput
        from curvegan_core.plotting.job_plots import KINDS

        if kind not in (kinds := (*KINDS, *OWN_KINDS)):
            raise InvalidInput(f"no plot is called {kind!r:.40}; there are {', '.join(kinds)}")
        store, record = self._services.store, self.record
        picture = Picture(f"{kind} of job {self.id}", lambda form, dpi: job_picture(store, record, kind, form, dpi))
        _ = picture.png  # what is missing is said now, and not where it is displayed
        return picture

    def wait(self, worker: bool = True) -> Self:
        """Follow it to its end, with a bar in a notebook and on a terminal. Ctrl-C detaches: the job goes on.

        `worker` keeps one alive for it where the store is embedded. Raises Detached, DatabaseUnreachable.
        """
        from curvegan.showing.progress import jobs_to_the_end

        jobs_to_the_end(self._services, [self.id], start_worker=worker)
        self._look.forget()
        return self

    def cancel(self, reason: str | None = None) -> Self:
        """Stop it: at once where it is queued, else within seconds. Raises JobStateConflict where it has ended."""
        self._services.store.cancel(self.id, reason)
        self._look.forget()
        return self

    def retry(self, worker: bool = True) -> Self:
        """Run it again from the start; what came of it is deleted. Raises JobStateConflict."""
        self._services.store.retry(self.id)
        return self._again(worker)

    def resume(self, worker: bool = True) -> Self:
        """Let it go on from its last checkpoint where it failed or was cancelled. Raises JobStateConflict."""
        self._services.store.resume(self.id)
        return self._again(worker)

    def extend(self, steps: int, worker: bool = True) -> Self:
        """Train it on to so many steps in total where it has succeeded. Raises JobStateConflict, InvalidConfig."""
        self._services.store.extend(self.id, whole(steps, "how many steps"))
        return self._again(worker)

    def fork(
        self,
        step: int | None = None,
        *,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        priority: int = 0,
        worker: bool = True,
        **changes: Any,
    ) -> "Job":
        """Queue a job with this one's bits up to a step, the last done without one, and from there its own config.

        Args:
            step: any step that was done; where no checkpoint is, the state is trained again, exactly.
            changes: keys of the config; those that size the state, or say what happened before, are refused.

        Raises InvalidInput, InvalidConfig, EngineUnavailable.
        """
        from curvegan.submitting.forking import fork
        from curvegan.submitting.layers import keyed
        from curvegan.submitting.starting import have_workers

        labels: dict[str, Any] = {"name": name, "tags": words(tags, "tags"), "priority": whole(priority, "a priority")}
        self._look.forget()
        job_id = fork(self._services.store, self.record, step_of(step), keyed(changes), **labels)
        have_workers(self._services, [job_id], worker)
        return Job(self._services, job_id)

    def delete(self) -> None:
        """Delete it with all that came of it. Raises JobStateConflict where it is running."""
        self._services.store.check_deletable(self.id)
        list(self._services.store.delete([self.id]))
        self._look.forget()

    def tag(self, *add: str, remove: str | Sequence[str] = ()) -> Self:
        """Give it tags, and take others away. Raises InvalidInput."""
        self._services.store.tag(self.id, words(add, "tags"), words(remove, "tags"))
        self._look.forget()
        return self

    def save_checkpoint(self, path: str | Path, step: int | None = None) -> Path:
        """Write its checkpoint to a file, over one that is there: `curvegan.load` reads it. Returns the path.

        Raises ResultNotFound, InvalidInput.
        """
        return written(path, self._services.store.checkpoint(self.id, step_of(step)).data)

    def _again(self, worker: bool) -> Self:
        from curvegan.submitting.starting import have_workers

        have_workers(self._services, [self.id], worker)
        self._look.forget()
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and (self._services, self.id) == (other._services, other.id)

    def __hash__(self) -> int:
        return hash((self._services, self.id))

    def __repr__(self) -> str:
        from curvegan.watching.job_fields import progress, why
        from curvegan_db.errors import JobNotFound

        try:
            record = self.record
        except JobNotFound:
            return f"<job {self.id}, deleted>"
        said = f"{record.verdict}" if record.verdict else why(record).removeprefix(": ")
        parts = [f"job {self.id}", record.name or "", record.state, progress(record), said]
        return inert(f"<{', '.join(filter(None, parts))}>")

    def _repr_html_(self) -> str:
        from html import escape

        from curvegan.results.html import html_table
        from curvegan.watching.facts import facts_of
        from curvegan_db.errors import JobNotFound

        try:
            facts = facts_of(self._services.store, self.record)
        except JobNotFound:
            return escape(f"<job {self.id}, deleted>")
        return html_table(["job", str(self.id)], facts[1:], [False, False])
