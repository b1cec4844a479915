"""The filter language, `loss=ns and rmse<0.1`: from text to a condition in SQL. Nothing of it is ever evaluated.

    filter      any ("or" any)*, where any is all ("and" all)*
    all         "not" all | "(" filter ")" | name operator value | name "in" "(" value ("," value)* ")"
    operator    = != < <= > >= ~            ~ is "contains"
    value       a word or number as it is, or anything in quotes of either kind

The names are the catalogue's, and how a value compares is its field's.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import ColumnElement, and_, literal_column, not_, or_, select

from curvegan_core.config.synonyms import meant
from curvegan_core.errors import InvalidInput
from curvegan_db.filters.catalogue import FIELDS
from curvegan_db.filters.fields import JobField, Zero

# SQLite's parser stops at 100 things that are open at once, and at expressions 1000 deep.
MOST_LENGTH, MOST_DEPTH, MOST_VALUES = 2000, 20, 100
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>!=|<=|>=|[=<>~(),])|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s=!<>~(),"']+)|(?P<end>\Z))"""
)

Condition = Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True)
class Filter:
    """Which jobs are meant: `condition` gives the SQL at a time."""

    condition: Condition

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """Read a filter. Raises InvalidInput with one line that names the position, counted from 1."""
        if len(text) > MOST_LENGTH:
            raise InvalidInput(f"a filter has at most {MOST_LENGTH} characters, got {len(text)}")
        return EVERY_JOB & cls(_Parser(text).whole())

    @classmethod
    def of_sweep(cls, sweep_id: int) -> "Filter":
        """Return the jobs of a sweep."""
        return cls.parse(f"sweep={sweep_id}")

    @classmethod
    def of_jobs(cls, ids: Sequence[int]) -> "Filter":
        """Return these jobs, however many."""
        job = FIELDS["id"].sql
        return cls(lambda _: job.in_(ids))

    @classmethod
    def window(cls, where: "Filter | None", first: int, count: int) -> "Filter":
        """Return `count` jobs from the `first` on, counted from 0 by their ids, of those that a filter means."""
        job = FIELDS["id"].sql

        def condition(moment: datetime) -> ColumnElement[bool]:
            meant = select(job) if where is None else select(job).where(where.condition(moment))
            # As jobs of its own, whatever statement it stands in; SQLite knows no offset without a limit.
            return job.in_(meant.order_by(job).limit(count).offset(first).correlate(None))

        return cls(condition)

    def __and__(self, other: "Filter | None") -> "Filter":
        """Join both, or return this one alone where there is no other."""
        return self if other is None else Filter(_joined(and_, [self.condition, other.condition]))


EVERY_JOB = Filter(lambda _: Zero(FIELDS["id"].sql) == literal_column("0"))
"""Stands before every filter, which is how SQLite finds the index on what filters ask for."""


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            means = "opens a text that does not end" if text[start] in "'\"" else "means nothing there"
            _refuse(start + 1, f"{text[start]!r} {means}")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return tokens


class _Parser:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._any()
        token = self._next()
        if token.kind != "end":
            _refuse(token.position, f"{token.text!r} follows a whole condition; join two by `and` or `or`")
        return condition

    def _any(self) -> Condition:
        return self._chain("or", or_, self._all)

    def _all(self) -> Condition:
        return self._chain("and", and_, self._one)

    def _chain(self, word: str, joined: Callable[..., ColumnElement[bool]], part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._skip(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else _joined(joined, parts)

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            _refuse(self._peek().position, f"a filter is nested at most {MOST_DEPTH} deep")
        if self._skip("not"):
            condition = _negated(self._one())
        elif self._skip("("):
            condition = self._any()
            self._expect(")")
        else:
            condition = self._comparison()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        field = self._field()
        token = self._next()
        if token.text not in field.OPERATORS:
            operators = " ".join(field.OPERATORS)
            _refuse(token.position, f"after {field.name} comes one of {operators}, not {token.text or 'the end'!r}")
        values = self._values(field) if token.text == "in" else [self._value(field)]
        return lambda moment: field.condition(token.text, values, moment)

    def _field(self) -> JobField:
        token = self._next()
        if token.kind != "word":
            _refuse(token.position, f"a name such as `rmse` is missing, there is {token.text or 'the end'!r}")
        if token.text not in FIELDS:
            _refuse(token.position, f"no job has {token.text!r}{_meant(token.text)}")
        return FIELDS[token.text]

    def _values(self, field: JobField) -> list[Any]:
        start = self._peek().position
        self._expect("(")
        values = [self._value(field)]
        while self._skip(","):
            values.append(self._value(field))
        self._expect(")")
        if len(values) > MOST_VALUES:
            _refuse(start, f"a list has at most {MOST_VALUES} values, got {len(values)}")
        return values

    def _value(self, field: JobField) -> Any:
        token = self._next()
        if token.kind not in ("word", "quoted"):
            _refuse(token.position, f"a value for {field.name} is missing, there is {token.text or 'the end'!r}")
        try:
            return field.read(token.text[1:-1] if token.kind == "quoted" else token.text)
        except ValueError as error:
            _refuse(token.position, str(error))

    def _peek(self) -> _Token:
        return self._tokens[self._index]

    def _next(self) -> _Token:
        token = self._peek()
        self._index = min(self._index + 1, len(self._tokens) - 1)
        return token

    def _skip(self, text: str) -> bool:
        token = self._peek()
        matches = token.text == text and token.kind != "quoted"
        self._index += matches
        return matches

    def _expect(self, text: str) -> None:
        token = self._peek()
        if not self._skip(text):
            _refuse(token.position, f"{text!r} is missing, there is {token.text or 'the end'!r}")


def _joined(joined: Callable[..., ColumnElement[bool]], parts: Sequence[Condition]) -> Condition:
    return lambda moment: joined(*(part(moment) for part in parts))


def _negated(condition: Condition) -> Condition:
    return lambda moment: not_(condition(moment))


def _meant(name: str) -> str:
    close = meant(name, FIELDS)
    return f", did you mean {close!r}?" if close else "; it has a state, a tag, the keys of its config, rmse ..."


def _refuse(position: int, problem: str) -> NoReturn:
    raise InvalidInput(f"filter, character {position}: {problem}")
