"""A dashboard that really listens, on a store with real trainings, and a real Chromium in front of it."""

import http.client
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from curvegan.lab import Lab
from curvegan_web.doors import Doors
from curvegan_web.server import Dashboard
from curvegan_web.serving import listening, server

from ..cli.client import SMALL, Client, PlayedWorker

HOSTILE = "<img src=x onerror=window.hit=1> ‮=1+1 \x1b[31m ' \" </script><script>window.hit=1</script>"
SMALL_KEYS = {"key.steps": "60", "key.batch_size": "8", "key.hidden_g": "8", "key.hidden_d": "8", "worker": "no"}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """A dashboard on a port of its own, and how to ask it anything."""

    lab: Lab
    changes: bool = False
    running: uvicorn.Server = field(init=False)

    def __enter__(self) -> "Served":
        listener = listening(0)
        self.port = listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.doors = Doors(frozenset({self.host, f"localhost:{self.port}"}), changes=self.changes)
        self.dashboard = Dashboard(self.lab, self.doors)
        self.running = server(self.dashboard)
        self._thread = threading.Thread(target=self.running.run, kwargs={"sockets": [listener]})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.running.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    @property
    def address(self) -> str:
        return f"http://{self.host}"

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{self.doors.cookie}={self.doors.session}"}

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] = MappingProxyType({}),
        known: bool = True,
        body: bytes | None = None,
    ) -> Answer:
        """Send exactly this; `known` with the cookie. A header `Host` replaces ours."""
        given = {"Host": self.host} | (self.cookie if known else {}) | dict(headers)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A store that no test changes: trained jobs of a sweep, points of the plane, one with a hostile name."""
    client = Client(tmp_path_factory.mktemp("laboratory"))
    client.submit(*SMALL, "--name", "first", "--seed", "1")
    client.submit(*SMALL, "--name", HOSTILE.replace("\x1b", "\\x1b"), "--tag", "<b>t</b>")
    client.submit(*SMALL, "--curve", "ring8")
    words = ("--name", "rates", "--grid", "lr=1e-4,1e-3", "--grid", "loss=ns,lsgan", "--seeds", "2", "--no-worker")
    client.done("sweep", *words, *SMALL)
    with client.store() as store:
        worker = PlayedWorker(store)
        for _ in store.jobs():
            worker.claim()
            worker.train()
    client.submit(*SMALL, "--name", "waits", "--device", "cuda")
    return client


@pytest.fixture(scope="session")
def served(laboratory: Client) -> Iterator[Served]:
    """The dashboard of that store: it only shows."""
    lab = Lab(home=str(laboratory.home))
    with Served(lab) as running:
        yield running
    lab.close()


@pytest.fixture(autouse=True)
def _doctor_without_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the engines, which take seconds, to the doctor's own tests; for one test, whoever serves longer."""
    monkeypatch.setattr("curvegan.watching.checks.check_engines", lambda _: [])


@pytest.fixture
def own_served(tmp_path: Path) -> Iterator[Served]:
    """A dashboard with an empty store, which may change it."""
    lab = Lab(home=str(tmp_path))
    with Served(lab, changes=True) as running:
        yield running
    lab.close()


@pytest.fixture
def typing(tmp_path: Path) -> Client:
    """The commands on the store of `own_served`."""
    return Client(tmp_path)


@pytest.fixture
def one_job(own_served: Served, typing: Client) -> Iterator[Served]:
    """A dashboard that may change its store, in which job 1 waits."""
    typing.submit(*SMALL)
    yield own_served
    assert own_served.lab.store.job(1).state == "queued"
    assert own_served.lab.store.last_id() == 1


def ours(served: Served, **more: str) -> dict[str, str]:
    """The headers that a browser gives to a request of our own page."""
    own = {"Origin": served.address, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    return {name: value for name, value in (own | {k.replace("_", "-"): v for k, v in more.items()}).items() if value}


def post(served: Served, path: str, said: Any, **headers: str) -> Answer:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return served.ask(path, "POST", ours(served, **headers), body=body)


def done(served: Served, path: str, **said: str) -> Any:
    answer = post(served, path, {"worker": "no", **said})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Where there is none the tests skip, and with CI set they fail."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium is installed: apt-get install chromium")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """An empty tab of its own profile; at the end nothing was complained of, by a script or by the policy."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def shown(tab: Page, served: Served, path: str = "/") -> Page:
    """Come in as a person does, by the printed address, and wait until the page is drawn."""
    if not tab.context.cookies():
        tab.goto(f"{served.address}/?token={served.doors.token}")
    tab.goto(served.address + path)
    tab.wait_for_selector("html[data-drawn]")
    return tab
