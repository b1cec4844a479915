"""The data sets of jobs: the layer of a config that one makes, what it is called, its curves."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_core.config.curve import Data
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.store import Store
    from curvegan_db.values import Job


def data_layer(store: "Store", name: str) -> dict[str, Any]:
    """Return the layer of a config that learns a stored data set. Raises DatasetNotFound."""
    dataset = stored_curves(store, store.named_dataset(name).hash, name)
    return {"curve": dataset.parameters.model_dump() | {"name": name}, "points": dataset.points}


def data_names(store: "Store", configs: Iterable["TrainConfig"]) -> list[str]:
    """Return what each config's data set is called; empty for any other curve.

    One of several names goes by that by which it was chosen, else by that which was added first; one that was removed
    by the beginning of its hash.
    """
    from curvegan_core.config.curve import Data

    curves = [config.curve if isinstance(config.curve, Data) else None for config in configs]
    used = {curve.hash for curve in curves if curve}
    known = store.names_of_datasets(used) if used else {}
    return [_name(curve, known.get(curve.hash, [])) if curve else "" for curve in curves]


def _name(curve: "Data", known: Sequence[str]) -> str:
    if curve.name in known:
        return curve.name
    return known[0] if known else f"{curve.hash[:12]} (a data set that was removed)"


def data_remark(lab: "Services", config: "TrainConfig") -> str:
    """Return `data set NAME` for a config that learns one, empty for another. Raises DatasetNotFound."""
    from curvegan_core.config.curve import Data
    from curvegan_db.errors import DatasetNotFound

    if not isinstance(config.curve, Data):
        return ""
    names = lab.store.dataset_names(config.curve.hash)
    if not names:
        raise DatasetNotFound(config.curve.hash[:12])
    return f"data set {_name(config.curve, names)}"


def own_curves(store: "Store", job: "Job") -> "Dataset | None":
    """Return the user's curves that a job was trained on; None where it learnt others, or where they are gone."""
    return curves_for(store, job.config)


def curves_for(store: "Store", config: "TrainConfig") -> "Dataset | None":
    """Return the user's curves that a config learns; None where it learns others, or where they are gone."""
    from curvegan_core.config.curve import Data
    from curvegan_db.errors import DatasetNotFound

    if not isinstance(config.curve, Data):
        return None
    try:
        return stored_curves(store, config.curve.hash, config.curve.name)
    except DatasetNotFound:
        return None


def stored_curves(store: "Store", content_hash: str, name: str = "") -> "Dataset":
    """Return a content, described as under a name, else as under the one added first. Raises DatasetNotFound."""
    from curvegan_core.families.dataset import Dataset
    from curvegan_core.families.description import Description

    described = Description.from_dict(store.dataset_description(content_hash, name))
    return Dataset.from_bytes(store.dataset(content_hash), described)


def label_number(store: "Store", job: "Job", label: str) -> int:
    """Return the number of a label that a job learnt. Raises InvalidInput, with those that there are."""
    from curvegan_core.errors import InvalidInput

    dataset = own_curves(store, job)
    if not job.config.labelled:
        raise InvalidInput(f"job {job.id} learnt no labels: `data add FILE --label-column COLUMN` names them")
    if dataset is None:
        raise InvalidInput(f"the data set of job {job.id}, which names its labels, was removed")
    names = list(dataset.learnt)
    if label not in names:
        raise InvalidInput(f"job {job.id} learnt no label {label!r:.40}; there are {', '.join(names)}")
    return names.index(label)


def as_table(dataset: "Dataset") -> tuple[list[str], list[list[Any]]]:
    """Return a header and rows that `curvegan.reading` reads back: index first, label last, units below the header."""
    from curvegan.reading.axis import standard_names

    described, labels = dataset.description, dataset.labels
    points = list(described.columns or standard_names(dataset.points))
    before = [described.index_name] if described.index else []
    after = [described.label_name or "label"] if labels else []
    units = [["" for _ in before] + [described.unit for _ in points] + ["" for _ in after]] if described.unit else []
    rows = [
        [*described.index[row : row + 1], *curve, *labels[row : row + 1]]
        for row, curve in enumerate(dataset.rows.tolist())
    ]
    return [*before, *points, *after], [*units, *rows]
