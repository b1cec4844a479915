"""What would come of a form: the command that says the same, what is refused and where, and how long it takes."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from curvegan.comparing.baselines import few_remarks
from curvegan.datasets import curves_for
from curvegan.submitting.forking import checked_fork
from curvegan.submitting.layers import preset_layer, start_config
from curvegan.submitting.typed import Typed
from curvegan.watching.differences import flat
from curvegan.watching.sweep_fields import estimate
from curvegan.words import shown
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig, InvalidInput
from curvegan_db.verbs.paces import Kind
from curvegan_web.views.asking import Asked, listed, whole

if TYPE_CHECKING:
    from curvegan.lab import Lab

MOST_ID = 2**31 - 1
# What a form says beside keys of the config.
SUBMIT = ("from", "preset", "data", "name", "tags", "priority", "worker")
FORK = ("id", "at", "name", "tags", "priority", "worker")
_KEY, _MOST_DRAWN = "key.", 200
_ENGINES = {"any": "either engine trains it", "fused": "the fused engine trains it", "torch": "it needs torch"}
Problem = Mapping[str, str]
T = TypeVar("T")
U = TypeVar("U")


def plan_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return what `submit` would do with what is asked for; what it would refuse stands beside its field.

    Raises InvalidInput for a name that is none.
    """
    check_names(asked, SUBMIT)
    problems: list[Problem] = []
    typed = _tried(problems, partial(_at, "priority", partial(typed_of, asked)), None)
    typed = typed or typed_of({**asked, "priority": ""})
    base = _tried(problems, partial(_base, lab, typed), TrainConfig())
    config = None if problems else _tried(problems, partial(typed.config, lab), None, typed.keys)
    _tried(problems, partial(typed.request, base), None)
    return {
        "command": shlex.join(typed.words),
        "problems": problems,
        "base": _texts(base),
        "values": _texts(config or base),
        "scene": _scene(lab, config or base),
        **(_prospects(lab, config) if config else {"time": None}),
    }


def fork_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return what `fork` would do with a job at the step `at`. Raises JobNotFound, InvalidInput."""
    check_names(asked, FORK)
    job, typed, problems = lab.store.job(job_id_of(asked)), typed_of(asked), list[Problem]()
    step = step_of(asked, job.step)
    config = _tried(problems, lambda: checked_fork(job, step, typed.assigned), None, typed.keys)
    _tried(problems, partial(typed.request, job.config), None)
    base = _texts(job.config)
    steps = config.steps - step if config else 0
    return {
        "command": shlex.join(typed.fork_words(job.id, step)),
        "problems": problems,
        "base": base,
        "values": _texts(config) if config else base,
        "time": str(estimate(lab.store, {Kind.of(config): steps})) if config else None,
    }


def check_names(asked: Asked, known: Sequence[str], keyed: bool = True) -> None:
    """Raise InvalidInput for a name that is none, so that nothing that is said is dropped."""
    keys = ", and key.NAME for a key of the config, as in key.lr" if keyed else ""
    if unknown := {name for name in asked if not (keyed and name.startswith(_KEY))} - {*known}:
        raise InvalidInput(f"what can be said here is {', '.join(known)}{keys}; not {min(unknown)!r:.60}")


def typed_of(asked: Asked) -> Typed:
    """Return what a form says; a key of the config has `key.` before its name. Raises InvalidInput."""
    text = {name: value.strip() for name, value in asked.items() if value.strip()}
    return Typed(
        {name.removeprefix(_KEY): value for name, value in text.items() if name.startswith(_KEY)},
        start=text.get("from"),
        preset=text.get("preset"),
        data=text.get("data"),
        name=text.get("name"),
        tags=tuple(filter(None, (tag.strip() for tag in text.get("tags", "").split(",")))),
        priority=whole(text, "priority", 0, -1000, 1000),
        worker=text.get("worker") != "no",
    )


def job_id_of(asked: Asked) -> int:
    """Return the id of the job that is meant. Raises InvalidInput."""
    return whole(asked, "id", 0, 0, MOST_ID)


def step_of(asked: Asked, last: int) -> int:
    """Return the step that is meant, the last without one. Raises InvalidInput."""
    return whole(asked, "at", last, 0, MOST_ID)


def _base(lab: "Lab", typed: Typed) -> TrainConfig:
    """Return the config without the keys that are typed, but for the family of its curve."""
    _at("from", partial(start_config, lab, typed.start))
    _at("preset", partial(preset_layer, typed.preset))
    family = {key: text for key, text in typed.keys.items() if key == "curve"}
    below = Typed(family, typed.start, typed.preset, typed.data)
    return _at("data" if typed.data else "curve", partial(below.config, lab))


def _scene(lab: "Lab", config: TrainConfig) -> dict[str, Any]:
    """Return some of the curves that a config learns, as a picture takes them."""
    from curvegan_core.families.curves import points_x, restored
    from curvegan_web.views.replaying.stage import Stage

    dataset = curves_for(lab.store, config)
    stage = Stage(config, dataset)
    return {
        "kind": "points" if stage.dots else "numbers" if config.points == 1 else "curves",
        "x": listed(points_x(config, dataset)),
        "real": listed(restored(config, stage.real_np[:_MOST_DRAWN]), 4),
    }


def _prospects(lab: "Lab", config: TrainConfig) -> dict[str, Any]:
    """Return how long a config that can be queued takes, what it needs, and what is to be said of it."""
    needs = f": {config.unfused}" if config.unfused else ""
    return {
        "time": str(estimate(lab.store, {Kind.of(config): config.steps})),
        "engine": _ENGINES[config.wanted_engine] + needs,
        "remarks": few_remarks(lab.store, [config]),
    }


def _texts(config: TrainConfig) -> dict[str, str]:
    """Return a config's keys as they are typed; `curve` is its family, and `lr` both rates where they are one."""
    answer = {
        key: repr(value) if isinstance(value, float) else shown(value)
        for key, value in flat(config.model_dump()).items()
    }
    both = {"lr": answer["lr_g"]} if config.lr_g == config.lr_d else {}
    return answer | both | {"curve": config.curve.family}


class _Refused(InvalidInput):
    """What is refused, and the field that says it."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


def _at(field: str, made: Callable[[], T]) -> T:
    """Return what is made; what is refused of it is the field's."""
    try:
        return made()
    except InvalidInput as error:
        raise _Refused(str(error), field) from None


def _tried(
    problems: list[Problem], made: Callable[[], T], otherwise: U, keys: Mapping[str, str] | None = None
) -> T | U:
    """Return what is made; where it is refused, keep why, and by which field, and return the other one."""
    try:
        return made()
    except InvalidConfig as error:
        problems += [{"field": _field(key, text, keys or {}), "text": text} for key, text in error.problems]
    except _Refused as error:
        problems.append({"field": error.field, "text": str(error)})
    except InvalidInput as error:
        problems.append({"field": _labelled(str(error)), "text": str(error)})
    return otherwise


def _field(key: str, text: str, typed: Mapping[str, str]) -> str:
    """Return the field that a sentence stands beside: its key's, else the first that it names, best a typed one."""
    if key == "curve":
        inner = (f"curve.{word}" for word in re.findall(r"[a-z_]+", text))
        return next((word for word in inner if word in typed), key)
    if key:
        return "lr" if key in ("lr_g", "lr_d") and key not in typed and "lr" in typed else key
    named = [word for word in re.findall(r"[a-z_0-9.]+", text) if word in TrainConfig.model_fields]
    return next((word for word in named if word in typed), next(iter(named), ""))


def _labelled(text: str) -> str:
    """Return the field of what is no key of a config."""
    return next(
        (
            field
            for word, field in {"--data": "data", "tag": "tags", "name": "name", "--at": "at"}.items()
            if word in text
        ),
        "",
    )
