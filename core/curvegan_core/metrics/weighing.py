"""By which rule a verdict was reached, and by how much: what each rule of `verdict` looked at, and its limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from curvegan_core.metrics import verdict
from curvegan_core.metrics.verdict import Along
from curvegan_core.records.loss_curve import LossCurve, Snapshot

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Measure:
    """A number that a rule looks at, and the bounds that it has to keep; `strict` where a bound itself will not do."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    strict: bool = False

    @property
    def margin(self) -> float:
        """How far it is within its nearest bound; below 0 it is outside."""
        rooms = [self.value - self.low] if self.low is not None else []
        rooms += [self.high - self.value] if self.high is not None else []
        return min(rooms)

    @property
    def holds(self) -> bool:
        """Whether it keeps its bounds."""
        return self.margin > 0 or (self.margin == 0 and not self.strict)


@dataclass(frozen=True)
class Rule:
    """A rule by the verdict that it leads to: it holds where all of its measures do. The last one has none."""

    name: str
    measures: tuple[Measure, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it decides, if none before it does."""
        return all(measure.holds for measure in self.measures)


def rules(losses: LossCurve, snapshots: Sequence[Snapshot], metrics: Numbers | None) -> list[Rule]:
    """Return the rules up to the one that decides, the last of them. It agrees with `verdict.judge`."""
    asked = []
    for rule in _rules(losses, snapshots, metrics):
        asked.append(rule)
        if rule.holds:
            break
    return asked


def run_away(metrics: Numbers) -> Rule:
    """Return the rule by which `stop` ends a training early whose curves have run away."""
    far = verdict.relative_rmse(verdict.judged(metrics))
    return Rule("diverged", (Measure("relative_rmse", far, verdict.RUN_AWAY),))


def _rules(losses: LossCurve, snapshots: Sequence[Snapshot], metrics: Numbers | None) -> Iterator[Rule]:
    if metrics is None:
        yield Rule("diverged")
        return
    final, along = verdict.judged(metrics), verdict.along_of(snapshots)
    lately = verdict.recent_rmse(final, verdict.late_rmse(losses, along, "ema_rmse" in metrics))
    yield from _of_the_end(final, lately)
    yield Rule("oscillating", (Measure("swing of rmse", verdict.swing(losses), verdict.MOST_SWING, strict=True),))
    yield _improving(along)
    gap = verdict.widest_gap(final, snapshots)
    yield Rule("equilibrium-but-wrong", (Measure("widest late equilibrium_gap", gap, high=verdict.MOST_GAP),))
    yield Rule("undertrained")


def _of_the_end(final: Numbers, lately: float) -> Iterator[Rule]:
    if "energy_gaussian" in final:
        return _own(final)
    return _modes(final) if "modes_of" in final else _near(final, lately)


def _near(final: Numbers, lately: float) -> Iterator[Rule]:
    """Yield the rules of curves without modes."""
    near = Measure("relative_rmse", verdict.relative_rmse(final), high=verdict.MOST_RELATIVE_RMSE)
    spread, (low, high) = final.get("relative_spread", 1.0), verdict.SPREAD
    wide = Measure("relative_spread", spread, low, high)
    yield Rule("converged", (near, Measure("rmse of late", lately, high=verdict.MOST_RECENT_RMSE), wide))
    narrow = Measure("relative_spread", spread, high=verdict.COLLAPSED_SPREAD, strict=True)
    yield Rule("collapsed", (near, narrow))


def _modes(final: Numbers) -> Iterator[Rule]:
    """Yield the rules of a family of modes."""
    good, of, even = Measure("hq", final["hq"], verdict.LEAST_HQ), final["modes_of"], verdict.even_modes(final)
    least = verdict.LEAST_EVEN * of
    yield Rule("converged", (good, Measure("modes", final["modes"], of), Measure("even modes", even, least)))
    missing = Measure("modes", final["modes"], high=of, strict=True)
    yield Rule("collapsed", (good, missing if missing.holds else Measure("even modes", even, high=least, strict=True)))


def _own(final: Numbers) -> Iterator[Rule]:
    """Yield the rules of a person's own curves."""
    energy, gaussian, rough = final["energy"], final["energy_gaussian"], final.get("roughness", 1.0)
    jagged = Measure("roughness", rough, verdict.MOST_ROUGH, strict=True)
    spread, near = final.get("relative_spread", 1.0), final.get("memorisation", 1.0)
    yield Rule("collapsed", (Measure("relative_spread", spread, high=verdict.COLLAPSED_SPREAD, strict=True),))
    yield Rule("copies", (Measure("memorisation", near, high=verdict.LEAST_NEW, strict=True),))
    yield Rule("noise", (jagged, Measure("energy", energy, gaussian)))
    yield Rule("jagged", (jagged,))
    better = Measure("energy beside energy_gaussian", energy, high=gaussian, strict=True)
    floor = Measure("energy beside energy_floor", energy, high=verdict.MOST_OVER_FLOOR * final["energy_floor"])
    yield Rule("converged", (better, floor, Measure("roughness", rough, 1 / verdict.MOST_ROUGH)))


def _improving(along: Along) -> Rule:
    """Return the rule of a training that still improves, by what improves the most surely."""
    alternatives = [
        (Measure(f"gain in {name}", gain, least), Measure(f"gain in {name} beside its doubt", gain, doubt, strict=True))
        for name, (gain, least, doubt) in verdict.gains(along).items()
    ]
    kept = [measures for measures in alternatives if all(measure.holds for measure in measures)]
    return Rule("undertrained", [*kept, *alternatives, (Measure("thirds with snapshots", 0, 2),)][0])
