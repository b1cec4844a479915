"""By what jobs are compared: metrics, which end of one is the better, and the keys that group."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

# What jobs are compared by beside their metrics: the smaller the better.
_COSTS = ("cpu_seconds",)
# What groups jobs is what they were asked, and who trained them on what.
_ALSO = ("name", "device", "engine", "engine_version", "worker", "sweep", "data")


def metric_field(name: str) -> "JobField":
    """Return a metric, or what a job cost, by its name. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput
    from curvegan_db.filters.catalogue import FIELDS, METRICS
    from curvegan_db.filters.fields import near

    known = METRICS | {name: FIELDS[name] for name in _COSTS}
    if name not in known:
        raise InvalidInput(f"no metric is called {name!r}{near(name, known)}")
    return known[name]


def usual_metric(store: "Store", where: "Filter | None" = None) -> "JobField":
    """Return by what jobs are compared where nobody says: by the energy distance of what people get to rows held out.

    By rmse where not all that ended have such rows: it says how near curves are, and a training that makes few of its
    curves again and again has the smallest.
    """
    from curvegan_db.filters.catalogue import METRICS
    from curvegan_db.filters.language import Filter

    def count(text: str) -> int:
        return store.count(Filter.parse(text) & where)

    held_out = "energy_gaussian>=0"
    judged = count(held_out)
    if not judged or judged < count("rmse>=0"):
        return METRICS["rmse"]
    return METRICS["ema_energy" if count(f"ema_energy>=0 and {held_out}") == judged else "energy"]


def key_field(key: str) -> "JobField":
    """Return what a key means: `device` is where jobs were trained, `config.device` what they asked for.

    Raises InvalidInput.
    """
    from curvegan_core.errors import InvalidInput
    from curvegan_db.filters.catalogue import CONFIG_FIELDS, FIELDS
    from curvegan_db.filters.fields import near

    known = {name: FIELDS[name] for name in _ALSO} | {f"config.{name}": f for name, f in CONFIG_FIELDS.items()}
    known |= {name: field for name, field in CONFIG_FIELDS.items() if name not in known}
    if key not in known:
        raise InvalidInput(f"jobs cannot be grouped by {key!r}{near(key, known)}")
    return known[key]


def varied_keys(sweep: "Sweep") -> tuple[str, ...]:
    """Return the keys of the config that a sweep varies, but for the seed; also where a job has a fact of that name."""
    facts = {*_ALSO} - {"data"}  # an axis `data` is that fact
    return tuple(f"config.{axis}" if axis in facts else axis for axis in sweep.axes if axis != "seed")


def of_sweep(sweep: "Sweep", where: "Filter | None") -> "Filter":
    """Return the filter for jobs of a sweep, as far as they match another one."""
    from curvegan_db.filters.language import Filter

    return Filter.of_sweep(sweep.id) & where


def value_of(job: "Job", metric: "JobField") -> float | None:
    """Return a job's value by a metric, or what it cost; None where it has none."""
    values = vars(job) if metric.name in _COSTS else job.metrics or {}
    return values.get(metric.name)


def larger_is_better(metric: "JobField") -> bool | None:
    """Return whether a metric's best value is its largest; None for one whose best is neither end."""
    from curvegan_core.metrics.names import LARGER_IS_BETTER

    return False if metric.name in _COSTS else LARGER_IS_BETTER.get(metric.name.removeprefix("ema_"))


def is_largest(metric: "JobField", end: str | None = None) -> bool:
    """Return whether the best value of a metric is its largest. Raises InvalidInput where `end` has to say that."""
    from curvegan_core.errors import InvalidInput

    known = larger_is_better(metric)
    if end is None and known is None:
        raise InvalidInput(f"neither end of {metric.name} is the better one; say --largest or --smallest")
    return end == "largest" if end else bool(known)
