"""Train GANs on curves as jobs, from Python: `import curvegan as cg; lab = cg.connect(); lab.submit(lr=1e-3).wait()`.

The commands stand on the same functions. Importing it loads nothing: each name comes when it is asked for first.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from curvegan.job import Job
    from curvegan.jobs import Jobs
    from curvegan.lab import Lab, connect
    from curvegan.results.networks import Discriminator, Generator, load
    from curvegan.results.picture import Picture
    from curvegan.results.snapshots import Snapshots
    from curvegan.results.table import Table
    from curvegan.showing.progress import Detached
    from curvegan.submitting.axes import lin, log, span
    from curvegan.sweep import Sweep
    from curvegan.tuning.study import Study
    from curvegan.tuning.trials import Trial
    from curvegan_core.errors import CurveganError

__all__ = [
    "CurveganError",
    "Detached",
    "Discriminator",
    "Generator",
    "Job",
    "Jobs",
    "Lab",
    "Picture",
    "Snapshots",
    "Study",
    "Sweep",
    "Table",
    "Trial",
    "connect",
    "lin",
    "load",
    "log",
    "span",
]
_HOMES = {
    "CurveganError": "curvegan_core.errors",
    "Detached": "curvegan.showing.progress",
    "Discriminator": "curvegan.results.networks",
    "Generator": "curvegan.results.networks",
    "Job": "curvegan.job",
    "Jobs": "curvegan.jobs",
    "Lab": "curvegan.lab",
    "Picture": "curvegan.results.picture",
    "Snapshots": "curvegan.results.snapshots",
    "Study": "curvegan.tuning.study",
    "Sweep": "curvegan.sweep",
    "Table": "curvegan.results.table",
    "Trial": "curvegan.tuning.trials",
    "connect": "curvegan.lab",
    "lin": "curvegan.submitting.axes",
    "load": "curvegan.results.networks",
    "log": "curvegan.submitting.axes",
    "span": "curvegan.submitting.axes",
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is asked for first."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'curvegan' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
