"""How a store stands in the text format of Prometheus, version 0.0.4. Every label is a word of ours."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_db.verbs.looking.gauges import Gauges

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(gauges: "Gauges") -> str:
    """Return the page that a scraper reads."""
    return "".join(f"{line}\n" for line in _lines(gauges))


def _lines(gauges: "Gauges") -> Iterator[str]:
    yield from _family("info", "The version that tells this.", "version", {version("curvegan"): 1})
    yield from _family("jobs", "Jobs by the state that they are shown in.", "state", gauges.jobs)
    yield from _family("workers", "Worker processes by state, until they are forgotten.", "state", gauges.workers)
    yield from _family("faults", "Stored events by kind; fewer where jobs are deleted.", "kind", gauges.faults)
    yield from _single(
        "oldest_queued_seconds", "How long the oldest queued job waits; 0 without one.", gauges.oldest_queued_s
    )
    yield from _single("steps_per_second", "Steps a second of all running jobs together.", gauges.steps_per_second)
    yield from _single("steps_left", "Steps that queued and running jobs still have to do.", gauges.steps_left)


def _family(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Iterator[str]:
    yield from _head(name, meaning)
    for word, value in values.items():
        yield f'curvegan_{name}{{{label}="{word}"}} {value}'


def _single(name: str, meaning: str, value: float) -> Iterator[str]:
    yield from _head(name, meaning)
    yield f"curvegan_{name} {value}"


def _head(name: str, meaning: str) -> Iterator[str]:
    yield f"# HELP curvegan_{name} {meaning}"
    yield f"# TYPE curvegan_{name} gauge"
