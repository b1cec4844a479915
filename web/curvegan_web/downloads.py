"""Files of a job, by a name of ours: nothing that is asked for is ever a path."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from curvegan.pictures.job_picture import job_picture
from curvegan.toml import commented
from curvegan_core.records.loss_curve import COLUMNS
from curvegan_db.errors import ResultNotFound
from curvegan_web.views.asking import Asked, whole
from curvegan_web.views.watching.jobs import jobs_view

if TYPE_CHECKING:
    from curvegan.lab import Lab

_PICTURE = re.compile(r"(curve|losses|evolution)\.(png|svg)")
_CHECKPOINT = re.compile(r"checkpoint-([0-9]{1,9})\.safetensors")
_SHOWN = (
    *("id", "name", "state", "step", "steps", "rate", "rmse", "best", "verdict", "sweep", "tags", "asked", "created"),
)
_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}


def job_file(lab: "Lab", asked: Asked) -> tuple[bytes, str]:
    """Return a file of a job and its media type. Raises JobNotFound, ResultNotFound."""
    job, name = lab.store.job(whole(asked, "id", 0, 0, 2**31 - 1)), asked["name"]
    if picture := _PICTURE.fullmatch(name):
        return job_picture(lab.store, job, picture[1], picture[2]), _MEDIA[picture[2]]
    if checkpoint := _CHECKPOINT.fullmatch(name):
        return lab.store.checkpoint(job.id, int(checkpoint[1])).data, "application/octet-stream"
    if name == "config.toml":
        return commented(job.config).encode(), "text/plain; charset=utf-8"
    if name == "losses.csv":
        return _losses(lab, job.id), "text/csv; charset=utf-8"
    raise ResultNotFound(f"job {job.id} has no such file")


def jobs_file(lab: "Lab", asked: Asked) -> tuple[bytes, str]:
    """Return the table of jobs as CSV, as the page shows it."""
    rows = jobs_view(lab, asked)["rows"]
    cells = [[" ".join(row[name]) if name == "tags" else row[name] for name in _SHOWN] for row in rows]
    return sheet(_SHOWN, cells), "text/csv; charset=utf-8"


def _losses(lab: "Lab", job_id: int) -> bytes:
    columns = lab.store.losses(job_id).columns
    return sheet(COLUMNS, zip(*(map(str, column) for column in columns), strict=True), numbers=True)


def sheet(header: Sequence[str], rows: Iterable[Iterable[Any]], numbers: bool = False) -> bytes:
    """Return CSV of which no cell is a formula to a spreadsheet: it would begin with one of `= + - @` or a control."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(row if numbers else [_no_formula(cell) for cell in row] for row in rows)
    return stream.getvalue().encode()


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell
