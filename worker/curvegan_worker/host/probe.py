"""`python -m curvegan_worker.host.probe`: which devices a worker could train on here, found out by computing on each.

A process of its own, because a CUDA driver that is broken may take its process along. Prints one line of JSON.
"""

import json
import sys
from ctypes.util import find_library


def probe() -> dict[str, object]:
    """Return the names of the CUDA devices that compute, by device; `driver` says whether NVIDIA's is there."""
    import torch  # noqa: PLC0415  the module is named by clients, the process is this one

    answer: dict[str, object] = {"torch": torch.__version__, "driver": find_library("cuda") is not None}
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        product = torch.ones(8, 8, device=f"cuda:{index}") @ torch.ones(8, 8, device=f"cuda:{index}")
        assert float(product.sum()) == 512
    return answer | {"devices": {f"cuda:{index}": torch.cuda.get_device_name(index) for index in range(count)}}


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)
