"""The curve laboratory: `make lab`. Trains every experiment with the product itself and writes what was found.

    python -m benchmarks.lab [--home .lab] [--seeds 16] [--first-seed 100]

Each experiment is a sweep of the `curvegan` command in an embedded store of its own. Killed and started again, it goes
on where it was; sweeps that are there are not trained again. The tables and pictures of docs/mode-collapse.md and
docs/science.md are then made from the store: each stands between a pair of comments that name it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.lab import findings, lab_pictures
from benchmarks.lab.experiments import ALL, Experiment
from curvegan_db.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
CURVEGAN = Path(sys.executable).with_name("curvegan")
PAGES = ("docs/mode-collapse.md", "docs/science.md")


def main() -> None:
    """Train what is not trained yet, then write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=ROOT / ".lab", help="folder of the store")
    parser.add_argument("--seeds", type=int, default=16, help="trainings of each experiment")
    parser.add_argument("--first-seed", type=int, default=100, help="no threshold or preset was chosen on these")
    arguments = parser.parse_args()
    home = arguments.home.resolve()
    ids = train(home, arguments.first_seed, arguments.seeds)
    with open_store(f"sqlite:///{home / 'curvegan.db'}") as store:
        write(store, ids)


def train(home: Path, first_seed: int, seeds: int) -> dict[str, int]:
    """Queue the sweeps that are missing and see all of them through; return their ids by name."""
    queued = {sweep["name"] for sweep in _json(home, "sweeps", "--limit", "1000")}
    for experiment in ALL:
        if experiment.name not in queued:
            _queue(home, experiment, first_seed, seeds)
    ids = {sweep["name"]: int(sweep["id"]) for sweep in _json(home, "sweeps", "--limit", "1000")}
    count = str(os.cpu_count() or 1)
    with subprocess.Popen(
        [CURVEGAN, "--home", home, "worker", "--concurrency", count, "--device", "cpu", "--exit-when-idle", "5"]
    ):
        for name in (experiment.name for experiment in ALL):
            subprocess.run([CURVEGAN, "--home", home, "wait", "--sweep", str(ids[name])], check=False)
    return ids


def _queue(home: Path, experiment: Experiment, first_seed: int, seeds: int) -> None:
    words = [*experiment.words.split(), "--seed", str(first_seed), "--seeds", str(seeds), "--name", experiment.name]
    subprocess.run([CURVEGAN, "--home", home, "sweep", *words, "--no-worker", "-q"], check=True)


def _json(home: Path, *words: str) -> Any:
    done = subprocess.run([CURVEGAN, "--home", home, *words, "-o", "json"], check=True, capture_output=True)
    return json.loads(done.stdout)


def write(store: Store, ids: dict[str, int]) -> None:
    """Put tables into the pages and pictures beside them."""
    found = {name: findings.read(store, sweep) for name, sweep in ids.items()}
    tables = findings.tables(found)
    for page in (ROOT / name for name in PAGES):
        page.write_text(_filled(page.read_text(), tables))
    images = ROOT / "docs" / "images"
    lab_pictures.collapse(found).savefig(images / "mode-collapse.png", dpi=120)
    lab_pictures.learning_rate(found).savefig(images / "learning-rate.png", dpi=120)


def _filled(text: str, tables: dict[str, str]) -> str:
    """Replace what stands between `<!-- lab NAME -->` and `<!-- end -->`."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- lab {match[1]} -->\n\n{tables[match[1]]}\n\n<!-- end -->"

    return re.sub(r"<!-- lab (\S+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


if __name__ == "__main__":
    main()
