"""What a dashboard with `--allow-changes` does: the same as the commands, refused in the same sentences.

Who may ask for it is here too: each case of `DOORS` is a way in that public dashboards have left open.
"""

import json
import random
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import numpy as np
import pytest
from playwright.sync_api import Page

from curvegan.lab import Lab
from curvegan.submitting.typed import Typed
from curvegan_cli.commands.results import web
from curvegan_core.config.scalars import Loss
from curvegan_core.config.train import TrainConfig
from curvegan_web.doors import MOST_BYTES
from curvegan_web.views.changes.acts import VERBS
from curvegan_web.views.changes.form import fields_view
from curvegan_web.views.changes.plan import fork_view, plan_view

from ..cli.client import SMALL, Client
from ..worker.inline import train_all
from .conftest import Answer, Served, shown

CHANGES = ("/changes/submit", *(f"/changes/jobs/1/{verb}" for verb in VERBS))
SMALL_KEYS = {"key.steps": "60", "key.batch_size": "8", "key.hidden_g": "8", "key.hidden_d": "8", "worker": "no"}


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
