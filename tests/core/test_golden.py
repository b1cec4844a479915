"""The numbers of short trainings are those of golden.json: to the bit where that is promised, and close everywhere."""

import json
import platform
from typing import Any, get_args

import pytest

from curvegan_core.config.scalars import Loss
from curvegan_core.engines.fused.vectors import has_fused_multiply_add

from .golden import CASES, EXACT, GOLDEN, LOSS_KEYS, judged_digest, last_losses, machine, trained, training_digest

_GOLDEN = json.loads(GOLDEN.read_text())


def known(numbers: dict[str, Any], name: str) -> Any:
    """What golden.json holds of a case."""
    if name not in numbers:
        pytest.fail(f"golden.json knows nothing of {name}: `python -m tests.core.golden` adds what is missing there")
    return numbers[name]


def test_every_loss_has_cases() -> None:
    assert tuple(LOSS_KEYS) == get_args(Loss)


def test_the_bits_of_every_case_are_kept_of_some_machine() -> None:
    """On another machine than that a case may be skipped, but none is skipped on all."""
    kept = {name for numbers in _GOLDEN["machines"].values() for name in numbers}
    assert kept == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_losses_are_close_on_any_machine(name: str) -> None:
    assert last_losses(trained(name)) == pytest.approx(known(_GOLDEN["losses"], name), rel=1e-3, abs=1e-4)


@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64") or not has_fused_multiply_add(),
    reason="the fused engine's bits are promised for x86-64 with fused multiply-add",
)
@pytest.mark.parametrize("name", EXACT)
def test_a_fused_training_has_the_same_bits_on_every_machine(name: str) -> None:
    assert training_digest(trained(name)) == known(_GOLDEN["training"], name)


@pytest.mark.parametrize("name", CASES)
def test_all_that_is_recorded_has_the_same_bits_on_a_known_machine(name: str) -> None:
    here = machine()
    numbers = _GOLDEN["machines"].get(here) or _GOLDEN["machines"].get(machine(exactly=False), {})
    if name not in numbers:
        pytest.skip(
            f"golden.json knows no {name} of {here}; at a state you trust, `python -m tests.core.golden` adds it"
        )
    assert judged_digest(trained(name)) == numbers[name]
