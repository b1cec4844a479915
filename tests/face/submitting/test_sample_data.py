"""docs/data/loads.csv, which the documents add and train on: 40 days of a small grid, made by this formula."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from curvegan.reading.curves import read
from curvegan.reading.wishes import Wishes

LOADS = Path(__file__).resolve().parents[3] / "docs" / "data" / "loads.csv"


def loads() -> str:
    """A base load, a hump at noon in summer, one in the morning and one in the evening in winter, and noise, in GW."""
    generator, hours = np.random.default_rng(15), np.arange(24)
    rows = [",".join(["day", *(f"{hour:02}:00" for hour in hours), "season"])]
    for number in range(40):
        winter = number % 2
        day = date(2024, 1 if winter else 7, 1) + timedelta(number // 2)
        size, shift = generator.uniform(0.8, 1.2), generator.normal(0, 0.5)
        humps = [(8, 1.5, 1.0), (18.5, 2.0, 1.6)] if winter else [(13, 4.0, 1.3)]
        load = (3.0 if winter else 2.2) + size * sum(
            height * np.exp(-(((hours - centre - shift) / width) ** 2) / 2) for centre, width, height in humps
        )
        load += np.convolve(generator.normal(0, 0.06, 26), [0.25, 0.5, 0.25], "valid")
        rows.append(",".join([day.isoformat(), *(f"{value:.3f}" for value in load), "winter" if winter else "summer"]))
    return "\n".join(rows) + "\n"


def test_the_file_is_what_the_formula_gives() -> None:
    assert LOADS.read_text() == loads()
    reading = read(LOADS.read_bytes(), LOADS.name, Wishes())
    assert reading.dataset.rows.shape == (40, 24)
    assert set(reading.dataset.labels) == {"summer", "winter"}
    assert dict(reading.said)["x"] == "0 to 23 (hour), evenly spaced"
