"""Tables fit the terminal: spare columns go first, then texts are cut, and nothing wraps."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curvegan_cli.commands
from curvegan.lab import Lab
from curvegan.showing.terminal import UNLIMITED_WIDTH, width_of
from curvegan_cli.shown.tables import Column, laid

from ..client import SMALL, Client, PlayedWorker
from ..watching.test_status import on_a_terminal

WIDTHS = (60, 80, 100, 140)
# A table of each command that prints one, in the module's name.
COMMANDS = {
    "status": ["status", "status --sweep last", "events 1", "events last"],
    "sweep": ["sweeps", "sweep --grid lr=1e-4,1e-3 --grid loss=ns,lsgan,rpgan --seeds 9 --dry-run"],
    "comparing": [
        "best",
        "compare 1 2 3",
        "compare 1-5",
        "summary --by name,lr,loss --metric rmse --metric spread",
    ],
    "fetching": ["losses 1", "metrics 1"],
    "sampling": ["sample 1 -n 3", f"baseline --data {'d' * 100}"],
    "tune": [f"tune --status {'u' * 200}"],
    "workers": ["workers"],
    "installation": ["settings", "doctor"],
    "curves": ["curves updown"],
    "data": ["data list"],
}
# Commands without a table, whose sentences fit as well.
PROSE = [
    "show 1",
    "show 3",
    "explain 1",
    "explain 3",
    "explain last",
    "logs 3",
    f"data show {'d' * 100}",
    "show nobody",
]
SEPARATOR = "<<<>>>"
# One process for all of them: most of a command's time is its start.
ALL = f"""
import sys
from curvegan_cli.main import main
for line in sys.argv[1:]:
    print({SEPARATOR!r}, line, flush=True)
    try:
        main(line.split(), prog_name="curvegan", standalone_mode=False)
    except SystemExit as end:  # the doctor's, where jobs wait for nobody
        assert (line, end.code) == ("doctor", 1)
"""


@pytest.fixture(scope="module")
def longest(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client of a store with the longest names, tags, reasons and verdicts that there are."""
    folder = tmp_path_factory.mktemp("longest")
    client = Client(folder / "home")
    for name in ("x" * 200, "曲線" * 100, "y" * 200, "z", "w"):
        client.submit(*SMALL, "--name", name, "--tag", "t" * 100)
    client.done(
        "sweep", "--no-worker", "--name", "s" * 200, *SMALL, "--grid", "lr=1e-4,1e-3", "--grid", "beta1=0.5,0.9"
    )
    rows = "\n".join(",".join(str(x * y) for x in range(1, 9)) for y in range(1, 9))
    (folder / "curves.csv").write_text(rows)
    client.done("data", "add", str(folder / "curves.csv"), "--name", "d" * 100)
    with Lab(home=str(client.home)) as lab:
        lab.tune({"lr": [1e-4, 1e-3]}, sampler="grid", seeds=1, batch=2, name="u" * 200, worker=False)
    with client.store() as store:
        worker = PlayedWorker(store)
        for job in range(3):
            worker.claim()
            worker.train(until=100 if job == 2 else None)
        worker.fail(f"Traceback\nValueError: {'because ' * 100}")
        worker.claim()
        worker.train(until=100)
    return client


@pytest.mark.parametrize("width", WIDTHS)
def test_every_table_of_every_command_fits(longest: Client, width: int) -> None:
    lines = [line for commands in COMMANDS.values() for line in commands]
    environment = {"COLUMNS": str(width), "NO_COLOR": "1"}
    _, shown = on_a_terminal(longest, *lines, *PROSE, seconds=120, code=ALL, **environment)
    parts = plain(shown).split(SEPARATOR)[1:]
    assert [part.partition("\n")[0].strip() for part in parts] == lines + PROSE
    for part in parts:
        command, _, text = part.partition("\n")
        assert max(map(width_of, text.splitlines())) <= width, command
        if command.strip() in PROSE:
            continue
        table = table_of(text)
        assert table, command
        assert max(map(width_of, table)) <= width, command
        assert table[1] == "─" * len(table[1]), command


def plain(shown: str) -> str:
    """Return what a terminal was sent, without what steers it."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).replace("\r", "")


def table_of(text: str) -> list[str]:
    """The heading, the rule and the rows, one line each, of the first table of a text."""
    lines = text.splitlines()
    rule = next((n for n, line in enumerate(lines) if re.fullmatch("─+", line)), 0)
    rows = [line for line in lines[rule + 1 :] if line]
    return [lines[rule - 1], lines[rule], *rows[:2]] if rule else []


def test_no_command_with_a_table_is_forgotten() -> None:
    folder = Path(curvegan_cli.commands.__file__).parent
    with_tables = {path.stem for path in folder.rglob("*.py") if re.search(r"\bGrid\(|_grid\(", path.read_text())}
    assert with_tables == {*COMMANDS, "spectrum"}  # test_spectrum renders that one, which is of small jobs alone


@pytest.mark.parametrize("width", WIDTHS)
def test_what_people_look_for_is_in_the_table_of_jobs(longest: Client, width: int) -> None:
    _, shown = on_a_terminal(longest, "status", seconds=60, COLUMNS=str(width), NO_COLOR="1")
    header, rule, *rows = [line.rstrip() for line in plain(shown).splitlines()]
    assert header.split()[:4] == ["ID", "NAME", "STATE", "PROGRESS"]
    assert "VERDICT" in header
    assert len(rule) <= width
    assert len(rows) == 11
    [failed] = [row for row in rows if "failed" in row]
    assert "ValueEr" in failed
    assert any("undertrained" in row for row in rows)
    assert ("WORKER" in header) is (width >= 100)


cells = st.text("aB7 .…曲線ö", max_size=40)
columns = st.builds(
    Column,
    st.text("ABC", min_size=1, max_size=12),
    st.booleans(),
    st.just(value=True),
    st.integers(1, 20),
    st.integers(0, 3),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(columns, min_size=1, max_size=9), st.data(), st.integers(20, 150))
def test_no_line_of_any_table_is_wider_than_the_room(some: list[Column], data: st.DataObject, room: int) -> None:
    rows = data.draw(st.lists(st.tuples(*[cells] * len(some)), max_size=4))
    table = laid(some, rows, room)
    lines = [table.heading, table.rule, *(table.gap.join(text for text, _ in row) for row in table.rows)]
    assert all(width_of(line) <= room for line in lines)
    whole = laid(some, rows, UNLIMITED_WIDTH)
    assert all(
        cell in text
        for row, texts in zip(rows, whole.rows, strict=True)
        for cell, (text, _) in zip(row, texts, strict=True)
    )


def test_numbers_are_never_cut_and_spare_columns_go_first() -> None:
    some = [
        Column("ID", right=True),
        Column("NAME", folds=True),
        Column("FIGURE", right=True),
        Column("SPARE", spare=1),
    ]
    rows = [["1", "n" * 50, "0.12345678", "s" * 10]]
    [row] = laid(some, rows, 30).rows
    assert [text.strip() for text, _ in row] == ["1", "n" * 11 + "…", "0.12345678"]
    assert laid(some, rows, 12).missing == 1


def test_a_watch_shows_what_runs_however_many_wait(longest: Client, tmp_path: Path) -> None:
    """Counts and the time left stand on top, then the running job; a low terminal crops neither."""
    client = Client(tmp_path / "home")
    client.submit(*SMALL, "--name", "runs-now")
    client.submit(*SMALL, "--name", "has-ended", "--priority", "1")
    client.done("sweep", "--no-worker", *SMALL, "--seeds", "60")
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        worker.claim()
        worker.train(until=100)
        code, shown = on_a_terminal(client, "status", "--watch", seconds=10, COLUMNS="80", LINES="10", NO_COLOR="1")
    assert code == 130
    frame = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "\x1b", shown).replace("\r", "")
    top = frame.index("62 jobs: ")
    lines = [line.strip("\x1b ") for line in frame[top:].splitlines()[:9]]
    assert re.match(r"62 jobs: (1 running|1 lost), 60 queued, 1 succeeded; left: about", lines[0])
    assert "runs-now" in lines[3]
    assert "has-ended" in lines[4]
    assert re.match(r"and \d+ more\b", lines[8])
