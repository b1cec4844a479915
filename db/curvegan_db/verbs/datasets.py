"""Data sets that users brought: their names, and each content once.

A content is there exactly while a name or an unfinished job needs it: `remove_dataset` takes the last name and the
content together, and refuses while a queued or running job would miss it. Whoever queues a job locks its content first.
"""

import shlex
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import MOST_DATASET_NAME, JobState
from curvegan_db.errors import DatasetConflict, DatasetNotFound
from curvegan_db.sql.transactions import Transactions, now, upsert
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.values import NamedDataset, check_text

if TYPE_CHECKING:
    from curvegan_core.families.dataset import Dataset


# Later names of the same curves change no name and axis of a job that was submitted without one.
_FIRST_ADDED = models.Dataset.created_at, models.Dataset.name


class Datasets(Transactions):
    """The part of the store that keeps data sets."""

    def add_dataset(self, name: str, dataset: "Dataset") -> None:
        """Store curves under a name. Of the same curves again only the description is taken.

        Raises:
            DatasetConflict: the name is taken by other curves.
        """
        check_text("name of a data set", name, MOST_DATASET_NAME)
        data, curve = dataset.to_bytes(), dataset.parameters
        content = {"hash": curve.hash, "rows": len(dataset.rows), "points": dataset.points, "mean": curve.mean}
        with self._write() as session:
            _put(session, models.DatasetContent.hash, content | {"scale": curve.scale, "size": len(data), "data": data})
            row = {"name": name, "hash": curve.hash, "created_at": now(session)}
            if _put(session, models.Dataset.name, row) != curve.hash:
                raise DatasetConflict(f"the name {name} is taken by other curves; give another --name")
            described = update(models.Dataset).where(models.Dataset.name == name)
            session.execute(described.values(description=dataset.description.as_dict() or None))

    def datasets(self) -> list[NamedDataset]:
        """Return all data sets by name."""
        with self._read() as session:
            return [NamedDataset(*row) for row in session.execute(_named().order_by(models.Dataset.name))]

    def named_dataset(self, name: str) -> NamedDataset:
        """Return one data set, without its curves. Raises DatasetNotFound."""
        with self._read() as session:
            return _one(session, name)

    def dataset_names(self, content_hash: str) -> list[str]:
        """Return the names that a content has, the one added first in front: its jobs go by that."""
        query = select(models.Dataset.name).where(models.Dataset.hash == content_hash)
        with self._read() as session:
            return list(session.scalars(query.order_by(*_FIRST_ADDED)))

    def names_of_datasets(self, hashes: Collection[str]) -> dict[str, list[str]]:
        """Return the names that contents have, by hash, each as `dataset_names`; one without a name is missing."""
        row, names = models.Dataset, dict[str, list[str]]()
        with self._read() as session:
            query = select(row.hash, row.name).where(row.hash.in_(hashes)).order_by(*_FIRST_ADDED)
            for content_hash, name in session.execute(query):
                names.setdefault(content_hash, []).append(name)
        return names

    def dataset_jobs(self, content_hash: str) -> list[int]:
        """Return ids of the jobs that use a content, the newest first."""
        query = select(models.Job.id).where(models.Job.dataset == content_hash).order_by(models.Job.id.desc())
        with self._read() as session:
            return list(session.scalars(query))

    def dataset(self, content_hash: str) -> bytes:
        """Return the bytes of a content, as a core Dataset wrote them. Raises DatasetNotFound."""
        query = select(models.DatasetContent.data).where(models.DatasetContent.hash == content_hash)
        with self._read() as session:
            data = session.scalar(query)
        if data is None:
            raise DatasetNotFound(content_hash[:12])
        return data

    def dataset_description(self, content_hash: str, name: str = "") -> dict[str, Any]:
        """Return what is said of a content under a name, or where it has not that under the one added first.

        Empty where nothing is said.

        `curvegan_core.families.description.Description.from_dict` reads it.
        """
        query = select(models.Dataset.description).where(models.Dataset.hash == content_hash)
        with self._read() as session:
            return session.scalar(query.order_by(models.Dataset.name != name, *_FIRST_ADDED).limit(1)) or {}

    def check_dataset_removable(self, name: str) -> bool:
        """Return whether it is the last name of its content. Raises as `remove_dataset` does."""
        with self._read() as session:
            content_hash = _one(session, name).hash
            names = select(func.count()).where(models.Dataset.hash == content_hash)
            last = session.scalar(names) == 1
            if last:
                _check_unused(session, name, content_hash)
            return last

    def remove_dataset(self, name: str) -> None:
        """Forget a name, and with its last name the content. Raises DatasetNotFound, and DatasetConflict when used."""
        with self._write() as session:
            content_hash = _one(session, name).hash
            # Locked before its name is, as `add_dataset` does: nobody waits for somebody who waits for him.
            content = select(models.DatasetContent.hash).where(models.DatasetContent.hash == content_hash)
            there = session.scalar(content.with_for_update())
            named = delete(models.Dataset).where(models.Dataset.name == name, models.Dataset.hash == there)
            if session.scalar(named.returning(models.Dataset.name)) is None:  # somebody else was faster
                raise DatasetNotFound(name)
            others = select(models.Dataset.name).where(models.Dataset.hash == content_hash)
            if session.scalar(others.limit(1)) is None:
                _check_unused(session, name, content_hash)
                session.execute(delete(models.DatasetContent).where(models.DatasetContent.hash == content_hash))


def require_contents(session: Session, configs: Iterable[TrainConfig]) -> None:
    """Keep the data sets of configs from being removed until the transaction ends, so that their jobs can be queued.

    Raises:
        DatasetNotFound: one is not in the store.
        DatasetConflict: a config says of one what is not so.
    """
    wanted = {(config.curve, config.points) for config in configs if isinstance(config.curve, Data)}
    for curve, points in sorted(wanted, key=lambda pair: pair[0].hash):
        content = require_content(session, curve.hash)
        if (points, curve.mean, curve.scale) != (content.points, content.mean, content.scale):
            raise DatasetConflict(
                f"the data set {curve.hash[:12]} has {content.points} points, mean {content.mean!r} and scale "
                f"{content.scale!r}, which the config must say; `--data NAME` writes it so"
            )


def require_content(session: Session, content_hash: str) -> models.DatasetContent:
    """Keep a content from being removed until the transaction ends. Raises DatasetNotFound."""
    query = select(models.DatasetContent).where(models.DatasetContent.hash == content_hash)
    content = session.scalar(query.with_for_update(read=True, key_share=True))
    if content is None:
        raise DatasetNotFound(content_hash[:12])
    return content


def _put(session: Session, key: InstrumentedAttribute[str], row: dict[str, Any]) -> str:
    """Insert a row, or lock the one that has this key already; the hash that it has then."""
    same = (
        upsert(session, key.class_)
        .values(row)
        .on_conflict_do_update(index_elements=[key], set_={key.key: row[key.key]})
    )
    content_hash: str = session.scalars(same.returning(key.class_.hash)).one()
    return content_hash


def _named() -> Select[Any]:
    """Select the columns of NamedDataset, in its order."""
    name, content = models.Dataset, models.DatasetContent
    jobs = select(func.count()).where(models.Job.dataset == name.hash).scalar_subquery()
    figures = (content.rows, content.points, content.mean, content.scale, content.size)
    return select(name.name, name.hash, *figures, name.created_at, jobs).join(content, content.hash == name.hash)


def _one(session: Session, name: str) -> NamedDataset:
    row = session.execute(_named().where(models.Dataset.name == name)).first()
    if row is None:
        raise DatasetNotFound(name)
    return NamedDataset(*row)


def _check_unused(session: Session, name: str, content_hash: str) -> None:
    for state in (JobState.RUNNING, JobState.QUEUED):
        query = select(models.Job.id).where(models.Job.dataset == content_hash, in_state(state))
        job_id = session.scalar(query.order_by(models.Job.id).limit(1))
        if job_id is not None:
            raise DatasetConflict(
                f"the data set {name} cannot be removed: job {job_id} is {state} and needs it; "
                f"`curvegan cancel {job_id}` stops that job, `curvegan data show {shlex.quote(name)}` tells of others"
            )
