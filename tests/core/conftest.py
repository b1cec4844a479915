"""Fixtures of the core's tests."""

import pytest


@pytest.fixture(scope="session")
def fused_code(pytestconfig: pytest.Config) -> None:
    """The fused engine's code, kept from one run of the tests to the next: compiling it takes some seconds."""
    from curvegan.engines.fused_cache import keep_code_in

    assert pytestconfig.cache is not None
    keep_code_in(pytestconfig.cache.mkdir("fused-code"))
