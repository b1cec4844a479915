"""What is printed: inert text, plain JSON, tables that are never cut."""

import json
import math
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan_cli.shown.output import Column, age, duration, inert, plain, print_csv, print_table

HOSTILE = "\x1b[31mred\x1b]8;;http://x\x07 \u202egnp \x9b2J \r\n\t[bold]x[/bold] :smile:"


@given(st.text(st.characters(codec=None)))
def test_inert_text_is_printable_and_one_line(text: str) -> None:
    assert inert(text).isprintable()


def test_inert_text_leaves_harmless_text_alone() -> None:
    harmless = string.ascii_letters + " äöü 曲線 [bold]"
    assert inert(harmless) == harmless


def test_json_has_plain_values_only() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, timezone(timedelta(hours=2)))
    values = {"at": at, "nan": math.nan, "inf": [math.inf], "pair": (1, None), "text": "x"}
    expected = {"at": "2026-01-02T01:04:05.678Z", "nan": None, "inf": [None], "pair": [1, None], "text": "x"}
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == expected


def test_a_piped_table_is_not_cut_and_shows_markup_and_escapes_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Column("NAME"), Column("N", right=True)], [("x" * 500 + HOSTILE, "1")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "x" * 500 in lines[2]
    assert "[bold]x[/bold] :smile:" in lines[2]
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


def test_csv_is_inert_and_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["name", "n"], [["a,b\x1b", None]])
    assert capsys.readouterr().out == 'name,n\n"a,b\\x1b",\n'


def test_durations_are_in_their_largest_unit() -> None:
    assert [duration(s) for s in (0.4, 59, 119, 120, 7199, 7200, 86400 * 3)] == [
        *("0 s", "59 s", "119 s", "2 min", "120 min", "2 h", "3 d")
    ]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(now + timedelta(seconds=5), now) == "0 s"
