"""What docker-compose.yml and the Dockerfile promise, read from the files: no Docker engine is needed here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from curvegan_worker.host.machine_code import SHIPPED

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
WORKERS = ("worker", "worker-gpu")
each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_services() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "worker", "worker-gpu", "dashboard", "cli"}
    started_by_up = {name for name, service in SERVICES.items() if not service.get("profiles")}
    assert started_by_up == {"postgres", "redis", "migrate", "worker"}
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]


def test_base_images_are_the_plain_ones() -> None:
    assert SERVICES["redis"]["image"] == "redis:7-alpine"
    assert SERVICES["postgres"]["image"] == "postgres:16"
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.M))
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.M)) - stages == {"python:3.11-slim"}


@each_service
def test_a_container_gives_up_what_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & set(service)


def test_nothing_reaches_the_outside() -> None:
    """But for the dashboard, where somebody asks for it: a port of this machine's loopback address alone."""
    assert COMPOSE["networks"] == {"default": {"internal": True}, "published": {}}
    open_ones = {name for name, service in SERVICES.items() if {"ports", "networks", "expose"} & set(service)}
    assert open_ones == {"dashboard"}
    assert SERVICES["dashboard"]["profiles"] == ["dashboard"]
    assert SERVICES["dashboard"]["ports"] == ["127.0.0.1:8460:8460"]


def test_nobody_runs_as_root() -> None:
    assert SERVICES["postgres"]["user"] == "postgres"
    assert SERVICES["redis"]["user"] == "redis"
    dockerfile = (ROOT / "Dockerfile").read_text()
    for target in ("client", "dashboard", "worker"):
        stage = dockerfile.partition(f" AS {target}\n")[2].partition("\nFROM ")[0]
        assert re.search(r"^USER 10001:10001$", stage, re.M)


def test_nothing_is_lost_with_a_container() -> None:
    assert SERVICES["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql/data"]
    assert SERVICES["redis"]["volumes"] == ["redis-data:/data"]
    assert set(COMPOSE["volumes"]) == {"postgres-data", "redis-data"}
    command = SERVICES["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


@pytest.mark.parametrize("name", ["postgres", "redis", "dashboard", *WORKERS])
def test_what_stays_is_checked_and_restarted(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["retries"] >= 2


@pytest.mark.parametrize("name", [*WORKERS, "dashboard", "cli"])
def test_the_schema_comes_before_its_users(name: str) -> None:
    conditions = {service: of["condition"] for service, of in SERVICES[name]["depends_on"].items()}
    assert conditions["migrate"] == "service_completed_successfully"
    assert conditions["postgres"] == conditions["redis"] == "service_healthy"
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]
    assert SERVICES["migrate"]["restart"] == "no"


@pytest.mark.parametrize("name", WORKERS)
def test_workers_scale_and_have_time_to_drain(name: str) -> None:
    service = SERVICES[name]
    assert "container_name" not in service
    assert service["command"][0] == "worker"
    assert service["stop_grace_period"] == "30s"


def test_every_variable_has_a_default_and_an_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    assert dict(re.findall(r"\$\{([A-Z_]+):?-([^}]*)\}", text)) == example
    assert set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text)) == set(example)


def test_the_dockerfile_builds_on_every_engine() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert not re.search(r"^#\s*syntax|--mount|<<", dockerfile, re.M)


def test_a_worker_finds_the_fused_engines_code_in_its_image() -> None:
    for target in ("dashboard", "worker"):
        stage = (ROOT / "Dockerfile").read_text().partition(f" AS {target}\n")[2]
        compiled = stage.index("RUN python -m curvegan_worker.host.machine_code")
        assert stage.index("pip install --no-deps /wheel") < compiled
        assert "chmod -R a+rX /opt/curvegan/share\n" in stage
    assert SHIPPED.relative_to(sys.prefix).parts[0] == "share"


def test_only_sources_are_sent_to_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = set(" ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.M)).split())
    assert lines[0] == "*"
    assert allowed == copied


def test_docker_compose_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    command = [docker, "compose", "--file", str(ROOT / "docker-compose.yml"), "--profile", "*", "config", "--quiet"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
