"""Whether a search finds better settings than chance: `make tuning`. Writes the table of docs/tuning.md.

    python -m benchmarks.tuning [--quick] [--home .tuning] [--repeats 10]

On three families, one of them people's own curves, three searches train for the same number of steps in all: points by
chance, points by `tpe`, and points by `tpe` of which only the best third is trained to the end. What each found best is
then trained with seeds that no trial had, and those are compared: the best of many is flattered by its own seed. Every
study is one of an embedded store; killed and started again, it all goes on where it was.
"""

import argparse
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from curvegan import Lab
from curvegan.tuning.study import Study

ROOT = Path(__file__).parent.parent
PAGE, LOADS = ROOT / "docs" / "tuning.md", ROOT / "docs" / "data" / "loads.csv"
SPACE = {
    "lr_g": "1e-5..1e-1",
    "lr_d": "1e-5..1e-1",
    "loss": "ns,rpgan,hinge",
    "r1": "0,0.01..10",
    "beta1": "0.0..0.9",
}
STEPS, FRESH = 900, list(range(1000, 1005))
_POLL_S, _AT_ONCE = 1.0, 12


@dataclass(frozen=True)
class Way:
    """A way to search. A round is as many batches as train for the steps of ten whole trials."""

    name: str
    batches: int
    how: Mapping[str, Any]

    def trials(self, rounds: int) -> int:
        """Return how many points it tries in so many rounds."""
        return rounds * self.batches * int(self.how["batch"])


WAYS = (
    Way("random", 2, {"sampler": "random", "batch": 5}),
    Way("tpe", 2, {"sampler": "tpe", "batch": 5}),
    # Of six the best two go on from a third of the steps: 6/3 + 2 * 2/3 = 10/3 whole ones.
    Way("tpe, halving", 3, {"sampler": "tpe", "batch": 6, "halving": 2}),
)
Key = tuple[str, str, int]
"""A family, a way to search, and which repeat it is."""


@dataclass(frozen=True)
class Task:
    """A family, its keys, and the metric that is made small."""

    name: str
    by: str
    keys: Mapping[str, Any]


TASKS = (
    Task("quadratic", "rmse", {"curve": "quadratic"}),
    Task("abs", "rmse", {"curve": "abs"}),
    Task(
        "loads (own curves)",
        "energy",
        {"data": "loads", "preset": "tutorial", "config": {"front": "pca", "holdout": 0.2}},
    ),
)


def main() -> None:
    """Search what was not searched yet, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=ROOT / ".tuning", help="folder of the store")
    parser.add_argument("--repeats", type=int, default=10, help="searches of each kind")
    parser.add_argument("--rounds", type=int, default=4, help="so many times ten whole trials a search")
    parser.add_argument("--quick", action="store_true", help="2 repeats of one round, and no page: a minute or two")
    arguments = parser.parse_args()
    repeats, rounds = (2, 1) if arguments.quick else (arguments.repeats, arguments.rounds)
    with Lab(home=str(arguments.home.resolve()), workers="2") as lab:
        lab.data.add(LOADS, name="loads")
        studies = dict(begun(lab, repeats, rounds))
        see_through(lab, list(studies.values()))
        text = table(lab, studies, repeats, rounds)
    print(text)
    if not arguments.quick:
        PAGE.write_text(filled(PAGE.read_text(), text))


def begun(lab: Lab, repeats: int, rounds: int) -> Iterator[tuple[Key, Study]]:
    """Yield all searches; those that are there go on."""
    for repeat, task, way in product(range(repeats), TASKS, WAYS):
        how: dict[str, Any] = {"sampler_seed": repeat, "seeds": 1, "trials": way.trials(rounds), **way.how}
        name = f"{task.name}, {way.name}, {repeat}"
        study = lab.tune(SPACE, by=task.by, name=name, worker=False, steps=STEPS, **how, **task.keys)
        yield (task.name, way.name, repeat), study


def see_through(lab: Lab, studies: list[Study]) -> None:
    """Go on with several at once, so that no worker waits for one."""
    count = len(studies)
    while studies:
        lab.reap()
        lab.start_worker()
        studies = [study for study in studies[:_AT_ONCE] if study.advance()] + studies[_AT_ONCE:]
        print(f"\r{count - len(studies)} of {count} searches are over ", end="", flush=True)
        time.sleep(_POLL_S)
    print()


def table(lab: Lab, studies: Mapping[Key, Study], repeats: int, rounds: int) -> str:
    """Return what the searches found, trained with fresh seeds, as a table."""
    found = fresh(lab, studies)
    later = {key: later_half(study) for key, study in studies.items() if not study.plan.halving}
    lines = [
        f"{repeats} repeats; each search trains for the steps of {10 * rounds} trials of {STEPS} steps, one seed each. "
        "Medians over the repeats, with 95 % intervals of them:",
        "",
        f"| family | metric | | {' | '.join(way.name for way in WAYS)} | tpe better | halving better |",
        f"| {' | '.join(['---'] * (5 + len(WAYS)))} |",
    ]
    for task, (what, measured) in product(TASKS, [("best, fresh seeds", found), ("middle of the later half", later)]):
        values = [[measured.get((task.name, way.name, repeat)) for repeat in range(repeats)] for way in WAYS]
        cells = [task.name, task.by, what, *map(in_words, values), *(better(values[0], way) for way in values[1:])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def fresh(lab: Lab, studies: Mapping[Key, Study]) -> dict[Key, float]:
    """Return the median over fresh seeds at the best point of each search."""
    sweeps = {}
    for key, study in studies.items():
        best = study.best
        assert best is not None
        name = f"fresh {study.name}, {study.plan.trials} trials"
        if (known := lab.store.sweep_named(name)) is None:
            start = lab[best.jobs[0]]
            known = lab.sweep(seeds=FRESH, start=start, name=name, worker=False).id
        sweeps[key] = known
    for sweep in sweeps.values():
        lab.find_sweep(sweep).wait()
    by = {task.name: task.by for task in TASKS}
    return {key: middle(lab, sweep, by[key[0]]) for key, sweep in sweeps.items()}


def middle(lab: Lab, sweep: int, by: str) -> float:
    """Return the median of a metric over a sweep; a job without it counts as worse than all others."""
    found = [(job.metrics or {}).get(by, np.inf) for job in lab.find_sweep(sweep)]
    return float(np.median(found))


def later_half(study: Study) -> float:
    """Return the median value of the later half of the trials: where the sampler had got to."""
    values = [np.inf if trial.value is None else trial.value for trial in study.look()]
    return float(np.median(values[len(values) // 2 :]))


def in_words(values: Sequence[float | None]) -> str:
    """Return the median with its interval by the bootstrap; nothing where it was not measured."""
    if None in values:
        return ""
    drawn = np.random.default_rng(0).choice(np.array(values), (10_000, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return f"{np.median(np.array(values)):.3g} ({low:.3g} to {high:.3g})"


def better(chance: Sequence[float | None], other: Sequence[float | None]) -> str:
    """Return in how many repeats a search found a smaller value than chance."""
    pairs = [(a, b) for a, b in zip(chance, other, strict=True) if a is not None and b is not None]
    return f"{sum(b < a for a, b in pairs)} of {len(pairs)}" if pairs else ""


def filled(page: str, text: str) -> str:
    """Return the page with the table between its comments."""
    return re.sub(
        r"<!-- tuning -->.*?<!-- end -->", f"<!-- tuning -->\n\n{text}\n\n<!-- end -->", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    main()
