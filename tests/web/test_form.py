"""The form of a job: its fields from the schema, what it refuses and where, the command that does the same."""

import shlex
from typing import get_args

import numpy as np
import pytest
from playwright.sync_api import Page

from curvegan.submitting.typed import Typed
from curvegan_core.config.scalars import Loss
from curvegan_core.config.train import TrainConfig
from curvegan_web.views.changes.form import fields_view
from curvegan_web.views.changes.plan import plan_view

from ..cli.client import Client
from .conftest import SMALL_KEYS, Served, done, post, shown


def test_the_form_has_every_key_once_with_what_the_schema_says_of_it(own_served: Served) -> None:
    view = fields_view(own_served.lab, {})
    fields = {field["name"]: field for group in view["groups"] for field in group["fields"]}
    assert sum(len(group["fields"]) for group in view["groups"]) == len(fields)
    own = {"fork_of", "fork_step"}
    assert set(fields) == {"lr", *TrainConfig.model_fields} - own
    assert fields["loss"]["choices"] == list(get_args(Loss))
    assert (fields["batch_size"]["kind"], fields["batch_size"]["bounds"]) == ("whole", "from 1 to 4096")
    assert fields["ema"]["meaning"] == TrainConfig.model_fields["ema"].description
    assert [one["name"] for one in view["families"]["ring8"]["fields"]] == ["curve.radius", "curve.noise"]


REFUSED = [
    {"key.lr": "2"},
    {"key.lr_g": "x", "key.batch_size": "abc"},
    {"key.loss": "wgan"},
    {"key.steps": "1.5"},
    {"key.seed": "true"},
    {"key.curve": "mixture", "key.curve.layout": "grid", "key.curve.modes": "7"},
    {"key.curve": "{family='ring8'}", "key.beta9": "1"},
    {"key.norm_d": "batch", "key.gp": "1"},
    {"preset": "tutoral"},
    {"from": "nobody"},
    {"data": "none"},
    {"name": "17"},
    {"tags": "x" * 300},
    {"key.epochs": "7"},
]


@pytest.mark.parametrize("asked", REFUSED, ids=lambda asked: " ".join(asked.values()))
def test_the_form_refuses_as_the_command_does_and_beside_the_field(
    own_served: Served, typing: Client, asked: dict[str, str]
) -> None:
    plan = plan_view(own_served.lab, asked)
    said = typing.refused(*shlex.split(plan["command"])[1:]).removeprefix("Error: ")
    assert "; ".join(problem["text"] for problem in plan["problems"]) == said
    beside = {problem["field"] for problem in plan["problems"]}
    assert beside <= {name.removeprefix("key.") for name in asked}
    assert post(own_served, "/changes/submit", asked).status in (400, 404)
    assert own_served.lab.store.last_id() is None


def test_own_curves_bring_their_points(own_served: Served, typing: Client) -> None:
    own_served.lab.data.add(np.random.default_rng(1).normal(size=(120, 6)), name="own")
    plan = plan_view(own_served.lab, {"data": "own"})
    assert (plan["problems"], plan["values"]["points"], plan["values"]["front"]) == ([], "6", "pca")
    assert len(plan["scene"]["x"]) == 6
    wrong = plan_view(own_served.lab, {"data": "own", "key.points": "3"})
    said = typing.refused(*shlex.split(wrong["command"])[1:]).removeprefix("Error: ")
    assert wrong["problems"] == [{"field": "data", "text": said}]


def test_several_values_are_refused_with_what_takes_them(own_served: Served, typing: Client) -> None:
    plan = plan_view(own_served.lab, {"key.lr": "1e-3,1e-4"})
    assert plan["problems"][0]["text"] in typing.refused(*shlex.split(plan["command"])[1:])


def test_the_command_of_the_form_queues_the_same_job(own_served: Served, typing: Client) -> None:
    asked = {
        **SMALL_KEYS,
        **{
            "preset": "collapse-fix",
            "key.curve": "ring8",
            "key.curve.radius": "2",
            "key.lr_d": ".002",
            "key.lr": "1e-3",
        },
        **{"key.stop": "converged,collapsed", "key.steps": "1e2", "name": "it's one", "tags": "a, b", "priority": "-3"},
    }
    plan = plan_view(own_served.lab, asked)
    assert plan["problems"] == []
    assert plan["time"] == "how long is not known until a job has run"
    assert done(own_served, "/changes/submit", **asked)["text"] == "Job 1 is queued."
    typing.done(*shlex.split(plan["command"])[1:])
    first, second = own_served.lab.store.job(1), own_served.lab.store.job(2)
    assert first.config == second.config
    assert (first.name, first.tags, first.priority) == (second.name, second.tags, second.priority)
    assert (first.config.lr_g, first.config.lr_d, first.tags, first.priority) == (1e-3, 2e-3, ("a", "b"), -3)


@pytest.mark.parametrize(
    "keys",
    [
        {"lr": ".5", "lr_g": "1", "lr_d": "1e-3"},
        {"lr_d": "0.25", "lr": "1", "seed": "0x10", "steps": "1e3"},
        {"curve.radius": "2", "curve": "ring8", "spectral_norm": "True", "stop": "converged,collapsed"},
        {"curve": "{family='ring8', radius=2}", "loss": "'hinge'", "steps": "1_000", "beta1": ".5"},
    ],
    ids=str,
)
def test_whatever_is_typed_the_command_has_the_config_of_the_form(
    own_served: Served, typing: Client, keys: dict[str, str]
) -> None:
    typed = Typed(keys)
    printed = typing.json(*typed.words[1:], "--dry-run")
    assert typed.config(own_served.lab).model_dump(mode="json") == printed


def test_a_person_fills_the_form_and_reads_what_is_wrong_beside_the_field(own_served: Served, tab: Page) -> None:
    shown(tab, own_served, "/submit")
    tab.get_by_label("batch_size", exact=True).fill("8")
    tab.get_by_label("lr", exact=True).fill("2")
    wrong = tab.locator("[data-key='key.lr'] .problem")
    wrong.get_by_text("lr_g: input should be less than or equal to 1").wait_for()
    field = tab.get_by_label("lr", exact=True)
    assert field.get_attribute("aria-invalid") == "true"
    assert wrong.get_attribute("id") in (field.get_attribute("aria-describedby") or "").split()
    field.fill("1e-3")
    tab.get_by_label("curve", exact=True).select_option("ring8")
    tab.get_by_label("curve.radius", exact=True).fill("2")
    tab.get_by_label("start a worker where none lives").uncheck()
    command = "curvegan submit --lr 1e-3 --batch-size 8 --curve ring8 --set curve.radius=2 --no-worker"
    tab.wait_for_selector(f'html[data-command="{command}"]')
    assert "key.curve=ring8" in tab.url
    tab.get_by_label("lr", exact=True).press("Control+Enter")
    tab.get_by_text("Job 1 waits for a worker").wait_for()
    assert own_served.lab.store.last_id() == 1
    tab.get_by_role("link", name="Job 1 is queued.").click()
    tab.wait_for_selector("html[data-page=job][data-drawn]")
    config = own_served.lab.store.job(1).config
    assert (config.curve.family, config.lr_g, config.batch_size) == ("ring8", 1e-3, 8)
    tab.get_by_role("button", name="Cancel", exact=True).click()
    tab.get_by_label("reason", exact=True).fill("a look")
    tab.get_by_role("button", name="Cancel job 1", exact=True).click()
    tab.get_by_role("button", name="Resume", exact=True).wait_for()
    assert own_served.lab.store.job(1).reason == "a look"
    tab.goto("about:blank")
