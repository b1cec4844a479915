"""What the containers could let in beside what test_compose.py asks of each: host paths, devices, built-in secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, Any] = COMPOSE["services"]
each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_no_host_path_is_mounted(name: str) -> None:
    volumes = SERVICES[name].get("volumes", [])
    assert all(volume.partition(":")[0] in COMPOSE["volumes"] for volume in volumes)
    assert not {"devices", "volumes_from", "env_file", "extra_hosts", "userns_mode", "uts"} & set(SERVICES[name])
    assert SERVICES[name].get("user") not in ("root", "0", "0:0")


@each_service
def test_folders_that_can_be_written_vanish_or_are_the_stores(name: str) -> None:
    tmpfs = [mount.partition(":")[0] for mount in SERVICES[name].get("tmpfs", [])]
    assert set(tmpfs) <= {"/tmp", "/var/lib/curvegan", "/var/run/postgresql"}


def test_no_secret_is_built_into_an_image() -> None:
    assert not re.search(r"(?i)password|secret|token", DOCKERFILE)
    assert not re.search(r"^(ADD|EXPOSE|VOLUME)\b", DOCKERFILE, re.M)
    assert not re.search(r"curl|wget|sudo|chmod [0-7]*[4-7][0-7]{3}\b", DOCKERFILE)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    assert "!.env" not in ignored


def test_the_last_user_of_each_image_is_no_root() -> None:
    for target in ("client", "dashboard", "worker"):
        stage = DOCKERFILE.partition(f" AS {target}\n")[2].partition("\nFROM ")[0]
        assert re.findall(r"^USER (\S+)$", stage, re.M) == ["10001:10001"]
        assert stage.index("USER 10001") > stage.rindex("RUN ")
