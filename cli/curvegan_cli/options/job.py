"""The options that say what a job shall be, which `submit` and `sweep` share. Stores nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from curvegan.lab import Lab
from curvegan.submitting.layers import assignments, job_layers

# The options that stand for a key of the config; the others say how to submit it.
KEYS = ("lr", "lr_g", "lr_d", "steps", "seed", "batch_size", "curve", "loss", "device", "engine")
# The names of curvegan_core.config.presets, which is too heavy to import for --help; a test holds them together.
PRESETS = (
    *("tutorial", "tuned", "collapse-demo", "collapse-fix", "sine8"),
    *("ring-unrolled", "ring-veegan", "grid-veegan"),
)
preset_option = click.option("--preset", metavar="NAME", help=f"Keys to start from: {', '.join(PRESETS)}.")
no_worker_option = click.option("--no-worker", is_flag=True, help="Start no background worker.")

_JOB_OPTIONS = (
    click.option("--lr", type=float, help="Learning rate of both networks.  [default: 0.0001]"),
    click.option("--lr-g", type=float, help="Learning rate of the generator; over --lr."),
    click.option("--lr-d", type=float, help="Learning rate of the discriminator; over --lr."),
    click.option("--steps", type=int, help="Generator updates to train.  [default: 10001]"),
    click.option("--seed", type=int, help="Seed of weights, noise and minibatches.  [default: 0]"),
    click.option("--batch-size", type=int, help="Curves in a minibatch.  [default: 64]"),
    click.option("--curve", metavar="FAMILY", help="Family of the curve to learn.  [default: quadratic]"),
    click.option("--loss", metavar="NAME", help="Loss to train with.  [default: ns]"),
    click.option("--device", metavar="auto|cpu|cuda[:N]", help="What it may be trained on.  [default: auto]"),
    click.option("--engine", metavar="auto|torch|fused", help="What computes the steps.  [default: auto]"),
    click.option("--name", help="A name to know the job by."),
    click.option("--tag", "tags", multiple=True, help="A tag to find it by; may be given several times."),
    click.option("--priority", type=click.IntRange(-1000, 1000), default=0, show_default=True, help="High goes first."),
    click.option("--data", metavar="NAME", help="Learn your own curves, stored by `curvegan data add`."),
    preset_option,
    click.option(
        "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Keys of a file."
    ),
    click.option("--set", "pairs", type=(str, str), multiple=True, metavar="KEY VALUE", help="Any key, over --config."),
)


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that says what a job shall be; `given_layers` reads the keys among them."""
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return command


def given_layers(lab: Lab, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the files and the options say of the config, a later one over an earlier one."""
    keys = {key: given[key] for key in KEYS if given[key] is not None}
    return job_layers(lab, keys, given["preset"], given["config_file"], assignments(given["pairs"]), given["data"])
