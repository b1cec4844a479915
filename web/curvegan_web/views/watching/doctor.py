"""What the doctor finds, as `curvegan doctor` does. It starts a process, so that it is asked seldom."""

import time
from threading import Lock
from typing import TYPE_CHECKING, Any

from curvegan.watching.checks import examine
from curvegan_web.views.asking import Asked
from curvegan_web.views.plain import plain

if TYPE_CHECKING:
    from curvegan.lab import Lab

FRESH_S = 10.0
_examining = Lock()
_found: dict[str, tuple[float, list[Any]]] = {}


def doctor_view(lab: "Lab", _: Asked) -> dict[str, Any]:
    """Return the findings, those of a moment ago where somebody has just asked."""
    lab_name = str(lab.settings.home) + lab.settings.database_url
    with _examining:
        examined_at, findings = _found.get(lab_name, (0.0, []))
        if not findings or time.monotonic() - examined_at > FRESH_S:
            findings = [plain(finding) for finding in examine(lab)]
            _found[lab_name] = time.monotonic(), findings
    return {"findings": findings}
