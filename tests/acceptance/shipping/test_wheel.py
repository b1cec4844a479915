"""The wheel without extras, as on a laptop that only submits: it has all its files, needs no torch, and works."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (
    "cli/curvegan_cli",
    "web/curvegan_web",
    "curvegan",
    "worker/curvegan_worker",
    "db/curvegan_db",
    "core/curvegan_core",
)
NO_INDEX = re.compile(r"No matching distribution found|Could not find a version|ConnectionError|Failed to establish")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    install(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def client(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that has the wheel and no extra."""
    folder = tmp_path_factory.mktemp("client")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    # Most modules are never imported here, and none needs to be compiled before it is.
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--no-compile")
    install(*pip, "-c", str(ROOT / "constraints.txt"), str(wheel))
    return folder / "bin"


def install(*command: str) -> None:
    """Run what needs a package index. Where none answers, skip; in CI fail."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode and NO_INDEX.search(done.stdout + done.stderr) and not os.environ.get("CI"):
        pytest.skip("no package index answers")
    assert done.returncode == 0, done.stdout + done.stderr


def run(*command: str | Path, settings: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment() | dict(settings or {})
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """This one's, less what would show the checkout to another interpreter, or another store to the client."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("CURVEGAN_")}


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    expected = {
        path.relative_to((ROOT / package).parent).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected
    assert {f"{Path(package).name}/py.typed" for package in PACKAGES} <= packed
    assert any(re.fullmatch(r"curvegan_db/migrations/versions/\w+\.py", name) for name in packed)


@pytest.mark.timeout(600)
def test_a_client_without_torch_submits_watches_and_fetches(client: Path, tmp_path: Path) -> None:
    settings = {"CURVEGAN_HOME": str(tmp_path / "home")}
    curvegan = client / "curvegan"
    assert run(client / "python", "-c", "import importlib.util as i; print(i.find_spec('torch'))") == "None\n"

    job = run(curvegan, "submit", "--steps", "40", "--no-worker", "--quiet", settings=settings).strip()
    assert [one["state"] for one in json.loads(run(curvegan, "status", "-o", "json", settings=settings))] == ["queued"]

    own = Path(sys.executable).parent / "curvegan"
    run(own, "worker", "--device", "cpu", "--exit-when-idle", "1", settings=settings)

    shown = json.loads(run(curvegan, "show", job, "-o", "json", settings=settings))
    assert (shown["state"], shown["step"]) == ("succeeded", 40)
    plot = tmp_path / "curve.png"
    run(curvegan, "fetch-plot", job, "--output", plot, settings=settings)
    darkest, brightest = Image.open(plot).convert("L").getextrema()
    assert darkest != brightest
    rows = run(curvegan, "sample", job, "-n", "3", "-o", "csv", settings=settings).splitlines()
    assert [len(row.split(",")) for row in rows] == [15] * 4
