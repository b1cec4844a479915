"""`python -m curvegan_worker`: the background worker that `curvegan submit` starts on an embedded store."""

import sys

from curvegan_worker.celery.app import options, settings
from curvegan_worker.host.background import IDLE_S
from curvegan_worker.host.supervisor import supervise

sys.exit(
    supervise(settings, concurrency=settings.workers, device="auto", exit_when_idle=IDLE_S, hang_after=options.hang_s)
)
