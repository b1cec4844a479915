"""A client whose store has curves of a person's own."""

import pytest

from ..client import Client
from .loads import LOADS, write_csv


@pytest.fixture
def loaded(any_client: Client) -> Client:
    """A client of a store with the data set "loads": 20 curves of 6 points between 60 and 140."""
    write_csv("loads.csv", LOADS)
    any_client.done("data", "add", "loads.csv", "--name", "loads")
    return any_client
