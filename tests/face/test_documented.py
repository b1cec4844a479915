"""docs/python.md names every public name of the face, and its methods say what they do."""

import inspect
import re
from pathlib import Path

import pytest

import curvegan as cg
from curvegan.data import Data

TEXT = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
CLASSES = [
    cg.Lab,
    cg.Job,
    cg.Jobs,
    cg.Sweep,
    cg.Study,
    cg.Trial,
    cg.Table,
    cg.Picture,
    cg.Snapshots,
    cg.Generator,
    cg.Discriminator,
    Data,
]
# What a laboratory has for the commands alone.
SERVICES = {name for name in vars(cg.Lab.__mro__[1]) if not name.startswith("_")} | {"of_environment"}
MAKERS = {"of_rows", "title"}


@pytest.mark.parametrize("name", cg.__all__)
def test_every_name_of_the_package_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", TEXT)
    assert inspect.getdoc(getattr(cg, name))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_name_of_a_class_is_documented(kind: type) -> None:
    names = {name for name in dir(kind) if not name.startswith("_")} - SERVICES - MAKERS
    assert {name for name in names if not re.search(rf"\b{name}\b", TEXT)} == set()
    methods = [getattr(kind, name) for name in names]
    assert [method for method in methods if callable(method) and not inspect.getdoc(method)] == []
