"""curvegan submit: layers of the config, what it prints, and what it refuses before anything is stored."""

import tomllib
from pathlib import Path

import pytest

from curvegan_core.config.train import TrainConfig

from ..client import Client, PlayedWorker

JOB_KEYS = {
    *("id", "state", "name", "tags", "config", "attempt", "step", "steps", "created_at", "started_at"),
    *("cpu_seconds", "finished_at"),
    *("worker", "device", "error", "metrics"),
}
METRICS = {"rmse", "spread", "g_loss", "d_loss", "d_real", "d_fake"}


def test_a_submit_prints_the_id_and_the_next_commands(any_client: Client) -> None:
    text = any_client.done("submit", "--no-worker")
    assert text.startswith("Job 1 is queued.\n")
    assert "curvegan wait 1" in text
    assert "curvegan fetch-plot 1" in text
    assert any_client.done("submit", "--no-worker", "-q") == "2\n"


def test_without_options_the_job_is_the_tutorials(any_client: Client) -> None:
    job = any_client.json("submit", "--no-worker")
    assert job.keys() >= JOB_KEYS
    assert job["metrics"].keys() == METRICS
    assert job["config"] == TrainConfig().model_dump(mode="json")
    assert (job["id"], job["state"], job["name"], job["tags"]) == (1, "queued", None, [])


def test_every_option_reaches_the_job(any_client: Client) -> None:
    words = "--lr 1e-3 --lr-d 1e-2 --steps 500 --seed 18446744073709551615 --batch-size 8 --curve quadratic --loss ns"
    words += " --device cpu --name n --tag b --tag a --priority 7 --set hidden_g 3 --set curve.a -4.5"
    job = any_client.json("submit", "--no-worker", *words.split())
    config = {key: job["config"][key] for key in ("lr_g", "lr_d", "steps", "batch_size", "device", "hidden_g")}
    expected = {"lr_g": 1e-3, "lr_d": 1e-2, "steps": 500, "batch_size": 8, "device": "cpu", "hidden_g": 3}
    assert config == expected
    assert job["config"]["seed"] == 2**64 - 1
    assert job["config"]["curve"] == {"family": "quadratic", "a": -4.5, "c": 1.0}
    assert (job["name"], job["tags"], job["priority"]) == ("n", ["a", "b"], 7)


def dry_run(client: Client, *words: str) -> TrainConfig:
    return TrainConfig.parse(client.json("submit", "--dry-run", *words))


def test_options_win_over_set_over_file_over_project_over_user(client: Client) -> None:
    user = client.home / "config" / "curvegan" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("[config]\nbatch_size = 1\nseed = 1\nhidden_g = 1\nhidden_d = 1\nlatent = 1\n")
    Path("curvegan.toml").write_text("[config]\nbatch_size = 2\nseed = 2\nhidden_g = 2\nhidden_d = 2\n")
    Path("job.toml").write_text("batch_size = 3\nseed = 3\nhidden_g = 3\n")
    config = dry_run(client, "--config", "job.toml", "--set", "seed", "4", "--set", "batch_size", "4", "--seed", "5")
    assert (config.latent, config.hidden_d, config.hidden_g, config.batch_size, config.seed) == (1, 2, 3, 4, 5)


def test_lr_sets_both_rates_over_whatever_lies_below(client: Client) -> None:
    Path("job.toml").write_text("lr_g = 0.5\n")
    assert dry_run(client, "--config", "job.toml", "--lr", "0.25").lr_g == 0.25
    assert dry_run(client, "--config", "job.toml", "--set", "lr", "0.25").lr_g == 0.25
    config = dry_run(client, "--lr", "0.25", "--lr-g", "0.125")
    assert (config.lr_g, config.lr_d) == (0.125, 0.25)


def test_a_table_is_merged_key_by_key(client: Client) -> None:
    Path("job.toml").write_text("[curve]\na = 3.0\n")
    config = dry_run(client, "--config", "job.toml", "--set", "curve.c", "4", "--curve", "quadratic")
    assert config.curve.model_dump() == {"family": "quadratic", "a": 3.0, "c": 4.0}
    config = dry_run(client, "--set", "curve", "quadratic", "--set", "curve.a", "5")
    assert config.curve.model_dump() == {"family": "quadratic", "a": 5.0, "c": 1.0}


def test_dry_run_prints_the_complete_config_and_stores_nothing(client: Client) -> None:
    text = client.done("submit", "--dry-run", "--lr", "1e-3")
    assert TrainConfig.parse(tomllib.loads(text)) == TrainConfig(lr_g=1e-3, lr_d=1e-3)
    assert not client.home.exists()


def test_config_prints_a_file_that_submit_reads(client: Client) -> None:
    text = client.done("config")
    for name, field in TrainConfig.model_fields.items():
        assert f"# {field.description}" in text, name
    Path("job.toml").write_text(text)
    assert dry_run(client, "--config", "job.toml") == TrainConfig()
    assert TrainConfig.parse(client.json("config")) == TrainConfig()


BAD_INPUT = [
    ("--device GPU:0", "cuda or cuda:N (got 'GPU:0'), did you mean 'cuda:0'?"),
    ("--set activation=swish", "did you mean 'silu'?"),
    ("--set stepz 3", "unknown key 'stepz', did you mean 'steps'?"),
    ("--set curve.b 3", "unknown key 'curve.b'"),
    ("--set steps three", "steps"),
    ("--set steps.x 3", "steps"),
    ("--set steps 1e99", "steps"),
    ("--set . 3", "unknown key"),
    ("--steps 0", "steps"),
    ("--steps 10000001", "steps"),
    ("--steps 99999999999999999999999", "steps"),
    ("--lr 0", "lr_g"),
    ("--lr 2", "lr_g"),
    ("--lr nan", "lr_g"),
    ("--lr-d inf", "lr_d"),
    ("--lr-g -0.1", "lr_g"),
    ("--lr fast", "--lr"),
    ("--seed -1", "seed"),
    ("--seed 18446744073709551616", "seed"),
    ("--batch-size 5000", "batch_size"),
    ("--curve cubism", "curve"),
    ("--loss sadness", "loss"),
    ("--device tpu", "device"),
    ("--priority 1.5", "--priority"),
    ("--priority 99999999999", "--priority"),
    ("--set x_min 2", "x_min must be smaller than x_max"),
    ("--config none.toml", "none.toml cannot be read"),
    ("--config .", "cannot be read"),
    ("--config no.toml", "no.toml is not TOML"),
    ("--config binary.toml", "binary.toml is not TOML"),
    ("--config deep.toml", "deep.toml is not TOML"),
    ("--config huge.toml", "huge.toml is too large"),
    ("--config wrong.toml", "unknown key 'stepz'"),
    ("--name ''", "name"),
    (f"--name {'x' * 300}", "name"),
    (f"--tag {'x' * 300}", "tag"),
    (" ".join(f"--tag {n}" for n in range(100)), "tags"),
    ("--name \udc80", "name"),
    ("extra", "extra"),
]


@pytest.mark.parametrize(("line", "said"), BAD_INPUT, ids=[ascii(line[:40]) for line, _ in BAD_INPUT])
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["", "dry-run"])
def test_bad_input_is_one_line_and_stores_nothing(client: Client, line: str, said: str, more: tuple[str, ...]) -> None:
    Path("no.toml").write_text("steps = = 3")
    Path("binary.toml").write_bytes(b"\xff\xfe\x00")
    Path("deep.toml").write_text("x = " + "[" * 3_000)
    Path("huge.toml").write_text("#" * 2_000_000)
    Path("wrong.toml").write_text("stepz = 3")
    before = {*Path().iterdir()}
    words = ["" if word == "''" else word for word in line.split(" ")]
    assert said in client.refused("submit", "--no-worker", *words, *more)
    assert not client.home.exists()
    assert {*Path().iterdir()} == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CURVEGAN_LEASE_SECONDS", value) for value in ("soon", "0.5", "nan", "")),
        *(("CURVEGAN_CELERY_EVENTS", value) for value in ("yes", "2", "")),
        ("CURVEGAN_HANG_SECONDS", "1e9"),
    ],
)
@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "memory://"])
def test_a_variable_that_a_worker_would_refuse_stores_nothing(
    client: Client, name: str, value: str, broker: str
) -> None:
    client.environment |= {name: value, "CURVEGAN_BROKER_URL": broker}
    allowed = "0 or 1" if name.endswith("EVENTS") else "1 to 86400 seconds"
    assert f"{name} must be {allowed}" in client.refused("submit")
    assert not client.home.exists()


def test_bad_input_leaves_no_row(any_client: Client) -> None:
    any_client.refused("submit", "--no-worker", "--lr", "2")
    any_client.refused("submit", "--no-worker", "--name", "x\x00y")
    assert any_client.json("status") == []


def test_a_hostile_name_is_shown_inert(any_client: Client) -> None:
    hostile = "\x1b[31m\u202e[bold red]x[/]\n\x07"
    any_client.submit("--name", hostile, "--tag", hostile)
    for words in (["status"], ["show", "1"], ["status", "-o", "csv"], ["status", "-o", "json"]):
        assert all(line.isprintable() for line in any_client.done(*words).splitlines())
    assert "[bold red]x[/]" in any_client.done("status")
    assert any_client.json("show", "1")["name"] == hostile


def test_a_cuda_job_is_queued_and_says_what_it_waits_for(any_client: Client) -> None:
    result = any_client("submit", "--no-worker", "--device", "cuda", "-q")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert "waits for a worker with cuda" in result.stderr
    assert "curvegan worker --device cuda:0" in result.stderr


def test_a_live_worker_without_cuda_does_not_serve_a_cuda_job(any_client: Client) -> None:
    def said(*words: str) -> str:
        return any_client("submit", "--no-worker", *words).stderr

    with any_client.store() as store:
        store.register_worker("host", 1, ["auto", "cpu"], "0")
        assert "waits for a worker with cuda:1" in said("--device", "cuda:1")
        assert said() == ""
        store.register_worker("host", 2, ["auto", "cpu", "cuda", "cuda:1"], "0")
        assert said("--device", "cuda:1") == said("--device", "cuda") == ""
        assert "waits for a worker with cuda:0" in said("--device", "cuda:0")


def test_a_submit_brings_lost_jobs_back_to_the_queue(client: Client) -> None:
    from curvegan_db.store import open_store

    client.submit()
    with open_store(f"sqlite:///{client.home}/curvegan.db", lease_s=-1) as store:
        PlayedWorker(store).claim()
    assert client.json("status", "--state", "running") == []
    client.submit()
    assert [event["kind"] for event in client.json("events", "1")][-1] == "lost"


def test_a_broker_that_is_down_is_a_warning(any_client: Client) -> None:
    done = any_client.alone("--broker-url", "redis://localhost:1/0", "submit", "--no-worker", "-q")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "Warning: the broker cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_nudge_reaches_the_broker(any_client: Client, redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as broker:
        any_client.done("--broker-url", redis_url, "--queue-prefix", "submitting", "submit", "--no-worker")
        assert broker.llen("submitting:submitting.cpu") == 1
        broker.delete("submitting:submitting.cpu")


def test_the_embedded_store_is_the_users_alone(client: Client) -> None:
    client.submit()
    assert {path.stat().st_mode & 0o077 for path in (client.home, *client.home.iterdir())} == {0}
