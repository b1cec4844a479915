"""Bad input, thousands of times: one line on stderr, exit code 2, no traceback, no row, no file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from curvegan_core.config.train import TrainConfig

from ..client import Client

KEYS = [*TrainConfig.model_fields, "lr", "curve.a", "curve.c", "curve.family"]
HUGE = ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "1e999", "-1e999", "1" + "0" * 400, "[" * 4000, "x" * 100_000]
WRONG = [
    "nan",
    "inf",
    "-inf",
    "+nan",
    "-1",
    "1e400",
    "''",
    "[]",
    "{}",
    "{a = 1}",
    "[1, [2, [3]]]",
    "1979-05-27",
    "\x00",
]
NEAR = ["stepz", "step", "Steps", "steps ", "lr_x", "batchsize", "curve.b", "curve.a.a", "hidden", "seed.x", "sead"]
REFUSED: Counter[str] = Counter()
FUZZED = 7
EXTREME = settings(deadline=None, suppress_health_check=list(HealthCheck))

words = st.text(max_size=20)
numbers = st.integers().map(str) | st.floats().map(str)
values = st.sampled_from([*HUGE, *WRONG]) | words | numbers | st.text("[]{}='\",.#0x_eE+-1\n ", max_size=30)
keys = st.sampled_from(KEYS) | st.sampled_from(NEAR) | words | st.text("a.", max_size=40)
pairs = st.lists(st.tuples(keys, values), min_size=1, max_size=3)
options = st.sampled_from(
    ["--lr", "--lr-g", "--steps", "--seed", "--batch-size", "--curve", "--loss", "--device", "--engine", "--priority"]
)
toml_like = st.lists(st.tuples(keys, st.sampled_from([" = ", "=", ": ", ""]), values), max_size=4).map(
    lambda lines: "\n".join(map("".join, lines))
)
files = st.binary(max_size=200) | toml_like.map(lambda text: text.encode(errors="surrogatepass"))
ids = st.from_regex(r"[0-9]{1,20}(-[0-9]{1,20})?|[-a-z0-9.]{1,6}", fullmatch=True) | words
commands = st.sampled_from(
    [
        *(["show"], ["wait"], ["cancel"], ["retry"], ["losses"], ["fetch-plot"], ["fetch-checkpoint"], ["sample"]),
        *(["events"], ["status"], ["logs"], ["explain"], ["resume"], ["extend", "--steps", "20000"]),
    ]
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client whose store has one queued job; it and all files must be the same in the end."""
    client = Client(tmp_path_factory.mktemp("stored") / "home")
    client.submit("--name", "the only one")
    before, files_before = rows(client), tree(client)
    yield client
    assert rows(client) == before
    assert tree(client) == files_before


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def rows(client: Client) -> list[tuple[Any, ...]]:
    engine = create_engine(f"sqlite:///{client.home}/curvegan.db")
    with engine.connect() as connection:
        found = [
            tuple(row)
            for name in ("jobs", "job_tags", "events")
            for row in connection.execute(text(f"SELECT * FROM {name}"))
        ]
    engine.dispose()
    return found


def tree(client: Client) -> set[str]:
    return {path.name for path in client.home.rglob("*")} - {"curvegan.db-wal", "curvegan.db-shm"}


def refused(result: Result, test: str) -> bool:
    """Whether the input was bad; if so it must have been refused as bad input is."""
    if result.exit_code == 0:
        return False
    REFUSED[test] += 1
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("\n")
    assert result.stderr[:-1].isprintable()
    assert len(result.stderr) < 1100
    return True


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=500)
@given(pairs)
def test_set(stored: Client, pairs: Sequence[tuple[str, str]]) -> None:
    sets = [word for pair in pairs for word in ("--set", *pair)]
    assume(refused(stored("submit", "--dry-run", *sets), "set"))


@settings(EXTREME, max_examples=400)
@given(files)
def test_config_files(stored: Client, folder: Path, data: bytes) -> None:
    (folder / "job.toml").write_bytes(data)
    assume(refused(stored("submit", "--dry-run", "--config", "job.toml"), "files"))
    assert list(folder.iterdir()) == [folder / "job.toml"]


@settings(EXTREME, max_examples=200)
@given(files)
def test_the_projects_own_file(stored: Client, folder: Path, data: bytes) -> None:
    (folder / "curvegan.toml").write_bytes(data)
    result = stored("submit", "--dry-run")
    (folder / "curvegan.toml").unlink()
    assume(refused(result, "own file"))


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=300)
@given(st.lists(st.tuples(options, values), min_size=1, max_size=3))
def test_options(stored: Client, given: Sequence[tuple[str, str]]) -> None:
    assume(refused(stored("submit", "--dry-run", *(word for pair in given for word in pair)), "options"))


pieces = st.sampled_from(["lin:", "log:", "..", ",", ":", "1e-3", "3", "", "nan", "-1", "ns", "=", *HUGE]) | values
axes = st.tuples(keys, st.lists(pieces, max_size=5).map("".join)).map("=".join) | words


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=400)
@given(st.lists(axes, min_size=1, max_size=3), st.sampled_from([[], ["--random", "3"], ["--seeds", "2"]]))
def test_axes(stored: Client, grids: Sequence[str], more: list[str]) -> None:
    typed = [word for grid in grids for word in ("--grid", grid)]
    assume(refused(stored("sweep", "--dry-run", *typed, *more), "axes"))


BAD_LABELS = st.sampled_from(["", "\x00", "\udc80", "x" * 201, "x" * 100_000, "a\x00b"])


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=100)
@given(st.sampled_from(["--name", "--tag"]), BAD_LABELS | words.map(lambda word: word + "\x00" + word))
def test_labels(stored: Client, option: str, label: str) -> None:
    assert refused(stored("submit", "--no-worker", option, label), "labels")


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=400)
@given(commands, ids.filter(lambda word: word not in ("1", "last", "all")), st.sampled_from([[], ["-o", "json"]]))
def test_selectors(stored: Client, command: list[str], selector: str, form: list[str]) -> None:
    assume(selector.strip("0") != "1" and "1-" not in selector and "0-" not in selector)
    assert refused(stored(*command, *form, "--", selector), "selectors")


@pytest.mark.usefixtures("folder")
@settings(EXTREME, max_examples=200)
@given(st.lists(st.text("-abcdefghijklmnop=.0129 ", max_size=12), min_size=1, max_size=4))
def test_command_lines(stored: Client, line: list[str]) -> None:
    assume(line[0] not in ("-h", "--h", "--help", "db") and "--" not in line[:1])
    assert refused(stored(*line), "command lines")


def test_they_were_two_thousand() -> None:
    if len(REFUSED) < FUZZED:
        pytest.skip("only some of them were run")
    assert sum(REFUSED.values()) >= 2000


def test_a_file_that_is_no_config_is_not_read_to_its_end(stored: Client, folder: Path) -> None:
    assert "too large" in stored.refused("submit", "--config", "/dev/zero")
    (folder / "job.toml").write_text("a" + ".a" * 30_000 + " = 1")
    assert "line of more than 4000" in stored.refused("submit", "--config", "job.toml")
    (folder / "job.toml").write_text("a" + ".a" * 1_900 + " = 1")
    assert "nested more than" in stored.refused("submit", "--config", "job.toml")
    (folder / "curvegan.toml").write_text('[settings]\nhome = "a\\u0000b"')
    nowhere = Client(stored.home, environment={"CURVEGAN_HOME": None})
    assert "is no path" in nowhere.refused("status")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("status --limit 1000001", "--limit"),
        (f"status --limit {'9' * 30}", "--limit"),
        (f"fetch-checkpoint 1 --step {'9' * 30}", "--step"),
        ("sample 1 -n 100001", "-n"),
        ("status --tag \udc80", "valid Unicode"),
        (f"status --tag {'x' * 101}", "1 to 100 characters"),
        ("submit --set spectral_norm=yes", "true or false (got 'yes'), did you mean true?"),
        ("submit --set device=mps", "did you mean 'cpu'?"),
        ("status " + " ".join(f"--tag {n}" for n in range(33)), "at most 32 tags"),
        ("show 99999999999999999", "no job 99999999999999999"),
        ("status 2-999999999999999999", "there is no job from 2"),
        ("status 9999999999999999999", "no job is called"),
        (f"cancel 1 --reason {'x' * 501}", "1 to 500 characters"),
        ("cancel 1 --reason \udc80", "valid Unicode"),
        ("worker --concurrency 513", "--concurrency"),
        ("worker --exit-when-idle nan", "no duration"),
        ("worker --exit-when-idle inf", "--exit-when-idle"),
        ("worker --hang-after nan", "no duration"),
        ("worker --hang-after 1e9", "--hang-after"),
        ("submit --priority 1001", "--priority"),
        (f"submit --config {'x' * 300}", "cannot be read"),
        ("--home ~nobodysuch status", "is no path"),
    ],
    ids=lambda value: ascii(value[:30]),
)
def test_what_is_out_of_bounds_has_a_name(stored: Client, line: str, said: str) -> None:
    assert said in stored.refused(*line.split(" "))


def test_every_form_of_a_range_is_bounded_by_what_there_is(stored: Client) -> None:
    assert stored.json("status", "1-999999999999999999")[0]["id"] == 1
    assert stored("status", *(["1-99999999999"] * 500), "-q").stdout == "1\n"
