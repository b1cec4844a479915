"""What `curvegan --help` takes against `python -c "import click"`, and `import curvegan` against nothing, in turns.

    python -m benchmarks.startup [--rounds 40]

The first is the installed script. Each figure is the median of the CPU time of whole processes, user's and system's: a
machine that is busy with other things takes more wall time, and hardly more of it.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CLICK, FACE, NOTHING = 'python -c "import click"', 'python -c "import curvegan"', "python -c pass"
CONTENDERS = {
    "curvegan --help": [str(Path(sys.executable).with_name("curvegan")), "--help"],
    CLICK: [sys.executable, "-c", "import click"],
    FACE: [sys.executable, "-c", "import curvegan"],
    NOTHING: [sys.executable, "-c", "pass"],
}


def measure(rounds: int) -> dict[str, float]:
    """Return milliseconds of each contender, after a round that warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds + 1):
        for name, command in CONTENDERS.items():
            taken[name].append(milliseconds(command))
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def milliseconds(command: Sequence[str]) -> float:
    """Run a command to its end; return what it took of a processor."""
    before = _children()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (_children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what the start of a command takes")
    parser.add_argument("--rounds", type=int, default=40)
    found = measure(parser.parse_args().rounds)
    print("| process | ms of CPU | against import click | against pass |\n|---|---|---|---|")
    for name, value in found.items():
        print(f"| {name} | {value:.1f} | {value / found[CLICK]:.2f}x | {value / found[NOTHING]:.2f}x |")


if __name__ == "__main__":
    main()
