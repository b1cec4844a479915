"""The config of a stored job, which another version of curvegan may have written."""

from collections.abc import Mapping
from typing import Any

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_db.errors import ConfigUnreadable


def read_config(job_id: int, values: Mapping[str, Any]) -> TrainConfig:
    """Read the config as it was stored. Raises ConfigUnreadable."""
    try:
        return TrainConfig.parse(values)
    except InvalidConfig as error:
        raise ConfigUnreadable(job_id, str(error)) from None
