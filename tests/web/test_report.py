"""A report is one file: it draws offline, loads nothing, its names are inert, its generators are those of `sample`."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from curvegan.results.networks import Generator
from curvegan_core.networks import latents
from curvegan_core.noise import Stream
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_web.report import bundled

from ..cli.client import SMALL, Client, PlayedWorker
from .conftest import HOSTILE

NETWORKS = (
    ("--set", "ema=0.9", "--set", "activation=gelu", "--set", "norm_g=batch", "--set", "layers_g=2"),
    ("--set", "activation=silu", "--set", "norm_g=layer", "--set", "latent_noise=uniform"),
    ("--set", "activation=elu", "--set", "layers_g=0"),
    ("--set", "activation=leaky_relu", "--curve", "ring8"),
)


def page_of(client: Client, tmp_path: Path, *words: str) -> Path:
    path = tmp_path / "report.html"
    path.write_text(client.done("report", *words), encoding="utf-8")
    return path


def offline(tab: Page, path: Path) -> list[str]:
    """Open the file without a network; what it asked for beside itself."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.context.set_offline(True)
    tab.goto(path.as_uri())
    tab.wait_for_selector("html[data-drawn]")
    return asked[1:]


def test_a_sweep_is_drawn_offline_from_one_file(laboratory: Client, tab: Page, tmp_path: Path) -> None:
    path = page_of(laboratory, tmp_path, "--sweep", "rates")
    assert offline(tab, path) == []
    assert tab.locator("h1").inner_text() == "sweep 1, rates"
    assert tab.get_by_label("Median rmse over lr and loss").locator("tbody tr").count() == 2
    assert tab.get_by_label("All jobs", exact=True).locator("tbody tr").count() == 8
    assert tab.locator(".uplot").count() == 4 + 6
    assert tab.locator("input[type=range]").count() == 6
    tab.get_by_role("button", name="Play").first.click()
    tab.wait_for_function("() => document.querySelector('input[type=range]').value > 0")
    tab.locator("#theme").click()
    text = path.read_text()
    assert len(text) < 400_000  # of 96 default jobs it is half a megabyte
    assert not re.search(r"""(src|href)=["']|url\(|@import|import\(""", text)
    assert "host:4711" not in text
    assert "default-src 'none'; script-src 'sha256-" in text


def test_names_with_markup_are_inert_in_a_report(laboratory: Client, tab: Page, tmp_path: Path) -> None:
    assert offline(tab, page_of(laboratory, tmp_path, "2")) == []
    assert HOSTILE[:20] in tab.locator("main").inner_text()
    assert tab.evaluate("window.hit") is None
    assert tab.locator("img").count() == 0


def test_the_pages_generators_are_those_of_sample(tab: Page, tmp_path: Path) -> None:
    client = Client(tmp_path)
    ids = [client.submit(*SMALL, *words) for words in NETWORKS]
    with client.store() as store:
        worker = PlayedWorker(store)
        for _ in ids:
            worker.claim()
            worker.train()
        offline(tab, page_of(client, tmp_path, "all"))
        for job_id in ids:
            config = store.job(job_id).config
            z_nl = latents(config, 5, Stream.SAMPLE, 3)
            drawn = [tab.evaluate("([id, z]) => curvegan.generate(id, z)", [job_id, z.tolist()]) for z in z_nl]
            sampled = client.json("sample", str(job_id), "-n", "3", "--seed", "5")["curves"]
            assert np.abs(np.array(drawn) - sampled).max() < 1e-5


def test_own_curves_come_in_their_units(tab: Page, tmp_path: Path) -> None:
    client = Client(tmp_path)
    loads = Path(__file__).parents[2] / "docs" / "data" / "loads.csv"
    client.done("data", "add", str(loads), "--name", "loads")
    job_id = client.submit("--data", "loads", *SMALL)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        job = store.job(job_id)
        generator = Generator(Checkpoint.from_bytes(store.checkpoint(job_id).data, job.config), job.config)
    offline(tab, page_of(client, tmp_path, str(job_id)))
    z_nl = generator.latents(2, seed=3)
    drawn = np.array([tab.evaluate("([id, z]) => curvegan.generate(id, z)", [job_id, z.tolist()]) for z in z_nl])
    smooth = generator(z_nl)
    assert np.abs(drawn - smooth).max() < 1e-5 * np.abs(smooth).max()


@pytest.mark.parametrize("words", [["--sweep", "rates"], ["1"], ["3"]], ids=" ".join)
def test_its_commands_make_the_same_configs(laboratory: Client, tmp_path: Path, words: list[str]) -> None:
    from curvegan_web.views.sharing.again import command, sweep_command

    other = Client(tmp_path)
    with laboratory.store() as store:
        sweep = store.sweep(1)
        jobs = store.jobs(sweep=1, newest_first=False) if "--sweep" in words else [store.job(int(words[0]))]
        told = sweep_command(sweep, jobs, [""] * len(jobs)) if "--sweep" in words else command(jobs[0])
    other.done(*shlex.split(told)[1:], "--no-worker")
    with other.store() as store:
        made = {(job.config.hash, job.config.steps) for job in store.jobs()}
        assert made == {(job.config.hash, job.config.steps) for job in jobs}


def test_a_report_is_refused_in_a_line(tmp_path: Path) -> None:
    client = Client(tmp_path)
    assert "give either the ID of jobs" in client.refused("report")
    client.done("status")
    assert "these are none" in client.refused("report", "--where", "id=7")
    assert "no job is called" in client.refused("report", "nobody")


def test_the_modules_are_one_script_that_imports_nothing() -> None:
    script = bundled()
    assert not re.search(r"^(import|export)\b", script, re.M)
    assert {"module_dom", "module_report"} <= set(re.findall(r"const (module_\w+) = ", script))


def test_a_report_of_many_jobs_goes_into_a_file(tmp_path: Path) -> None:
    client, file = Client(tmp_path), tmp_path / "many.html"
    client.done("sweep", "--no-worker", "-q", "--seeds", "150", *SMALL)
    assert client.done("report", "all", "--output", str(file)).strip() == str(file)
    assert file.read_text().count("seed=149") >= 1
    assert "is there already" in client.refused("report", "1-120", "--output", str(file))
