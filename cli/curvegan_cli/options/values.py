"""Values on the command line, written in one way everywhere: numbers as a person writes them, pairs as KEY=VALUE."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from curvegan.submitting.typed import is_several, several
from curvegan_cli.options.completing import values_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# The one option that takes a key and its value.
SET = "--set"
# Where a command keeps what was typed, for who completes it.
_TYPED = "curvegan_cli.typed"


class Value(click.ParamType[Any]):
    """A value of a key of the config: a number, a whole number or a word. Several of them make a sweep, and no job."""

    def __init__(self, kind: type[float] | type[int] | type[str] = str) -> None:
        self.kind = kind
        self.name = {float: "number", int: "whole number", str: "text"}[kind]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `.001`, `1.`, and 1e5 as a whole number, too."""
        if isinstance(value, str) and "," in value and param is not None:
            self.fail(several(str(param.name), value), param, ctx)
        if self.kind is str or not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r:.60} is no {self.name}", param, ctx)

    def _read(self, text: str) -> float | int:
        if self.kind is float:
            return float(text)
        if text.strip().lstrip("+-").isdecimal():
            return int(text)
        number = float(text)
        if not number.is_integer() or abs(number) >= 2**53:
            raise ValueError(text)
        return int(number)


class Whole(click.IntRange):
    """A whole number within bounds, as a person writes one: 1e5 too."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number. Raises BadParameter."""
        return super().convert(Value(int).convert(value, None, ctx) if isinstance(value, str) else value, param, ctx)

    def _describe_range(self) -> str:
        return "" if self.min is None and self.max is None else super()._describe_range()


class SettingCommand(click.Command):
    """A command with `--set KEY=VALUE`, also typed as `--set KEY VALUE`, that knows keys which are typed as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the two words. Raises NoSuchOption, with what was perhaps meant."""
        ctx.meta[_TYPED] = list(args)
        try:
            return super().parse_args(ctx, _joined(args))
        except click.NoSuchOption as error:
            hint = _meant(error.option_name, {option for p in self.params for option in p.opts})
            if hint is None:
                raise
            raise click.NoSuchOption(
                error.option_name, f"No such option: {error.option_name}, did you mean {hint}?", ctx=ctx
            ) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete the second word of `--set KEY VALUE` too."""
        option, key = ["", "", *ctx.meta.get(_TYPED, ())][-2:]
        if option == SET and "=" not in key and not incomplete.startswith("-"):
            return values_of(key)(ctx, self.params[0], incomplete)
        return super().shell_complete(ctx, incomplete)


def _joined(args: list[str]) -> list[str]:
    """Return the arguments with each `--set KEY VALUE` as `--set KEY=VALUE`."""
    joined, rest = list[str](), iter(args)
    for word in rest:
        joined.append(word)
        if word == SET:
            key = next(rest, None)
            value = next(rest, None) if key is not None and "=" not in key else None
            joined += [word for word in (key if value is None else f"{key}={value}",) if word is not None]
    return joined


def _meant(typed: str, options: set[str]) -> str | None:
    """Return the option, or the key for --set, that goes by another name: `--epochs`, `--beta1`."""
    from curvegan_core.config.synonyms import meant
    from curvegan_core.config.train import TrainConfig

    keys = ("lr", *TrainConfig.model_fields)
    key = meant(typed.lstrip("-").replace("-", "_"), keys, cutoff=0.75)
    if key is None:
        return None
    option = f"--{key.replace('_', '-')}"
    return option if option in options else f"{SET} {key}=VALUE"


def data_among(pairs: Iterable[tuple[str, str]]) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the data set that `--set data=NAME` names, and the other pairs."""
    typed = list(pairs)
    names = [value for key, value in typed if key == "data"]
    return names[-1] if names else None, [pair for pair in typed if pair[0] != "data"]


def pairs(_: click.Context, __: click.Parameter, typed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return keys and values as they were typed. Raises BadParameter."""
    split = [text.partition("=") for text in typed]
    for text, (key, equals, value) in zip(typed, split, strict=True):
        if is_several(key, value):
            raise click.BadParameter(several(key, value))
        if not equals:
            raise click.BadParameter(f"{text!r:.60} has no value: write it as {SET} KEY=VALUE, as in {SET} beta1=0.5")
    return [(key, value) for key, _equals, value in split]
