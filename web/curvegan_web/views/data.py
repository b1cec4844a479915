"""What can be learned: every family of curves, a person's own data sets, and what was trained on each."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from curvegan.datasets import stored_curves
from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import family, points_x, real_curves
from curvegan_core.noise import Stream
from curvegan_db.filters.catalogue import FIELDS
from curvegan_db.filters.language import Filter
from curvegan_web.views.asking import Asked, listed
from curvegan_web.views.plain import plain

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.values import NamedDataset

_OWN = "data"
_MOST_SETS, _MOST_CURVES, _MOST_POINTS = 60, 16, 300


def data_view(lab: "Lab", _: Asked) -> dict[str, Any]:
    """Return the families, and the newest data sets, each with some of its curves."""
    contents: dict[str, list[NamedDataset]] = {}  # two names of the same rows are one data set
    for dataset in sorted(lab.store.datasets(), key=lambda dataset: dataset.created_at, reverse=True):
        contents.setdefault(dataset.hash, []).append(dataset)
    return {
        "families": [_family(name) for name in CURVE_MODELS if name != _OWN],
        "sets": [_dataset(lab, named) for named in [*contents.values()][:_MOST_SETS]],
        "of": len(contents),
    }


def trained_view(lab: "Lab", _: Asked) -> dict[str, Any]:
    """Return how many jobs learn each family and each data set, by verdict, or by state where they have none."""
    known = [FIELDS["verdict"], FIELDS["state"]]
    families = lab.store.counts([FIELDS["curve"], *known])
    trained = any(name == _OWN for name, *_ in families)
    own = lab.store.counts([FIELDS["data"], *known], Filter.parse(f"curve={_OWN}")) if trained else {}
    hashes = {dataset.name: dataset.hash[:12] for dataset in lab.store.datasets()}
    sets = _counted({(hashes.get(name, ""), *words): count for (name, *words), count in own.items()})
    return {"families": _counted(families), "sets": sets}


def _counted(counts: dict[tuple[Any, ...], int]) -> dict[str, dict[str, int]]:
    by_name: dict[str, dict[str, int]] = {}
    for (name, verdict, state), count in counts.items():
        words = by_name.setdefault(str(name), {})
        word = str(verdict or getattr(state, "value", state)).partition(" ")[0]
        words[word] = words.get(word, 0) + count
    return by_name


@cache
def _family(name: str) -> dict[str, Any]:
    config = TrainConfig.parse({"curve": name})
    drawn, model = family(config), CURVE_MODELS[name]
    dots = config.curve.is_point and config.points == 2
    count = 1 if drawn.FIXED else _MOST_POINTS if config.curve.is_point else _MOST_CURVES
    return {
        "name": name,
        "about": " ".join((model.__doc__ or "").split()),
        "modes": None if drawn.modes_kp is None else len(drawn.modes_kp),
        "parameters": {key: plain(info.default) for key, info in model.model_fields.items() if key != "family"},
        "curves": {
            "kind": "points" if dots else "numbers" if config.points == 1 else "curves",
            "x": listed(points_x(config)),
            "real": listed(real_curves(config, drawn, Stream.EVALUATION, count), 4),
        },
    }


def _dataset(lab: "Lab", named: "list[NamedDataset]") -> dict[str, Any]:
    stored = named[0]
    dataset = stored_curves(lab.store, stored.hash, stored.name)
    chosen = np.arange(min(len(dataset.rows), _MOST_CURVES)) * len(dataset.rows) // min(len(dataset.rows), _MOST_CURVES)
    return {
        **{name: plain(getattr(stored, name)) for name in ("name", "rows", "points", "created_at")},
        "names": [one.name for one in named],
        "hash": stored.hash[:12],
        "curves": {
            "kind": "curves",
            "x": listed(np.asarray(dataset.x, float)),
            "real": listed(np.asarray(dataset.rows[chosen], float), 5),
            "titles": [dataset.description.x_label or "x", dataset.description.title_y or "y"],
        },
    }
