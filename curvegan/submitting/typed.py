"""A job as somebody types it, key by key: the command that says the same, and the request that comes of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.values import JobRequest

KEYS = ("lr", "lr_g", "lr_d", "steps", "seed", "batch_size", "curve", "loss", "device", "engine")
"""The keys of a config that are options of `submit` by themselves; any other one is set by `--set`."""
# Of those, the ones whose option reads a number by itself, and a whole one.
_NUMBERS, _WHOLE = ("lr", "lr_g", "lr_d"), ("steps", "seed", "batch_size")
# Keys whose one value may be several words.
_LISTS = ("stop",)


@dataclass(frozen=True)
class Typed:
    """What `submit` is told: keys with their values as texts, and the options beside them."""

    keys: Mapping[str, str] = field(default_factory=dict)
    start: str | None = None
    preset: str | None = None
    data: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    priority: int = 0
    worker: bool = True

    @property
    def words(self) -> list[str]:
        """The command that queues the same job, or is refused in the same words."""
        return ["curvegan", "submit", *self.config_words, *self.label_words]

    @property
    def config_words(self) -> list[str]:
        """The options that say what is trained, as `submit`, `sweep` and `tune` have them."""
        keys, own = _ordered(self.keys), _as_options(self.keys)
        options = [(f"--{key.replace('_', '-')}", text) for key, text in keys.items() if key in own]
        others = [("--set", f"{key}={text}") for key, text in keys.items() if key not in own]
        start = (("--from", self.start), ("--preset", self.preset), ("--data", self.data))
        return _options((*start, *options, *others))

    @property
    def label_words(self) -> list[str]:
        """The options that say what a job is called, when it is trained, and whether a worker is started."""
        priority = str(self.priority) if self.priority else None
        labels = (("--name", self.name), *(("--tag", tag) for tag in self.tags), ("--priority", priority))
        return [*_options(labels), *([] if self.worker else ["--no-worker"])]

    def config(self, lab: "Services") -> "TrainConfig":
        """Return the config. Raises InvalidInput, InvalidConfig, JobNotFound, DatasetNotFound, as `submit` does."""
        from curvegan.submitting.layers import job_layers, layered, start_config

        started = start_config(lab, self.start)
        return layered(job_layers(lab, {}, self.preset, None, self.assigned, self.data, started))

    @property
    def assigned(self) -> dict[str, Any]:
        """The layer of the keys. Raises InvalidInput for a key with several values."""
        from curvegan.submitting.layers import assignments
        from curvegan_core.errors import InvalidConfig

        problems = [(key, several(key, text)) for key, text in self.keys.items() if is_several(key, text)]
        if problems:
            raise InvalidConfig(problems[0][1], problems)
        return assignments(_ordered(self.keys).items())

    def request(self, config: "TrainConfig") -> "JobRequest":
        """Return what to queue. Raises InvalidInput for a name or a tag."""
        from curvegan_db.values import JobRequest

        return JobRequest(config, self.name, self.tags, self.priority)

    def fork_words(self, job_id: int, step: int) -> list[str]:
        """The command that forks a job at a step with these keys changed, in the same way."""
        keys = (("--set", f"{key}={text}") for key, text in _ordered(self.keys).items())
        return ["curvegan", "fork", str(job_id), "--at", str(step), *_options(keys), *self.label_words]


def is_several(key: str, text: str) -> bool:
    """Return whether a text has several values for a key that there is, as an axis of a sweep has them."""
    if "," not in text or key in _LISTS or text.startswith(("[", "{", "'", '"')):
        return False
    from curvegan_core.config.train import TrainConfig

    return key.partition(".")[0] in ("lr", *TrainConfig.model_fields)


def several(key: str, text: str) -> str:
    """Say that a job takes one value of a key, and what takes several."""
    option = f"--seeds {text:.40}" if key == "seed" else f"--grid {key}={text:.40}"
    return f"{text!r:.60} are several values, and a job has one; `curvegan sweep {option}` trains a job for each"


def _ordered(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keys in one order: `lr` before the `lr_g` that is to win over it."""
    return dict(sorted(keys.items(), key=lambda pair: KEYS.index(pair[0]) if pair[0] in KEYS else len(KEYS)))


def _as_options(keys: Mapping[str, str]) -> set[str]:
    """Return which keys are typed as options: of the rates all or none, for `--lr` would win over `--set lr_g`."""
    own, rates = {key for key, text in keys.items() if _has_option(key, text)}, keys.keys() & {*_NUMBERS}
    return own if rates <= own else own - rates


def _has_option(key: str, text: str) -> bool:
    """Return whether the option takes the text; of a number what is none is refused by the config, behind `--set`."""
    from curvegan import toml

    value = toml.value(text)
    if key not in (*_NUMBERS, *_WHOLE):
        return key in KEYS and value == text
    if not re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text):
        return False
    if isinstance(value, float):
        return key in _NUMBERS or value.is_integer()
    return key in _WHOLE and isinstance(value, int)


def _options(given: Iterable[tuple[str, str | None]]) -> list[str]:
    return [word for option, text in given if text is not None for word in (option, text)]
