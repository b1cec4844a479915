"""What a document tells its reader to type works: each block of commands, in order, in a fresh store.

A block that cannot run here says why behind its language, as in ```sh no-test (Docker). Python blocks run too, in the
folder where the commands before them left their files.
"""

import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from curvegan_db.store import open_store

from .cli.client import RUN

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
FENCE = re.compile(r"^```(sh|console|python)([^\n]*)\n(.*?)^```", re.M | re.S)
REASON = re.compile(r"no-test \(([^)]+)\)")
MOST_LEFT_OUT = 12
# How long a job is decides nothing of what is typed. README's are as long as its reader's; those of the others, which
# train some hundred, are so short where no command says otherwise.
SHORTER = "[config]\nsteps = 300\n"
# `curvegan` as the reader has it on his path. What stays until somebody ends it is ended: a watch after three seconds,
# which sees a terminal, and workers at the end, by the ids they leave.
SHIM = f"""#!{sys.executable}
import os, pty, signal, subprocess, sys, threading

command = [sys.executable, "-c", {RUN!r}, *sys.argv[1:]]
if sys.argv[1:2] == ["worker"]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    open("worker.pid", "a").write(str(process.pid) + "\\n")
elif "--watch" in sys.argv:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, command)
    threading.Timer(3, os.kill, (child, signal.SIGINT)).start()
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 130)
else:
    os.execv(sys.executable, command)
"""


@dataclass(frozen=True)
class Block:
    """A block of a document: its language, what it holds, and why it is left out."""

    language: str
    reason: str
    text: str

    @property
    def script(self) -> str:
        """What a shell runs; of a console the lines behind its prompts."""
        if self.language == "console":
            return "\n".join(line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ "))
        return self.text

    @property
    def fails(self) -> bool:
        """Whether it shows a command that is refused."""
        return self.language == "console" and "\nError: " in self.text


def blocks_of(document: Path) -> list[Block]:
    found = FENCE.findall(document.read_text())
    return [Block(language, "".join(REASON.findall(info)), text) for language, info, text in found]


@dataclass
class Reader:
    """Somebody who types what a document says, in an empty folder with the sample data and the papers' presets."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def type(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Run a block as it stands, with a terminal for whoever asks something."""
        code = "set -eo pipefail\n" + block.script
        command = [sys.executable, "-c", block.text] if block.language == "python" else ["bash", "-c", code]
        keyboard, terminal = pty.openpty()
        try:
            return subprocess.run(
                command, cwd=self.folder, env=self.environment, stdin=terminal, text=True, timeout=300,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        finally:
            os.close(keyboard)
            os.close(terminal)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    folder, home, path = tmp_path / "checkout", tmp_path / "home", tmp_path / "bin"
    for given in ("docs/data", "papers"):
        shutil.copytree(ROOT / given, folder / given)
    path.mkdir()
    shim = path / "curvegan"
    shim.write_text(SHIM)
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    own = {
        "PATH": f"{path}:{os.environ['PATH']}",
        "CURVEGAN_HOME": str(home),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "TERM": "xterm",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CURVEGAN_")}
    yield Reader(folder, kept | own)
    for line in (folder / "worker.pid").read_text().split() if (folder / "worker.pid").exists() else ():
        _end(int(line))
    if (home / "curvegan.db").exists():
        with open_store(f"sqlite:///{home}/curvegan.db") as store:
            for worker in store.workers():
                _end(worker.pid)


def _end(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_says_can_be_typed(reader: Reader, document: Path) -> None:
    if document.name != "README.md":
        (reader.folder / "curvegan.toml").write_text(SHORTER)
    for block in blocks_of(document):
        if block.reason:
            continue
        done = reader.type(block)
        assert (done.returncode != 0) is block.fails, f"{block.text}\n{done.stdout}"
        assert "Traceback" not in done.stdout


def test_few_blocks_are_left_out_and_each_says_why() -> None:
    blocks = [block for document in DOCUMENTS for block in blocks_of(document)]
    infos = [info for document in DOCUMENTS for _, info, _ in FENCE.findall(document.read_text())]
    assert [info for info in infos if info.strip() and not REASON.fullmatch(info.strip())] == []
    assert sum(bool(block.reason) for block in blocks) <= MOST_LEFT_OUT
    assert sum(not block.reason for block in blocks) > MOST_LEFT_OUT


def test_prose_names_no_sweep_by_a_number() -> None:
    """A reader's first sweep need not be his store's."""
    prose = {path.name: FENCE.sub("", re.sub(r"```text.*?```", "", path.read_text(), flags=re.S)) for path in DOCUMENTS}
    assert [name for name, text in prose.items() if re.search(r"--sweep [0-9]", text)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_table_is_broken_by_a_blank_line(document: Path) -> None:
    """A row without a heading above it is shown as text with bars."""
    lines = document.read_text().splitlines()
    starts = [
        n for n, line in enumerate(lines) if line.lstrip().startswith("|") and not lines[n - 1].lstrip().startswith("|")
    ]
    assert [lines[n] for n in starts if not re.fullmatch(r"\s*\|[-:| ]+\|", lines[n + 1])] == []
