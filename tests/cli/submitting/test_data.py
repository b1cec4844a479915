"""curvegan data, submit --data: a file's curves in the store, shown, used, refused and removed."""

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
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import columns
from curvegan_core.families.dataset import Dataset

from ..client import SMALL, Client, PlayedWorker
from ..watching.test_status import on_a_terminal

HOURS = np.arange(6)
LOADS = np.array([100 + a * np.sin(HOURS + a) for a in range(20, 40)])


@pytest.fixture
def loaded(any_client: Client) -> Client:
    """A client of a store with the data set "loads": 20 curves of 6 points between 60 and 140."""
    write_csv("loads.csv", LOADS)
    any_client.done("data", "add", "loads.csv", "--name", "loads")
    return any_client


def write_csv(path: str, rows: np.ndarray, header: str = "") -> None:
    np.savetxt(path, rows, delimiter=",", fmt="%.17g", header=header, comments="")


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


def test_a_job_on_a_data_set(loaded: Client) -> None:
    job = loaded.json("submit", "--no-worker", "--data", "loads", "--set", "x_max", "5", "--preset", "collapse-fix")
    config = TrainConfig.parse(job["config"])
    assert config.curve == Dataset.checked(LOADS).parameters.model_copy(update={"components": 0, "name": "loads"})
    plain = loaded.json("submit", "--dry-run", "--data", "loads")
    assert (plain["front"], plain["holdout"], plain["curve"]["components"]) == ("pca", 0.2, 2)
    assert loaded.json("sweep", "--dry-run", "--grid", "data=loads", "--seeds", "2")["jobs"] == 2
    assert (config.points, config.x_max, config.loss) == (6, 5.0, "rpgan")
    loaded.done("data", "add", "loads.csv", "--name", "a later name", "--x-label", "hour")
    assert "asked for  data=loads x_max=5" in loaded.done("show", "1")
    loaded.done("data", "remove", "a later name", "--yes")
    dry = loaded.done("submit", "--dry-run", "--data", "loads")
    assert dry.startswith("# data set loads\n")
    Path("job.toml").write_text(dry)
    assert loaded.json("submit", "--dry-run", "--config", "job.toml") == loaded.json(
        "submit", "--dry-run", "--data", "loads"
    )


def test_plots_and_samples_are_in_the_units_of_the_file(loaded: Client) -> None:
    loaded.submit("--data", "loads", *SMALL)
    with loaded.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
        running = store.snapshots(1)[-1].curves
        assert 80 < running.mean() < 120
        loaded.done("fetch-plot", "1", "--output", "running.png")
        worker.train()
        shown = loaded.done("show", "1")
        assert "verdict" in shown
        assert "in standard deviations of the data set" in shown
    header, *rows = csv.reader(io.StringIO(loaded.done("sample", "1", "-n", "50", "-o", "csv")))
    values = np.array(rows, float)
    assert len(header) == len(columns(TrainConfig(points=6)))
    assert abs(values.mean() - LOADS.mean()) < 2 * LOADS.std()
    assert 1 < values.std() < 3 * LOADS.std()
    loaded.done("data", "remove", "loads", "--yes")
    assert "a data set that was removed" in loaded.done("show", "1")
    loaded.done("fetch-plot", "1", "--kind", "evolution")
    loaded.done("sample", "1")


def described_csv() -> str:
    """LOADS as a person has them: with dates, clock times and seasons, and a row for the unit."""
    header = ["date", *(f"{hour:02}:00" for hour in (0, 1, 2, 3, 12, 18)), "season"]
    units = ["", *["GW"] * 6, ""]
    rows = [
        [f"2024-01-{day + 1:02}", *(f"{load:.6f}" for load in row), ("summer", "winter")[day % 2]]
        for day, row in enumerate(101325 + LOADS / 1e4)
    ]
    return "\n".join(",".join(row) for row in [header, units, *rows]) + "\n"


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


def test_samples_have_the_header_and_the_digits_of_the_file(client: Client) -> None:
    Path("loads.csv").write_text(described_csv())
    client.done("data", "add", "loads.csv", "--name", "loads")
    client.submit("--data", "loads", *SMALL)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        snapshots = store.snapshots(1)
    client.done("fetch-plot", "1", "--kind", "evolution")
    header, *rows = csv.reader(io.StringIO(client.done("sample", "1", "-n", "40", "-o", "csv")))
    assert header == ["00:00", "01:00", "02:00", "03:00", "12:00", "18:00"]
    assert client.json("sample", "1")["x"] == [0, 1, 2, 3, 12, 18]
    for values in (np.array(rows, float), snapshots[-1].curves):
        # A float32 of 101325 has steps of 0.008, as wide as these curves are.
        assert len(np.unique(np.round(values, 6))) > 0.9 * values.size
        assert 101324 < values.mean() < 101326


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


def test_jobs_are_found_by_the_name_of_their_data_set(loaded: Client) -> None:
    loaded.submit("--data", "loads")
    loaded.submit()
    ids = {
        where: loaded.done("status", "--where", where, "-q").split()
        for where in ("data=loads", "data!=loads", "data~oa")
    }
    assert ids == {"data=loads": ["1"], "data!=loads": ["2"], "data~oa": ["1"]}


def test_data_sets_are_an_axis(loaded: Client) -> None:
    write_csv("others.csv", LOADS[:, :5] + 3)
    loaded.done("data", "add", "others.csv", "--name", "others")
    loaded.done(
        "sweep", "--no-worker", "--grid", "data=loads,others", "--grid", "lr=1e-3,1e-4", "--preset", "collapse-fix"
    )
    jobs = loaded.json("status", "--where", "data=others")
    assert [(job["id"], job["config"]["points"]) for job in jobs] == [(4, 5), (3, 5)]
    assert jobs[0]["name"] == "data=others lr=0.0001"
    assert {row["by"]["data"] for row in loaded.json("summary", "--sweep", "1")} == {"loads", "others"}
    assert loaded.json("compare", "1", "3")["config"]["data"] == ["loads", "others"]
    assert [row["data"] for row in csv.DictReader(io.StringIO(loaded.done("export")))] == ["loads"] * 2 + ["others"] * 2
    assert "no data set nope" in loaded.refused("sweep", "--grid", "data=loads,nope")
    assert "data" in loaded.refused("sweep", "--grid", "data=1..3", "--random", "2")


def test_a_data_set_that_jobs_need_stays(loaded: Client) -> None:
    loaded.submit("--data", "loads")
    assert "job 1 is queued and needs it; `curvegan cancel 1`" in loaded.refused("data", "remove", "loads")
    loaded.done("cancel", "1")
    said = loaded.refused("data", "remove", "loads")
    assert "1 job uses loads" in said
    assert "nothing of it can be trained again; nobody is there to be asked: say --yes" in said
    assert loaded.done("data", "list", "-q") == "loads\n"
    assert loaded.done("data", "remove", "loads", "--yes") == "Data set loads is removed.\n"
    assert "was removed; `curvegan data add`" in refused_rerun(loaded, "retry", "1")
    assert "was removed; `curvegan data add`" in refused_rerun(loaded, "resume", "1")
    assert loaded.json("show", "1")["state"] == "cancelled"
    loaded.done("data", "add", "loads.csv", "--name", "again")
    loaded.done("retry", "1", "--no-worker")


def refused_rerun(client: Client, *words: str) -> str:
    result = client(*words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr


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
