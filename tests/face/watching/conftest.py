"""What is followed here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from curvegan import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab in an empty home of this machine."""
    with Lab(home=str(tmp_path / "home")) as lab:
        yield lab
