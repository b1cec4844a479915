"""`python -P -m curvegan_worker.host.child HEALTH_FILE worker ...`: Celery's worker as the supervisor starts it.

Whatever keeps it from starting, a module that cannot be imported included, is left for the supervisor to tell.
"""

import sys

from curvegan_worker.host.signs import leave


def main() -> None:
    """Run Celery's command of the other arguments, with our application."""
    try:
        from celery.__main__ import main as celery  # noqa: PLC0415

        import curvegan_worker.celery.tasks  # noqa: F401, PLC0415  Celery would say only that it cannot load it
    except Exception as error:
        leave(error, sys.argv[1])
        raise
    sys.argv = ["celery", "--quiet", "-A", "curvegan_worker.celery.app", *sys.argv[2:]]
    celery()


if __name__ == "__main__":
    main()
