"""A training's whole state at a step, to and from bytes, never through pickle.

The bytes are a safetensors file. Weights have torch's names (`generator.0.weight`), batch norm's running statistics
among them (`generator.1.running_mean`). What an optimiser keeps has the prefix of its group (`adam_m.`, `momentum.`;
see `optimisers`), and the generator's averaged weights, where the config has an average, the prefix `ema.`;
the front end through which it sees a person's own curves, if any, the prefix `front.`, in float64.
An optimiser's own count is the step, and noise has no state, so this is all that a resume needs.
The header is one JSON text in the file's metadata; its `sha256` covers every byte of the file, with the digest's own
64 characters read as zeros. Its `config` holds what the training's numbers depend on, of which `config_hash` is the
digest, so that the file says by itself what its networks are; files of before version 0.2 lack it.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CheckpointRefused, InvalidConfig
from curvegan_core.families import front
from curvegan_core.networks import shapes
from curvegan_core.optimisers import GROUPS, kept_shapes
from curvegan_core.records.loss_curve import COLUMNS, LossCurve

FORMAT = 1
_KEY = "curvegan"
_NO_DIGEST = "0" * 64
_FACTS = ("config_hash", "step", "engine", "engine_version")
_GROUPS = {"weights": "", "ema": "ema.", "front": "front."} | {group: f"{group}." for group in GROUPS}

Tensors = dict[str, NDArray[np.float32]]
AnyTensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """State of a training after `step` generator updates, with the engine that trained it.

    `record` is the last record of the loss curve before `step` (one row, or none at step 0): a training that resumes
    behind its last record can still report it. `keys` are those of the config that the numbers depend on, as
    `curvegan_core.config.keys.numbers` gives them; None in a file that lacks them, and in what was resumed from one.
    """

    config_hash: str
    step: int
    engine: str
    engine_version: str
    weights: Tensors
    adam_m: Tensors
    adam_v: Tensors
    record: LossCurve = field(default_factory=LossCurve.empty)
    ema: Tensors = field(default_factory=dict)
    oadam_step: Tensors = field(default_factory=dict)
    momentum: Tensors = field(default_factory=dict)
    rms_v: Tensors = field(default_factory=dict)
    front: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    keys: Mapping[str, Any] | None = None

    @property
    def config(self) -> TrainConfig:
        """The config that its numbers depend on; what they do not depend on, as steps and device, is at its default.

        Raises CheckpointRefused where the file does not hold it.
        """
        if self.keys is None:
            raise CheckpointRefused(
                "this checkpoint does not hold its config: it was made before they did; name the job's config, which "
                "`curvegan show ID -o toml` prints"
            )
        try:
            config = TrainConfig.parse(self.keys)
        except InvalidConfig as error:
            raise _damaged(f"its config cannot be read: {error}") from None
        self.check(config)
        return config

    @property
    def kept(self) -> dict[str, Tensors]:
        """What optimisers keep, by group."""
        return {group: getattr(self, group) for group in GROUPS}

    @property
    def finite(self) -> bool:
        """Whether every number of the state is one."""
        return all(np.isfinite(tensor).all() for tensor in self._tensors().values())

    @property
    def size(self) -> int:
        """Return how many bytes its tensors have."""
        return sum(tensor.nbytes for tensor in self._tensors().values())

    def to_bytes(self) -> bytes:
        """Write the safetensors file: equal states give equal bytes."""
        header = {"format": FORMAT, "sha256": _NO_DIGEST, **self._facts()}
        if self.keys is not None:
            header["config"] = dict(self.keys)
        blank = safetensors.numpy.save(self._tensors(), {_KEY: json.dumps(header, allow_nan=False)})
        return blank.replace(_NO_DIGEST.encode(), _digest(blank).encode(), 1)

    @classmethod
    def from_bytes(cls, data: bytes, config: TrainConfig | None = None) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            CheckpointRefused: data are no checkpoint, are damaged, are of a newer format, or, if a config is given,
                belong to another one. The text says which.
        """
        header = _header(data)
        _check_format(header)
        _check_digest(data, header)
        try:
            config_hash, step, engine, version = _fields(header)
            groups, record = _split(_tensors(data)), _record(header["record"])
            checkpoint = cls(config_hash, step, engine, version, record=record, keys=_keys(header), **groups)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(f"its header or tensors are incomplete: {error}") from None
        if config is not None:
            checkpoint.check(config)
        return checkpoint

    def check(self, config: TrainConfig) -> None:
        """Raise CheckpointRefused unless this is a state of that config's training."""
        if self.config_hash != config.hash:
            raise CheckpointRefused(
                f"checkpoint refused: it belongs to another config (its hash is {self.config_hash[:12]}, "
                f"the job's is {config.hash[:12]})"
            )
        if self.step > 0 and not len(self.record):
            raise _damaged("its last record is missing")
        wanted = shapes(config)
        for group, tensors in {"weights": wanted, **kept_shapes(config)}.items():
            if _shapes(getattr(self, group)) != tensors:
                raise _damaged("its tensors do not have its config's shapes")
        average = {name: shape for name, shape in wanted.items() if config.ema and name.startswith("generator.")}
        if _shapes(self.ema) != average:
            raise _damaged("its averaged weights do not have its config's shapes")
        if _shapes(self.front) != front.shapes(config.front, config.points, config.outputs):
            raise _damaged("its front end does not have its config's shapes")

    def _facts(self) -> dict[str, Any]:
        row = [column[-1].item() for column in self.record.columns] if len(self.record) else None
        return {name: getattr(self, name) for name in _FACTS} | {"record": row}

    def _tensors(self) -> AnyTensors:
        groups = {prefix: getattr(self, group) for group, prefix in _GROUPS.items()}
        return {
            prefix + name: np.ascontiguousarray(tensor, np.float64 if prefix == _GROUPS["front"] else np.float32)
            for prefix, tensors in groups.items()
            for name, tensor in tensors.items()
        }

    def __eq__(self, other: object) -> bool:
        """Return whether the states are bit-identical."""
        return isinstance(other, Checkpoint) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


def _damaged(why: str) -> CheckpointRefused:
    return CheckpointRefused(f"checkpoint refused: damaged or no checkpoint at all; {why}")


def _header(data: bytes) -> dict[str, Any]:
    try:
        (length,) = struct.unpack_from("<Q", data)
        outer = json.loads(data[8 : 8 + length]) if length <= len(data) - 8 else None
        header = json.loads(outer["__metadata__"][_KEY]) if outer is not None else None
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        raise _damaged("its header cannot be read") from None
    if not isinstance(header, dict):
        raise _damaged("it is cut short or has no header")
    return header


def _check_format(header: dict[str, Any]) -> None:
    written = header.get("format")
    if type(written) is not int or written < 1:
        raise _damaged("its header names no format")
    if written > FORMAT:
        raise CheckpointRefused(
            f"checkpoint refused: it has format {written}, this curvegan reads up to {FORMAT}; install a newer curvegan"
        )


def _check_digest(data: bytes, header: dict[str, Any]) -> None:
    stored = header.get("sha256")
    if not isinstance(stored, str) or len(stored) != len(_NO_DIGEST):
        raise _damaged("its header names no checksum")
    if _digest(data.replace(stored.encode(), _NO_DIGEST.encode(), 1)) != stored:
        raise _damaged("its checksum does not match")


def _digest(blank: bytes) -> str:
    return hashlib.sha256(blank).hexdigest()


def _fields(header: dict[str, Any]) -> tuple[str, int, str, str]:
    config_hash, step, engine, version = (header[name] for name in _FACTS)
    if type(step) is not int or step < 0 or not all(isinstance(text, str) for text in (config_hash, engine, version)):
        raise ValueError("a field has a wrong type")
    return config_hash, step, engine, version


def _keys(header: dict[str, Any]) -> dict[str, Any] | None:
    keys = header.get("config")
    if keys is not None and not isinstance(keys, dict):
        raise ValueError("its config is no table")
    return keys


def _record(row: list[float] | None) -> LossCurve:
    if row is None:
        return LossCurve.empty()
    if len(row) != len(COLUMNS):
        raise ValueError("its last record is incomplete")
    step, *values = row
    return LossCurve(np.array([step], np.int64), *(np.array([value], np.float32) for value in values))


def _tensors(data: bytes) -> AnyTensors:
    try:
        return safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise _damaged(f"its tensors cannot be read ({error})") from None


def _split(tensors: AnyTensors) -> dict[str, AnyTensors]:
    groups: dict[str, AnyTensors] = {group: {} for group in _GROUPS}
    for name, tensor in tensors.items():
        group, _, rest = name.partition(".")
        if f"{group}." in _GROUPS.values():
            groups[group][rest] = tensor
        else:
            groups["weights"][name] = tensor
    return groups


def _shapes(tensors: AnyTensors) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in tensors.items()}
