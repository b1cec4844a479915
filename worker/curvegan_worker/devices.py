"""Which device a worker trains on, and which jobs that lets it claim."""

from ctypes.util import find_library
from importlib.util import find_spec

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import DeviceUnavailable

_MOST_ON_CPU, _MOST_ON_CUDA = 16, 256


def resolve(device: str) -> str:
    """Turn `auto`, `cpu`, `cuda` or `cuda:N` into `cpu` or `cuda:N`. Raises DeviceUnavailable where there is none."""
    if device == "cpu" or (device == "auto" and find_library("cuda") is None):
        return "cpu"
    if find_spec("torch") is None:
        if device == "auto":
            return "cpu"
        raise DeviceUnavailable(f"{device} needs torch, which is not installed here: `pip install 'curvegan[torch]'`")
    import torch  # noqa: PLC0415  only where NVIDIA's driver is, torch knows whether it can be used

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda:0" if count else "cpu"
    index = int(device.partition(":")[2] or 0)
    if index >= count:
        raise DeviceUnavailable(f"this machine has no {device}: torch sees {count} CUDA devices; try --device cpu")
    return f"cuda:{index}"


def accepted(device: str) -> tuple[str, ...]:
    """Return the values of a config's `device` that a worker on `device` can serve. Every machine has a CPU too."""
    return ("auto", "cpu") if device == "cpu" else ("auto", "cpu", "cuda", device)


def train_on(config: TrainConfig, made_by: str | None, device: str) -> str:
    """Return the device for a job on a worker with `device`; `made_by` is the engine of its checkpoint.

    The fused engine trains on the CPU, and what it began goes on there.
    """
    return "cpu" if config.device == "cpu" or "fused" in (config.engine, made_by) else device


def most_jobs(device: str) -> int:
    """Return how many jobs a worker trains together at the most."""
    return _MOST_ON_CPU if device == "cpu" else _MOST_ON_CUDA
