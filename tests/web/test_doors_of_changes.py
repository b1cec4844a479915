"""Who may change something through a dashboard: each case of `DOORS` is a way in that public ones have left open."""

import random
import signal
import subprocess
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from curvegan_cli.commands.results import web
from curvegan_web.doors import MOST_BYTES
from curvegan_web.views.changes.acts import VERBS

from ..cli.client import Client
from .conftest import Served, ours, post

CHANGES = ("/changes/submit", *(f"/changes/jobs/1/{verb}" for verb in VERBS))


DOORS = {
    "a form of another site, plain": ({"Content_Type": "text/plain"}, 415),
    "a form of another site, encoded": ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    "a form of another site, in parts": ({"Content_Type": "multipart/form-data; boundary=x"}, 415),
    "JSON that says more": ({"Content_Type": "application/json; charset=utf-7"}, 415),
    "no type": ({"Content_Type": ""}, 415),
    "no origin": ({"Origin": ""}, 403),
    "an origin that is none": ({"Origin": "null"}, 403),
    "an origin that begins as ours": ({"Origin": "http://127.0.0.1"}, 403),
    "an origin that ends as ours": ({"Origin": "http://evil.example/#http://127.0.0.1:1"}, 403),
    "another scheme": ({"Origin": "https://127.0.0.1"}, 403),
    "another site": ({"Sec_Fetch_Site": "cross-site"}, 403),
    "another port of this machine": ({"Sec_Fetch_Site": "same-site"}, 403),
    "a bookmark": ({"Sec_Fetch_Site": "none"}, 403),
    "a browser that does not say": ({"Sec_Fetch_Site": ""}, 403),
    "a host that is not ours": ({"Host": "evil.example"}, 421),
    "a proxy's word for the host": ({"Host": "evil.example", "X_Forwarded_Host": "127.0.0.1"}, 421),
    "our other name, with the first one's origin": ({"Host": "localhost"}, 421),
    "no cookie": ({"Cookie": "x=y"}, 401),
    "the token in place of the cookie": ({"Cookie": "x=y", "Authorization": "Bearer x"}, 401),
}


@pytest.mark.parametrize("case", DOORS)
def test_a_way_in_that_others_left_open_is_shut(one_job: Served, case: str) -> None:
    headers, status = DOORS[case]
    for path in CHANGES:
        answer = post(one_job, path, {}, **headers)
        assert answer.status == status, (path, answer.body)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_is_sent_is_bounded_before_it_is_read(one_job: Served) -> None:
    # Without a body: whoever is hung up on while he writes one may not read the answer.
    assert one_job.ask(CHANGES[0], "POST", ours(one_job, Content_Length="+2")).status == 400
    assert one_job.ask(CHANGES[0], "POST", ours(one_job)).status == 411
    assert one_job.ask(CHANGES[0], "POST", ours(one_job, Transfer_Encoding="chunked"), body=None).status == 411
    large = one_job.ask(CHANGES[0], "POST", ours(one_job, Content_Length=str(MOST_BYTES + 1)))
    assert (large.status, large.body) == (413, b"a change has at most 65536 bytes\n")
    for junk in (b"", b"{", b"[]", b"7", b"[" * 50_000, b"\xff\xfe", b'{"name": 7}', b'{"name": {"a": "b"}}', b"NaN"):
        assert post(one_job, CHANGES[0], junk).status == 400, junk
    assert post(one_job, CHANGES[0], {f"key.{n}": "" for n in range(300)}).status == 400
    assert post(one_job, CHANGES[0], {"name": "x" * 2000}).status == 400


def test_a_text_is_utf_8_and_of_whole_characters(one_job: Served) -> None:
    for said in ({"data": "\ud800"}, {"\udfff": ""}):
        answer = post(one_job, CHANGES[0], said)
        assert (answer.status, answer.body) == (400, b'{"error":"half of a surrogate pair is no character"}')
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        assert b"no JSON in UTF-8" in post(one_job, CHANGES[0], "{}".encode(encoding)).body


def test_a_name_that_is_none_is_refused_and_not_dropped(one_job: Served) -> None:
    for path in ("/submit", "/api/plan", "/api/plan/jobs/1"):
        answer = one_job.ask(f"{path}?seed=7&key.lr=1")
        assert answer.status == 400
        assert b"as in key.lr; not" in answer.body
    for verb, said in (("fork", "data"), ("cancel", "steps"), ("extend", "data")):
        answer = post(one_job, f"/changes/jobs/1/{verb}", {said: "7"})
        assert answer.status == 400
        assert f"not '{said}'".encode() in answer.body
    assert b"not 'seed'" in post(one_job, CHANGES[0], {"seed": "7"}).body


def test_junk_changes_nothing_and_is_never_an_error_of_ours(own_served: Served) -> None:
    random.seed(14)
    parts = [
        *"/.%?&=;'\"<>\\",
        "%00",
        "%ff",
        "changes",
        "submit",
        "jobs",
        "fork",
        "cancel",
        "api",
        "plan",
        "1",
        "at=",
        "key.",
    ]
    names = ["key.lr", "key.curve", "key.curve.a", "key.x.y.z", "key.", "from", "preset", "data", "at", "name", "tags"]
    texts = [
        "nan",
        "-inf",
        "1e999",
        "[[[",
        "{a=1}",
        "'",
        "\x00",
        "\ud800",
        "\u202e",
        "9" * 400,
        "a.b",
        "=",
        "2026-01-01",
    ]
    for _ in range(150):
        path = "/" + "".join(random.choices(parts, k=random.randint(1, 9)))
        said = dict(zip(random.choices(names, k=4), random.choices(texts, k=4), strict=True))
        assert post(own_served, path, said).status < 500, path
        for target in ("/changes/submit", "/changes/jobs/1/fork", "/changes/jobs/1/extend"):
            assert post(own_served, target, said).status in (400, 404), said
        assert own_served.ask(f"/api/plan?{urlencode(said, errors='replace')}").status in (200, 400, 404), said
    assert own_served.lab.store.last_id() is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FROB"])
def test_no_other_method_changes_anything(one_job: Served, method: str) -> None:
    """DELETE that was forgotten, GET that acts: nothing but POST gets as far as a change, and POST to no look."""
    for path in (*CHANGES, "/api/plan", "/submit", "/jobs/1", "/files/jobs/1/losses.csv", "/metrics"):
        if path not in CHANGES and method in ("GET", "HEAD"):
            continue
        assert one_job.ask(path, method, ours(one_job)).status in (400, 404, 405), path
    for look in ("/", "/submit", "/api/plan", "/api/jobs", "/jobs/1", "/frames/1", "/static/main.js", "/metrics"):
        assert post(one_job, look, {}).status == 405
    assert post(one_job, "/changes/jobs/1/delete", {}).status == 404
    assert post(one_job, "/changes/jobs/..%2f1/cancel", {}).status == 404
    assert post(one_job, "/changes/jobs/x/cancel", {}).status == 400


def test_a_dashboard_that_only_shows_has_no_way_to_change(served: Served) -> None:
    for path in ("/submit", "/api/plan", "/api/fields", *CHANGES):
        assert served.ask(path).status == 404
        assert post(served, path, {}).status == 403
    assert b"/submit" not in served.ask("/jobs/1").body
    assert b"data-changes" not in served.ask("/jobs/1").body


def test_what_is_no_address_is_refused_in_a_line(typing: Client) -> None:
    for host in ("nocolon", "http://a:1", "a:99999", "a:0", ":1", "a b:1"):
        assert "--host is NAME:PORT" in typing.refused("dashboard", "--port", "0", "--host", host)


def test_a_browser_leaves_out_the_port_of_its_scheme() -> None:
    found = web._doors(80, ("Lab.example:443", "[::1]:8460"), None, False).hosts
    assert found >= {"127.0.0.1:80", "127.0.0.1", "localhost", "lab.example", "lab.example:443", "[::1]:8460"}
    assert "127.0.0.1" not in web._doors(8460, (), None, False).hosts


def test_the_command_says_what_it_lets_in(typing: Client) -> None:
    """Both kinds as a person starts them; the form is there or not."""
    for flags, word, status in (([], "changes nothing", 404), (["--allow-changes"], "may submit jobs", 200)):
        command = typing.command("dashboard", "--port", "0", *flags)
        with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdout
            assert running.stderr
            address = running.stdout.readline().strip()
            assert word in running.stderr.readline()
            opener = build_opener(HTTPCookieProcessor())
            opener.open(address, timeout=20).close()
            try:
                found = opener.open(address.partition("?")[0] + "submit", timeout=20).status
            except HTTPError as error:
                found = error.code
                error.close()
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)
        assert found == status
