"""curvegan data: a file's curves in the store, shown, refused and removed."""

import csv
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from curvegan.toml import literal
from curvegan_cli.main import main
from curvegan_core.families.dataset import Dataset

from ..client import Client
from ..watching.test_status import on_a_terminal
from .loads import LOADS, described_csv, write_csv


def npy(path: str, array: np.ndarray) -> None:
    np.save(path, array, allow_pickle=array.dtype == object)


def test_a_file_is_stored_and_the_next_command_named(any_client: Client) -> None:
    write_csv("loads.csv", LOADS, header="a,b,c,d,e,f")
    said = any_client.done("data", "add", "loads.csv", "--name", "my loads")
    assert said.startswith("Data set my loads has 20 curves of 6 points.\n")
    assert "curvegan submit --data 'my loads'" in said
    npy("loads.npy", LOADS)
    assert any_client.done("data", "add", "loads.npy", "--name", "b", "-q") == "b\n"
    own, other = any_client.json("data", "list")
    assert own["hash"] == other["hash"] == Dataset.checked(LOADS).hash
    assert own | {"name": "my loads", "created_at": other["created_at"]} == other
    assert any_client.done("data", "list", "-q") == "b\nmy loads\n"
    assert len(any_client.done("data", "list").splitlines()) == 4
    [row, _] = csv.DictReader(io.StringIO(any_client.done("data", "list", "-o", "csv")))
    assert (row["name"], row["rows"], row["points"], row["jobs"]) == ("b", "20", "6", "0")


def test_no_data_set_yet(any_client: Client) -> None:
    assert any_client.json("data", "list") == []
    assert any_client.done("data", "list", "-q") == ""
    assert "curvegan data add" in any_client("data", "list").stderr


@pytest.mark.parametrize("data", [b"1,2\n3,5\n", b"\x93NUMPY"], ids=["csv", "npy"])
def test_a_file_may_come_through_a_pipe(client: Client, data: bytes) -> None:
    if data.startswith(b"\x93"):
        stream = io.BytesIO()
        np.save(stream, np.array([[1, 2], [3, 5]]))
        data = stream.getvalue()
    words = ["--home", str(client.home), "data", "add", "-", "--name", "piped", "-o", "json"]
    result = CliRunner().invoke(main, words, input=data, catch_exceptions=False)
    assert (result.exit_code, json.loads(result.stdout)["rows"]) == (0, 2)
    assert client.done("data", "show", "piped", "-o", "csv") == "p1,p2\n1.0,2.0\n3.0,5.0\n"


def test_show_tells_and_draws_and_gives_the_curves_back(loaded: Client) -> None:
    loaded.submit("--data", "loads")
    shown = loaded.done("data", "show", "loads")
    assert "20 of 6 points" in shown
    assert f"{LOADS.mean():.4g}  which training sees as 0" in shown
    assert f"{LOADS.std():.4g}  which training sees as 1" in shown
    assert Dataset.checked(LOADS).hash in shown
    assert shown.count("⠁") + shown.count("⠑") > 3
    assert max(map(len, shown.split("\n\n")[1].splitlines())) <= 60
    facts = loaded.json("data", "show", "loads")
    assert (facts["rows"], facts["mean"], facts["jobs"]) == (20, pytest.approx(LOADS.mean()), [1])
    Path("back.csv").write_text(loaded.done("data", "show", "loads", "-o", "csv"))
    assert loaded.json("data", "add", "back.csv", "--name", "back")["hash"] == facts["hash"]


def test_without_unicode_the_drawing_is_ascii(client: Client) -> None:
    write_csv("loads.csv", LOADS)
    client.done("data", "add", "loads.csv", "--name", "loads")
    done = Client(client.home, environment={"PYTHONIOENCODING": "ascii"}).alone("data", "show", "loads")
    assert done.stdout.isascii()
    assert "\\u" not in done.stdout
    assert done.stdout.count(":") > 10


def test_what_was_understood_is_said_and_reads_back(any_client: Client) -> None:
    Path("loads.csv").write_text(described_csv())
    said = any_client.done("data", "add", "loads.csv", "--name", "loads", "--y-label", "load")
    for line in (
        "header     line 1: date, 00:00 … season",
        "unit       GW (line 2)",
        "index      column 1 (date): 2024-01-01, 2024-01-02 … 2024-01-20",
        "label      column 8 (season): summer 10x, winter 10x",
        "x          0 to 18 (hour), uneven",
        "first row  101325.01",
    ):
        assert line in said
    facts = any_client.json("data", "show", "loads")
    assert (facts["x"], facts["unit"], facts["y_label"]) == ([0, 1, 2, 3, 12, 18], "GW", "load")
    shown = any_client.done("data", "show", "loads")
    assert "0 to 18 hour" in shown
    assert "load (GW)" in shown
    back = any_client.done("data", "show", "loads", "-o", "csv")
    assert back.splitlines()[:2] == described_csv().splitlines()[:2]
    Path("back.csv").write_text(back)
    assert any_client.json("data", "add", "back.csv", "--name", "back")["hash"] == facts["hash"]
    assert any_client.done("data", "show", "back", "-o", "csv") == back
    # The same curves again: what is said of them is taken, what they are stays.
    any_client.done("data", "add", "loads.csv", "--name", "loads", "--y-label", "demand", "--x-label", "time of day")
    again = any_client.json("data", "show", "loads")
    assert (again["hash"], again["y_label"], again["x_label"]) == (facts["hash"], "demand", "time of day")


OPTIONS: dict[str, tuple[str, str, str]] = {
    "a header overruled": ("1,2,3,4,5\n3,2,4,1,7\n2,5,1,0,1\n", "--no-header", "3 curves of 5"),
    "an index": ("9,2,3.5\n3,2,4\n7,5,1\n", "--index-column 1", "3 curves of 2"),
    "a label": ("9,2,3.5\n3,2,4\n7,5,1\n", "--label-column 3", "3 curves of 2"),
    "each column": ("1,2,3\n4,6,5\n", "--transpose", "3 curves of 2"),
    "long": ("a,1,2\na,2,3\nb,1,7\nb,2,4\n", "--long 1,2,3", "2 curves of 2"),
    "gaps": ("1,,3\n4,6,5\n9,8,7\n", "--missing drop", "2 curves of 3"),
    "other lengths": ("1,3\n4,6,5\n9,8,7\n", "--resample 4", "3 curves of 4"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_overrules(client: Client, name: str) -> None:
    text, options, said = OPTIONS[name]
    Path("a.csv").write_text(text)
    assert said in client.done("data", "add", "a.csv", "--name", "a", *options.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("submit --data nope", "no data set nope; `curvegan data list` shows"),
        ("submit --data loads --curve updown", "leave out --curve and --set of either"),
        ("submit --data loads --set curve.noise 1", "leave out --curve and --set of either"),
        ("submit --data loads --set points 5", "leave out --curve and --set of either"),
        ("submit --config other.toml", "no data set ffffffffffff"),
        ("submit --config other.toml --dry-run", "no data set ffffffffffff"),
        ("submit --config wrong.toml", "which the config must say; `--data NAME` writes it so"),
        ("submit --curve data", "curve.hash"),
        ("sweep --data nope --seeds 2", "no data set nope"),
        ("sweep --config other.toml --seeds 2", "no data set ffffffffffff"),
        ("data show nope", "no data set nope"),
        ("data remove nope", "no data set nope"),
        ("data add other.csv --name loads", "the name loads is taken by other curves; give another --name"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(loaded: Client, words: str, said: str) -> None:
    write_csv("other.csv", LOADS + 1)
    own = loaded.json("submit", "--dry-run", "--data", "loads")["curve"]
    curve = "\n".join(f"{key} = {literal(value)}" for key, value in own.items())
    Path("other.toml").write_text(f"points = 6\n[curve]\n{curve}\n".replace(own["hash"], "f" * 64))
    Path("wrong.toml").write_text(f"points = 7\n[curve]\n{curve}\n")
    assert said in loaded.refused(*words.split())
    assert loaded.json("status") == []
    assert [each["name"] for each in loaded.json("data", "list")] == ["loads"]


BAD_FILES: dict[str, tuple[str, Callable[[str], None]]] = {
    "nan.csv": (
        "line 2, column 1: a value is missing; `--missing interpolate`",
        lambda path: _text(path, "1,2\nnan,3\n"),
    ),
    "word.csv": ("line 2, column 2: 'x' is not a number", lambda path: _text(path, "1,2\n3,x\n")),
    "ragged.csv": ("line 1 has 2 points, line 3 has 3; `--resample 3`", lambda path: _text(path, "1,2\n3,4\n5,6,7\n")),
    "one.csv": ("a data set has at least 2 rows", lambda path: _text(path, "1,2\n")),
    "header.csv": ("a data set has at least 2 rows", lambda path: _text(path, "a,b\n")),
    "empty.csv": ("a data set has at least 2 rows", lambda path: _text(path, "")),
    "flat.csv": ("line 2 is constant", lambda path: _text(path, "1,2,3\n3,3,3\n")),
    "narrow.csv": ("row 1 has 1 points; a curve has 2 to 256", lambda path: _text(path, "1\n2\n")),
    "wide.csv": ("row 1 has 257 points; a curve has 2 to 256", lambda path: write_csv(path, np.ones((2, 257)))),
    "junk.csv": ("no CSV file", lambda path: _bytes(path, bytes(range(256)) * 9)),
    "junk.npy": ("no .npy file", lambda path: _bytes(path, bytes(range(256)) * 9)),
    "long.npy": ("row 100,001 is one too many", lambda path: npy(path, np.zeros((100_001, 2), np.int8))),
    "many.npy": ("row 15,626 is one too many", lambda path: npy(path, np.zeros((20_000, 256), np.int8))),
    "objects.npy": ("the array must be 2-D", lambda path: npy(path, np.array([[1, 2], [3, object()]], object))),
    "cube.npy": ("each row has 2 curves, (2, 2, 2): give one of them", lambda path: npy(path, np.zeros((2, 2, 2)))),
    "pickle.npy": ("no .npy file", lambda path: _bytes(path, pickle.dumps(LOADS))),
    "loads.png": ("loads.png is not read: its name must end in one of", lambda path: _text(path, "1,2\n3,4\n")),
    "score.csv": ("line 2, column 2: '1_0' is not a number", lambda path: _text(path, "1,2\n3,1_0\n4,5\n")),
    "folder.csv": ("folder.csv cannot be read: Is a directory", lambda path: Path(path).mkdir()),
    "missing.csv": ("missing.csv cannot be read: No such file", lambda path: None),
}


def _text(path: str, text: str) -> None:
    Path(path).write_text(text)


def _bytes(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_name_and_nothing_stored(client: Client, name: str) -> None:
    said, write = BAD_FILES[name]
    write(name)
    assert said in client.refused("data", "add", name, "--name", "bad")
    assert client.json("data", "list") == []


def test_a_device_is_not_read_to_its_end(client: Client) -> None:
    assert "too large for a data set: over 134,217,728 bytes" in client.refused(
        "data", "add", "/dev/zero", "--name", "z"
    )


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "\udc80"])
def test_a_bad_name_is_refused(client: Client, name: str) -> None:
    write_csv("loads.csv", LOADS)
    assert "name of a data set" in client.refused("data", "add", "loads.csv", "--name", name)
    assert client.json("data", "list") == []


def test_a_hostile_name_is_shown_inert(client: Client) -> None:
    name = "\x1b[2J\u202ex\r\n"
    write_csv("loads.csv", LOADS)
    said = client.done("data", "add", "loads.csv", "--name", name)
    client.submit("--data", name)
    for words in (["data", "list"], ["data", "list", "-q"], ["data", "show", name], ["show", "1"]):
        said += client.done(*words)
    said += client.done("submit", "--dry-run", "--data", name) + client.refused("data", "remove", name)
    assert all(line.isprintable() for line in said.split("\n"))
    _, seen = on_a_terminal(client, "data", "list", seconds=20, NO_COLOR="1")
    assert "\x1b[2J" not in seen


def test_own_curves_need_no_torch_here(loaded: Client) -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom curvegan_cli.main import main; main()"
    for words in (
        "data list",
        "data show loads",
        "submit --no-worker --data loads",
        "curves",
        "data add loads.csv --name x",
    ):
        done = loaded.alone(*words.split(), code=code)
        assert done.returncode == 0, done.stderr
