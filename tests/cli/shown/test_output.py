"""What is printed: inert text, plain JSON, tables that are never cut."""

import json
import math
import string
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan.showing.terminal import width_of, wrapped
from curvegan_cli.shown.output import Column, Grid, Pairs, Sheet, cell, emit, inert, plain

from ..client import Client

HOSTILE = "\x1b[31mred\x1b]8;;http://x\x07 \u202egnp \x9b2J \r\n\t[bold]x[/bold] :smile:"


@given(st.text(st.characters(codec=None)))
def test_inert_text_is_printable_and_one_line(text: str) -> None:
    assert inert(text).isprintable()


def test_a_sentence_is_parted_at_blanks_and_at_none_of_a_command() -> None:
    said = "Job 1 waits for a worker with torch; `pip install 'curvegan[torch]'` where one runs."
    lines = wrapped(said, 40, "  ")
    assert lines == ["Job 1 waits for a worker with torch;", "  `pip install 'curvegan[torch]'` where", "  one runs."]


@given(st.text("曲線あ é☺\ufe0fab👩 "), st.integers(20, 50))
def test_lines_of_wide_letters_fit_and_lose_none(text: str, room: int) -> None:
    lines = wrapped(text, room, "  ")
    assert all(width_of(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_wide_letter_leaves_the_other_lines_their_room() -> None:
    lines = wrapped("曲" * 20 + " and so on" * 20, 60)
    assert all(width_of(line) > 50 for line in lines[:-1])


def test_inert_text_leaves_harmless_text_alone() -> None:
    harmless = string.ascii_letters + " äöü 曲線 [bold]"
    assert inert(harmless) == harmless


def test_json_has_plain_values_only() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, timezone(timedelta(hours=2)))
    values = {"at": at, "nan": math.nan, "inf": [math.inf], "pair": (1, None), "text": "x"}
    expected = {"at": "2026-01-02T01:04:05.678Z", "nan": None, "inf": [None], "pair": [1, None], "text": "x"}
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == expected


def test_a_piped_table_is_not_cut_and_shows_markup_and_escapes_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Grid([Column("NAME"), Column("N", right=True)], [("x" * 500 + HOSTILE, 1)])
    emit("table", text=lambda: [grid])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "x" * 500 in lines[2]
    assert "[bold]x[/bold] :smile:" in lines[2]
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


def test_csv_is_inert_and_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    emit("csv", csv=lambda: Sheet(["name", "n"], [["a,b\x1b", None]]))
    assert capsys.readouterr().out == 'name,n\n"a,b\\x1b",\n'


def test_only_the_form_that_was_asked_for_is_worked_out(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> Any:
        raise AssertionError("nobody asked for it")

    emit("ids", text=never, json=never, csv=never, ids=lambda: [3, "a\x1b"])
    emit("json", text=never, json=lambda: {"at": None}, ids=never)
    emit("csv", text=never, json=never)  # a form that is not given says nothing
    emit("table", text=lambda: [HOSTILE, Pairs([("name", HOSTILE)])], json=never)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:5] == ["3", "a\\x1b", "{", '  "at": null', "}"]
    assert len(printed) == 7
    assert all(line.isprintable() for line in printed)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            (None, "-"),
            ("", ""),
            (3, "3"),
            (2.0, "2"),
            (1 / 3, "0.3333"),
            ((), "-"),
            (["a", 7], "a 7"),
            (False, "False"),
        ),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000Z"),
    ],
)
def test_a_cell_of_a_table_is_written_in_one_way(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize("words", ["status", "status -o json", "--version", "show 1"])
def test_a_closed_stdout_is_quiet(trained: Client, words: str) -> None:
    command = trained.command(*words.split())
    command["args"] = ["sh", "-c", 'exec "$@" >&-', "sh", *command["args"]]
    done = subprocess.run(**command, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
