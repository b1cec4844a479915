"""Who only submits or looks at results needs no torch; who only checks a config not even numpy."""

import subprocess
import sys

_BLOCK_TORCH = "import sys; sys.modules['torch'] = None\n"

_LOOK = """
import numpy as np
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.config.train import TrainConfig
from curvegan_core.losses import equilibrium
from curvegan_core.metrics.evaluation import Evaluation
from curvegan_core.networks import init_weights
from curvegan_core.plotting.job_plots import KINDS, render
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.sampling import samples
from curvegan_core.records.loss_curve import LossCurve

config = TrainConfig()
weights = init_weights(config)
checkpoint = Checkpoint(config.hash, 0, "torch", "0", weights, weights, weights)
again = Checkpoint.from_bytes(checkpoint.to_bytes(), config)
assert samples(again, config, 4, 1).shape == (4, 15)
record = LossCurve(np.array([0]), *(np.ones(1, np.float32) for _ in range(5)))
judge = Evaluation(config)
data = PlotData("job 1", config, record, [judge.snapshot(0, weights)], judge.final(weights, record))
assert all(render(kind, data).startswith(b"\\x89PNG") for kind in KINDS)
assert equilibrium(config).g_loss < 0.7
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_config_needs_neither_torch_nor_numpy() -> None:
    program = "import curvegan_core.config.train, curvegan_core.errors, sys; print(*sys.modules)"
    loaded = set(run(program).split())
    assert "pydantic" in loaded
    assert not loaded & {"torch", "numpy", "matplotlib", "safetensors"}


def test_results_need_no_torch() -> None:
    run(_BLOCK_TORCH + _LOOK)


def test_plots_leave_pyplot_alone() -> None:
    assert "matplotlib.pyplot" not in run("import curvegan_core.plotting.job_plots, sys; print(*sys.modules)").split()
