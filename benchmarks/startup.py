"""What `curvegan --help` takes against `python -c "import click"`: wall time of whole processes, in turns.

    python -m benchmarks.startup [--rounds 40]

The first is the installed script. Each figure is a median, and the ratio is that of the medians: a run that the machine
disturbed counts for neither.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CLICK = 'python -c "import click"'
CONTENDERS = {
    "curvegan --help": [str(Path(sys.executable).with_name("curvegan")), "--help"],
    CLICK: [sys.executable, "-c", "import click"],
    "python -c pass": [sys.executable, "-c", "pass"],
}


def measure(rounds: int) -> dict[str, float]:
    """Return milliseconds of each contender, after a round that warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds + 1):
        for name, command in CONTENDERS.items():
            taken[name].append(milliseconds(command))
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def milliseconds(command: Sequence[str]) -> float:
    """Run a command to its end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what the start of a command takes")
    parser.add_argument("--rounds", type=int, default=40)
    found = measure(parser.parse_args().rounds)
    print("| process | ms | against import click |\n|---|---|---|")
    for name, value in found.items():
        print(f"| {name} | {value:.1f} | {value / found[CLICK]:.2f}x |")


if __name__ == "__main__":
    main()
