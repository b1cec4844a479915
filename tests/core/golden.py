"""Numbers of short trainings, kept in golden.json: a change of the code that changes a number is seen.

`python -m tests.core.golden` adds those of cases that it does not know, here where they hold on one kind of machine
alone; `--anew` writes all of them. Do that for a new engine version, never to make a test pass.
"""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig

from .packs import Kept, alone

GOLDEN = Path(__file__).with_name("golden.json")
_GRID = {"steps": 100, "record_every": 5, "snapshot_every": 50, "checkpoint_every": 50}
_SMALL = {"latent": 5, "hidden_g": 24, "hidden_d": 40, "batch_size": 16, "lr": 1e-3, "seed": 7}
LOSS_KEYS: dict[str, dict[str, Any]] = {
    "ns": {"instance_noise": 0.05, "d_steps": 2},
    "minimax": {"label_smoothing": 0.1},
    "lsgan": {"ema": 0.9},
    "hinge": {"r2": 0.2},
    "wgan": {"gp": 10.0},
    "rpgan": {"r1": 1.0, "r2": 0.1},
}
# What these draw is sums and products alone, which IEEE rounds in one way. Powers, roots and waves are the library's.
_EXACT_CURVES = ("quadratic", "abs", "quadratic_family")
_OTHER_CURVES = ("cubic", "updown", "sine", "sine_modes", "ring8", "spiral")


def _cases() -> dict[str, dict[str, Any]]:
    cases: dict[str, dict[str, Any]] = {}
    for index, (loss, keys) in enumerate(LOSS_KEYS.items()):
        exact, other = _EXACT_CURVES[index % len(_EXACT_CURVES)], _OTHER_CURVES[index % len(_OTHER_CURVES)]
        cases[f"{loss} {exact} fused"] = {"curve": exact, "loss": loss, "engine": "fused", **keys}
        cases[f"{loss} {other} fused"] = {"curve": other, "loss": loss, "engine": "fused", **keys}
        cases[f"{loss} {other} torch"] = {"curve": other, "loss": loss, "engine": "torch", **keys}
    cases["clip fused"] = {"loss": "wgan", "clip": 0.1, "latent_noise": "uniform", "engine": "fused"}
    cases["two layers fused"] = {"layers_g": 2, "layers_d": 2, "loss": "rpgan", "r1": 0.1, "engine": "fused"}
    linear = {"layers_d": 0, "activation": "leaky_relu", "optimiser": "oadam", "curve": "quadratic_family"}
    cases["linear oadam fused"] = {**linear, "engine": "fused"}
    cases["tanh fused"] = {"activation": "tanh", "r1": 0.5, "engine": "fused"}
    bends = {"activation_g": "elu", "activation_d": "silu", "layers_d": 2, "gp": 1.0}
    cases["elu silu fused"] = {**bends, "engine": "fused"}
    cases["gelu fused"] = {"activation": "gelu", "layers_g": 2, "optimiser": "rmsprop", "engine": "fused"}
    cases["spectral_norm leaky_relu torch"] = {"spectral_norm": True, "activation": "leaky_relu", "engine": "torch"}
    cases["tanh torch"] = {"activation": "tanh", "r1": 0.5, "engine": "torch"}
    return {name: _GRID | _SMALL | values for name, values in cases.items()}


CASES = _cases()
EXACT = [
    name
    for name, values in CASES.items()
    if values["engine"] == "fused" and values.get("curve", "quadratic") in _EXACT_CURVES
]
"""The cases whose training has the same bits on every x86-64 processor that the fused engine trains on."""


@cache
def trained(name: str) -> Kept:
    """Train a case."""
    return alone(TrainConfig.parse(CASES[name]))


def training_digest(kept: Kept) -> str:
    """Digest what the engine computed: losses, and the state at every checkpoint."""
    losses = kept.losses
    arrays: list[NDArray[Any]] = [losses.steps, losses.g_loss, losses.d_loss, losses.d_real, losses.d_fake]
    for checkpoint in kept.checkpoints:
        for tensors in (checkpoint.weights, checkpoint.adam_m, checkpoint.adam_v, checkpoint.ema):
            arrays += [tensors[name] for name in sorted(tensors)]
    return _digest(array.tobytes() for array in arrays)


def judged_digest(kept: Kept) -> str:
    """Digest all that was recorded, with what numpy and scipy measured: distances, snapshots, metrics."""
    assert kept.end.metrics is not None
    snapshots = [snapshot.to_bytes() for snapshot in kept.snapshots]
    measured = [kept.losses.to_bytes(), *snapshots, json.dumps(kept.end.metrics.as_dict()).encode()]
    return _digest([training_digest(kept).encode(), *measured])


def last_losses(kept: Kept) -> list[float]:
    """Return g_loss and d_loss of the last record, rounded."""
    return [float(f"{series[-1]:.6g}") for series in (kept.losses.g_loss, kept.losses.d_loss)]


def machine(exactly: bool = True) -> str:
    """Name the processor and the libraries, on which the rounding of numpy and torch depends.

    Virtual machines tell of many processors one name: its family and model say which it is. Without them it is called
    as the oldest numbers call theirs.
    """
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    processor = told.get("model name") or platform.processor() or platform.machine()
    if exactly and "cpu family" in told:
        processor += f" family {told['cpu family']} model {told['model']}"
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    libraries = [f"{library} {version(library).partition('+')[0]}" for library in ("numpy", "scipy", "torch")]
    return ", ".join([processor, features[-1] if features else "no SIMD", *libraries])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:24]


def _write(anew: bool) -> None:
    golden = json.loads(GOLDEN.read_text())
    here = golden["machines"].setdefault(machine(), {})
    for kept, names, numbers in (
        (golden["losses"], CASES, last_losses),
        (golden["training"], EXACT, training_digest),
        (here, CASES, judged_digest),
    ):
        kept |= {name: numbers(trained(name)) for name in names if anew or name not in kept}
        for gone in kept.keys() - names:
            del kept[gone]
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    _write("--anew" in sys.argv[1:])
