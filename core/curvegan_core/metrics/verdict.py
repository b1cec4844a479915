"""A training in one word, from stored numbers alone: whoever has the rows can judge.

The first rule that holds decides. Thresholds are the constants below; names in backticks are those of
`metrics.names`. Thirds are those of the steps, and a snapshot's metrics count as the final ones do. Where the weights
were averaged (`ema`), the average is what is judged: in rules 2, 3 and 5 its metrics stand for the last weights'.

1. diverged               the training ended without metrics: a number was no longer finite. Or it was stopped early, by
                          `stop`, for its curves had run away: `relative_rmse` at least 10.
2. converged              the curves are right:
                          * a family of modes: `hq` at least 0.5, every mode captured, in their shares (rule 3);
                          * any other: `relative_rmse` at most 0.2 at the end and, over the last tenth of the loss
                            curve (of an average, of the snapshots), at most 0.25; and, where curves differ,
                            `relative_spread` from 0.7 to 1.4.
3. collapsed k/n          the curves lie on their family, but on a part of it: `hq` at least 0.5 and modes missing, or
                          in such shares that exp(-`reverse_kl`) is below 0.75; k is the smaller of `modes` and
                          n exp(-`reverse_kl`). Without modes: `relative_rmse` at most 0.2 and `relative_spread` below
                          0.5; no k/n then.
   copies, noise, jagged  of your own curves with rows held out, in place of rules 2 and 3: `memorisation` below 0.5;
                          `roughness` above 1.5, and `energy` above `energy_gaussian`; `roughness` above 1.5. They are
                          collapsed with `relative_spread` below 0.5, and converged where `energy` is below
                          `energy_gaussian`, at most 1.5 of `energy_floor`, and `roughness` at least 0.67.
4. oscillating            the loss curve's `rmse` swings in the last third: the standard deviation about its straight
                          line is more than 0.25 of its mean.
5. undertrained           it still improves: over the snapshots of the last third the mean of `rmse` is at least 2 %
                          below that over the third before, or that of `hq` 5 % and .01 above, and in either case by
                          more than two standard errors of the difference. More steps may help.
6. equilibrium-but-wrong  the discriminator cannot tell, and has not for long: `equilibrium_gap` at most 0.03 at the end
                          and at every snapshot of the last third. Equilibrium is not convergence.
7. undertrained           all else: not right, not swinging, not settled.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from curvegan_core.families.family import Reals
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.records.loss_curve import LossCurve, Snapshot

LEAST_HQ = 0.5
LEAST_EVEN = 0.75
MOST_RELATIVE_RMSE = 0.2
MOST_RECENT_RMSE = 0.25
SPREAD = (0.7, 1.4)
COLLAPSED_SPREAD = 0.5
MOST_SWING = 0.25
RUN_AWAY = 10.0
LEAST_NEW, MOST_ROUGH, MOST_OVER_FLOOR = 0.5, 1.5, 1.5
MOST_GAP = 0.03
LEAST_FALL = 0.02
LEAST_RISE, LEAST_RISE_HQ = 0.05, 0.01
SURE = 2.0
_FEWEST_RECORDS = 8
Along = Sequence[tuple[int, Mapping[str, float]]]
"""The steps of a training's snapshots, and the metrics there."""
# A curve that is the same everywhere has no deviation to compare with; its rmse is taken in units of y.
_NO_SCALE = 0.5


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS, and of a collapse into modes how many of how many there are."""

    name: str
    modes: int | None = None
    modes_of: int | None = None

    @property
    def text(self) -> str:
        """The verdict as people read it: "collapsed 1/2"."""
        return self.name if self.modes is None else f"{self.name} {self.modes}/{self.modes_of}"


def judge(losses: LossCurve, snapshots: Sequence[Snapshot], metrics: Metrics | None) -> Verdict:
    """Return the verdict on a training that has ended; None for metrics says that it ended without any."""
    if metrics is None:
        return Verdict("diverged")
    final, along = judged(metrics.as_dict()), along_of(snapshots)
    clear = _clear(final, late_rmse(losses, along, "ema_rmse" in metrics.more))
    if clear is not None:
        return clear
    if swing(losses) > MOST_SWING:
        return Verdict("oscillating")
    wrong = _is_settled(final, snapshots) and not improves(along)
    return Verdict("equilibrium-but-wrong" if wrong else "undertrained")


def standing(losses: LossCurve, along: Along) -> Verdict | None:
    """Return what is clear of a training at its last snapshot: rules 2 and 3 as at its end, or curves that ran away."""
    metrics = along[-1][1]
    if "rmse" not in metrics:
        return None
    final = judged(metrics)
    if relative_rmse(final) >= RUN_AWAY:
        return Verdict("diverged")
    known = [(step, judged(there)) for step, there in along if "rmse" in there]
    return _clear(final, late_rmse(losses, known, "ema_rmse" in metrics))


def _clear(final: Mapping[str, float], lately: Reals) -> Verdict | None:
    """Return what rules 2 and 3 say; None where neither holds."""
    if "energy_gaussian" in final:
        word = _of_own_curves(final)
        return Verdict(word) if word else None
    if _is_right(final, lately):
        return Verdict("converged")
    return _collapsed(final) if _is_on_a_part(final) else None


def _of_own_curves(final: Mapping[str, float]) -> str | None:
    """Return what rows held out say of the curves; None where they are neither right nor wrong in a way with a name."""
    worse = final["energy"] >= final["energy_gaussian"]
    rough, near = final.get("roughness", 1.0), final.get("memorisation", 1.0)
    if final.get("relative_spread", 1.0) < COLLAPSED_SPREAD:
        return "collapsed"
    if near < LEAST_NEW:
        return "copies"
    if rough > MOST_ROUGH:
        return "noise" if worse else "jagged"
    right = not worse and final["energy"] <= MOST_OVER_FLOOR * final["energy_floor"] and rough >= 1 / MOST_ROUGH
    return "converged" if right else None


def judged(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics by their plain names: those of the averaged weights where there are any."""
    average = {name.removeprefix("ema_"): value for name, value in metrics.items() if name.startswith("ema_")}
    return {**metrics, **average}


def rmse_of_average(along: Along) -> Reals:
    """Return the rmse at the snapshots of the last tenth of the steps."""
    last = max((step for step, _ in along), default=0)
    return np.array([metrics["rmse"] for step, metrics in along if step >= 0.9 * last])


def _is_right(final: Mapping[str, float], lately: Reals) -> bool:
    if "modes_of" in final:
        return final["hq"] >= LEAST_HQ and not _misses_modes(final)
    if relative_rmse(final) > MOST_RELATIVE_RMSE:
        return False
    low, high = SPREAD
    return recent_rmse(final, lately) <= MOST_RECENT_RMSE and low <= final.get("relative_spread", 1.0) <= high


def _is_on_a_part(final: Mapping[str, float]) -> bool:
    if "modes_of" in final:
        return final["hq"] >= LEAST_HQ and _misses_modes(final)
    return relative_rmse(final) <= MOST_RELATIVE_RMSE and final.get("relative_spread", 1.0) < COLLAPSED_SPREAD


def _misses_modes(final: Mapping[str, float]) -> bool:
    return final["modes"] < final["modes_of"] or even_modes(final) < LEAST_EVEN * final["modes_of"]


def even_modes(final: Mapping[str, float]) -> float:
    """Return how many of n even modes are as far from their shares: n exp(-reverse_kl), exp(entropy) of even ones."""
    if "reverse_kl" in final:
        return final["modes_of"] * math.exp(-final["reverse_kl"])
    return float(final["modes_of"] ** final["mode_entropy"])


def _collapsed(final: Mapping[str, float]) -> Verdict:
    if "modes_of" not in final:
        return Verdict("collapsed")
    return Verdict("collapsed", min(int(final["modes"]), round(even_modes(final))), int(final["modes_of"]))


def relative_rmse(final: Mapping[str, float]) -> float:
    """Return the rmse in parts of the scale of the real values."""
    return final["rmse"] / scale_of(final)


def scale_of(final: Mapping[str, float]) -> float:
    """Return the standard deviation of all real values."""
    relative = final.get("relative_rmse")
    return final["rmse"] / relative if relative else _NO_SCALE


def swing(losses: LossCurve) -> float:
    """Return the standard deviation of the last third's rmse about its straight line, in parts of its mean."""
    third = losses.rows(2 * len(losses) // 3, len(losses))
    if len(third) < _FEWEST_RECORDS:
        return 0.0
    steps, rmse = third.steps.astype(np.float64), third.rmse.astype(np.float64)
    line = np.polynomial.Polynomial.fit(steps, rmse, 1)(steps)
    return float(np.std(rmse - line) / np.mean(rmse)) if np.mean(rmse) > 0 else 0.0


def improves(along: Along) -> bool:
    """Return whether the curves come nearer, or more of them are good, from the second third of the steps to the last.

    Means over thirds: single snapshots differ by more than what a third brings.
    """
    return any(gain >= least and gain > doubt for gain, least, doubt in gains(along).values())


def gains(along: Along) -> dict[str, tuple[float, float, float]]:
    """Return what the last third brought in `rmse` and in `hq`: the gain, the least that counts, and its doubt."""
    last = max((step for step, _ in along), default=0)
    before = [metrics for step, metrics in along if last / 3 < step <= 2 * last / 3]
    late = [metrics for step, metrics in along if step > 2 * last / 3]
    if not before or not late:
        return {}
    (rmse, later_rmse), (hq, later_hq) = ((_column(before, name), _column(late, name)) for name in ("rmse", "hq"))
    least_hq = max(LEAST_RISE_HQ, LEAST_RISE * float(np.mean(hq)))
    return {
        "rmse": _gain(later_rmse, rmse, LEAST_FALL * float(np.mean(rmse))),
        "hq": _gain(hq, later_hq, least_hq),
    }


def _column(along: Sequence[Mapping[str, float]], name: str) -> Reals:
    return np.array([metrics.get(name, 0.0) for metrics in along])


def _gain(low: Reals, high: Reals, least: float) -> tuple[float, float, float]:
    """Return how far the second mean is above the first, the least that counts, and what it must exceed to be sure."""
    error = math.sqrt(sum(float(np.var(values)) / max(1, len(values) - 1) for values in (low, high)))
    return float(np.mean(high) - np.mean(low)), least, SURE * error


def _is_settled(final: Mapping[str, float], snapshots: Sequence[Snapshot]) -> bool:
    return widest_gap(final, snapshots) <= MOST_GAP


def widest_gap(final: Mapping[str, float], snapshots: Sequence[Snapshot]) -> float:
    """Return the largest `equilibrium_gap` of the end and of the snapshots of the last third."""
    last = max((snapshot.step for snapshot in snapshots), default=0)
    late = [shot.metrics.get("equilibrium_gap", math.inf) for shot in snapshots if shot.step > 2 * last / 3]
    return max([final.get("equilibrium_gap", math.inf), *late])


def recent_rmse(final: Mapping[str, float], lately: Reals) -> float:
    """Return the mean square rmse of late, in parts of the scale of the real values."""
    return float(np.sqrt(np.mean(lately**2))) / scale_of(final) if len(lately) else 0.0


def late_rmse(losses: LossCurve, along: Along, averaged: bool) -> Reals:
    """Return the rmse over the last tenth: of the loss curve, of an average of the snapshots."""
    lately: Reals = rmse_of_average(along) if averaged else losses.rmse[-max(1, len(losses) // 10) :].astype(np.float64)
    return lately


def along_of(snapshots: Sequence[Snapshot]) -> Along:
    """Return the metrics that count at the snapshots."""
    return [(snapshot.step, judged(snapshot.metrics)) for snapshot in snapshots if "rmse" in snapshot.metrics]
