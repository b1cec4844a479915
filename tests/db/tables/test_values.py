"""What may be stored: names, tags and priorities are bounded before anything reaches the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidInput
from curvegan_db.values import JobRequest, storable

CONFIG = TrainConfig()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "n" * 201}, "a name has 1 to 200 characters, got 201"),
        ({"name": ""}, "a name has 1 to 200 characters, got 0"),
        ({"name": "a\x00b"}, "a name must be valid Unicode text without NUL"),
        ({"name": "\udcff"}, "a name must be valid Unicode text"),
        ({"tags": ("t" * 101,)}, "a tag has 1 to 100 characters, got 101"),
        ({"tags": ("ok", "")}, "a tag has 1 to 100 characters, got 0"),
        ({"tags": tuple(map(str, range(33)))}, "a job has at most 32 tags, got 33"),
        ({"priority": 1_000_001}, "priority must be within"),
        ({"priority": -(2**70)}, "priority must be within"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_one_line(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        JobRequest(CONFIG, **wrong)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_the_bounds_themselves_are_allowed() -> None:
    JobRequest(CONFIG, "n" * 200, tuple(map(str, range(32))) * 2, -1_000_000)


@given(st.text(st.characters(categories=None)))
def test_any_text_can_be_made_storable(text: str) -> None:
    made = storable(text)
    assert len(made) == len(text)
    assert "\x00" not in made
    made.encode("utf-8")
    assert storable(made) == made
