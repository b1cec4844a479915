"""Curves of a person's own, and the files that they come in."""

import numpy as np

HOURS = np.arange(6)
LOADS = np.array([100 + a * np.sin(HOURS + a) for a in range(20, 40)])


def write_csv(path: str, rows: np.ndarray, header: str = "") -> None:
    np.savetxt(path, rows, delimiter=",", fmt="%.17g", header=header, comments="")


def described_csv() -> str:
    """LOADS as a person has them: with dates, clock times and seasons, and a row for the unit."""
    header = ["date", *(f"{hour:02}:00" for hour in (0, 1, 2, 3, 12, 18)), "season"]
    units = ["", *["GW"] * 6, ""]
    rows = [
        [f"2024-01-{day + 1:02}", *(f"{load:.6f}" for load in row), ("summer", "winter")[day % 2]]
        for day, row in enumerate(101325 + LOADS / 1e4)
    ]
    return "\n".join(",".join(row) for row in [header, units, *rows]) + "\n"
