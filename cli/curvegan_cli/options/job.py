"""The options that say what a job shall be, which `submit` and `sweep` share. Stores nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from curvegan.lab import Lab
from curvegan.submitting.layers import assignments, job_layers, start_config
from curvegan.submitting.typed import KEYS
from curvegan_cli.options import completing
from curvegan_cli.options.completing import values_of
from curvegan_cli.options.values import SET, Value, Whole, data_among, pairs

# The names of curvegan_core.config.presets, which is too heavy to import for --help; a test holds them together.
PRESETS = (
    *("tutorial", "tuned", "collapse-demo", "collapse-fix", "sine8", "data"),
    *("ring-unrolled", "ring-veegan", "grid-veegan"),
)
from_option = click.option(
    "--from",
    "start",
    metavar="ID",
    shell_complete=completing.jobs,
    help="A job whose config to start from: 17, last or a name.",
)
preset_option = click.option(
    "--preset", metavar="NAME", shell_complete=completing.presets, help=f"Keys to start from: {', '.join(PRESETS)}."
)
no_worker_option = click.option("--no-worker", is_flag=True, help="Start no background worker.")
set_option = click.option(
    SET,
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    shell_complete=completing.assignments,
    help="Any key, over --config; several times for more.",
)

_JOB_OPTIONS = (
    click.option("--lr", type=Value(float), help="Learning rate of both networks.  [default: 0.0001]"),
    click.option("--lr-g", type=Value(float), help="Learning rate of the generator; over --lr."),
    click.option("--lr-d", type=Value(float), help="Learning rate of the discriminator; over --lr."),
    click.option("--steps", type=Value(int), help="Generator updates to train.  [default: 10001]"),
    click.option("--seed", type=Value(int), help="Seed of weights, noise and minibatches.  [default: 0]"),
    click.option("--batch-size", type=Value(int), help="Curves in a minibatch.  [default: 64]"),
    click.option(
        "--curve",
        type=Value(),
        shell_complete=values_of("curve"),
        metavar="FAMILY",
        help="Family of the curve to learn.  [default: quadratic]",
    ),
    click.option(
        "--loss",
        type=Value(),
        shell_complete=values_of("loss"),
        metavar="NAME",
        help="Loss to train with.  [default: ns]",
    ),
    click.option(
        "--device",
        type=Value(),
        shell_complete=values_of("device"),
        metavar="auto|cpu|cuda[:N]",
        help="What it may be trained on.  [default: auto]",
    ),
    click.option(
        "--engine",
        type=Value(),
        shell_complete=values_of("engine"),
        metavar="auto|torch|fused",
        help="What computes the steps.  [default: auto]",
    ),
    click.option("--name", help="A name to know the job by."),
    click.option("--tag", "tags", multiple=True, help="A tag to find it by; may be given several times."),
    click.option("--priority", type=Whole(-1000, 1000), default=0, show_default=True, help="High goes first."),
    click.option(
        "--data",
        metavar="NAME",
        shell_complete=completing.datasets,
        help="Learn your own curves, stored by `curvegan data add`; with preset data where none is given.",
    ),
    from_option,
    preset_option,
    click.option(
        "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Keys of a file."
    ),
    set_option,
)


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that says what a job shall be; `given_layers` reads the keys among them."""
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return command


def given_layers(lab: Lab, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the files and the options say of the config, a later one over an earlier one."""
    keys = {key: given[key] for key in KEYS if given[key] is not None}
    start, (data, others) = start_config(lab, given["start"]), data_among(given["pairs"])
    data = given["data"] or data
    return job_layers(lab, keys, given["preset"], given["config_file"], assignments(others), data, start)
