"""The config of a stored job, which another version of curvegan may have written."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_db.errors import ConfigUnreadable


def read_what_can_be(job_id: int, values: Any) -> tuple[TrainConfig, str | None]:
    """Read a config to be shown among others: as it is; or, with why it cannot be read, those keys that can."""
    try:
        return read_config(job_id, values), None
    except ConfigUnreadable as error:
        return _of_known_keys(values), error.why


def _of_known_keys(values: Any) -> TrainConfig:
    config = TrainConfig()
    for key, value in values.items() if isinstance(values, Mapping) else ():
        with suppress(InvalidConfig):
            config = TrainConfig.parse(config.model_dump(mode="json") | {key: value})
    return config


def read_config(job_id: int, values: Any) -> TrainConfig:
    """Read the config as it was stored. Raises ConfigUnreadable."""
    if not isinstance(values, Mapping):
        raise ConfigUnreadable(job_id, "what is stored is no JSON object")
    try:
        return TrainConfig.parse(values)
    except InvalidConfig as error:
        raise ConfigUnreadable(job_id, str(error)) from None
