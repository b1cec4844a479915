"""Random filters of the language, each with the same condition as Python has it."""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf, isclose
from typing import Any

from hypothesis import strategies as st

from curvegan_db.values import Job

from ..population import METRICS, NAMES, RATES, SEEDS, STATES, TAGS, VERDICTS

Meaning = Callable[[Job], bool]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: same(one, other),
    "!=": lambda one, other: not same(one, other),
    "<": lambda one, other: one < other and not same(one, other),
    "<=": lambda one, other: one < other or same(one, other),
    ">": lambda one, other: one > other and not same(one, other),
    ">=": lambda one, other: one > other or same(one, other),
}
WORDS = ("=", "!=")


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-12)
    return bool(one == other)


def lr(job: Job) -> float | None:
    return job.config.lr_g if job.config.lr_g == job.config.lr_d else None


def of_curve(key: str) -> Callable[[Job], Any]:
    return lambda job: getattr(job.config.curve, key, None)


def of_config(key: str) -> Callable[[Job], Any]:
    return lambda job: getattr(job.config, key)


def metric(name: str) -> Callable[[Job], Any]:
    return lambda job: (job.metrics or {}).get(name)


def quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


NUMBERS: dict[str, tuple[Callable[[Job], Any], tuple[Any, ...]]] = {
    "id": (operator.attrgetter("id"), (1, 17, 40, 2**40)),
    "sweep": (operator.attrgetter("sweep"), (1, 2, 3)),
    "priority": (operator.attrgetter("priority"), (-3, 0, 4.5)),
    "steps": (operator.attrgetter("steps"), (100, 10_001)),
    "lr": (lr, RATES),
    "lr_d": (of_config("lr_d"), RATES),
    "config.r1": (of_config("r1"), (0, 1)),
    "seed": (of_config("seed"), SEEDS),
    "curve.noise": (of_curve("noise"), (0.05, 0.1)),
    "curve.modes": (of_curve("modes"), (8, 12)),
    "curve.a": (of_curve("a"), (2, 3.5)),
    **{name: (metric(name), (*METRICS, inf, -inf)) for name in ("rmse", "hq", "modes", "ema_rmse")},
}
TEXTS: dict[str, tuple[Callable[[Job], Any], tuple[Any, ...]]] = {
    "name": (operator.attrgetter("name"), tuple(filter(None, NAMES))),
    "device": (operator.attrgetter("device"), ("cpu", "cuda:0")),
    "config.device": (of_config("device"), ("cpu", "auto")),
    "engine": (operator.attrgetter("engine"), ("torch", "fused")),
    "worker": (operator.attrgetter("worker"), ("host:1", "host:22")),
}
CHOICES: dict[str, tuple[Callable[[Job], Any], tuple[Any, ...]]] = {
    "state": (operator.attrgetter("state"), STATES),
    "loss": (of_config("loss"), ("ns", "hinge", "wgan")),
    "curve": (of_curve("family"), ("updown", "ring8", "abs")),
    "curve.layout": (of_curve("layout"), ("ring", "line")),
}


@st.composite
def numeric(draw: st.DrawFn) -> tuple[str, Meaning]:
    name = draw(st.sampled_from(sorted(NUMBERS)))
    value_of, values = NUMBERS[name]
    sign = draw(st.sampled_from(sorted(COMPARISONS)))
    value = draw(st.sampled_from(values))
    return f"{name}{sign}{value}", lambda job: (own := value_of(job)) is not None and COMPARISONS[sign](own, value)


@st.composite
def textual(draw: st.DrawFn) -> tuple[str, Meaning]:
    name = draw(st.sampled_from(sorted(TEXTS | CHOICES)))
    value_of, values = (TEXTS | CHOICES)[name]
    value = draw(st.sampled_from(values))
    sign = draw(st.sampled_from(("=", "!=", "~") if name in TEXTS else WORDS))
    meanings: dict[str, Callable[[Any, Any], bool]] = {"=": operator.eq, "!=": operator.ne, "~": operator.contains}
    meaning = meanings[sign]
    return f"{name} {sign} {quoted(value)}", lambda job: (own := value_of(job)) is not None and meaning(own, value)


@st.composite
def listed(draw: st.DrawFn) -> tuple[str, Meaning]:
    known = NUMBERS | TEXTS | CHOICES
    name = draw(st.sampled_from(sorted(known)))
    value_of, values = known[name]
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))
    words = ", ".join(map(quoted, map(str, chosen)))
    return f"{name} in ({words})", lambda job: any(same(value_of(job), value) for value in chosen)


@st.composite
def special(draw: st.DrawFn) -> tuple[str, Meaning]:
    tag = draw(st.sampled_from(TAGS))
    verdict = draw(st.sampled_from([each for each in VERDICTS if each]))
    found: list[tuple[str, Meaning]] = [
        (f"tag='{tag}'", lambda job: tag in job.tags),
        (f"tag!='{tag}'", lambda job: tag not in job.tags),
        (f"tag~'{tag[:1]}'", lambda job: any(tag[:1] in each for each in job.tags)),
        (f"verdict='{verdict}'", lambda job: job.verdict == verdict or (job.verdict or "").startswith(f"{verdict} ")),
        ("spectral_norm=true", lambda job: job.config.spectral_norm),
        ("spectral_norm!=true", lambda job: not job.config.spectral_norm),
        ("age<1h", lambda job: (datetime.now(UTC) - job.created_at).total_seconds() < 3600),
        ("age>=0.5min", lambda job: (datetime.now(UTC) - job.created_at).total_seconds() >= 30),
    ]
    return draw(st.sampled_from(found))


def joined(parts: st.SearchStrategy[tuple[str, Meaning]]) -> st.SearchStrategy[tuple[str, Meaning]]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        pairs.map(lambda two: (f"({two[0][0]}) and ({two[1][0]})", lambda job: two[0][1](job) and two[1][1](job))),
        pairs.map(lambda two: (f"({two[0][0]}) or ({two[1][0]})", lambda job: two[0][1](job) or two[1][1](job))),
        parts.map(lambda one: (f"not ({one[0]})", lambda job: not one[1](job))),
    )


filters = st.recursive(st.one_of(numeric(), textual(), listed(), special()), joined, max_leaves=6)
