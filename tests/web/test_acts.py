"""What a dashboard with `--allow-changes` does to a job: the same as the commands, refused in the same sentences."""

import shlex

import pytest
from playwright.sync_api import Page

from curvegan.lab import Lab
from curvegan_web.views.asking import Gone
from curvegan_web.views.changes.acts import forked
from curvegan_web.views.changes.plan import fork_view

from ..cli.client import Client
from ..worker.inline import train_all
from .conftest import SMALL_KEYS, Served, done, post, shown


def test_a_job_is_cancelled_resumed_run_again_and_extended(own_served: Served) -> None:
    store, path = own_served.lab.store, "/changes/jobs/1"
    done(own_served, "/changes/submit", **SMALL_KEYS)
    assert done(own_served, f"{path}/cancel", reason="wrong")["text"] == "Job 1 is cancelled."
    assert (store.job(1).state, store.job(1).reason) == ("cancelled", "wrong")
    assert done(own_served, f"{path}/resume")["text"] == "Job 1 is queued again."
    train_all(store)
    assert post(own_served, f"{path}/resume", {}).body.startswith(
        b'{"error":"job 1 cannot be resumed: it has succeeded'
    )
    assert b"extend it with --steps above that" in post(own_served, f"{path}/extend", {"steps": "60"}).body
    assert done(own_served, f"{path}/extend", steps="80")["job"] == 1
    train_all(store)
    assert (store.job(1).state, store.job(1).step) == ("succeeded", 80)
    done(own_served, f"{path}/retry")
    assert (store.job(1).state, store.job(1).step) == ("queued", 0)
    assert post(own_served, "/changes/jobs/9/retry", {}).status == 404


def test_a_fork_is_planned_and_queued_as_the_command_does(own_served: Served, typing: Client) -> None:
    lab = own_served.lab
    done(own_served, "/changes/submit", **SMALL_KEYS)
    train_all(lab.store)
    asked = {"id": "1", "at": "37", "key.lr": "1e-3", "key.loss": "rpgan", "name": "other"}
    plan = fork_view(lab, asked)
    assert plan["problems"] == []
    text = done(own_served, "/changes/jobs/1/fork", **asked)["text"]
    assert text == "Job 2 is queued: job 1 from step 37 on."
    typing.done(*shlex.split(plan["command"])[1:], "--no-worker")
    assert lab.store.checkpoint(2).data == lab.store.checkpoint(3).data
    assert (lab.store.job(2).config, lab.store.job(2).parent_step) == (lab.store.job(3).config, 37)
    for wrong in ({"at": "61"}, {"at": "20", "key.latent": "9"}, {"at": "60"}, {"at": "20", "key.lr": "-1"}):
        plan = fork_view(lab, {"id": "1", **wrong})
        said = typing.refused(*shlex.split(plan["command"])[1:]).removeprefix("Error: ")
        assert "; ".join(problem["text"] for problem in plan["problems"]) == said
        assert post(own_served, "/changes/jobs/1/fork", wrong).status == 400
    assert lab.store.last_id() == 3


def test_a_fork_whose_asker_is_gone_is_not_queued(own_served: Served) -> None:
    lab = own_served.lab
    done(own_served, "/changes/submit", **SMALL_KEYS)
    train_all(lab.store)
    for answers in ([False], [True, False]):  # before its replay, and after it
        waited = iter(answers)
        with pytest.raises(Gone):
            forked(lab, {"id": "1", "at": "37", "key.lr": "1e-3"}, lambda waited=waited: next(waited, False))  # type: ignore[misc]
    assert lab.store.last_id() == 1


def test_fork_here_forks_at_the_step_of_the_slider(own_served: Served, tab: Page) -> None:
    done(own_served, "/changes/submit", **SMALL_KEYS)
    train_all(own_served.lab.store)
    tab.set_viewport_size({"width": 360, "height": 740})
    shown(tab, own_served, "/theatre?job=1&step=20")
    tab.wait_for_selector("html[data-step='20']", timeout=60_000)
    tab.get_by_role("button", name="Fork here").click()
    tab.get_by_label("lr", exact=True).fill("1e-3")
    tab.get_by_label("A key to change").select_option("r1")
    tab.get_by_label("r1", exact=True).fill("0.5")
    tab.get_by_role("button", name="A step on").click()
    tab.get_by_text("curvegan fork 1 --at 21 --set lr=1e-3 --set r1=0.5").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with pytest.MonkeyPatch.context() as patched:  # a real worker would take the fork while it is looked at
        patched.setattr(Lab, "start_worker", lambda _: None)
        tab.get_by_role("button", name="Fork job 1 at step 21").click()
        tab.get_by_text("Job 2 is queued: job 1 from step 21 on.").wait_for()
        assert tab.get_by_role("button", name="Fork job 1 at step 21").is_disabled()  # it is made
    fork = own_served.lab.store.job(2)
    assert (fork.parent, fork.parent_step, fork.config.lr_g, fork.config.r1) == (1, 21, 1e-3, 0.5)
    shown(tab, own_served, "/jobs/1")
    tab.get_by_role("button", name="Extend", exact=True).click()
    tab.get_by_label("steps", exact=True).fill("")
    assert tab.get_by_label("Copy as command: curvegan extend 1 --steps 120").count() == 1
    tab.goto("about:blank")
