"""What is in deploy/ fits the product: each file by what can check it here, and names by what the product has."""

import importlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Board
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from curvegan.watching.exposition import exposition
from curvegan_db.store import Store

from ...cli.client import Client
from ...db.population import change
from ...test_docs import problem_of

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
BOARD = json.loads((DEPLOY / "grafana" / "curvegan.json").read_text())
UNITS = sorted((DEPLOY / "systemd").iterdir())
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in ALERTS},
    **{f"panel {one['title']}": target["expr"] for one in BOARD["panels"] for target in one["targets"]},
}
# Where the classes are that were made from the schemas of Kubernetes, and from KEDA's custom resources.
SCHEMAS = {
    "v1": "kubernetes.core.v1",
    "apps/v1": "kubernetes.apps.v1",
    "batch/v1": "kubernetes.batch.v1",
    "keda.sh/v1alpha1": "keda.v1alpha1",
}
# A store where all is wrong, one where all is well, and none at all; what of each is told every minute.
BAD = {
    **{'curvegan_jobs{state="queued"}': "3x30", 'curvegan_jobs{state="running"}': "1x30"},
    **{'curvegan_workers{state="idle"}': "0x30", 'curvegan_workers{state="failing"}': "1x30"},
    **{f'curvegan_faults{{kind="{kind}"}}': "0+1x30" for kind in ("lost", "not_begun", "checkpoint_refused")},
    **{"curvegan_oldest_queued_seconds": "4000x30", "curvegan_steps_left": "500x30", "curvegan_info": "1x30"},
}
GOOD = {
    **dict.fromkeys(BAD, "0x30"),
    **{'curvegan_jobs{state="running"}': "1x30", 'curvegan_workers{state="idle"}': "1x30"},
    **{"curvegan_steps_left": "5000-10x30", "curvegan_info": "1x30"},
}


def manifests() -> Iterator[dict[str, Any]]:
    for path in (DEPLOY / "kubernetes").iterdir():
        yield from yaml.safe_load_all(path.read_text())


def of_kind(kind: str) -> dict[str, Any]:
    [found] = [one for one in manifests() if one["kind"] == kind]
    return found


def test_alarms_and_panels_ask_for_what_the_product_exports(tmp_path: Path) -> None:
    with Client(tmp_path).store() as store:
        families = list(text_string_to_metric_families(exposition(store.gauges())))
    words = {family.name: {word for sample in family.samples for word in sample.labels.values()} for family in families}
    for name, expression in EXPRESSIONS.items():
        promql_parser.parse(expression)
        asked = re.findall(r'(curvegan_\w+)(?:\{\w+=~?"([^"]*)"\})?', expression)
        assert asked, name
        for metric, labels in asked:
            assert metric in words, name
            assert set(filter(None, labels.split("|"))) <= words[metric], name


def test_each_alarm_says_what_to_type() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("warning", "critical")
        for words in re.findall(r": (curvegan .*)$", rule["annotations"]["summary"]):
            assert problem_of(shlex.split(words.partition(" says")[0])[1:]) is None


def test_the_board_is_one_that_grafana_imports() -> None:
    assert BOARD["templating"]["list"][0]["type"] == "datasource"
    assert len({one["id"] for one in BOARD["panels"]}) == len(BOARD["panels"])
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in BOARD["panels"]]
    assert len(set(places)) == len(places)
    assert all(one["gridPos"]["x"] + one["gridPos"]["w"] <= 24 for one in BOARD["panels"])


def test_grafana_knows_every_word_of_the_board() -> None:
    """Its own classes read the board, and print it again with what is usual added and nothing lost."""
    assert is_within(BOARD, json.loads(JSONEncoder().encode(Board.from_json(BOARD))))


def is_within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and is_within(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(is_within, part, whole))
    return bool(part == whole)


def test_kubernetes_and_keda_know_every_word_of_the_manifests() -> None:
    for manifest in manifests():
        kinds = importlib.import_module(f"cloudcoil.models.{SCHEMAS[manifest['apiVersion']]}")
        known = getattr(kinds, manifest["kind"]).model_validate(manifest)
        assert known.model_dump(by_alias=True, exclude_unset=True, mode="json") == manifest


def promtool(*words: str, given: str = "") -> str:
    """What it says where it finds nothing wrong. Debian's package `prometheus` has it."""
    path = shutil.which("promtool")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("promtool is not installed: apt-get install prometheus")
    done = subprocess.run([path, *words], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_loads_what_it_is_given(tmp_path: Path) -> None:
    assert f"{len(ALERTS)} rules" in promtool("check", "rules", str(DEPLOY / "prometheus" / "alerts.yaml"))
    promtool("check", "config", "--syntax-only", str(DEPLOY / "prometheus" / "scrape.yaml"))
    with Client(tmp_path).store() as store:
        assert promtool("check", "metrics", given=exposition(store.gauges())) == ""


def test_each_alarm_rings_where_all_is_wrong_and_none_where_all_is_well(tmp_path: Path) -> None:
    silent = {"CurveganSilent"}
    loud = {rule["alert"] for rule in ALERTS} - silent
    stores = [tried_with(BAD, loud), tried_with(GOOD, set()), tried_with({}, silent)]
    tried = {"rule_files": [str(DEPLOY / "prometheus" / "alerts.yaml")], "tests": stores}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tried))
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "tests.yaml"))


def tried_with(series: dict[str, str], ringing: set[str]) -> dict[str, Any]:
    asked = {"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "30m"}
    rings = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(ringing)]
    told = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": told, "promql_expr_test": [asked | {"exp_samples": rings}]}


def test_the_scrape_is_that_of_the_dashboard() -> None:
    [job] = yaml.safe_load((DEPLOY / "prometheus" / "scrape.yaml").read_text())["scrape_configs"]
    assert job["authorization"]["type"] == "Bearer"
    assert job.get("metrics_path", "/metrics") == "/metrics"
    [port] = COMPOSE["services"]["dashboard"]["ports"]
    assert job["static_configs"] == [{"targets": [port.rpartition(":")[0]]}]


def test_keda_counts_the_jobs_that_a_cpu_could_train(store: Store) -> None:
    from ...db.trainings import request

    ids = store.submit([*(request() for _ in range(4)), request(device="cuda")])
    for job_id, state in zip(ids, ("running", "succeeded", "lost"), strict=False):
        change(store, job_id, state)
    [trigger] = of_kind("ScaledObject")["spec"]["triggers"]
    with store.engine.connect() as connection:
        assert connection.execute(text(trigger["metadata"]["query"])).scalar() == 3
    assert int(trigger["metadata"]["targetQueryValue"]) > 0


def test_the_manifests_name_each_other() -> None:
    secret, scaled, access = of_kind("Secret"), of_kind("ScaledObject"), of_kind("TriggerAuthentication")
    worker = of_kind("Deployment")
    assert scaled["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]
    assert scaled["spec"]["triggers"][0]["authenticationRef"]["name"] == access["metadata"]["name"]
    [given] = access["spec"]["secretTargetRef"]
    assert (given["name"], given["key"] in secret["stringData"]) == (secret["metadata"]["name"], True)
    assert worker["spec"]["selector"]["matchLabels"] == worker["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_pod_gives_up_what_a_container_of_compose_does(kind: str) -> None:
    pod = of_kind(kind)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["envFrom"] == [{"secretRef": {"name": of_kind("Secret")["metadata"]["name"]}}]
    assert problem_of(container["args"]) is None


def test_a_pods_health_is_that_of_compose() -> None:
    [container] = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
    compose = COMPOSE["services"]["worker"]["healthcheck"]["test"][1].replace("$$", "$")
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"] == ["sh", "-c", compose]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_start_commands_of_the_product(unit: Path) -> None:
    for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.M):
        program, *words = line.split()
        assert program == "/opt/curvegan/bin/curvegan"
        assert problem_of(words) is None


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:  # it looks whether the program is there
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/curvegan/bin/curvegan", "/bin/true"))
    paths = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run([analyze, "verify", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_slurm_gets_a_worker_that_takes_its_signal(tmp_path: Path) -> None:
    """The script itself, with a `curvegan` on the path that prints what it is called with."""
    script = DEPLOY / "slurm" / "worker.sbatch"
    subprocess.run(["bash", "-n", str(script)], check=True)
    fake = tmp_path / "curvegan"
    fake.write_text('#!/bin/sh\necho "$$ $*"\ntest -d "$CURVEGAN_HOME"\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path), "SLURM_CPUS_PER_TASK": "8"}
    with subprocess.Popen(["bash", str(script)], stdout=subprocess.PIPE, text=True, env=environment) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    pid, *words = said.split()
    assert int(pid) == process.pid
    assert problem_of(words) is None
    assert re.search(r"^#SBATCH --signal=B:TERM@[0-9]+$", script.read_text(), re.M)


def test_a_dashboard_of_compose_needs_no_token_of_its_own(tmp_path: Path) -> None:
    """An empty variable, as Compose passes it on, is none. What is refused then is the port, which is taken."""
    variable = "CURVEGAN_DASHBOARD_TOKEN"
    assert COMPOSE["services"]["dashboard"]["environment"][variable] == f"${{{variable}:-}}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = ("dashboard", "--port", str(taken.getsockname()[1]))
        assert "32 or more" in Client(tmp_path, environment={variable: "short"}).refused(*words)
        assert "another one: --port" in Client(tmp_path, environment={variable: ""}).refused(*words, exit_code=3)
