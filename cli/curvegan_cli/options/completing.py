"""What may stand in a place of the command line, for the shell: values of the config, and what is in the store.

Nothing is imported before it is asked for. A store that is not there is not made; who does not answer has no names.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from curvegan.lab import Lab

_MOST = 200
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _items(incomplete: str, known: Iterable[tuple[str, str | None]]) -> list[CompletionItem]:
    return [CompletionItem(value, help=about) for value, about in known if value.startswith(incomplete)]


def values_of(key: str) -> Complete:
    """Return what completes a key of the config that takes one of a few words, or a family."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _items(incomplete, ((word, None) for word in _words(ctx, key)))

    return complete


def _words(ctx: click.Context, key: str) -> tuple[str, ...]:
    from typing import Literal, get_args, get_origin

    from curvegan_core.config.curve import CURVE_MODELS
    from curvegan_core.config.train import TrainConfig

    if key == "data":
        return tuple(item.value for item in datasets(ctx, click.Option(["--data"]), ""))
    if key in ("curve", "curve.family"):
        return tuple(CURVE_MODELS)
    if key == "device":
        return ("auto", "cpu", "cuda")
    field = TrainConfig.model_fields.get(key)
    kind = field.annotation if field else None
    if kind is bool:
        return ("true", "false")
    return get_args(kind) if get_origin(kind) is Literal else ()


def presets(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a preset."""
    from curvegan_core.config.presets import PRESETS

    return _items(incomplete, ((name, preset.purpose) for name, preset in PRESETS.items()))


def _keys() -> dict[str, str | None]:
    from curvegan_core.config.curve import CURVE_MODELS
    from curvegan_core.config.train import TrainConfig

    fields = {name: field.description for name, field in TrainConfig.model_fields.items()}
    parameters = {
        f"curve.{name}": field.description
        for model in CURVE_MODELS.values()
        for name, field in model.model_fields.items()
        if name not in ("family", "hash", "mean", "scale", "name")
    }
    return {"lr": "both learning rates", "data": "name of your own curves"} | fields | parameters


def assignments(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete KEY=VALUE or KEY=A,B: the key, then its value where it takes one of a few."""
    key, equals, value = incomplete.partition("=")
    if equals:
        chosen = value.split(",")[:-1]
        left = [word for word in _words(ctx, key) if word not in chosen]
        return _items(incomplete, ((f"{key}={','.join([*chosen, word])}", None) for word in left))
    return _items(key, ((f"{name}=", meaning) for name, meaning in _keys().items()))


def filters(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last comparison of a filter: a name, then what it may be equal to."""
    from curvegan_db.filters.catalogue import FIELDS
    from curvegan_db.filters.fields import Word

    before, blank, last = incomplete.rpartition(" ")
    name, equals, _value = last.partition("=")
    if equals:
        field = FIELDS.get(name)
        values = field.words if isinstance(field, Word) else _words(ctx, name)
        return _items(incomplete, ((f"{before}{blank}{name}={word}", None) for word in values))
    names = (known for known in FIELDS if not known.startswith("config."))
    return _items(incomplete, ((f"{before}{blank}{known}", None) for known in names))


def keys(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete keys parted by commas."""
    before, comma, key = incomplete.rpartition(",")
    return [
        CompletionItem(before + comma + name, help=about) for name, about in _keys().items() if name.startswith(key)
    ]


def metrics(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a metric."""
    from curvegan_core.metrics.names import MEANINGS

    return _items(incomplete, MEANINGS.items())


def jobs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a job: ids and names, the newest first."""
    known = [("last", "the newest job")]
    for job_id, name, state in _stored(ctx, lambda store: store.names(_MOST)):
        known += [(str(job_id), f"{state} {name or ''}".strip()), *([(name, f"job {job_id}, {state}")] if name else [])]
    return _items(incomplete, dict(reversed(known)).items())[::-1]


def jobs_or_sweeps(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what names jobs: a job, or a sweep by its name."""
    among_jobs = jobs(ctx, option, incomplete)
    known = {item.value for item in among_jobs}
    named = [item for item in sweeps(ctx, option, incomplete) if not item.value.isdecimal()]
    return [*among_jobs, *(item for item in named if item.value not in known)]


def sweeps(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a sweep: ids and names, the newest first."""
    known = [("last", "the newest sweep")]
    for sweep in _stored(ctx, lambda store: store.sweeps(_MOST)):
        known += [(str(sweep.id), sweep.name or ""), *([(sweep.name, f"sweep {sweep.id}")] if sweep.name else [])]
    return _items(incomplete, dict(reversed(known)).items())[::-1]


def datasets(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a data set."""
    stored = _stored(ctx, lambda store: store.datasets())
    return _items(incomplete, ((dataset.name, f"{dataset.rows} curves") for dataset in stored))


def _stored(ctx: click.Context, ask: Callable[[Any], Any]) -> Any:
    """Return what the store says; nothing where there is none, or where it does not answer."""
    from curvegan_core.errors import CurveganError

    settings: dict[str, Any] = {key: value for key, value in ctx.find_root().params.items() if isinstance(value, str)}
    lab = Lab(**settings)
    try:
        url = lab.settings.database_url
        if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
            return []
        return ask(lab.store)
    except CurveganError:
        return []
    finally:
        lab.close()
