"""Choices by name in compiled code, which knows numbers alone: a table of functions is the one place that names them.

There is no default: a number that no function has raises.
"""

from collections.abc import Callable, Sequence
from typing import Any

from curvegan_core.engines.fused.vectors import compiled, named


def by_number(functions: Sequence[Callable[..., Any]], first: int = 0) -> Callable[..., Any]:
    """Make a compiled function of a number and of what `functions` take, that calls the one with this number.

    They are numbered in their order, from `first`. Compiled code raises ValueError for any other number.
    """
    numbers: dict[Callable[..., Any], tuple[int, ...]] = {}
    for number, function in enumerate(functions, first):
        numbers[function] = (*numbers.get(function, ()), number)
    return _chain(list(numbers.items()))


def _chain(choices: list[tuple[Callable[..., Any], tuple[int, ...]]]) -> Callable[..., Any]:
    # A chain, because numba calls only functions that it knows when it compiles: it has no list of functions.
    function, numbers = choices[0]
    # With the numbers: the same functions may have others in another table.
    name = "_or_".join(f"{choice.__name__}_{'_'.join(map(str, taken))}" for choice, taken in choices)
    if len(choices) == 1:

        def last(number: int, *args: Any) -> Any:
            if number not in numbers:
                raise ValueError("no function has this number")
            return function(*args)

        return compiled(named(f"only_{name}", last))
    others = _chain(choices[1:])

    def choose(number: int, *args: Any) -> Any:
        if number in numbers:
            return function(*args)
        return others(number, *args)

    return compiled(named(f"one_of_{name}", choose))
