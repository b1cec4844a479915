"""The theatre shows any step exactly, says so, and comes in little."""

import gzip
import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route

from curvegan_core.errors import InvalidInput
from curvegan_core.networks import generate, latents
from curvegan_core.noise import Stream
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_web.assets import FILES
from curvegan_web.views.asking import Gone
from curvegan_web.views.replaying import theatre

from ..worker.inline import train_all
from .conftest import Served, shown


def frame(served: Served, job_id: int, step: int, more: str = "") -> dict[str, Any]:
    answer = served.ask(f"/frames/{job_id}?step={step}{more}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_a_frame_is_the_state_of_the_checkpoint_at_its_step(served: Served) -> None:
    store = served.lab.store
    config, stored = store.job(1).config, Checkpoint.from_bytes(store.checkpoint(1, 100).data)
    curves = generate(stored.weights, latents(config, config.seed, Stream.EVALUATION, 64), config)
    assert np.allclose(frame(served, 1, 100)["generated"], curves, rtol=1e-4, atol=1e-4)


def test_own_curves_are_shown_as_curves_where_networks_see_scores(own_served: Served) -> None:
    lab, random = own_served.lab, np.random.default_rng(3)
    rows = 100 + random.normal(size=(40, 2)) @ random.normal(size=(2, 12))
    lab.data.add(rows, name="own")
    job = lab.submit(data="own", worker=False, steps=20, record_every=10, hidden_g=8, hidden_d=8)
    train_all(lab.store)
    assert job.config.outputs < job.config.points
    seen, curves = frame(own_served, job.id, 20), job.generator().last(latents(job.config, 0, Stream.EVALUATION, 64))
    np.testing.assert_allclose(seen["generated"], curves, rtol=1e-4)
    judge, scale = job.discriminator(), job.config.curve.model_dump()["scale"]
    slope = [(judge(curves[0] + nudge) - judge(curves[0] - nudge)) / 2e-2 for nudge in 1e-2 * scale * np.eye(12)]
    np.testing.assert_allclose(np.array(seen["pull"][0]) / scale, slope, atol=1e-2)


def test_replayed_losses_equal_the_records_and_are_counted(served: Served) -> None:
    frame(served, 1, 57)
    exact = frame(served, 1, 199)["exact"]
    assert exact["differ"] == 0
    assert exact["held"] > 10
    assert exact["stored"] == len(served.lab.store.losses(1))


def test_between_the_updates_the_discriminator_has_moved_and_the_generator_not(served: Served) -> None:
    now, between, on = frame(served, 3, 50), frame(served, 3, 50, "&half=1"), frame(served, 3, 51)
    assert now["generated"] == between["generated"] != on["generated"]
    assert between["field"] == on["field"] != now["field"]


def test_what_is_on_the_stage_can_be_chosen_however_many_are_newer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theatre, "MOST_CHOICE", 1)
    found = theatre.theatre_view(served.lab, {"job": "1", "beside": "3"})
    assert {1, 3} <= {job["id"] for job in found["choice"]}


def test_what_is_no_step_is_refused(served: Served) -> None:
    for query in ("step=201", "step=-1", "step=x", "step=1&half=2"):
        assert served.ask(f"/frames/1?{query}").status == 400
    assert served.ask("/frames/999?step=1").status == 404
    assert served.ask("/frames/12?step=0").status in (200, 400)  # it never began


def test_a_step_too_far_for_the_engine_is_refused_with_what_does_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = served.lab.store.job(1)
    assert theatre.engine_of(job) == "fused"
    theatre.check_apart(job, 90_000, 90_000)
    slow = served.lab.store.job(12)  # nobody has trained it
    theatre.check_apart(slow, 5000, 5000)
    with pytest.raises(InvalidInput, match="curvegan fork 12 --at 90000"):
        theatre.check_apart(slow, 90_000, 5001)
    monkeypatch.setitem(theatre.MOST_STEPS, "fused", 10)
    assert b"more than 10 steps of the fused engine" in served.ask("/frames/4?step=60").body


def test_a_page_does_not_wait_for_a_replay_and_who_goes_away_waits_no_more(served: Served) -> None:
    job = served.lab.store.job(3)
    shown = theatre.performance(served.lab, job)
    with shown.lock:
        assert served.ask("/theatre?job=3").status == 200
        with pytest.raises(Gone):
            theatre.frame(served.lab, {"id": "3", "step": "70"}, iter([True, False]).__next__)
    answers = iter([True, False])  # asked before it begins, and after its first hop
    with pytest.raises(Gone):
        theatre.frame(served.lab, {"id": "3", "step": "70"}, answers.__next__)
    assert not shown.lock.locked()


def test_two_jobs_are_locked_to_one_step(served: Served, tab: Page) -> None:
    shown(tab, served, "/theatre?job=1&beside=3&step=120")
    tab.wait_for_selector("html[data-step='120']", timeout=60_000)
    assert tab.get_by_text("Replay differs").count() == 0
    tab.get_by_role("button", name="A step on").click()
    tab.wait_for_selector("html[data-step='121']")
    assert "step=121" in tab.url
    assert tab.locator(".exact.good").count() >= 1
    held: list[Route] = []
    tab.route("**/frames/1?step=122&*", lambda route: held.append(route))
    tab.get_by_role("button", name="A step on").click()
    tab.get_by_text("Replaying …").first.wait_for()
    held[0].continue_()
    tab.wait_for_selector("html[data-step='122']")
    assert tab.get_by_text("Replaying").count() == 0


def test_the_numbers_of_the_pull_stand_behind_the_picture_and_follow_the_slider(served: Served, tab: Page) -> None:
    # Of a curve its x, the real one, six generated ones, their pulls; of a point its name, x, y, the pull.
    for job, column in ((1, 8), (3, 3)):
        shown(tab, served, f"/theatre?job={job}&step=60")
        tab.wait_for_selector("html[data-step='60']", timeout=60_000)
        tab.locator("details.behind summary").first.click()
        row = tab.locator("details.behind").first.locator("tbody tr").last
        told = json.loads(served.ask(f"/frames/{job}?step=60").body)["pull"]
        seen = float(row.locator("td").nth(column).inner_text())
        assert seen == pytest.approx(told[0][-1] if job == 1 else told[49][0], rel=1e-2)
        before = row.inner_text()
        tab.get_by_role("button", name="A step on").click()
        tab.wait_for_selector("html[data-step='61']")
        assert row.inner_text() != before


def test_all_that_pages_load_is_small() -> None:
    assert sum(len(gzip.compress(data, 9)) for data in FILES.values()) < 100_000
