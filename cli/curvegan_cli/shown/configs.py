"""A config as the commands print it: commented TOML, or JSON."""

from typing import TYPE_CHECKING

from curvegan.toml import commented
from curvegan_cli.shown.output import emit

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig


def emit_config(form: str, config: "TrainConfig", remark: str = "") -> None:
    """Print the complete config, as a file that `--config` reads; there the remark is its first line."""
    lines = [*([f"# {remark}"] if remark else []), *commented(config).removesuffix("\n").split("\n")]
    emit(form, text=lambda: lines, json=lambda: config.model_dump(mode="json"))
