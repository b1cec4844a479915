"""docs/reliability.md cannot drift: every test that it names exists, and every fault test is named."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"\btest_[a-z_]+\b")


def defined_in(files: list[Path]) -> set[str]:
    return {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}


def test_every_promise_has_its_test_and_every_fault_test_its_promise() -> None:
    lines = (ROOT / "docs" / "reliability.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ") and "| shown by |" not in line]
    named = {name for line in table for name in TEST.findall(line)}
    assert named <= defined_in(list((ROOT / "tests").rglob("test_*.py")))
    assert defined_in(list(Path(__file__).parent.glob("test_faults_*.py"))) <= named
    assert [line for line in table if not TEST.search(line)] == []
