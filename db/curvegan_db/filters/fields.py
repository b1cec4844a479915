"""Kinds of things to filter by: how a value is typed, and compared in SQL. Knows no table and no name.

A comparison with what a job lacks is false, `!=` like any other, on every database: no condition is ever NULL.
Numbers that agree to 12 digits are equal, for each database reads the last digits of a decimal in its own way.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Double, Integer, String, and_, false, func, literal, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from curvegan_core.config.synonyms import meant

_SAME = 1e-12
_MOST_INTEGER = 2**31 - 1


@dataclass(frozen=True, eq=False)
class JobField(ABC):
    """Something that each job has or lacks. `sql` is its value, NULL where a job lacks it."""

    name: str
    sql: ColumnElement[Any]
    OPERATORS: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, text: str) -> Any:
        """Read a value as it was typed. Raises ValueError with the reason."""

    @abstractmethod
    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Compare at a time, by one of OPERATORS; `in` has several values, any other one."""

    def shown(self, value: Any) -> Any:
        """Return a value that came from `sql` as users know it."""
        return value


class Valued(JobField):
    """A field that is compared by its value alone."""

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Compare, and be false where there is no value."""
        if operator == "in":
            return or_(false(), *(self.condition("=", [value], moment) for value in values))
        return and_(self.sql.is_not(None), self._compare(operator, values[0]))

    @abstractmethod
    def _compare(self, operator: str, value: Any) -> ColumnElement[bool]: ...


class Number(Valued):
    """A number of any size."""

    OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in")

    def read(self, text: str) -> float:
        """Read a decimal, or `inf`."""
        try:
            value = float("nan" if "_" in text else text)
        except ValueError:
            value = float("nan")
        if isnan(value):
            raise ValueError(f"{self.name} is compared with a number, and {text!r} is none")
        return value

    def _compare(self, operator: str, value: float) -> ColumnElement[bool]:
        low, high = sorted((value * (1 - _SAME), value * (1 + _SAME)))
        return within(self.sql, operator, literal(low, Double()), literal(high, Double()))


class Whole(Number):
    """A whole number in a column of its own, which may have an index."""

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Look for numbers in the column's own type: only that finds an index."""
        if operator in ("=", "in") and all(value.is_integer() and abs(value) <= _MOST_INTEGER for value in values):
            return and_(self.sql.is_not(None), self.sql.in_([int(value) for value in values]))
        return super().condition(operator, values, moment)


class Key(FunctionElement[Any]):
    """A key of a JSON column, of one within it by several names; cast it to its type. NULL where there is none.

    Its names are written out, and so are defaults beside it: an index on them is found by that alone.
    """

    inherit_cache = True

    def __init__(self, column: Any, *names: str) -> None:
        path, keys = "$" + "".join(f'."{name}"' for name in names), f"{{{','.join(names)}}}"
        super().__init__(column, *(literal(text, String(), literal_execute=True) for text in (path, keys)))


@compiles(Key)
def _key(element: Key, compiler: SQLCompiler, **extra: Any) -> str:
    column, _, keys = (compiler.process(clause, **extra) for clause in element.clauses)
    return f"({column} #>> {keys})"


@compiles(Key, "sqlite")
def _key_of_sqlite(element: Key, compiler: SQLCompiler, **extra: Any) -> str:
    column, path, _ = (compiler.process(clause, **extra) for clause in element.clauses)
    return f"json_extract({column}, {path})"


class Zero(FunctionElement[int]):
    """0, whatever the number is: SQLite finds the index on keys by it, which begins with it."""

    type = Integer()
    inherit_cache = True


@compiles(Zero)
def _zero(element: Zero, compiler: SQLCompiler, **extra: Any) -> str:
    return "0"


@compiles(Zero, "sqlite")
def _zero_of_sqlite(element: Zero, compiler: SQLCompiler, **extra: Any) -> str:
    [number] = (compiler.process(clause, **extra) for clause in element.clauses)
    return f"{number} * 0"


class Digits(Key):
    """A whole number of 64 bits without a sign, a key of a JSON column, as 20 digits: no database has a type for it."""

    type = String()
    inherit_cache = True


@compiles(Digits)
def _digits(element: Digits, compiler: SQLCompiler, **extra: Any) -> str:
    return f"lpad({_key(element, compiler, **extra)}, 20, '0')"


@compiles(Digits, "sqlite")
def _digits_of_sqlite(element: Digits, compiler: SQLCompiler, **extra: Any) -> str:
    """Extract two paths, which gives the text of an array: one alone would be rounded to a double."""
    column, path, _ = (compiler.process(clause, **extra) for clause in element.clauses)
    return f"substr('{'0' * 20}' || rtrim(ltrim(json_extract({column}, {path}, '$.\"\"'), '['), ',nul]'), -20)"


class Seed(Valued):
    """A whole number of 64 bits; `sql` are its Digits."""

    OPERATORS = Number.OPERATORS

    def read(self, text: str) -> int:
        """Read digits."""
        if not re.fullmatch("[0-9]{1,20}", text):
            raise ValueError(f"{self.name} is compared with a whole number of at most 20 digits, not with {text!r}")
        return int(text)

    def _compare(self, operator: str, value: int) -> ColumnElement[bool]:
        digits = literal(f"{value:020d}", String())
        return within(self.sql, operator, digits, digits)

    def shown(self, value: Any) -> Any:
        """Return the number."""
        return int(value)


class Text(Valued):
    """Words that anybody may choose."""

    OPERATORS: ClassVar[tuple[str, ...]] = ("=", "!=", "in", "~")

    def read(self, text: str) -> str:
        """Take it as it is."""
        if not text or "\x00" in text:
            raise ValueError(f"{self.name} is compared with a text, and this one cannot be stored")
        return text

    def _compare(self, operator: str, value: str) -> ColumnElement[bool]:
        if operator == "~":
            return contains(self.sql, value)
        return self.sql == value if operator == "=" else self.sql != value


class Truth(Valued):
    """Yes or no."""

    OPERATORS = ("=", "!=")

    def read(self, text: str) -> bool:
        """Read `true` or `false`."""
        if text not in ("true", "false"):
            raise ValueError(f"{self.name} is true or false, not {text!r}")
        return text == "true"

    def _compare(self, operator: str, value: bool) -> ColumnElement[bool]:
        return self.sql.is_(value == (operator == "="))


@dataclass(frozen=True, eq=False)
class Word(Text):
    """One of a few words."""

    words: tuple[str, ...]
    OPERATORS = ("=", "!=", "in")

    def read(self, text: str) -> str:
        """Read one of the words."""
        if text not in self.words:
            raise ValueError(f"no {self.name} is called {text!r}{near(text, self.words)}")
        return text


def within(
    value: ColumnElement[Any], operator: str, low: ColumnElement[Any], high: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Compare with an interval, all of which counts as equal."""
    match operator:
        case "=":
            return value.between(low, high)
        case "!=":
            return not_(value.between(low, high))
        case "<":
            return value < low
        case "<=":
            return value <= high
        case ">":
            return value > high
    return value >= low


def contains(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Look for a part of a text. LIKE ignores case on one database and not on the other."""
    return func.replace(text, part, "", type_=String()) != text


def near(text: str, known: Iterable[str], listed: str = "there are ") -> str:
    """Say what else a wrong word may have meant, to end a line with."""
    words = list(known)
    close = meant(text, words)
    return f", did you mean {close!r}?" if close else f"; {listed}{', '.join(words)}"
