"""The fused engine's numbers are the same in every process, from kept code, and in every vector width."""

import gc
import os
import platform
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from curvegan_core.engines import fused
from curvegan_core.engines.fused.vectors import LANES

_TRAIN = """
import sys
from hashlib import sha256
from pathlib import Path

from curvegan_core.engines.fused.engine import CODE, DEEP_CODE, keep_in
from curvegan_core.engines.fused.vectors import LANES
from tests.core.fused.fused import a_config, fused, joined, train

keep_in(Path(sys.argv[1]))
digest = sha256()
deep = {"layers_g": 2, "layers_d": 3, "activation_d": "leaky_relu"}
for shape, values in (
    ("odd", {"loss": "ns"}),
    ("large", {"loss": "hinge"}),
    ("default", {"loss": "rpgan"}),
    ("default", {"curve": "updown"}),
    ("odd", {**deep, "optimiser": "oadam", "curve": "sine"}),
    ("large", {**deep, "optimiser_d": "rmsprop", "schedule": "cosine", "instance_noise": 0.1}),
    ("large", {"activation_g": "tanh", "activation_d": "gelu", "layers_d": 2}),
    ("odd", {"activation_g": "elu", "activation_d": "silu", "layers_g": 2}),
    ("odd", {"layers_g": 0, "layers_d": 0, "optimiser": "sgd", "g_steps": 2}),
):
    engine = fused(a_config(shape, r1=0.1, lr=1e-3, **values))
    for series in joined(train(engine, 1, [200])).values():
        digest.update(series.tobytes())
    for tensor in engine.state(0).weights.values():
        digest.update(tensor.tobytes())
print(digest.hexdigest(), CODE.was_kept and DEEP_CODE.was_kept, LANES)
"""
_NARROWER = {8: "+avx2,+fma", 4: "+fma"}


def train(folder: Path, features: str | None = None) -> tuple[str, bool, int]:
    """Return the digest of all numbers, whether the code was found in the folder, and a vector's lanes.

    Training has a process of its own. Features are those of a processor to compile for, else it is this one.
    """
    settings = {} if features is None else {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": features}
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _TRAIN, str(folder)]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    digest, kept, lanes = done.stdout.split()
    return digest, kept == "True", int(lanes)


@pytest.fixture(scope="module")
def expected(fused_code: Path) -> str:
    """The digest of a process that compiled the code where this version has not been kept yet."""
    return train(fused_code)[0]


def test_kept_code_gives_the_same_numbers(fused_code: Path, expected: str) -> None:
    assert train(fused_code) == (expected, True, LANES)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names features of x86 processors")
@pytest.mark.parametrize("lanes", [lanes for lanes in _NARROWER if lanes < LANES])
def test_narrower_vectors_give_the_same_numbers(lanes: int, fused_code: Path, expected: str) -> None:
    digest, _, used = train(fused_code, _NARROWER[lanes])
    assert used == lanes
    assert digest == expected


def test_compiled_functions_have_names_of_their_own() -> None:
    """Kept code is linked by names and signatures: two kernels that other processes compiled may meet in a third."""
    made = [
        function.py_func
        for function in gc.get_objects()
        if issubclass(type(function), Dispatcher) and function.py_func.__module__.startswith(fused.__name__)
    ]
    assert len(made) > 100
    assert not [function.__qualname__ for function in made if "<locals>" in function.__qualname__]
    names = Counter((function.__module__, function.__qualname__) for function in made)
    assert [name for name, count in names.items() if count > 1] == []
