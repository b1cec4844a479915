"""The papers' tables beside ours: `make papers`. Trains the presets of papers/ and writes docs/papers.md.

    python -m benchmarks.papers [--quick] [--home FOLDER] [--concurrency N] [--minutes M] [--only NAME ...] [--page]

Each preset is a sweep of the `curvegan` command, ten seeds, in an embedded store of its own, the cheapest first. Killed
and started again, it goes on where it was: sweeps are known by their names, which follow from what the preset says,
jobs that have succeeded are not trained again, and a job that was under way goes on from its last checkpoint. What came
out goes to docs/data/papers.json, from which the page is made; a first look (--quick, three seeds, some seconds of a
core for each) never replaces a full run there. Ctrl-C stops at any point, and the next run goes on there.
"""

import argparse
import difflib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.papers import paper_results, paper_tables
from benchmarks.papers.paper_results import FIRST_SEED, QUICK_TRIALS, ROOT, TRIALS, Result
from benchmarks.papers.paper_rows import NAMED
from curvegan_core.plotting.job_plots import picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store, open_store

CURVEGAN = Path(sys.executable).with_name("curvegan")
PAGE, IMAGES = ROOT / "docs" / "papers.md", ROOT / "docs" / "images" / "papers"
PICTURED = ("ours-ring-ns", "ours-ring-rp", "ours-grid-rp", "metz-ring-gan", "sun-5-js")
_LOOK_S = 2.0


def main() -> None:
    """Train what is not trained yet, then write the page."""
    given = _arguments()
    home = (given.home or ROOT / (".papers/quick" if given.quick else ".papers/full")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    presets = [name for name in NAMED if not given.only or name in given.only]
    costs = _costs(home, presets)
    if not given.page:
        train(home, sorted(presets, key=lambda preset: _seconds(preset, costs[preset])), costs, given)
    with open_store(f"sqlite:///{home / 'curvegan.db'}") as store:
        kept = merged(paper_results.load(), paper_results.collect(store, costs))
        # Costs are of one machine, whenever a preset was trained, and on which.
        results = {name: replace(result, us=costs.get(name, result.us)) for name, result in kept.items()}
        paper_results.save(results)
        write(results)
        draw(store)
    print(f"wrote {PAGE}, the pictures beside it and {paper_results.RESULTS}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a first look at every row, within ten minutes")
    parser.add_argument("--home", type=_folder, help="of the store; .papers/full, with --quick .papers/quick")
    parser.add_argument("--concurrency", type=_count, default=os.cpu_count() or 1, help="worker processes: the cores")
    parser.add_argument("--minutes", type=_count, default=float("inf"), help="stop training after so many")
    parser.add_argument("--only", nargs="+", type=_preset, metavar="NAME", help="these presets of papers/ alone")
    parser.add_argument("--page", action="store_true", help="train nothing, write the page from what is there")
    return parser.parse_args()


def _folder(text: str) -> Path:
    if Path(text).exists() and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a file: name a folder")
    return Path(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


def _preset(text: str) -> str:
    name = text.removesuffix(".toml").removeprefix("papers/")
    if name not in NAMED:
        near = difflib.get_close_matches(name, NAMED, 1)
        raise argparse.ArgumentTypeError(
            f"there is no papers/{name}.toml{f'; did you mean {near[0]}?' if near else ''}"
        )
    return name


def _costs(home: Path, presets: Sequence[str]) -> dict[str, float]:
    """Return CPU microseconds of a step by preset, measured once for each of a store's presets."""
    kept = {name: result.us for name, result in paper_results.load().items()}
    file = home / "costs.json"
    measured = json.loads(file.read_text()) if file.exists() else {}
    costs: dict[str, float] = kept | measured
    for preset in presets:
        if preset not in costs:
            costs[preset] = paper_results.cost(preset)
            file.write_text(json.dumps(costs))
    return costs


def _seconds(preset: str, us: float) -> float:
    return float(paper_results.keys(preset)["steps"]) * us / 1e6


def train(home: Path, presets: Sequence[str], costs: Mapping[str, float], given: argparse.Namespace) -> None:
    """Queue the sweeps that are missing, the cheapest first, and train until all have ended or the time is over."""
    queued = {sweep["name"]: sweep for sweep in _json(home, "sweeps", "--limit", "1000")}
    for preset in presets:
        words = _words(preset, costs[preset], given.quick)
        name = f"{preset}-{_digest(preset, words)}"
        if name not in queued:
            _run(home, "sweep", *words, "--name", name, "--needed", "--no-worker", "-q")
        elif queued[name]["states"].get("failed") or queued[name]["states"].get("cancelled"):
            _run(home, "resume", "--sweep", name, "--no-worker")
    _work(home, given.concurrency, time.monotonic() + 60 * given.minutes)


def _digest(preset: str, words: Sequence[str]) -> str:
    """Return what stands for the preset's file and the words that go with it, wherever the file lies."""
    said = " ".join([json.dumps(paper_results.keys(preset)), *words[2:]])
    return hashlib.sha256(said.encode()).hexdigest()[:6]


def _words(preset: str, us: float, quick: bool) -> list[str]:
    """Return the words behind `curvegan sweep`."""
    file = paper_results.PRESETS / f"{preset}.toml"
    words = ["--config", str(file), "--seed", str(FIRST_SEED), "--seeds", str(QUICK_TRIALS if quick else TRIALS)]
    if quick:
        shortened = paper_results.shortened(paper_results.quick_steps(preset, us))
        words += [word for name, value in shortened.items() for word in ("--set", f"{name}={value}")]
    return words


def _work(home: Path, concurrency: int, until: float) -> None:
    words = ["worker", "--concurrency", str(concurrency), "--device", "cpu", "--exit-when-idle", "3"]
    with subprocess.Popen([CURVEGAN, "--home", home, *words]) as worker:
        try:
            while worker.poll() is None and time.monotonic() < until:
                time.sleep(_LOOK_S)
            if worker.returncode:
                raise SystemExit(f"the worker ended with {worker.returncode}, see above; the page is as it was")
        finally:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)  # it writes checkpoints, and its jobs go back to the queue
            worker.wait()


def _run(home: Path, *words: str) -> None:
    subprocess.run([CURVEGAN, "--home", home, *words], check=True)


def _json(home: Path, *words: str) -> Any:
    done = subprocess.run([CURVEGAN, "--home", home, *words, "-o", "json"], check=True, capture_output=True)
    return json.loads(done.stdout)


def merged(kept: Mapping[str, Result], new: Mapping[str, Result]) -> dict[str, Result]:
    """Return the better of both for each preset: full before a first look, more trials, more steps, then the newer."""
    best = {name: _again(name, result) for name, result in kept.items() if _is_current(name, result)}
    for name, result in new.items():
        if name not in best or _rank(result) >= _rank(best[name]):
            best[name] = result
    return best


def _is_current(name: str, result: Result) -> bool:
    return result.hash == paper_results.config(name).hash


def _again(name: str, result: Result) -> Result:
    """Return a result as its preset has it now, whose steps may have changed."""
    return replace(result, full=result.steps == paper_results.keys(name)["steps"])


def _rank(result: Result) -> tuple[bool, bool, int, int]:
    return not result.quick, result.full, len(result.trials), result.steps


def write(results: Mapping[str, Result]) -> None:
    """Put the tables into the page."""
    PAGE.write_text(filled(PAGE.read_text(), paper_tables.tables(results)))


def filled(text: str, tables: Mapping[str, str]) -> str:
    """Replace what stands between `<!-- papers NAME -->` and `<!-- end -->`."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- papers {match[1]} -->\n\n{tables[match[1]]}\n\n<!-- end -->"

    return re.sub(r"<!-- papers (\S+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def draw(store: Store) -> None:
    """Draw the snapshots of a middling trial of some rows, whose preset was run in full, as `fetch-plot` does."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for preset in PICTURED:
        config = paper_results.config(preset, FIRST_SEED)
        jobs = store.jobs(where=Filter.parse(f"state=succeeded and seed={FIRST_SEED} and steps={config.steps}"))
        for job in jobs:
            if job.config.hash == config.hash:
                title = f"{preset}, seed {FIRST_SEED}: {job.verdict}"
                data = PlotData(title, job.config, store.losses(job.id), store.snapshots(job.id), verdict=job.verdict)
                (IMAGES / f"{preset}.png").write_bytes(picture("evolution", data).to_bytes("png", 60))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("stopped; start it again to go on", file=sys.stderr)
        sys.exit(130)
