"""`python -P -m curvegan_worker`: the supervisor, which `curvegan submit` starts and `curvegan worker` becomes."""

import sys

from curvegan_core.errors import CurveganError
from curvegan_core.interrupts import end_quietly


def main() -> None:
    """Supervise as the environment says."""
    end_quietly()  # until the supervisor listens
    try:
        from curvegan_worker.host.supervisor import supervise  # noqa: PLC0415  it reads the environment
        from curvegan_worker.options import options, settings  # noqa: PLC0415

        sys.exit(supervise(settings, options))
    except CurveganError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


main()
