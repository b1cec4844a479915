"""`python -m curvegan_worker.host.probe`: what a worker could train with here, found out by computing on each device.

A process of its own, because a CUDA driver that is broken may take its process along. Prints one line of JSON.
"""

import json
import sys
from ctypes.util import find_library
from importlib.util import find_spec

from curvegan_worker.host.machine_code import fused_problem


def probe() -> dict[str, object]:
    """Return why the fused engine cannot train (None where it can), torch's version, and the CUDA devices that compute.

    The devices are names by device; `driver` says whether NVIDIA's is there.
    """
    answer: dict[str, object] = {"fused": fused_problem(), "torch": None, "driver": find_library("cuda") is not None}
    if find_spec("torch") is None:
        return answer | {"devices": {}}
    import torch  # noqa: PLC0415  the module is named by clients, the process is this one

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        product = torch.ones(8, 8, device=f"cuda:{index}") @ torch.ones(8, 8, device=f"cuda:{index}")
        if float(product.sum()) != 512:
            raise ArithmeticError(f"cuda:{index} computes wrong products")
    devices = {f"cuda:{index}": torch.cuda.get_device_name(index) for index in range(count)}
    return answer | {"torch": torch.__version__, "devices": devices}


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)
