"""A running fleet for each kind of service, shared by the tests of a module."""

import shutil
from collections.abc import Iterator

import pytest

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...databases import new_database
from ..fleet import Fleet, run_fleet


@pytest.fixture(scope="module", params=["embedded", "distributed"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """SQLite without a broker; PostgreSQL with Redis."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "embedded":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), home / "curvegan.db")
        yield Settings.resolve(str(home))
        return
    template = request.getfixturevalue("postgres_template")
    with new_database(request.getfixturevalue("postgres_url"), template) as url:
        yield Settings.resolve(str(home), url, request.getfixturevalue("redis_url"))


@pytest.fixture(scope="module")
def store(service: Settings) -> Iterator[Store]:
    """The service's store."""
    with open_store(service.database_url) as store:
        yield store


@pytest.fixture(scope="module")
def fleet(service: Settings) -> Iterator[Fleet]:
    """Three worker processes, which end when there was nothing to do for some seconds.

    One that replaces another waits for half as long again as a lease lasts: so here leases are short.
    """
    short = {"CURVEGAN_LEASE_SECONDS": "10"}
    with run_fleet(
        service, "--concurrency", "3", "--device", "cpu", "--exit-when-idle", "4", environment=short
    ) as fleet:
        yield fleet
