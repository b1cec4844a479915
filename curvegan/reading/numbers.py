"""From a cell's text to a number. Stricter than Python: 1_0, digits of other scripts and infinity are none."""

import math
import re

MISSING = frozenset(["", "na", "n/a", "nan", "<na>", "#n/a", "null", "none", "-", "?", ".", "..", "--"])
"""What people write where there is no value, in lower case."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PLAIN = re.compile(r"[0-9.+\-eE]*")
_GROUPS = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?|[+-]?\d{1,3}(?:[.' \u00a0\u202f]\d{3})+(?:,\d*)?|[+-]?\d{1,3}(?:'\d{3})+\.\d*",
    re.ASCII,
)
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_FORTRAN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[dD][+-]?\d+", re.ASCII)
_COLONS = re.compile(r"\s*[+-]?[\d.,]+(?:\s*:\s*[+-]?[\d.,]+)+", re.ASCII)
_WITH_UNIT = re.compile(
    r"([+-]?)[^\w\s.,:+-]?\s*([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+))\s*(?:[^\W\d_]{1,4}|[^\w\s.,:/-])?", re.ASCII
)
_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def number(cell: str, comma: bool = False) -> float | None:
    """Return a stripped cell's number, with a decimal point or comma; NaN where it is missing, None for a word."""
    if cell.lower() in MISSING:
        return math.nan
    if comma and "." in cell:
        return None
    cell = cell.replace("\N{MINUS SIGN}", "-")
    cell = cell.replace(",", ".") if comma else cell
    return float(cell) if _NUMBER.fullmatch(cell) else None


def plain_numbers(cells: list[str], comma: bool = False) -> list[float] | None:
    """Return a row's numbers if every cell is one as most files write it: fast, for nearly all rows."""
    if comma:
        cells = ["" if "." in cell else cell.replace(",", ".") for cell in cells]
    if not _PLAIN.fullmatch("".join(cells)):
        return None
    try:
        return list(map(float, cells))
    except ValueError:
        return None


def has_comma(cell: str) -> bool:
    """Return whether it is a number with a decimal comma, or one comma that parts thousands."""
    return _COMMA.fullmatch(cell) is not None


def grouped(cell: str) -> bool:
    """Return whether it may be a number whose thousands are parted: 1,204 or 1.204,5 or 1'204."""
    return _GROUPS.fullmatch(cell) is not None


def why_no_number(cell: str) -> str:
    """Say what is wrong with a word where a number should be."""
    if grouped(cell):
        return f"{cell!r:.40} has a mark between thousands, or a decimal comma; write {_both(cell)}"
    if nearly(cell):
        return f"{cell!r:.40} is not a number; {_mended(cell)}"
    return (
        f"{cell!r:.40} is not a number; where there is no value leave the cell empty, and `--missing drop` or "
        "`--missing interpolate` takes it"
    )


def nearly(cell: str) -> bool:
    """Return whether it is a number with a mark, a sign or a unit, as 1'204 or 10% or €2.95, or several by colons."""
    return grouped(cell) or any(form.fullmatch(cell) for form in (_HEXADECIMAL, _FORTRAN, _COLONS, _WITH_UNIT))


def _mended(cell: str) -> str:
    if _HEXADECIMAL.fullmatch(cell):
        return f"it is hexadecimal: write {int(cell, 16)}"
    if _FORTRAN.fullmatch(cell):
        return f"write E for its D, as {re.sub('[dD]', 'E', cell)}"
    if _COLONS.fullmatch(cell):
        return "write commas between numbers, for its colons"
    number = _WITH_UNIT.fullmatch(cell)
    return f"write it without its sign or unit, as {number[1] or ''}{number[2]}" if number else ""


def _both(cell: str) -> str:
    whole, _, decimals = re.sub(r"[' \u00a0\u202f]", "", cell).replace(",", ".").rpartition(".")
    if not whole or len({*re.findall(r"\D", cell.lstrip("+-"))}) > 1:  # the last mark is the decimals', if two differ
        return f"it without one, as {whole.replace('.', '')}.{decimals}" if whole else f"it without one, as {decimals}"
    if "." in whole:
        return f"it without one, as {whole.replace('.', '')}{decimals}"
    return f"it without one, as {whole}{decimals} or {whole}.{decimals}"
