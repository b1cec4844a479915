"""A stored generator as the page takes it: its layers, and all its numbers as float32 in base64."""

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from curvegan_core.config.curve import Data
from curvegan_core.families.front import Front
from curvegan_core.networks import STATISTICS, layers
from curvegan_core.records.checkpoint import Checkpoint

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.values import Job

MOST_NUMBERS = 200_000


def generator_of(job: "Job", data: bytes) -> dict[str, Any] | None:
    """Return the generator of a checkpoint, averaged where `sample` takes that one; None for one that is too large."""
    checkpoint, config = Checkpoint.from_bytes(data, job.config), job.config
    weights = {**checkpoint.weights, **checkpoint.ema}
    described = layers(config, "generator")
    tensors = [weights[f"{part}.{name}"] for one in described for part, name in _parts(one.name, one.norm, config)]
    numbers = np.concatenate([np.asarray(tensor, "<f4").ravel() for tensor in tensors])
    if len(numbers) > MOST_NUMBERS:
        return None
    return {
        "step": checkpoint.step,
        "latent": config.latent,
        "labels": list(config.labelled),
        "noise": config.latent_noise,
        "activation": config.activations["generator"],
        "slope": config.slope,
        "layers": [{"inputs": one.inputs, "outputs": one.outputs} for one in described],
        "norm": config.norm_g,
        "numbers": b64encode(numbers.tobytes()).decode(),
        **_restoring(checkpoint, config),
    }


def _parts(name: str, norm: str | None, config: "TrainConfig") -> list[tuple[str, str]]:
    """Return the tensors of a layer and of the norm behind it, in the order of the numbers."""
    behind = ["weight", "bias", *(STATISTICS if config.norm_g == "batch" else ())] if norm else []
    return [(name, "weight"), (name, "bias"), *((str(norm), one) for one in behind)]


def _restoring(checkpoint: Checkpoint, config: "TrainConfig") -> dict[str, Any]:
    """Return what makes outputs of networks into curves in units of y."""
    if not isinstance(config.curve, Data):
        return {}
    front = Front.from_tensors(checkpoint.front).smooth if checkpoint.front else None
    own = {"mean": front.mean_p, "basis": front.basis_kp, "scale": front.scale_k} if front else {}
    return {
        "unit": [config.curve.scale, config.curve.mean],
        "front": {name: tensor.tolist() for name, tensor in own.items()} or None,
    }
