"""The notebook docs/tour.ipynb, run in a kernel of its own. `python -m tests.tour` runs it and stores what it shows."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

TOUR = Path(__file__).parents[1] / "docs" / "tour.ipynb"


def run(folder: Path) -> NotebookNode:
    """Return the notebook as it is after all its cells have run in a folder, with a store of its own there.

    Of a picture the PNG is kept: a repository has no room for both.
    """
    notebook = nbformat.read(TOUR, as_version=4)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CURVEGAN_")}
    own = {"CURVEGAN_HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "config")}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=kept | own)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/svg+xml", None)
    return notebook


def _write() -> None:
    with TemporaryDirectory() as folder:
        nbformat.write(run(Path(folder)), TOUR)
    print(TOUR, file=sys.stderr)


if __name__ == "__main__":
    _write()
