"""What the theatre shows of a training at a step: generated curves, what D thinks of places, and its pull on curves.

Curves are in units of training, and as curves also where a front end has networks see scores in their place.
D's gradient is taken by central differences, which serves every activation and norm: it is looked at, not trained with.
Legend of the shapes in names: n curves, p points, d 2 directions of a plane, c cells.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import FAMILIES, family, points_x, real_curves, restored
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.fixed import Fixed
from curvegan_core.families.front import Front
from curvegan_core.networks import discriminate, generate, latents
from curvegan_core.noise import Stream
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_web.views.asking import listed

CELLS = 56
_CURVES, _POINTS, _PULLED, _WALK = 64, 512, 24, 60
_NUDGE = 1e-2
Reals = NDArray[np.float64]


class Stage:
    """What stays the same over all steps of a job: its real curves, and the plane that D's view is drawn on."""

    def __init__(self, config: TrainConfig, dataset: Dataset | None) -> None:
        self.config, self.dataset = config, dataset
        self.dots = config.curve.is_point and config.points == 2
        self._known = not (isinstance(config.curve, Data) and dataset is None)
        self._count = _POINTS if self.dots else _CURVES
        self._scale = config.curve.scale if isinstance(config.curve, Data) else 1.0

    @cached_property
    def family(self) -> Any:
        """The family; None where its data set is gone."""
        return family(self.config, self.dataset) if self._known else None

    @cached_property
    def real_np(self) -> NDArray[np.float32]:
        """Real curves, (n, p)."""
        if self.family is None:
            return np.zeros((0, self.config.points), np.float32)
        count = 1 if self.family.FIXED else self._count
        real_np: NDArray[np.float32] = self.family.judged(
            real_curves(self.config, self.family, Stream.EVALUATION, count)
        ).astype(np.float32)
        return real_np

    @cached_property
    def plane(self) -> "Plane | None":
        """The plane of D's view; None for single numbers, and where D judges several curves, or labels too."""
        if self.config.pack != 1 or self.config.points < 2 or self.config.labelled:
            return None
        return _own_plane(self.real_np) if self.dots else _parameters(self.config) or _principal(self.real_np)

    def setting(self) -> dict[str, Any]:
        """Return what a page needs once."""
        kind = "points" if self.dots else "numbers" if self.config.points == 1 else "curves"
        return {
            "kind": kind,
            "x": listed(points_x(self.config, self.dataset)),
            "titles": ["x", "y"],
            "real": listed(restored(self.config, self.real_np), 5),
            "plane": None if self.plane is None else self.plane.setting(self.real_np),
            "modes": None if self.family is None or self.family.modes_kp is None else len(self.family.modes_kp),
            "halves": self.config.updates == "alternating",
        }

    def frame(self, state: Checkpoint, judge: Checkpoint, walk: bool = False) -> dict[str, Any]:
        """Return the picture at a step: G of `state`, D of `judge`, which is a step further between their updates."""
        z_nl = latents(self.config, self.config.seed, Stream.EVALUATION, self._count)
        made_np = self._made(state, z_nl)
        shown = {"generated": listed(restored(self.config, made_np), 5), "occupancy": self.occupancy(made_np)}
        if walk and self.config.latent > 1:
            shown["walk"] = listed(restored(self.config, self._made(state, _circle(z_nl))), 5)
        return shown | ({} if self.plane is None else self._judged(judge, made_np, self.plane))

    def _made(self, state: Checkpoint, z_nl: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs_nk, front = generate(state.weights, z_nl, self.config), _front(state)
        return outputs_nk if front is None else front.curves(outputs_nk).astype(np.float32)

    def occupancy(self, made_np: Any) -> list[float] | None:
        """Return each mode's share of generated curves; None for a family without modes."""
        if self.family is None or self.family.modes_kp is None:
            return None
        modes = len(self.family.modes_kp)
        counts = np.bincount(self.family.nearest_mode(made_np.astype(np.float64)), minlength=modes)
        return [round(float(share), 4) for share in counts / len(made_np)]

    def _judged(self, judge: Checkpoint, made_np: NDArray[np.float32], plane: "Plane") -> dict[str, Any]:
        front = _front(judge)

        def logits(curves_np: Any) -> NDArray[np.float32]:
            seen = curves_np if front is None else front.scores(np.asarray(curves_np, np.float64))
            judged_n: NDArray[np.float32] = discriminate(judge.weights, np.asarray(seen, np.float32), self.config)
            return judged_n

        pulled = made_np[: 4 * _PULLED if self.dots else _PULLED]
        return {
            "field": listed(logits(plane.cells()).reshape(CELLS, CELLS), 3),
            "placed": listed(plane.placed(made_np), 4),
            "pull": listed(_gradient(logits, pulled) * self._scale, 3),
            "logits": listed(logits(made_np[:_CURVES]), 4),
        }


def _front(state: Checkpoint) -> Front | None:
    """Return the front end that a training sees curves through, without the rest, which is drawn and not learned."""
    return Front.from_tensors(state.front).smooth if state.front else None


class Plane:
    """Curves of a plane, origin + first u + second v, and the range of u and v that is shown."""

    def __init__(self, names: tuple[str, str], origin_p: Reals, axes_dp: Reals, middle_d: Reals, room_d: Reals) -> None:
        self.names, self._origin, self._axes = names, origin_p, axes_dp
        self.low, self.high = middle_d - room_d, middle_d + room_d

    def cells(self) -> Reals:
        """Return the curves at all cells, (c c, p), v the slower."""
        (u_c, v_c) = (np.linspace(self.low[d], self.high[d], CELLS) for d in (0, 1))
        grid = np.stack([np.tile(u_c, CELLS), np.repeat(v_c, CELLS)], 1)
        cells: Reals = self._origin + grid @ self._axes
        return cells

    def placed(self, curves_np: Any) -> Reals:
        """Return the nearest place of each curve, (n, 2), by least squares."""
        solved: Reals = np.linalg.lstsq(self._axes.T, (curves_np - self._origin).T.astype(np.float64), rcond=None)[0].T
        return solved

    def setting(self, real_np: Any) -> dict[str, Any]:
        """Return its names, its range, and where real curves lie."""
        x, y = ([float(self.low[d]), float(self.high[d])] for d in (0, 1))
        return {"names": self.names, "x": x, "y": y, "real": listed(self.placed(real_np), 4)}


def _own_plane(real_np: Any) -> Plane:
    low, high = real_np.min(0).astype(float), real_np.max(0).astype(float)
    return Plane(("x", "y"), np.zeros(2), np.eye(2), (low + high) / 2, 0.75 * np.maximum(high - low, 0.5))


def _parameters(config: TrainConfig) -> Plane | None:
    """Return the plane of the family's own two parameters, in which its one curve is linear: a and c of a parabola."""
    kind = FAMILIES.get(config.curve.family)
    names = [name for name in type(config.curve).model_fields if name not in ("family", "noise")]
    if kind is None or not issubclass(kind, Fixed) or len(names) != 2:
        return None

    def curve(first: float, second: float) -> Reals:
        changed = config.curve.model_copy(update=dict(zip(names, (first, second), strict=True)))
        values: Reals = kind(config.model_copy(update={"curve": changed})).target_p.astype(np.float64)
        return values

    origin = curve(0.0, 0.0)
    middle = np.array([float(getattr(config.curve, name)) for name in names])
    axes = np.stack([curve(1.0, 0.0) - origin, curve(0.0, 1.0) - origin])
    return Plane((names[0], names[1]), origin, axes, middle, np.maximum(1.5, np.abs(middle)))


def _principal(real_np: Any) -> Plane | None:
    """Return the plane in which real curves vary most: their mean and their first two principal components."""
    if len(real_np) < 3:
        return None
    mean = real_np.mean(0).astype(np.float64)
    _, spread, rows = np.linalg.svd(real_np - mean, full_matrices=False)
    deviation = np.maximum(spread[:2] / np.sqrt(len(real_np)), 0.15 * spread[0] / np.sqrt(len(real_np)))
    return Plane(("1st component", "2nd component"), mean, rows[:2].astype(np.float64), np.zeros(2), 2.2 * deviation)


def _gradient(logits: Any, curves_np: NDArray[np.float32]) -> Reals:
    """Return the gradient of the logit at each curve, (n, p)."""
    count, points = curves_np.shape
    nudges = np.concatenate([np.eye(points), -np.eye(points)]) * _NUDGE
    moved = (curves_np[:, None, :] + nudges[None]).reshape(-1, points)
    values: Reals = logits(moved).astype(np.float64).reshape(count, 2, points)
    gradient: Reals = (values[:, 0] - values[:, 1]) / (2 * _NUDGE)
    return gradient


def _circle(z_nl: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return latents on the circle through the first two: of normal ones all are as likely as those."""
    angle = np.linspace(0, 2 * np.pi, _WALK, endpoint=False)[:, None]
    circle_nl: NDArray[np.float32] = (np.cos(angle) * z_nl[0] + np.sin(angle) * z_nl[1]).astype(np.float32)
    return circle_nl
