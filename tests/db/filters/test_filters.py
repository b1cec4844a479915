"""The filter language, against the same conditions evaluated in Python, on both databases."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from curvegan_core.errors import InvalidInput
from curvegan_db.filters.language import MOST_DEPTH, MOST_LENGTH, MOST_VALUES, Filter
from curvegan_db.store import Store

from ..population import change, finished, forget_keys, populate
from ..trainings import request
from .meanings import filters

READ_ONLY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@pytest.fixture
def populated(store: Store) -> Store:
    """A store of 40 jobs of every sort; two of them by a version that knew fewer keys."""
    ids = populate(store, 40)
    for job_id in ids[:2]:
        forget_keys(store, job_id, "r1", "spectral_norm", "loss")
    return store


@READ_ONLY
@given(data=st.data())
def test_a_filter_finds_what_it_means(populated: Store, data: st.DataObject) -> None:
    jobs = populated.jobs(newest_first=False)
    for text, meaning in data.draw(st.lists(filters, min_size=5, max_size=5)):
        found = [job.id for job in populated.jobs(where=Filter.parse(text), newest_first=False)]
        assert found == [job.id for job in jobs if meaning(job)], text


def found(store: Store, text: str) -> list[int]:
    return [job.id for job in store.jobs(where=Filter.parse(text), newest_first=False)]


def test_and_binds_closer_than_or_and_not_closest(store: Store) -> None:
    store.submit([request(priority=number) for number in range(4)])
    assert found(store, "priority=0 or priority=1 and priority=2") == [1]
    assert found(store, "(priority=0 or priority=1) and priority=1") == [2]
    assert found(store, "not priority=0 and not priority=1") == [3, 4]
    assert found(store, "not not priority=0") == [1]
    assert found(store, "  priority  in\n( 0,1 ,3 )") == [1, 2, 4]


def test_what_a_job_lacks_makes_a_comparison_false_and_its_opposite_true(store: Store) -> None:
    store.submit([request()])
    assert found(store, "rmse<1") == found(store, "rmse!=1") == found(store, "name!=x") == []
    assert found(store, "not rmse<1") == found(store, "not name=x") == found(store, "tag!=x") == [1]


def test_a_lost_job_is_lost_and_not_running(store: Store) -> None:
    store.submit([request(), request()])
    change(store, 1, "lost")
    change(store, 2, "running")
    assert (found(store, "state=lost"), found(store, "state=running")) == ([1], [2])
    assert found(store, "state in (lost, queued)") == [1]


def test_numbers_of_seventeen_digits_are_found_again(store: Store) -> None:
    for number in range(200):
        value = 0.1 * 1.0137**number / 3
        finished(store, {"steps": 10}, rmse=value)
        assert found(store, f"rmse={value!r}") == [number + 1]


def test_hostile_values_are_values(store: Store) -> None:
    hostile = "x'; DROP TABLE jobs; --"
    store.submit([request(name=hostile, tags=(hostile,)), request(name="%")])
    assert found(store, f'name="{hostile}"') == found(store, f'tag="{hostile}"') == [1]
    assert found(store, 'name~"%"') == [2]
    assert found(store, "name~_") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "character 1: a name such as `rmse` is missing, there is 'the end'"),
        ("rmsee<1", "character 1: no job has 'rmsee', did you mean 'rmse'?"),
        ("loss=ns and xyz=1", "character 13: no job has 'xyz'; it has"),
        ("rmse", "character 5: after rmse comes one of = != < <= > >= in, not 'the end'"),
        ("rmse~1", "character 5: after rmse comes"),
        ("loss<ns", "character 5: after loss comes one of = != in, not '<'"),
        ("rmse<x", "character 6: rmse is compared with a number, and 'x' is none"),
        ("rmse<nan", "character 6: rmse is compared with a number, and 'nan' is none"),
        ("rmse<1_0", "character 6: rmse is compared with a number"),
        ("rmse<", "character 6: a value for rmse is missing, there is 'the end'"),
        ("loss=nss", "character 6: no loss is called 'nss', did you mean 'ns'?"),
        ("curve=parabola", "character 7: no curve is called 'parabola', did you mean 'quadratic'?"),
        ("curve=trumpet", "character 7: no curve is called 'trumpet'; there are quadratic,"),
        ("state=runing", "character 7: no state is called 'runing', did you mean 'running'?"),
        ("verdict=colapsed", "character 9: no verdict is called 'colapsed', did you mean 'collapsed'?"),
        ("spectral_norm=1", "character 15: spectral_norm is true or false, not '1'"),
        ("seed=-1", "character 6: seed is compared with a whole number"),
        ("age<3", "character 5: age is compared with a time such as 90s"),
        ("age<999999999999d", "character 5: age is compared with a time"),
        ("(rmse<1", "character 8: ')' is missing, there is 'the end'"),
        ("rmse<1)", "character 7: ')' follows a whole condition"),
        ("rmse<1 lr=1", "character 8: 'lr' follows a whole condition; join two by `and` or `or`"),
        ("rmse<1 and", "character 11: a name such as `rmse` is missing"),
        ("lr in 1,2", "character 7: '(' is missing"),
        ("lr in ()", "character 8: a value for lr is missing"),
        ("name='x", 'character 6: "\'" opens a text that does not end'),
        ("name=''", "character 6: name is compared with a text"),
        ("rmse !< 1", "character 6: '!' means nothing there"),
        ("name=\x00", "character 6: name is compared with a text"),
        ("__class__=1", "character 1: no job has '__class__'"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Filter.parse(text)
    assert str(refused.value).startswith(f"filter, {said}")


@given(st.text(max_size=60) | st.text("rmse loss=<>!~()'\",1.ainod ", max_size=60))
def test_any_text_is_a_filter_or_is_refused_in_one_line(text: str) -> None:
    try:
        Filter.parse(text)
    except InvalidInput as error:
        problem = str(error)
    else:
        return
    assert problem.startswith("filter, character ")


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["id=1"] * (MOST_LENGTH // 8)),
        "lr in (" + ",".join(["1"] * MOST_VALUES) + ")",
        " or ".join(["tag=a"] * (MOST_LENGTH // 9)),
        "not " * (MOST_DEPTH - 1) + "id=2",
        "(" * (MOST_DEPTH - 1) + "id=1" + ")" * (MOST_DEPTH - 1),
        "id=1 and (tag=a or not (" * 6 + "id=1" + "))" * 6,
        " and ".join(["lr in (" + ",".join(["1e-4"] * MOST_VALUES) + ")"] * 3),
    ],
    ids=["long", "list", "tags", "not", "deep", "mixed", "lists"],
)
def test_the_largest_filters_are_no_trouble_to_the_database(store: Store, text: str) -> None:
    store.submit([request()])
    assert found(store, text) in ([1], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id=1" + " " * MOST_LENGTH, "a filter has at most 2000 characters, got 2004"),
        ("(" * MOST_DEPTH + "id=1" + ")" * MOST_DEPTH, "nested at most 20 deep"),
        ("not " * 400 + "id=1", "nested at most 20 deep"),
        ("lr in (" + ",".join(["1"] * 101) + ")", "at most 100 values, got 101"),
    ],
    ids=["long", "deep", "not", "list"],
)
def test_larger_ones_are_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Filter.parse(text)


def test_values_never_become_part_of_the_statement(store: Store) -> None:
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", keep)
    found(store, "name=secret and rmse<0.7251 and tag~secret and seed=4711 and loss in (ns, hinge) and lr=0.7251")
    assert sent
    assert not [part for part in ("secret", "0.7251", "4711", "hinge") if part in "".join(sent)]
