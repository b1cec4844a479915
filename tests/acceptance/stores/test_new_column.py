"""A new column of a job takes its declaration and a migration, shown in a copy of the store's package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import curvegan_db
from curvegan_db.sql import migrate

from ...cli.client import RUN

DECLARATION = "    grade: Mapped[int | None] = column(until=Until.RERUN, filtered=True)\n"
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("grade", sa.Integer(), nullable=True))
"""
# Who writes the column: here a test, of an ended job.
WRITE = "UPDATE jobs SET grade = 3, state = 'failed', finished_at = created_at WHERE id = 1"


def test_a_declaration_and_a_migration_make_a_column(tmp_path: Path) -> None:
    package = tmp_path / "curvegan_db"
    shutil.copytree(Path(curvegan_db.__file__).parent, package)
    columns, before = package / "columns.py", "    error: Mapped[str | None]"
    columns.write_text(columns.read_text().replace(before, DECLARATION + before))
    head = max(migrate._revisions())
    (package / "migrations" / "versions" / "9999_grade.py").write_text(MIGRATION.format(head=head))

    command(tmp_path, "submit", "--no-worker")
    assert shown(tmp_path)["grade"] is None
    command(tmp_path, "-c", f"import sqlite3; sqlite3.connect('curvegan.db').executescript({WRITE!r})")
    assert shown(tmp_path)["grade"] == 3
    keys = list(shown(tmp_path))
    assert keys[keys.index("grade") - 1 : keys.index("grade") + 2] == ["engine_version", "grade", "error"]
    assert command(tmp_path, "status", "-q", "--where", "grade>2").split() == ["1"]
    assert command(tmp_path, "status", "-q", "--where", "grade=2") == ""
    for table in (command(tmp_path, "status", "-o", "csv"), command(tmp_path, "export", "-o", "csv")):
        header, row = (line.split(",") for line in table.splitlines())
        assert row[header.index("grade")] == "3"
    command(tmp_path, "retry", "1", "--no-worker")
    assert shown(tmp_path)["grade"] is None


def shown(home: Path) -> dict[str, object]:
    """Job 1 as JSON."""
    job: dict[str, object] = json.loads(command(home, "show", "1", "-o", "json"))
    return job


def command(home: Path, *words: str) -> str:
    """Type `curvegan WORDS` with the changed package, in its folder."""
    run = words if words[0] == "-c" else ("-c", RUN, *words)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CURVEGAN_")}
    environment = {**kept, "PYTHONPATH": str(home), "CURVEGAN_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, *run], cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
