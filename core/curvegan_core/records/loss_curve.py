"""Recorded series of a job: its loss curve and its snapshots, to and from bytes."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curvegan_core.records.loss_record import COLUMNS

__all__ = ["COLUMNS", "SNAPSHOT_CURVES", "LossCurve", "Snapshot"]

SNAPSHOT_CURVES = 32
_RECORD = np.dtype([("step", "<i8"), *((name, "<f4") for name in COLUMNS[1:])])
_SNAPSHOT = struct.Struct("<qii")


@dataclass(frozen=True, eq=False)
class LossCurve:
    """Records of a job in step order, one row a record.

    `steps` is int64 (n,), every other column float32 (n,). A record at step s holds what update s saw: `d_loss`,
    `d_real` and `d_fake` (mean P(real) on real and on generated curves) before the discriminator's update, `g_loss`
    after it, and `rmse` of that minibatch's curves to the target, in units of training.
    """

    steps: NDArray[np.int64]
    g_loss: NDArray[np.float32]
    d_loss: NDArray[np.float32]
    d_real: NDArray[np.float32]
    d_fake: NDArray[np.float32]
    rmse: NDArray[np.float32]

    @classmethod
    def empty(cls) -> Self:
        """Return a curve without a record."""
        return cls.from_bytes(b"")

    @classmethod
    def concatenate(cls, curves: Sequence["LossCurve"]) -> Self:
        """Join curves in the order given; none give an empty one."""
        return cls.from_bytes(b"".join(curve.to_bytes() for curve in curves))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises ValueError when that is no whole number of records."""
        if len(data) % _RECORD.itemsize:
            raise ValueError(f"a loss curve is {_RECORD.itemsize} bytes a record, not {len(data)} bytes")
        records = np.frombuffer(data, _RECORD)
        steps = records["step"].astype(np.int64)
        return cls(steps, *(records[name].astype(np.float32) for name in COLUMNS[1:]))

    def to_bytes(self) -> bytes:
        """Write 28 bytes a record, little-endian: step int64, then g_loss, d_loss, d_real, d_fake, rmse float32."""
        records = np.empty(len(self), _RECORD)
        for name, column in zip(COLUMNS, self.columns, strict=True):
            records[name] = column
        return records.tobytes()

    @property
    def columns(self) -> tuple[NDArray[np.int64] | NDArray[np.float32], ...]:
        """The arrays in the order of COLUMNS."""
        return (self.steps, self.g_loss, self.d_loss, self.d_real, self.d_fake, self.rmse)

    def rows(self, start: int, stop: int) -> Self:
        """Return the records start..stop-1, counted as in a slice."""
        g_loss, d_loss, d_real, d_fake, rmse = (
            column[start:stop] for column in (self.g_loss, self.d_loss, self.d_real, self.d_fake, self.rmse)
        )
        return type(self)(self.steps[start:stop], g_loss, d_loss, d_real, d_fake, rmse)

    def __len__(self) -> int:
        return len(self.steps)

    def __eq__(self, other: object) -> bool:
        """Return whether they are bit-identical."""
        return isinstance(other, LossCurve) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Curves generated at a step from the job's fixed evaluation latents, (n, points), in units of y.

    They are float32, or float64 where they are a person's own, which may have a large offset. n is SNAPSHOT_CURVES, for
    points of the plane all evaluation latents. `metrics` judge the generator at that step, by the names of
    `curvegan_core.metrics.evaluation`.
    """

    step: int
    curves: NDArray[np.float32] | NDArray[np.float64]
    metrics: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises ValueError when the size is wrong."""
        if len(data) < _SNAPSHOT.size:
            raise ValueError(f"a snapshot has at least {_SNAPSHOT.size} bytes, not {len(data)}")
        step, count, points = _SNAPSHOT.unpack_from(data)
        kind = np.dtype("<f8" if points < 0 else "<f4")
        end = _SNAPSHOT.size + kind.itemsize * count * abs(points)
        if count < 0 or len(data) < end:
            raise ValueError(f"a snapshot of {count} curves of {points} points does not have {len(data)} bytes")
        values = np.frombuffer(data[:end], kind, offset=_SNAPSHOT.size)
        curves = values.reshape(count, abs(points)).astype(kind.newbyteorder("="))
        return cls(step, curves, _metrics(data[end:]))

    def to_bytes(self) -> bytes:
        """Write little-endian: step int64, curves int32, points int32, then the values float32, curve by curve.

        The points are negative where the values are float64. The metrics, if any, follow as one JSON object.
        """
        metrics = json.dumps(dict(self.metrics), allow_nan=False).encode() if self.metrics else b""
        count, points = self.curves.shape
        kind, points = ("<f8", -points) if self.curves.dtype == np.float64 else ("<f4", points)
        return _SNAPSHOT.pack(self.step, count, points) + self.curves.astype(kind).tobytes() + metrics

    def __eq__(self, other: object) -> bool:
        """Return whether they are bit-identical."""
        return isinstance(other, Snapshot) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


def _metrics(data: bytes) -> dict[str, float]:
    if not data:
        return {}
    try:
        metrics = json.loads(data)
        return {str(name): float(value) for name, value in metrics.items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"the last {len(data)} bytes of a snapshot are no metrics") from None
