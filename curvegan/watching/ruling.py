"""By which rule a job got its verdict, and by how much, as programs and people read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curvegan.words import number

if TYPE_CHECKING:
    from curvegan_core.metrics.weighing import Measure
    from curvegan_core.records.loss_curve import LossCurve, Snapshot
    from curvegan_db.values import Job


def rulings(job: "Job", losses: "LossCurve", snapshots: "Sequence[Snapshot]") -> list[dict[str, Any]] | None:
    """Return the rules in their order, up to the one that decided; of each what it looked at.

    None without a verdict, and where the numbers of the end do not give it: a training that `stop` ended was judged by
    its last snapshot, and another version had other rules.
    """
    from curvegan_core.metrics.names import RULES
    from curvegan_core.metrics.weighing import rules, run_away

    name = (job.verdict or "").partition(" ")[0]
    judged = [run_away(job.metrics)] if name == "diverged" and job.metrics else rules(losses, snapshots, job.metrics)
    if judged[-1].name != name or not judged[-1].holds:
        return None
    return [
        {
            "name": rule.name,
            "meaning": RULES[rule.name],
            "decided": rule is judged[-1],
            "measures": [_told(measure) for measure in rule.measures],
        }
        for rule in judged
    ]


def _told(measure: "Measure") -> dict[str, Any]:
    # What is not there at all, such as a gap that nobody measured, is no number of JSON.
    value, margin = (None if abs(x) == float("inf") else x for x in (measure.value, measure.margin))
    return {"name": measure.name, "value": value, "margin": margin, "holds": measure.holds, "wanted": _wanted(measure)}


def _wanted(measure: "Measure") -> str:
    """Return its bounds in words."""
    low, high = number(measure.low), number(measure.high)
    if measure.low is not None and measure.high is not None:
        return f"from {low} to {high}"
    if measure.high is not None:
        return f"{'below' if measure.strict else 'at most'} {high}"
    return f"{'above' if measure.strict else 'at least'} {low}"
