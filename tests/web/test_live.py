"""Pages follow the store: one look a second for all tabs, bounded streams, and what a tab shows soon after a record."""

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from curvegan.lab import Lab
from curvegan_web.looks import MOST_STREAMS

from ..cli.client import SMALL, Client, PlayedWorker
from ..db.verbs.test_leases import expire
from ..worker.inline import train_all
from .conftest import Served, shown


class Stream:
    """A tab that follows a page, without a browser."""

    def __init__(self, served: Served, path: str = "/live/jobs") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        self._connection.request("GET", path, headers={"Host": served.host, **served.cookie})
        self._answer = self._connection.getresponse()
        self.status = self._answer.status

    def first_event(self) -> bytes:
        while not (line := self._answer.readline()).startswith(b"data: "):
            assert line
        return line

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


def test_many_tabs_share_a_look_a_second(served: Served) -> None:
    tabs = [Stream(served) for _ in range(5)]
    events = {tab.first_event() for tab in tabs}
    assert len(events) == 1
    before, began = served.dashboard.looks.taken, time.monotonic()
    time.sleep(2.2)
    assert served.dashboard.looks.taken - before <= time.monotonic() - began + 1
    for tab in tabs:
        tab.close()
    until(lambda: served.dashboard.looks.streams == 0)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert holds()


def look(tab: Page, *, hidden: bool) -> None:
    """Show another tab in front of this one, or this one again, as far as the page is told."""
    tab.evaluate("hidden => Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })", hidden)
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_streams_are_bounded(served: Served) -> None:
    tabs = [Stream(served, f"/live/jobs?limit={n + 1}") for n in range(MOST_STREAMS)]
    assert {tab.status for tab in tabs} == {200}
    tabs.append(Stream(served))
    assert tabs[-1].status == 503
    for tab in tabs:
        tab.close()


def test_a_tab_shows_a_record_soon_after_it(tab: Page, tmp_path: Path) -> None:
    client = Client(tmp_path)
    job_id = client.submit(*SMALL)
    lab = Lab(home=str(tmp_path))
    with Served(lab) as served, client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        expire(store)
        store.reap()
        worker.claim()
        worker.train(until=100)
        shown(tab, served, f"/jobs/{job_id}")
        assert tab.locator(".state").first.inner_text() == "running"
        tab.wait_for_selector("#live.on")
        assert tab.evaluate("[...document.querySelectorAll('.timeline rect')].map((one) => one.className.baseVal)") == [
            *("axis", "attempt", "attempt", "fault")
        ]
        tab.locator("summary", has_text="keys").click()
        step = store.job(job_id).step
        worker.train(until=step + 1)
        began, newer = time.monotonic(), store.job(job_id).step
        assert newer > step
        tab.wait_for_function("step => document.querySelector('.figure b').textContent === String(step)", arg=newer)
        assert time.monotonic() - began < 1.5 + 1.0  # a second for machines that do much else
        assert tab.locator("details[open] summary", has_text="keys").count() == 1
        look(tab, hidden=True)
        until(lambda: served.dashboard.looks.streams == 0)
        look(tab, hidden=False)
        worker.train()
        tab.wait_for_selector(".state.succeeded")
        tab.goto("about:blank")  # it must not see the dashboard end
    lab.close()


def test_a_job_that_is_deleted_under_a_tab_is_said_there_and_other_tabs_go_on(own_served: Served) -> None:
    lab = own_served.lab
    job = lab.submit(worker=False)
    tab, other = Stream(own_served, f"/live/job/jobs/{job.id}"), Stream(own_served)
    assert b'"state": "queued"' in tab.first_event()
    other.first_event()
    lab.jobs().delete()
    assert b"away" in tab.first_event()
    lab.sweep(seeds=3, worker=False)
    while b'"jobs": 3' not in other.first_event():
        pass
    tab.close()
    other.close()


@pytest.mark.parametrize("path", ["/sweeps", "/sweeps/1", "/compare?jobs=1,2", "/tune/2", "/workers"])
def test_a_page_that_goes_on_keeps_what_somebody_has_opened(own_served: Served, tab: Page, path: str) -> None:
    lab = own_served.lab
    lab.sweep({"lr": [1e-3, 1e-2]}, seeds=2, steps=60, hidden_g=8, hidden_d=8, worker=False)
    study = lab.tune({"lr": [1e-3, 1e-2]}, sampler="grid", trials=2, seeds=1, steps=60, hidden_g=8, worker=False)
    study.advance()
    shown(tab, own_served, path)
    tab.wait_for_selector("#live.on")
    opened = tab.evaluate(
        """() => {
            document.querySelectorAll("details").forEach((one) => one.open = true);
            const link = document.querySelector("main a[href^='/jobs/'], main a[href^='/sweeps/'], main .copy");
            link.focus();
            window.marked = [link, document.querySelector("main table")];
            return document.querySelectorAll("details[open]").length;
        }"""
    )
    before = tab.locator("main").inner_text()
    train_all(lab.store)
    tab.wait_for_function("before => document.querySelector('main').innerText !== before", arg=before)
    tab.wait_for_timeout(300)
    kept = "() => [marked.every((one) => !one || one.isConnected), document.activeElement === marked[0]]"
    if path != "/workers":  # whose jobs wait no more
        assert tab.evaluate(kept) == [True, True]
    assert tab.locator("details[open]").count() >= opened
    tab.goto("about:blank")


@pytest.mark.parametrize("path", ["/live/job/jobs/999", "/live/jobs?sort=x"])
def test_what_is_not_there_is_not_followed(served: Served, path: str) -> None:
    assert served.ask(path).status in (400, 404)


def test_the_theatre_goes_on_with_a_training_until_somebody_moves_the_slider(tab: Page, tmp_path: Path) -> None:
    client = Client(tmp_path)
    job_id = client.submit(*SMALL)
    lab = Lab(home=str(tmp_path))
    with Served(lab) as served, client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=50)
        shown(tab, served, f"/theatre?job={job_id}")
        tab.wait_for_selector(f"html[data-step='{store.job(job_id).step}']")
        worker.train(until=100)
        tab.wait_for_selector(f"html[data-step='{store.job(job_id).step}']")
        assert tab.get_by_text("differs").count() == 0
        slider = tab.get_by_role("slider")
        slider.fill("20")
        tab.wait_for_selector("html[data-step='20']")
        worker.train()
        tab.wait_for_function("document.querySelector('input.steps').max === '200'")
        assert slider.input_value() == "20"
        tab.wait_for_selector(".state.succeeded")
        tab.goto("about:blank")
    lab.close()


@pytest.mark.parametrize(("query", "status"), [("?job=999", 404), ("?beside=999", 404), ("?jobs=1", 400)])
def test_a_theatre_of_what_is_not_there_says_so(served: Served, query: str, status: int) -> None:
    answer = served.ask(f"/theatre{query}")
    assert answer.status == status
    assert b'"error":"no job 999' in answer.body or b"job=ID" in answer.body


def test_the_table_of_queued_jobs_needs_no_numpy(tmp_path: Path) -> None:
    """A tab may be open for weeks beside 100,000 jobs: it holds what it shows, and no more."""
    code = (
        "import sys; from curvegan.lab import Lab; from curvegan_core.config.train import TrainConfig\n"
        "from curvegan_db.values import JobRequest; from curvegan_web import server, serving\n"
        "from curvegan_web.views.watching.jobs import followed_jobs; lab = Lab(home=sys.argv[1])\n"
        "lab.store.submit([JobRequest(TrainConfig())]); print(len(followed_jobs(lab, {})()['rows']), *sys.modules)"
    )
    rows, *loaded = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert rows == "1"
    assert {"curvegan_web.serving", "uvicorn"} <= {*loaded}
    assert {"numpy", "torch", "matplotlib"} & {*loaded} == set()
