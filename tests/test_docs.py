"""The documents cannot drift: the commands, settings, config fields and links they name are the ones that exist."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from curvegan_cli.main import main
from curvegan_core.config.curve import Quadratic
from curvegan_core.config.train import TrainConfig

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]
COMPOSE_RUN = re.compile(r"^docker compose run (?:-\S+ )*cli (.*)$")
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def commands_in(text: str) -> list[list[str]]:
    """Arguments of every `curvegan ...` that a document tells its reader to type, in a code block or in a line."""
    lines = [
        line
        for block in re.findall(r"^```(?:sh|console)[^\n]*\n(.*?)^```", text, re.M | re.S)
        for line in block.splitlines()
    ]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [command for line in lines if (command := _command_in(line.strip().removeprefix("$ ")))]


def _command_in(line: str) -> list[str] | None:
    through_compose = COMPOSE_RUN.match(line)
    line = f"curvegan {through_compose[1]}" if through_compose else line
    words = shlex.split(line, comments=True) if line.startswith("curvegan ") else []
    for end in ("|", ">", "&&", ";", "&"):
        words = words[: words.index(end)] if end in words else words
    return words[1:] or None


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command line, by the real click tree; None when it parses."""
    command: click.Command = main
    with click.Context(main, info_name="curvegan") as context:
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words[0])
            if found is None:
                return f"no command {words[0]!r}"
            command, words = found, words[1:]
        return _options_problem(command, words)


def _options_problem(command: click.Command, words: list[str]) -> str | None:
    known = {name for option in _options(command) for name in (*option.opts, *option.secondary_opts)}
    names = [word.partition("=")[0] for word in words if word.startswith("-") and word != "-" and not _is_number(word)]
    unknown = [name for name in names if name not in known]
    return f"{command.name} has no option {unknown[0]}" if unknown else None


def _options(command: click.Command) -> list[click.Option]:
    context = click.Context(command)
    options = [*command.get_params(context), *main.get_params(context)]
    return [option for option in options if isinstance(option, click.Option)]


def _is_number(word: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+", word) is not None


@each_document
def test_every_command_in_a_document_exists(document: Path) -> None:
    problems = {" ".join(words): problem_of(words) for words in commands_in(document.read_text())}
    assert {command: problem for command, problem in problems.items() if problem} == {}


def test_the_documents_name_every_command() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    shown = {tuple(words[:depth]) for words in commands_in(text) for depth in (1, 2)}
    assert [command for command in leaf_commands(main) if command not in shown] == []


def leaf_commands(group: click.Group, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    leaves: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        leaves += leaf_commands(command, (*prefix, name)) if isinstance(command, click.Group) else [(*prefix, name)]
    return leaves


def test_settings_in_code_and_documents_are_the_same() -> None:
    sources = [path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    in_code = {name for text in sources for name in re.findall(r"\bCURVEGAN_[A-Z_]*[A-Z]\b", text)}
    # The settings module spells the three as one prefix and their names.
    in_code |= {f"CURVEGAN_{key}" for key in ("HOME", "DATABASE_URL", "BROKER_URL")}
    for_tests = {f"CURVEGAN_TEST_{key}" for key in ("DATABASE_URL", "BROKER_URL")}
    in_documents = {name for path in DOCUMENTS for name in re.findall(r"\bCURVEGAN_[A-Z_]*[A-Z]\b", path.read_text())}
    assert in_documents - for_tests == in_code


@pytest.mark.parametrize("model", [TrainConfig, Quadratic], ids=["config", "quadratic"])
def test_configuration_documents_every_field(model: type[BaseModel]) -> None:
    prefix = "" if model is TrainConfig else "curve."
    rows = [row_of(prefix + name, field) for name, field in model.model_fields.items()]
    text = (ROOT / "docs" / "configuration.md").read_text()
    missing = [row for row in rows if row not in text]
    assert not missing, "docs/configuration.md lacks these rows:\n" + "\n".join(missing)


def test_configuration_documents_no_field_that_is_gone() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    table = text.partition("## Config")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z_0-9.]+)` \|", table, re.M))
    assert documented == {*TrainConfig.model_fields, *(f"curve.{name}" for name in Quadratic.model_fields)}


def row_of(name: str, field: FieldInfo) -> str:
    """The line of docs/configuration.md that documents a field."""
    default = field.default.family if isinstance(field.default, Quadratic) else field.default
    number = f"{default:g}" if isinstance(default, float) else str(default)
    meaning = f"{field.description} |" if field.description else ""
    return f"| `{name}` | `{number}` | {_valid(field)} | {meaning}"


def _valid(field: FieldInfo) -> str:
    """An interval such as `[2, 256]` or `(0, 1]`, or the words that a field may hold."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    low, high = "", ""
    for bound in field.metadata:
        low, high = _bounds(bound, low, high)
    return f"{low}, {high or 'steps]'}" if low else ""


def _bounds(bound: Any, low: str, high: str) -> tuple[str, str]:
    match bound:
        case annotated_types.Ge(ge=value):
            return f"[{value:g}", high
        case annotated_types.Gt(gt=value):
            return f"({value:g}", high
        case annotated_types.Le(le=value):
            return low, f"{value:g}]" if not isinstance(value, int) else f"{value}]"
        case annotated_types.Lt(lt=value):
            return low, f"{value:g})" if value < 2**32 else "2^64)"
        case _:
            return low, high


@each_document
def test_links_resolve(document: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()) if "://" not in target]
    assert [target for target in targets if not _resolves(document, target)] == []


def _resolves(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_contributing_names_files_that_there_are() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    folders = [ROOT, ROOT / "core" / "curvegan_core", ROOT / "cli" / "curvegan_cli"]
    named = {path.rstrip("/") for path in re.findall(r"`([\w./]+(?:/|\.py|\.md|\.json))`", text)}
    assert [path for path in sorted(named) if not any((folder / path).exists() for folder in folders)] == []


@each_document
def test_make_targets_in_a_document_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.M))
    assert named <= targets


def test_the_tree_in_the_readme_is_the_tree() -> None:
    tree = (ROOT / "README.md").read_text().partition("```text\n")[2].partition("```")[0]
    named = [line.split()[0].rstrip("/") for line in tree.splitlines()]
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {*PACKAGES, "docs", "tests"} <= set(named)
