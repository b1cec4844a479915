"""The pages around the jobs: sweeps, comparisons, data, workers; each drawn in a real Chromium from a real store."""

import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Page

from ..cli.client import Client
from ..worker.inline import train_all
from .conftest import HOSTILE, Served, shown

# How many words within a drawing lie over another.
OVERPRINTED = """[...document.querySelectorAll('.scatter svg')].flatMap((drawn) => {
  const boxes = [...drawn.querySelectorAll('text')].map((one) => one.getBoundingClientRect());
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2;
  return boxes.filter((one, n) => boxes.slice(n + 1).some((other) => over(one, other)));
}).length"""


def asked(served: Served, path: str) -> Any:
    answer = served.ask(path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sweeps", "rates"),
        ("/sweeps/1", "lr=0.001 loss=lsgan"),
        ("/tune", "There is no search yet"),
        ("/compare?jobs=1,2,3", "Where they differ"),
        ("/compare", "Which jobs?"),
        ("/data", "Eight normal clusters"),
        ("/workers", "every table can be written"),
    ],
)
@pytest.mark.parametrize("wide", [360, 1280])
def test_each_page_is_drawn_on_a_phone_and_a_screen(
    served: Served, tab: Page, path: str, words: str, wide: int
) -> None:
    tab.set_viewport_size({"width": wide, "height": 800})
    shown(tab, served, path)
    tab.get_by_text(words).first.wait_for()
    assert tab.locator("nav a[aria-current]").count() == 1
    assert tab.locator(".copy").count() >= 1
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.goto("about:blank")


def test_a_sweep_is_what_the_commands_say_of_it(served: Served, laboratory: Client) -> None:
    view, summary = asked(served, "/api/sweep/sweeps/1"), laboratory.json("summary", "--sweep", "rates")
    assert [group["name"] for group in view["groups"]] == [
        f"lr={row['by']['lr']:g} loss={row['by']['loss']}" for row in summary
    ]
    assert [group["median"] for group in view["groups"]] == [row["metrics"]["rmse"]["median"] for row in summary]
    assert sum(len(group["jobs"]) for group in view["groups"]) == view["sweep"]["jobs"] == 8
    heat = view["heat"]
    medians = {tuple(cell["at"]): cell["median"] for cell in heat["cells"]}
    for row in summary:
        at = heat["rows"].index(row["by"]["loss"]), heat["columns"].index(f"{row['by']['lr']:g}")
        assert medians[at] == pytest.approx(row["metrics"]["rmse"]["median"], rel=1e-4)
    found = asked(served, "/api/fan/sweeps/1")
    assert [job["id"] for job in found["best"]][:5] == [
        row["id"] for row in laboratory.json("best", "--sweep", "rates")
    ]
    assert len(found["fans"]) == found["points"] == 4


def test_cells_lead_to_their_jobs_and_axes_can_be_chosen(served: Served, tab: Page) -> None:
    shown(tab, served, "/sweeps/1")
    tab.wait_for_selector("html[data-fans='4']")
    tab.get_by_label("Upwards").select_option("seed")
    tab.wait_for_function("document.querySelectorAll('.heat tbody tr').length === 2")
    assert "y=seed" in tab.url
    tab.locator(".heat td a").first.click()
    tab.wait_for_selector("html[data-page=jobs] tbody tr")
    assert tab.locator("tbody tr").count() == 2
    shown(tab, served, "/sweeps/1")
    assert tab.locator(".mosaic .tile").count() == 8
    tab.locator(".mosaic .tile").first.click()
    tab.wait_for_selector("html[data-page=job][data-drawn]")
    tab.goto("about:blank")


def test_jobs_that_are_ticked_are_compared_where_they_differ(served: Served, tab: Page) -> None:
    shown(tab, served)
    for job_id in (1, 2, 3):
        tab.get_by_label(f"Choose job {job_id} to compare").check()
    tab.get_by_role("link", name="Compare 3 jobs").click()
    tab.wait_for_selector("html[data-page=compare][data-drawn]")
    assert HOSTILE[:20] in tab.locator(".called").nth(1).inner_text()
    assert "\\u202e" in tab.locator(".called").nth(1).inner_text()  # it is shown, and turns nothing
    assert tab.evaluate("window.hit") is None
    assert tab.locator("table").first.get_by_text("ring8").count() == 1
    view = asked(served, "/api/compare/compare?jobs=1,2,3")
    assert view["differing"]["curve.family"] == ["quadratic", "quadratic", "ring8"]
    assert "lr_g" not in view["differing"]
    assert view["metrics"][0]["values"][0] == pytest.approx(view["jobs"][0]["rmse"], rel=1e-4)


@pytest.mark.parametrize("query", ["jobs=1,x", "jobs=1,2,3,4,5,6,7,8,9", "jobs=1,-2"])
def test_what_cannot_be_compared_is_refused(served: Served, query: str) -> None:
    assert served.ask(f"/compare?{query}").status == 400
    assert served.ask("/compare?jobs=1,999").status == 404
    assert served.ask("/sweeps/999").status == 404
    assert served.ask("/sweeps/1?metric=nothing").status == 400
    assert served.ask("/sweeps/1?x=steps").status == 400


def test_a_range_that_is_brushed_is_the_filter_of_the_page(served: Served, tab: Page) -> None:
    shown(tab, served, "/sweeps/1?metric=spread")
    box = tab.locator("canvas.parallel").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 56, box["y"] + 290)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 56, box["y"] + 200)
    tab.mouse.up()
    tab.get_by_text("4 of 8 jobs").wait_for()
    brushed = tab.get_by_role("searchbox").input_value()
    assert brushed.startswith("lr>=0.0001 and lr<=")
    view = asked(served, f"/api/sweep/sweeps/1?{urlencode({'where': brushed})}")
    assert view["matching"] == sum(len(group["jobs"]) for group in view["groups"]) == 4
    best = tab.get_by_label("Copy as command: curvegan best").inner_text()
    assert f"--by spread --where '{brushed}'" in best
    tab.get_by_role("searchbox").fill("loss=ns and rmse>0")
    tab.get_by_role("searchbox").press("Enter")
    tab.wait_for_url("**where=loss*")
    tab.get_by_text("4 of 8 jobs").wait_for()
    tab.get_by_role("searchbox").fill("lr<0.0005 or seed<0")  # no range of an axis says it
    tab.get_by_role("searchbox").press("Enter")
    tab.wait_for_url("**where=lr%3C*")
    table = tab.get_by_role("region", name="Every job over all axes").locator("details")
    table.locator("summary").click()
    tab.wait_for_function("document.querySelectorAll('.parallel ~ details tbody tr').length === 4")
    tab.get_by_role("searchbox").fill("")
    tab.get_by_role("searchbox").press("Enter")
    tab.get_by_text("of 8 jobs").wait_for(state="hidden")
    finger = tab.context.new_cdp_session(tab)
    for kind, y in (("touchStart", 290), ("touchMove", 240), ("touchMove", 200), ("touchEnd", None)):
        points = [] if y is None else [{"x": box["x"] + 56, "y": box["y"] + y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    tab.get_by_text("4 of 8 jobs").wait_for()
    tab.mouse.click(box["x"] + 56, box["y"] + 200)  # no range is there: nothing is taken away
    tab.goto("about:blank")


def test_a_filter_that_cannot_be_read_is_said(served: Served) -> None:
    for path in ("/sweeps/1", "/api/sweep/sweeps/1", "/api/fan/sweeps/1", "/"):
        answer = served.ask(f"{path}?where=lr%3D")
        assert (answer.status, b'"error":"' in answer.body) == (400, True)


def test_where_all_jobs_are_looked_through_the_page_is_there_first(served: Served, tab: Page) -> None:
    path = "/?sort=rmse&where=loss%3Dns"
    assert b'"rows":null' in served.ask(path).body
    shown(tab, served, path)
    tab.locator("th[aria-sort=ascending]", has_text="RMSE").wait_for()
    rows = asked(served, f"/api/jobs{path[1:]}")["rows"]
    known = [row["rmse"] for row in rows if row["rmse"] is not None]
    assert known == sorted(known)
    assert tab.locator("tbody tr").count() == len(rows) > 4
    tab.goto("about:blank")


def test_a_search_is_shown_with_its_best_so_far(own_served: Served, tab: Page) -> None:
    lab = own_served.lab
    study = lab.tune(
        {"lr": [1e-4, 1e-3, 1e-2]}, sampler="grid", trials=3, steps=20, hidden_g=8, hidden_d=8, name="s", worker=False
    )
    while study.advance():
        train_all(lab.store)
    view = asked(own_served, f"/api/tune/tune/{study.id}")
    assert [trial["rmse"] for trial in view["trials"]] == [trial.value for trial in study.look()]
    shown(tab, own_served, "/tune")
    tab.get_by_role("link", name="s", exact=True).click()
    tab.wait_for_selector("html[data-page=tune][data-drawn]")
    assert tab.get_by_label("Copy as command: curvegan tune --name s").count() == 1
    assert study.best is not None
    assert tab.locator("tbody tr").first.locator("td").first.inner_text() == str(study.best.number)
    assert tab.locator("circle").count() == 6
    assert tab.evaluate(OVERPRINTED) == 0
    tab.set_viewport_size({"width": 360, "height": 740})
    for path in ("/tune", "/sweeps"):
        shown(tab, own_served, path)
        seen = "name => [...document.querySelectorAll(name)].filter((one) => one.checkVisibility()).length"
        assert tab.evaluate(seen, "th") == tab.evaluate(seen, "tbody td")
    assert own_served.ask("/api/tune/tune/99").status == 404
    tab.goto("about:blank")


def test_a_search_with_rungs_and_two_metrics_has_its_front(own_served: Served, tab: Page) -> None:
    lab = own_served.lab
    study = lab.tune(
        {"lr": [1e-4, 1e-3, 1e-2]}, sampler="grid", trials=3, batch=3, halving=2, steps=30, hidden_g=8, hidden_d=8,
        seeds=1, by=("rmse", "cpu_seconds"), name="s", worker=False,
    )  # fmt: skip
    while study.advance():
        train_all(lab.store)
    view = asked(own_served, f"/api/tune/tune/{study.id}")
    assert view["front"] == [trial.number for trial in study.front] != []
    assert [one["name"] for one in view["metrics"]] == ["rmse", "cpu_seconds"]
    shown(tab, own_served, f"/tune/{study.id}")
    assert tab.locator("#main h2").all_inner_texts() == [
        *("Best so far", "Front of rmse and cpu_seconds", "How far each was let go", "Against each axis", "Trials")
    ]
    rungs = tab.get_by_role("group", name="rmse over steps")
    assert {"10", "30"} <= set(rungs.locator("text").all_text_contents())
    tab.get_by_label("Metric").select_option("cpu_seconds")
    tab.get_by_role("group", name="cpu_seconds over lr").wait_for()
    tab.goto("about:blank")


@pytest.mark.parametrize(
    "path",
    ["/jobs/1", "/theatre?job=3&step=57", "/sweeps", "/sweeps/1", "/tune", "/compare?jobs=1,2", "/data", "/workers"],
)
def test_what_a_card_shows_can_be_copied_as_a_command(served: Served, tab: Page, path: str) -> None:
    shown(tab, served, path)
    cards = tab.locator("section.card:not(.controls)")
    assert cards.count() == cards.filter(has=tab.locator("button.copy")).count() > 0
    tab.goto("about:blank")


def test_what_was_trained_on_a_family_is_counted(served: Served, tab: Page) -> None:
    trained = asked(served, "/api/trained")["families"]
    assert {name: sum(counts.values()) for name, counts in trained.items()} == {"quadratic": 11, "ring8": 1}
    shown(tab, served, "/data")
    tab.wait_for_selector("html[data-trained]")
    tab.get_by_role("link", name="11 jobs").click()
    tab.wait_for_selector("html[data-page=jobs] tbody tr")
    assert tab.locator("tbody tr").count() == 11
    tab.goto("about:blank")


def test_two_names_of_the_same_rows_are_one_data_set(own_served: Served) -> None:
    lab, rows = own_served.lab, np.arange(48.0).reshape(4, 12)
    for name in ("b", "a"):
        lab.data.add(rows, name=name)
    lab.submit(data="b", worker=False)
    [one] = asked(own_served, "/api/data/data")["sets"]
    assert sorted(one["names"]) == ["a", "b"]
    assert asked(own_served, "/api/trained")["sets"] == {one["hash"]: {"queued": 1}}


def test_why_a_job_waits_is_what_explain_says(served: Served, laboratory: Client) -> None:
    before, [waits] = laboratory.json("explain", "12"), asked(served, "/api/workers/workers")["waiting"]
    after = laboratory.json("explain", "12")  # another answer where the played worker was taken for lost meanwhile
    assert waits["id"] == 12
    assert (waits["reason"], waits["text"]) in [(said["reason"], said["text"]) for said in (before, after)]


def test_the_doctor_is_asked_once_by_many_and_says_what_the_command_says(
    own_served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(own_served, "/api/doctor")["findings"]
    assert {finding["check"] for finding in found} >= {"database", "schema", "workers", "disk"}
    monkeypatch.setattr("curvegan_web.views.watching.doctor.examine", lambda _: pytest.fail("asked again"))
    assert asked(own_served, "/api/doctor")["findings"] == found


def test_a_job_tells_the_rule_that_decided_and_by_how_much(served: Served, tab: Page) -> None:
    view = asked(served, "/api/job/jobs/1")
    *before, last = view["rules"]
    assert (last["name"], last["decided"]) == (view["job"]["verdict"].partition(" ")[0], True)
    assert all(not all(measure["holds"] for measure in rule["measures"]) for rule in before)
    [near, *_] = before[0]["measures"]
    assert near["margin"] == pytest.approx(0.2 - near["value"])
    shown(tab, served, "/jobs/1")
    assert tab.locator(".rules .decided .verdict").inner_text() == last["name"]
    assert tab.locator(".rules .missed").count() >= 1
    tab.goto("about:blank")
