"""Nobody comes in but who has the token; nothing is changed unless asked for; known holes of other dashboards.

Each case of `HOLES` is of a kind that public dashboards and servers had.
"""

import logging
import random
import re
import socket
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from playwright.sync_api import Page

from curvegan_web.connections import MOST_CONNECTIONS

from .conftest import HOSTILE, Served, shown

PATHS = ("/", "/jobs/1", "/api/jobs", "/api/job/jobs/1", "/live/jobs", "/files/jobs/1/losses.csv", "/static/main.js")
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FROB")


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_without_the_cookie_nothing_is_seen(served: Served, path: str) -> None:
    for headers in ({}, {"Cookie": f"{served.doors.cookie}=x"}, {"Authorization": f"Bearer {served.doors.token}"}):
        answer = served.ask(path, headers=headers, known=False)
        assert answer.status == 401
        assert answer.body == b"open the address that `curvegan dashboard` printed\n"


def test_the_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(served: Served) -> None:
    answer = served.ask(f"/?token={served.doors.token}", known=False)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert served.doors.token not in cookie
    for wrong in ("", "x", served.doors.token[:-1], served.doors.token + "x", served.doors.session):
        assert served.ask(f"/?token={wrong}", known=False).status == 403
    assert served.ask(f"/?token={served.doors.token}", "POST", known=False).status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "", "[::1]:80"])
def test_another_host_is_refused_with_the_cookie_too(served: Served, host: str) -> None:
    """DNS rebinding: the page of another site becomes ours by name, and is still not ours."""
    assert served.ask("/", headers={"Host": host}).status == 421


def test_every_answer_forbids_what_a_page_does_not_need_and_allows_no_other_origin(served: Served) -> None:
    origin = {"Origin": "http://evil.example", "Access-Control-Request-Method": "GET"}
    answers = [served.ask(path, headers=origin) for path in PATHS if "live" not in path]
    answers += [served.ask("/", method, origin) for method in METHODS if method != "CONNECT"]
    answers += [served.ask("/", known=False), served.ask("/nowhere"), served.ask("/", headers={"Host": "x"})]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


@pytest.mark.parametrize("method", METHODS)
def test_only_looks_are_answered(served: Served, method: str) -> None:
    """A method that was forgotten is the commonest hole: none gets as far as a route."""
    for path in PATHS:
        headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
        assert served.ask(path, method, headers).status in (400, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_change_comes_from_our_own_page_alone(own_served: Served, headers: dict[str, str]) -> None:
    given = {"Origin": own_served.address, **headers} if "Origin" not in headers and headers else headers
    assert own_served.ask("/api/submit", "POST", given, body=b"{}").status == 403
    assert own_served.ask("/api/submit", "POST", given, known=False, body=b"{}").status == 401
    assert own_served.lab.store.last_id() is None


def test_a_page_of_another_port_of_this_machine_cannot_look(served: Served) -> None:
    """To a browser it is the same site, so that it sends the cookie: the look is refused, a link is not."""
    assert served.ask("/api/jobs", headers={"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}).status == 403
    assert served.ask("/", headers={"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}).status == 200


HOLES = {
    "a path out of the store": "/files/jobs/1/..%2f..%2f..%2fetc%2fpasswd",
    "a file by its URL": "/files/jobs/1/file:%2f%2f%2fetc%2fpasswd",
    "dots as they are": "/static/../doors.py",
    "a fragment in a path": "/files/jobs/1/%23/../../../etc/passwd",
    "dots within dots": "/static/.%2e/.%2e/doors.py",
    "back slashes": "/static/..%5c..%5cdoors.py",
    "a semicolon": "/static/..;/doors.py",
    "a byte that ends a path": "/static/main.js%00.css",
    "an absolute path": "/static//etc/passwd",
    "a whole URL as the path": "http://evil.example/",
    "a name that imports": "/api/job/jobs/__import__('os')",
    "an id that is none": "/files/jobs/-1/losses.csv",
    "an id beyond any column": f"/files/jobs/{10**30}/losses.csv",
    "digits of another script": "/api/job/jobs/%D9%A1",  # noqa: RUF100
}


@pytest.mark.parametrize("path", HOLES.values(), ids=HOLES)
def test_known_holes_are_none_here(served: Served, path: str) -> None:
    answer = served.ask(path)
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body
    assert b"class Doors" not in answer.body


def test_junk_is_answered_and_never_an_error_of_ours(served: Served) -> None:
    random.seed(14)
    parts = [*"/.%?&=;#'\"<>\\", "%00", "%ff", "jobs", "api", "live", "files", "static", "1", "where", "token", "sort"]
    for _ in range(300):
        path = "/" + "".join(random.choices(parts, k=random.randint(1, 12))).replace("#", "")
        method = random.choice(("GET", "HEAD", *METHODS))
        if path.startswith("/live"):
            continue
        assert served.ask(path, method).status < 500, (method, path)


@pytest.mark.parametrize(
    "query", ["where=loss=", "where=" + "(" * 500, "sort=nothing", "limit=0", "limit=1e9", "state=x"]
)
def test_what_cannot_be_asked_is_refused_in_a_line(served: Served, query: str) -> None:
    for path in ("/", "/api/jobs", "/live/jobs", "/files/jobs.csv"):
        answer = served.ask(f"{path}?{query}")
        assert answer.status == 400
        assert b"Traceback" not in answer.body


def test_a_query_that_is_not_utf_8_is_refused(served: Served) -> None:
    for query in ("where=%ed%a0%80", "name=%ff"):
        answer = served.ask(f"/api/jobs?{query}")
        assert (answer.status, answer.body) == (400, b"what stands behind the ? of an address is UTF-8\n")


def test_who_has_the_cookie_finds_room_among_those_who_wait(served: Served) -> None:
    with ExitStack() as held:
        for n in range(MOST_CONNECTIONS + 20):
            line = held.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if n % 2 else b""))
        assert served.ask("/").status == 200
        assert served.ask("/", known=False).status == 401


def test_a_request_that_never_ends_is_hung_up_on(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curvegan_web.connections.PATIENCE_S", 0.05)
    for sent in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
            line.sendall(sent)
            with suppress(ConnectionResetError):
                assert line.recv(1) == b""


def test_a_web_socket_is_none_and_no_news(served: Served) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x" * 22 + "==", "X": "1"}
    assert served.ask("/", headers=upgrade).status == 200
    assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.WARNING)


def test_no_cell_of_a_table_is_a_formula(served: Served, laboratory: Any) -> None:
    lines = served.ask("/files/jobs.csv?limit=100").body.decode().splitlines()
    assert len(lines) == 13
    assert not [cell for line in lines for cell in line.split(",") if re.match(r'"?[=+@\t-]', cell)]


def test_names_with_markup_are_inert_in_a_browser(served: Served, tab: Page) -> None:
    shown(tab, served)
    assert tab.get_by_text("<img src=x onerror").count() == 1
    assert tab.get_by_text("<b>t</b>").count() == 1
    shown(tab, served, "/jobs/2")
    assert HOSTILE[:20] in tab.locator("h1").inner_text()
    assert tab.evaluate("window.hit") is None
    assert tab.locator("img").count() == 0


def test_the_policy_stops_what_a_hole_of_ours_would_let_in(served: Served, chromium: Any) -> None:
    context = chromium.new_context()
    page = context.new_page()
    shown(page, served)
    markup = "() => { try { document.body.innerHTML = '<img src=x>'; return 'let in' } catch (e) { return e.name } }"
    assert page.evaluate(markup) == "TypeError"
    inline = """() => { const s = document.createElement("script"); try { s.text = "window.hit = 1" } catch { return }
        document.body.append(s) }"""
    page.evaluate(inline)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("fetch('http://localhost:1/').then(() => 'sent', () => 'stopped')") == "stopped"
    context.close()
