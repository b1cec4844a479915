"""The command as a whole: its help, its start, its error lines and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from curvegan.submitting.typed import KEYS
from curvegan_cli.commands import INDEX
from curvegan_cli.commands.results import fetching
from curvegan_cli.main import main

from ..worker.fleet import CURVEGAN
from .client import Client

HEAVY = {"torch", "celery", "sqlalchemy", "pydantic", "matplotlib", "numpy", "rich", "alembic", "platformdirs"}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(main), ids=lambda path: " ".join(path) or "curvegan")
def test_help_imports_nothing_heavy_and_has_an_example(path: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from curvegan_cli.main import main\n"
        f"main([*{path!r}, '--help'], standalone_mode=False)\n"
        f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {HEAVY!r}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("Usage:")
    example = done.stdout.partition("Example")[2]
    assert f"curvegan {' '.join(path)}".strip() in example or path == ("db", "upgrade")


def test_help_is_quick() -> None:
    def seconds(*words: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        return time.perf_counter() - start

    help_text = ("-c", "from curvegan_cli.main import main; main(['--help'])")
    ratios = [seconds(*help_text) / seconds("-c", "import click") for _ in range(7)]
    assert min(ratios) < 1.5


def test_the_help_says_of_each_command_what_that_says_of_itself() -> None:
    said = {name: command.get_short_help_str(limit=1000) for name, command in main.commands.items()}
    assert {name: line for name, (_, line) in INDEX.items()} == said
    assert {name: command.name for name, command in main.commands.items()} == {name: name for name in INDEX}


def test_the_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom curvegan_cli.main import main\nmain(['--help'], standalone_mode=False)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {f"curvegan_cli.commands.{module}" for module, _ in INDEX.values()}
    assert modules & {*done.stdout.splitlines()[-1].split()} == set()


def test_commands_are_those_of_the_product() -> None:
    assert {" ".join(path) for path in commands(main)} == {
        *("", "submit", "status", "show", "wait", "cancel", "retry", "losses", "fetch-plot", "fetch-checkpoint"),
        *("sample", "baseline", "events", "worker", "workers", "config", "db", "db upgrade", "db status", "db prune"),
        *("db backup", "db restore"),
        *("resume", "extend", "fork", "logs", "explain", "doctor", "sweep", "sweeps", "tune"),
        *("best", "compare", "summary", "plot", "export", "copy", "settings"),
        *("curves", "data", "data add", "data list", "data show", "data remove", "metrics", "spectrum"),
        *("rename", "tag", "note", "delete", "completion", "dashboard", "metrics-text", "animate", "report"),
    }


def test_names_that_help_repeats_are_those_of_the_core() -> None:
    from curvegan.pictures.job_picture import OWN_KINDS
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.plotting import own_plots
    from curvegan_core.plotting.job_plots import KINDS

    assert (fetching.KINDS, OWN_KINDS) == (KINDS, own_plots.OWN_KINDS)
    assert {*KEYS} - {"lr"} <= {*TrainConfig.model_fields}


def test_version(client: Client) -> None:
    assert client.done("--version").startswith("curvegan 0.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["submit", "--stepz", "3"], "--stepz"),
        (["--frobnicate"], "--frobnicate"),
        (["sumbit"], "sumbit"),
        (["cancel"], "ID"),
        (["show", "3-9"], "'3-9' is more than one job"),
        (["status", "9-3"], "'9-3' is empty"),
        (["status", "--state", "dead"], "'dead' is not one of"),
        (["fetch-plot", "1", "--kind", "pie"], "'pie' is not one of"),
        (["sample", "1", "-n", "0"], "-n"),
        (["sample", "1", "--seed", "-1"], "--seed"),
        (["worker", "--concurrency", "0"], "--concurrency"),
        (["worker", "--exit-when-idle", "0"], "--exit-when-idle"),
        (["worker", "--device", "tpu"], "device"),
        (["status", "--watch"], "--watch shows a table on a terminal"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line_and_stores_nothing(client: Client, words: list[str], said: str) -> None:
    assert said in client.refused(*words)
    assert not client.home.exists()


def test_no_command_at_all_shows_the_help(client: Client) -> None:
    result = client()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_an_unexpected_error_keeps_its_traceback(tmp_path: Path) -> None:
    code = (
        "from curvegan_cli import main\n"
        "main.main.commands['config'].callback = lambda **_: 1 / 0\n"
        "main.main(['config'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'from curvegan_cli.main import main; main()' config | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("words", [["config"], ["fetch-plot", "1", "--output", "-"], ["losses", "1", "-o", "csv"]])
def test_a_full_disk_behind_stdout_is_one_line(trained: Client, words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(**trained.command(*words), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: what stdout goes to has no space left; send it elsewhere\n"


def test_ctrl_c_is_exit_130(tmp_path: Path) -> None:
    code = (
        "import time\n"
        "from curvegan_cli import main\n"
        "def sleep(**_):\n"
        "    print('started', flush=True)\n"
        "    time.sleep(60)\n"
        "main.main.commands['config'].callback = sleep\n"
        "main.main(['config'])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert (process.returncode, stderr.strip()) == (130, "Interrupted.")


_HANGS = "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(60)"


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ([CURVEGAN, "--help"], "click"),
        ([CURVEGAN, "settings"], "platformdirs"),
        ([CURVEGAN, "status"], "sqlalchemy"),
        (
            ["env", "_CURVEGAN_COMPLETE=bash_complete", "COMP_WORDS=curvegan\nshow\n", "COMP_CWORD=2", CURVEGAN],
            "sqlalchemy",
        ),
        ([sys.executable, "-P", "-m", "curvegan_worker"], "uuid"),
        ([sys.executable, "-P", "-m", "curvegan_worker.host.child"], "sqlalchemy"),
    ],
    ids=["help", "settings", "status", "tab", "supervisor", "worker process"],
)
def test_ctrl_c_while_something_is_imported_is_one_quiet_end(
    command: list[str], module: str, tmp_path: Path, client: Client
) -> None:
    """With a module in the way that takes for ever."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / f"{module}.py").write_text(_HANGS)
    client.submit()
    environment = os.environ | {"CURVEGAN_HOME": str(client.home), "PYTHONPATH": str(tmp_path / "path")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (0 if "child" in command[-1] else 130, "")
    assert stderr in ("", "Interrupted.\n")


def test_ctrl_c_in_a_callback_of_python_is_not_lost() -> None:
    code = (
        "import curvegan_core.interrupts as interrupts, signal\n"
        "interrupts.end_quietly()\n"
        "class Dying:\n"
        "    def __del__(self): signal.raise_signal(signal.SIGINT)\n"
        "with interrupts.Interruptible(): Dying()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_at_a_question_is_no_answer(client: Client) -> None:
    client.submit()
    keyboard, terminal = os.openpty()
    process = subprocess.Popen(
        **client.command("delete", "1"), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = ""
    while not said.endswith("[y/N]: "):
        more = process.stderr.read(1)
        assert more, said
        said += more
    time.sleep(1)  # a signal that comes just before a read begins is seen with the next key only
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert (process.returncode, rest) == (130, "\nInterrupted.\n")
    assert client.done("status", "-q") == "1\n"
    for descriptor in (keyboard, terminal):
        os.close(descriptor)


def test_settings_come_from_options_then_environment_then_project_then_user(client: Client, tmp_path: Path) -> None:
    def database() -> str:
        return str(json.loads(client("db", "status", "-o", "json").stdout)["database"])

    client.environment["CURVEGAN_HOME"] = None
    user = client.home / "config" / "curvegan" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(f"[settings]\ndatabase_url = 'sqlite:///{tmp_path}/user.db'\n")
    assert database().endswith("/user.db")
    Path("curvegan.toml").write_text(f"[settings]\nhome = 'jobs'\ndatabase_url = 'sqlite:///{tmp_path}/project.db'")
    assert database().endswith("/project.db")
    client.database_url = f"sqlite:///{tmp_path}/environment.db"
    assert database().endswith("/environment.db")
    given = client("--database-url", f"sqlite:///{tmp_path}/option.db", "db", "status", "-o", "json")
    assert json.loads(given.stdout)["database"].endswith("/option.db")


def test_a_home_in_the_project_file_lies_below_that_file(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.environment["CURVEGAN_HOME"] = None
    Path("curvegan.toml").write_text("[settings]\nhome = 'jobs'\n")
    Path("deep/er").mkdir(parents=True)
    monkeypatch.chdir("deep/er")
    client.done("status")
    assert Path("../../jobs/curvegan.db").is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[settings]\nhom = 'x'", "'hom'"),
        ("[settings]\nhome = 3", "'home'"),
        ("[setings]\nhome = 'x'", "'setings'"),
        ("settings = 3", "'settings'"),
        ("[settings", "is not TOML"),
    ],
)
def test_a_wrong_project_file_is_one_line(client: Client, text: str, said: str) -> None:
    Path("curvegan.toml").write_text(text)
    assert said in client.refused("status")
