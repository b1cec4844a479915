"""What the doctor concludes from a probe's end, a clock and a disk."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from curvegan.watching import checks
from curvegan.watching.checks import OK, PROBLEM, WARNING


def answer(**said: object) -> str:
    """What a probe prints; without a word both engines train, and there is no CUDA."""
    return json.dumps({"fused": None, "torch": "2", "driver": False, "devices": {}} | said)


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "levels"),
    [
        (0, answer(driver=True, devices={"cuda:0": "H200"}), "", {"engines": OK, "cuda": OK}),
        (0, answer(driver=True), "", {"engines": OK, "cuda": WARNING}),
        (0, f"a warning\n{answer()}", "", {"engines": OK, "cuda": OK}),
        (0, answer(fused="no numba"), "", {"engines": WARNING, "cuda": OK}),
        (0, answer(torch=None), "", {"engines": OK}),
        (1, "", "Traceback\nImportError: libcudart", {"engines": PROBLEM}),
        (-11, "", "", {"engines": PROBLEM}),
    ],
)
def test_how_the_probe_ended_is_understood(code: int, stdout: str, stderr: str, levels: dict[str, str]) -> None:
    findings = list(checks.judge_probe(subprocess.CompletedProcess([], code, stdout, stderr)))
    assert {finding.check: finding.level for finding in findings} == levels


@pytest.mark.parametrize(("seconds", "level"), [(0, OK), (-1.9, OK), (2.5, WARNING), (-7200, WARNING)])
def test_a_skew_of_more_than_two_seconds_is_a_warning(seconds: float, level: str) -> None:
    finding = checks.judge_skew(timedelta(seconds=seconds))
    assert finding.level == level
    assert f"{abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'}" in finding.text


def test_the_disk_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_disk(tmp_path).text.endswith(f"GiB free in {tmp_path}")
    monkeypatch.setattr(checks, "TOO_LITTLE_DISK", 1 << 60)
    assert checks.check_disk(tmp_path).level == PROBLEM
    monkeypatch.setattr(checks, "TOO_LITTLE_DISK", 0)
    monkeypatch.setattr(checks, "LITTLE_DISK", 1 << 60)
    assert checks.check_disk(tmp_path).level == WARNING
