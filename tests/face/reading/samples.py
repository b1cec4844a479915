"""A file's content, made here."""

import io
from typing import Any

import numpy as np

from curvegan.reading.curves import Reading, read
from curvegan.reading.wishes import Wishes

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0], [0.5, -1.0, 0.0]])
_HOURS = np.arange(24)
_PHASES = np.random.default_rng(7).uniform(0, 6, 30)
LOADS = np.round(3 + np.sin(_HOURS / 4 + _PHASES[:, None]) + np.random.default_rng(1).normal(0, 0.05, (30, 24)), 3)
HOURS = ",".join(map(str, _HOURS))
NAMES = ",".join(f"h{hour}" for hour in _HOURS)


def lines(rows: np.ndarray = LOADS, mark: str = ",") -> list[str]:
    return [mark.join(f"{value:.3f}" for value in row) for row in rows]


def text(*parts: str) -> str:
    return "\n".join(parts) + "\n"


def understood(data: str | bytes, filename: str = "loads.csv", **wishes: Any) -> Reading:
    return read(data.encode() if isinstance(data, str) else data, filename, Wishes(**wishes))


def said(reading: Reading, what: str) -> str:
    return " | ".join(text for word, text in reading.said if word == what)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return stream.getvalue()


GERMAN = [line.replace(".", ",") for line in lines(mark=";")]
DATES = [f"2024-01-{day:02}" for day in range(1, 31)]
DRESSES: dict[str, tuple[bytes, str]] = {
    "plain": (text(*lines()).encode(), "a.csv"),
    "no newline at the end": (text(*lines()).rstrip().encode(), "a.csv"),
    "semicolons": (text(*lines(mark=";")).encode(), "a.csv"),
    "european excel": (text("sep=;", *GERMAN).replace("\n", "\r\n").encode("utf-8-sig"), "a.csv"),
    "decimal commas, tabs": (text(*GERMAN).replace(";", "\t").encode(), "a.txt"),
    "decimal commas, blanks": (text(*GERMAN).replace(";", "  ").encode(), "a.txt"),
    "decimal commas, quoted": (
        text(*(f'"{line}"'.replace(";", '","') for line in [GERMAN[0] + "0", *GERMAN[1:]])).encode(),
        "a",
    ),
    "utf-16": (text(NAMES, *lines()).encode("utf-16"), "a.csv"),
    "utf-16 big endian": (b"\xfe\xff" + text(*lines()).encode("utf-16-be"), "a.csv"),
    "cp1252": (text(NAMES.replace("h", "größe"), *lines()).encode("cp1252"), "a.csv"),
    "tabs": (text(*lines(mark="\t")).encode(), "a.tsv"),
    "blanks": (text(*("   " + line for line in lines(mark="   "))).encode(), "a.txt"),
    "bars": (text(*lines(mark=" | ")).encode(), "a.txt"),
    "savetxt's header": (text("# " + NAMES.replace(",", " "), *lines(mark=" ")).encode(), "a.txt"),
    "a title above": (text("Loads of 2024", NAMES, *lines()).encode(), "a.csv"),
    "a comma at the ends": (text(NAMES + ",", *(line + "," for line in lines())).encode(), "a.csv"),
    "empty rows at the end": (text(*lines(), "," * 23, "," * 23).encode(), "a.csv"),
    "a minus sign": (text(*lines()).replace("-", "\u2212").encode(), "a.csv"),
    "npy": (npy(LOADS), "a.npy"),
    "aeon's array": (npy(LOADS[:, None]), "a.npy"),
}
TS = "# a remark\n@problemName x\n@univariate true\n@classLabel true a b\n@data\n"
