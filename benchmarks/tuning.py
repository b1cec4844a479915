"""Whether a search finds better settings than chance: `make tuning`. Writes the table of docs/tuning.md.

    python -m benchmarks.tuning [--quick] [--home .tuning] [--repeats 10]

On three families, one of them people's own curves, `tpe` and `random` try equally many points, each trained for equally
many steps with the same seeds. What each found best is then trained with seeds that no trial had, and those are
compared: the best of many is flattered by its own seeds. Every study is one of an embedded store; killed and started
again, it all goes on where it was.
"""

import argparse
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curvegan import Lab
from curvegan.tuning.study import Study

ROOT = Path(__file__).parent.parent
PAGE, LOADS = ROOT / "docs" / "tuning.md", ROOT / "docs" / "data" / "loads.csv"
SAMPLERS = ("random", "tpe")
SPACE = {
    "lr_g": "1e-5..1e-1",
    "lr_d": "1e-5..1e-1",
    "loss": "ns,rpgan,hinge",
    "r1": "0,0.01..10",
    "beta1": "0.0..0.9",
}
STEPS, BATCH, SEEDS, FRESH = 1000, 8, 2, list(range(1000, 1008))
_POLL_S = 0.3


@dataclass(frozen=True)
class Task:
    """A family, its keys, and the metric that is made small."""

    name: str
    by: str
    keys: Mapping[str, Any]


TASKS = (
    Task("quadratic", "rmse", {"curve": "quadratic"}),
    Task("updown", "energy", {"curve": "updown"}),
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
    parser.add_argument("--trials", type=int, default=32, help="points of each search")
    parser.add_argument("--quick", action="store_true", help="2 repeats of 16 trials, and no page: a minute or two")
    arguments = parser.parse_args()
    repeats, trials = (2, 16) if arguments.quick else (arguments.repeats, arguments.trials)
    with Lab(home=str(arguments.home.resolve()), workers="2") as lab:
        lab.data.add(LOADS, name="loads")
        studies = dict(begun(lab, repeats, trials))
        see_through(lab, list(studies.values()))
        text = table(lab, studies, repeats, trials)
    print(text)
    if not arguments.quick:
        PAGE.write_text(filled(PAGE.read_text(), text))


def begun(lab: Lab, repeats: int, trials: int) -> Iterator[tuple[tuple[str, str, int], Study]]:
    """Yield all searches by task, sampler and repeat; those that are there go on."""
    for repeat in range(repeats):
        for task in TASKS:
            for sampler in SAMPLERS:
                how: dict[str, Any] = {"sampler": sampler, "sampler_seed": repeat, "batch": BATCH, "seeds": SEEDS}
                name = f"{task.name}, {sampler}, {repeat}"
                keys = {"steps": STEPS, **task.keys}
                yield (
                    (task.name, sampler, repeat),
                    lab.tune(SPACE, by=task.by, trials=trials, name=name, worker=False, **how, **keys),
                )


def see_through(lab: Lab, studies: list[Study]) -> None:
    """Go on with all of them at once, so that no worker waits for one."""
    count = len(studies)
    while studies:
        lab.reap()
        lab.start_worker()
        studies = [study for study in studies if study.advance()]
        print(f"\r{count - len(studies)} of {count} searches are over ", end="", flush=True)
        time.sleep(_POLL_S)
    print()


def table(lab: Lab, studies: Mapping[tuple[str, str, int], Study], repeats: int, trials: int) -> str:
    """Return what the searches found, trained with fresh seeds, as a table."""
    found, later = fresh(lab, studies), {key: later_half(study) for key, study in studies.items()}
    lines = ["| family | metric | | random | tpe | tpe is the better one |", "| --- | --- | --- | --- | --- | --- |"]
    for task in TASKS:
        for what, measured in (("best, fresh seeds", found), ("middle of the later half", later)):
            values = {s: np.array([measured[task.name, s, repeat] for repeat in range(repeats)]) for s in SAMPLERS}
            cells = " | ".join(in_words(values[sampler]) for sampler in SAMPLERS)
            better = int(np.sum(values["tpe"] < values["random"]))
            lines.append(f"| {task.name} | {task.by} | {what} | {cells} | in {better} of {repeats} |")
    said = f"{repeats} repeats of {trials} trials, each of {SEEDS} seeds and {STEPS} steps, chosen {BATCH} at a time"
    return "\n".join([f"{said}; medians over the repeats, with 95 % intervals of them:", "", *lines])


def fresh(lab: Lab, studies: Mapping[tuple[str, str, int], Study]) -> dict[tuple[str, str, int], float]:
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


def in_words(values: Any) -> str:
    """Return the median with its interval by the bootstrap."""
    drawn = np.random.default_rng(0).choice(values, (10_000, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return f"{np.median(values):.3g} ({low:.3g} to {high:.3g})"


def filled(page: str, text: str) -> str:
    """Return the page with the table between its comments."""
    return re.sub(
        r"<!-- tuning -->.*?<!-- end -->", f"<!-- tuning -->\n\n{text}\n\n<!-- end -->", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    main()
