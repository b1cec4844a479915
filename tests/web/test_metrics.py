"""What a scraper sees at /metrics, and how it gets in."""

from prometheus_client.parser import text_string_to_metric_families

from .conftest import Served


def test_a_scraper_comes_in_with_the_token_and_to_its_page_alone(served: Served) -> None:
    bearer = {"Authorization": f"Bearer {served.doors.token}"}
    answer = served.ask("/metrics", headers=bearer, known=False)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    jobs = next(one for one in text_string_to_metric_families(answer.body.decode()) if one.name == "curvegan_jobs")
    assert sum(sample.value for sample in jobs.samples) == 12
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {served.doors.session}"}):
        assert served.ask("/metrics", headers=headers, known=False).status == 401
    for path in ("/", "/api/jobs", "/metrics/", "/files/jobs.csv"):
        assert served.ask(path, headers=bearer, known=False).status == 401
    assert served.ask("/metrics", "POST", bearer, known=False).status == 401
    assert served.ask("/metrics", headers={**bearer, "Host": "evil.example"}, known=False).status == 421
