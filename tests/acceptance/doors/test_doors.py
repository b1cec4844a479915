"""What comes in through the queue and the store is data: nothing of it is ever executed, or taken for what it is not.

The payload of every planted pickle would leave a file behind.
"""

import ast
import base64
import json
import pickle
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import delete, insert, update

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.values import JobRequest, QueuedJob
from curvegan_worker.celery.app import app
from curvegan_worker.celery.consumer import check
from curvegan_worker.celery.nudges import nudge
from curvegan_worker.celery.queues import queue_for, transport_options
from curvegan_worker.settings import Settings

from ...cli.client import SMALL, Client, PlayedWorker
from ...servers import RedisServer
from ...worker.fleet import run_fleet, wait_until
from ..means.broker import QUEUE

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [path for top in ("cli", "curvegan", "worker", "db", "core") for path in sorted((ROOT / top).rglob("*.py"))]
SHORT = TrainConfig.parse({"steps": 60, "hidden_g": 8, "hidden_d": 8, "batch_size": 4})

EXECUTING_NAMES = {"eval", "exec", "compile", "__import__"}
EXECUTING_MODULES = {
    *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "pty", "code", "runpy"),
    *("torch.package", "torch.hub", "jsonpickle", "yaml"),
}
EXECUTING_ATTRIBUTES = {
    *(
        "os.system",
        "os.popen",
        "torch.load",
        "torch.save",
        "numpy.load",
        "np.load",
        "yaml.load",
        "subprocess.getoutput",
    ),
    *("np.memmap", "numpy.fromfile", "builtins.eval", "builtins.exec"),
}


def parts_of(path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((f"import {alias.name}", node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"import {node.module}.{alias.name}", node) for alias in node.names)
            yield f"import {node.module}", node
        elif isinstance(node, ast.Name):
            yield node.id, node
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node), node
        elif isinstance(node, ast.keyword):
            yield f"{node.arg}={ast.unparse(node.value)}", node


def is_a_door(part: str) -> bool:
    if part.startswith("import "):
        name = part.removeprefix("import ")
        return any(name == module or name.startswith(f"{module}.") for module in EXECUTING_MODULES)
    return part in EXECUTING_NAMES | EXECUTING_ATTRIBUTES | {"shell=True", "allow_pickle=True", "weights_only=False"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_executes_data(path: Path) -> None:
    assert [f"line {getattr(node, 'lineno', '?')}: {part}" for part, node in parts_of(path) if is_a_door(part)] == []


@pytest.mark.parametrize(
    "code",
    [
        *(
            "import pickle",
            "from pickle import loads",
            "import torch.hub",
            "eval('1')",
            "exec(x)",
            "import os; os.system",
        ),
        *("from dill import *", "run('ls', shell=True)", "torch.load(f)", "np.load(f)", "load(f, allow_pickle=True)"),
    ],
)
def test_the_test_above_sees_doors(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(code)
    assert any(is_a_door(part) for part, _ in parts_of(tmp_path / "a.py"))


class _Payload:
    """Unpickled, it makes a file."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._trace,)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The file that a payload would make; unpickling one here shows that it does."""
    path = tmp_path / "executed"
    pickle.loads(pickle.dumps(_Payload(path)))  # noqa: S301  to see that the payload works
    path.unlink()
    return path


def message(body: bytes, content_type: str, encoding: str = "binary", compression: str | None = None) -> str:
    """A Celery message as it lies in Redis."""
    task = {"lang": "py", "task": "curvegan.train", "id": str(uuid.uuid4()), "argsrepr": "()", "retries": 0}
    properties = {
        "correlation_id": task["id"],
        "delivery_mode": 2,
        "delivery_tag": str(uuid.uuid4()),
        "delivery_info": {"exchange": "", "routing_key": "curvegan.cpu"},
        "body_encoding": "base64",
    }
    headers = task | ({"compression": compression} if compression else {})
    whole = {"content-type": content_type, "content-encoding": encoding, "headers": headers, "properties": properties}
    return json.dumps(whole | {"body": base64.b64encode(body).decode()})


def hostile_messages(trace: Path) -> list[str | bytes]:
    planted = pickle.dumps(((_Payload(trace),), {}, {}))
    as_json = json.dumps([[1], {}, {}]).encode()
    return [
        message(planted, "application/x-python-serialize"),
        message(planted, "application/x-python-serialize", "utf-8"),
        message(planted, "application/json", "utf-8"),
        message(planted, "application/data"),
        message(planted, "application/x-yaml", "utf-8"),
        message(b"!!python/object/apply:os.system ['true']", "application/x-yaml", "utf-8"),
        message(b"[" * 100_000, "application/json", "utf-8"),
        message(as_json, "application/json", "utf-8", compression="no-such"),
        message(as_json, "application/json", "utf-8").replace("curvegan.train", "os.system"),
        message(json.dumps([["a", "b", "c"], {"x": 1}, {}]).encode(), "application/json", "utf-8"),
        message(b"[]", "application/json", "utf-8"),
        message(as_json, "application/json", "utf-8").replace("curvegan.train", "celery.map"),
        message(as_json, "application/json", "utf-8").replace('"retries"', '"eta": "2100-01-01T00:00:00", "retries"'),
        message(b'[[1], {}, {"callbacks": [{"task": "celery.map"}]}]', "application/json", "utf-8"),
        message(as_json, "application/json", "utf-8").replace('"delivery_tag"', '"no_tag"'),
        message(as_json, "application/json", "utf-8").replace('"headers"', '"no_headers"'),
        *("no message at all", "{}", "[]", "null", "1" * 5000, "[" * 5000, b"\xff\xfe", pickle.dumps(_Payload(trace))),
    ]


@pytest.fixture
def broker() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_pickle_in_the_queue_is_refused_and_the_worker_goes_on(
    store: Store, database_url: str, broker: RedisServer, tmp_path: Path, trace: Path
) -> None:
    settings = Settings.resolve(str(tmp_path / "home"), database_url, broker.url)
    with redis.Redis.from_url(broker.url) as queue, run_fleet(settings, "--device", "cpu") as fleet:
        wait_until(lambda: store.workers(), 60, "no worker registered")
        [pid] = fleet.pids()
        for hostile in hostile_messages(trace):
            queue.lpush(QUEUE, hostile)
        wait_until(lambda: queue.llen(QUEUE) == 0, 60, fleet.log)
        [job] = store.submit([JobRequest(SHORT)])
        wait_until(lambda: store.job(job).state == "succeeded", 60, fleet.log)
        assert fleet.pids() == [pid]
        log = fleet.log()
    assert not trace.exists()
    lines = [line for line in log.splitlines() if "a message is refused" in line]
    assert any("content of type pickle" in line for line in lines)
    assert len(lines) >= 18
    assert all(line.isprintable() and len(line) < 400 for line in lines)
    assert "py.warnings" not in log
    assert "Traceback" not in log.replace("RestartFreqExceeded", "").partition("Frequent restarts")[0]


def test_what_a_client_sends_is_a_nudge(broker: RedisServer, tmp_path: Path) -> None:
    """Not shown by jobs that run, for workers also poll."""
    settings = Settings.resolve(str(tmp_path), None, broker.url)
    assert nudge(settings, [QueuedJob(17, "auto")]) is None
    with app.connection_for_read(broker.url, transport_options=transport_options(settings)) as connection:
        sent = connection.SimpleQueue(queue_for(settings, "cpu")).get(timeout=5)
    assert sent.payload[0] == [17]
    check(sent)


def test_messages_are_json_only() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == app.conf.result_serializer == app.conf.event_serializer == "json"
    assert app.conf.result_accept_content in (None, ["json"])
    assert app.conf.result_backend is None
    assert app.conf.worker_enable_remote_control is False


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a store with job 1, trained to its end."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    client = Client(tmp_path / "home")
    client.submit(*SMALL)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    return client


COLUMNS = {"checkpoints": "data", "plots": "png", "snapshots": "data", "loss_chunks": "data"}
TABLES = {"checkpoints": models.Checkpoint, "plots": models.Plot, "snapshots": models.Snapshot}
COMMANDS = {
    "checkpoints": [("fetch-checkpoint", "1"), ("sample", "1"), ("fetch-checkpoint", "1", "--step", "100")],
    "plots": [("fetch-plot", "1"), ("fetch-plot", "1", "--kind", "losses", "--output", "-")],
    "loss_chunks": [("losses", "1"), ("losses", "1", "-o", "csv")],
}


def plant(store: Store, table: str, data: bytes) -> None:
    """Put the bytes into every row of a table."""
    model = {**TABLES, "loss_chunks": models.LossChunk}[table]
    with store.engine.begin() as connection:
        connection.execute(update(model).values({COLUMNS[table]: data}))


@pytest.mark.parametrize("table", COMMANDS)
def test_a_pickle_in_a_row_is_refused_in_one_line(client: Client, trace: Path, table: str) -> None:
    with client.store() as store:
        plant(store, table, pickle.dumps(_Payload(trace)))
    for command in COMMANDS[table]:
        assert "refused" in client.refused(*command, exit_code=1)
    assert client.json("status")[0]["state"] == "succeeded"
    assert client.json("show", "1")["id"] == 1
    assert not trace.exists()
    assert list(Path().iterdir()) == []


def test_a_pickle_in_a_snapshot_is_refused_in_one_line(client: Client, trace: Path) -> None:
    with client.store() as store:
        plant(store, "snapshots", pickle.dumps(_Payload(trace)))
        with store.engine.begin() as connection:
            connection.execute(delete(models.Plot))
    for kind in ("curve", "evolution"):
        assert "stored snapshot of job 1 is refused" in client.refused("fetch-plot", "1", "--kind", kind, exit_code=1)
    assert not trace.exists()


def test_a_pickle_that_has_the_size_of_losses_is_no_loss_curve(client: Client, trace: Path) -> None:
    planted = pickle.dumps(_Payload(trace))
    with client.store() as store:
        plant(store, "loss_chunks", planted + b"." * (-len(planted) % 28))
    assert "refused" in client.refused("losses", "1", exit_code=1)
    assert not trace.exists()


def test_a_checkpoint_that_says_it_is_a_pickle_is_refused(client: Client, trace: Path) -> None:
    """A safetensors header whose text is not ours, with a pickle where the tensors lie."""
    header = json.dumps({"__metadata__": {"curvegan": "cos\nsystem\n(S'true'\ntR."}}).encode()
    with client.store() as store:
        plant(store, "checkpoints", struct.pack("<Q", len(header)) + header + pickle.dumps(_Payload(trace)))
    assert "checkpoint refused" in client.refused("sample", "1", exit_code=1)
    assert not trace.exists()


def test_a_worker_that_finds_pickles_trains_from_the_start(
    store: Store, database_url: str, tmp_path: Path, trace: Path
) -> None:
    """Every checkpoint of the job is a pickle: each is refused by name, and the job begins at step 0."""
    [job] = store.submit([JobRequest(SHORT)])
    planted = {"job_id": job, "step": 30, "attempt": 0, "sha256": "0" * 64, "data": pickle.dumps(_Payload(trace))}
    with store.engine.begin() as connection:
        at = store.job(job).created_at
        connection.execute(insert(models.Checkpoint).values(created_at=at, size=100, **planted))
        # A job that recorded nothing is not even asked for its checkpoints.
        connection.execute(update(models.Job).where(models.Job.id == job).values(step=30))
    settings = Settings.resolve(str(tmp_path / "home"), database_url, None)
    with run_fleet(settings, "--device", "cpu") as fleet:
        wait_until(lambda: store.job(job).state == "succeeded", 60, fleet.log)
    refusals = [event.detail for event in store.events(job) if event.kind == "checkpoint_refused"]
    assert len(refusals) == 1
    assert "at step 30: checkpoint refused: damaged or no checkpoint at all" in str(refusals[0])
    assert store.losses(job).steps.tolist() == list(range(0, 60, 10))
    assert not trace.exists()
