"""curvegan config: print a job's config. Stores nothing."""

import click

from curvegan.submitting.layers import layered, preset_layer
from curvegan_cli.options.job import preset_option
from curvegan_cli.shown.configs import emit_config
from curvegan_cli.shown.output import form_options


@click.command()
@preset_option
@form_options("toml", "json")
def config(preset: str | None, form: str) -> None:
    """Print a job's config: every key and its default.

    What it prints is a file for `submit --config`.

    \b
    Examples:
      curvegan config > job.toml
      curvegan submit --config job.toml
      curvegan config --preset collapse-fix
    """
    from curvegan_core.config.presets import PRESETS

    config = layered([preset_layer(preset)])
    emit_config(form, config, f"preset {preset}: {PRESETS[preset].purpose}" if preset else "")
