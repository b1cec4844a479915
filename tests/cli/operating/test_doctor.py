"""curvegan doctor: each line in a place where it is ok, and in one where it is not. Nothing is played but the probe."""

import json
import re
import time

from curvegan.watching.checks import OK, PROBLEM, WARNING, Finding

from ..client import SMALL, Client
from .test_workers import WITHOUT_ENGINES


def examined(client: Client, *checks_wanted: str, exit_code: int) -> dict[str, Finding]:
    """The findings by check, as JSON has them."""
    result = client("doctor", "-o", "json")
    assert result.exit_code == exit_code, result.output
    found = {each["check"]: Finding(**each) for each in json.loads(result.stdout)}
    assert set(checks_wanted) <= set(found)
    return found


def test_a_new_embedded_home_is_fine(client: Client) -> None:
    found = examined(client, "database", "schema", "clock", "workers", "wal", "broker", "engines", "disk", exit_code=0)
    assert {each.level for each in found.values()} <= {OK, WARNING}
    assert str(client.home) in found["wal"].text
    assert [path.name for path in client.home.iterdir() if "check" in path.name] == []
    assert examined(client, exit_code=0)["schema"].text.startswith("at 0")


def test_a_database_on_a_server_is_asked_for_its_clock(any_client: Client) -> None:
    any_client.done("status")
    found = examined(any_client, "clock", exit_code=0)
    assert found["clock"].level == OK
    assert ("wal" in found) == str(any_client.database_url).startswith("sqlite")
    table = any_client.done("doctor")
    assert table.splitlines()[0].split() == ["CHECK", "RESULT", "FOUND", "TO", "DO"]


def test_an_empty_server_needs_an_upgrade(empty_database_url: str, client: Client) -> None:
    client.database_url = empty_database_url
    if empty_database_url.startswith("sqlite"):
        assert examined(client, exit_code=0)["schema"].level == OK
        return
    found = examined(client, exit_code=1)
    assert (found["schema"].level, found["schema"].command) == (PROBLEM, "curvegan db upgrade")
    assert "workers" not in found


def test_a_database_that_is_away_is_a_problem_without_its_password(client: Client) -> None:
    client.database_url = "postgresql+psycopg://ann:opensesame@127.0.0.1:1/c"
    result = client("doctor")
    assert result.exit_code == 1
    assert "opensesame" not in result.output
    found = examined(client, "broker", "engines", "disk", exit_code=1)
    assert found["database"].level == PROBLEM
    assert "ann:***@127.0.0.1:1/c" in found["database"].text


def test_a_home_that_cannot_be_is_a_problem(client: Client) -> None:
    client.database_url = "sqlite:////proc/curvegan/c.db"
    found = examined(client, exit_code=1)
    assert {found["database"].level, found["wal"].level} == {PROBLEM}
    assert found["wal"].text.startswith("no write-ahead log: /proc: ")


def test_a_broker_is_tried_by_a_message_and_back(client: Client, redis_url: str) -> None:
    client.environment["CURVEGAN_BROKER_URL"] = redis_url
    assert examined(client, exit_code=0)["broker"].text.endswith("gave a message back")
    client.environment["CURVEGAN_BROKER_URL"] = "redis://:opensesame@127.0.0.1:1/0"
    broken = examined(client, exit_code=1)["broker"]
    assert broken.level == PROBLEM
    assert "redis://127.0.0.1:1/0" in broken.text
    assert "opensesame" not in client("doctor").output


def test_workers_are_told_by_their_last_beat(any_client: Client) -> None:
    any_client.submit(*SMALL)
    found = examined(any_client, exit_code=1)["workers"]
    assert (found.level, found.command) == (PROBLEM, "curvegan worker")
    begun = time.monotonic()
    with any_client.store() as store:
        store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0")
    found = examined(any_client, exit_code=0)["workers"]
    told = re.fullmatch(r"1 live, 0 lost: host:4711 idle, heard of (\d+) s ago", found.text)
    assert found.level == OK
    assert told
    assert int(told[1]) <= round(time.monotonic() - begun)


def test_without_engines_an_embedded_store_has_a_problem_and_a_client_none(client: Client) -> None:
    finding = without_engines(client)
    assert (finding["level"], finding["command"]) == (PROBLEM, "pip install 'curvegan[worker]'")
    client.database_url = "postgresql+psycopg://ann@127.0.0.1:1/c"
    finding = without_engines(client)
    assert (finding["level"], finding["text"][:17]) == (OK, "none is installed")


def without_engines(client: Client) -> dict[str, str]:
    """What is said of engines where there are none. Either way there is a problem: of these, or of the database."""
    done = client.alone("doctor", "-o", "json", code=WITHOUT_ENGINES)
    assert done.returncode == 1
    [finding] = [each for each in json.loads(done.stdout) if each["check"] == "engines"]
    return dict(finding)


def test_a_job_that_no_live_worker_has_the_engine_for_is_a_warning(any_client: Client) -> None:
    any_client.submit("--engine", "torch", *SMALL)
    with any_client.store() as store:
        store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0", ["fused"])
    finding = examined(any_client, exit_code=0)["workers"]
    assert finding.level == WARNING
    assert "job 1 waits for a worker with the torch engine; `curvegan worker` starts one" in finding.text


def test_doctor_imports_no_torch(client: Client) -> None:
    code = (
        "import sys\nfrom curvegan_cli.main import main\n"
        "main(['doctor'], standalone_mode=False)\nprint('torch' in sys.modules, file=sys.stderr)"
    )
    assert client.alone(code=code).stderr.splitlines()[-1] == "False"
