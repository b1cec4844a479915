"""What comes of jobs as Python values: tables, snapshots, pictures, networks, and a checkpoint that explains itself."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import curvegan as cg
from curvegan.results import table as tables
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CheckpointRefused, InvalidInput
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_record import COLUMNS
from curvegan_core.sampling import samples
from curvegan_db.errors import ResultNotFound


def test_losses_are_every_record_by_name(trained: cg.Lab) -> None:
    losses = trained[1].losses()
    assert (len(losses), losses.columns) == (10, list(COLUMNS))
    assert losses["rmse"].dtype == np.float32
    assert losses[-1]["step"] == 90
    np.testing.assert_array_equal(losses["rmse"], trained.store.losses(1).rmse)


def test_losses_of_a_sweep_are_one_long_table(trained: cg.Lab) -> None:
    sweep = trained.find_sweep("rates")
    losses = sweep.losses()
    assert (len(losses), losses.columns[:4]) == (40, ["job", "lr", "loss", "step"])
    frame = losses.to_pandas()
    assert frame.groupby(["lr", "loss"], observed=True)["step"].max().tolist() == [90] * 4
    of_job = frame[frame["job"] == sweep[2].id]
    np.testing.assert_array_equal(of_job["g_loss"], sweep[2].losses()["g_loss"])
    assert len(trained.jobs(where="id=99").losses(by=["lr"])) == 0


def test_tables_have_the_right_types_everywhere(trained: cg.Lab) -> None:
    table = trained.jobs().table()
    frame, polars = table.to_pandas(), table.to_polars()
    assert str(frame["created_at"].dtype).startswith("datetime64[us, UTC")
    assert [str(frame[name].dtype) for name in ("state", "loss", "seed", "rmse", "id")] == [
        *("category", "category", "uint64", "float64", "int64")
    ]
    assert str(polars.schema["created_at"]).startswith("Datetime(time_unit='us', time_zone='UTC'")
    assert [str(polars.schema[name]) for name in ("seed", "steps", "rmse")] == ["UInt64", "Int64", "Float64"]
    assert polars["tags"].to_list()[0] == ["a", "b"]
    assert frame["rmse"].tolist() == pytest.approx([job.metrics["rmse"] for job in trained.jobs()])
    row = table[0]
    assert (row["id"], row["name"], row["state"], row["sweep"]) == (1, "first", "succeeded", None)
    assert isinstance(row["created_at"], datetime)


def test_tables_do_without_arrow(trained: cg.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with_arrow = trained.jobs().table().to_pandas()
    there = tables._there
    monkeypatch.setattr(tables, "_there", lambda module: module != "pyarrow" and there(module))
    table = trained.jobs().table()
    frame, polars = table.to_pandas(), table.to_polars()
    for name in ("created_at", "state", "seed", "rmse", "id"):
        assert str(frame[name].dtype).partition("[")[0] == str(with_arrow[name].dtype).partition("[")[0]
        assert frame[name].tolist() == with_arrow[name].tolist()
    assert polars["state"].to_list() == ["succeeded"] * 5
    assert table.to_numpy()["rmse"].dtype == float
    assert table.to_dicts()[0]["tags"] == ["a", "b"]
    with pytest.raises(InvalidInput, match="pip install"):
        table.to_arrow()


def test_a_table_is_shown_in_part_and_foreign_text_is_inert(trained: cg.Lab) -> None:
    table = trained.jobs().table()
    assert "5 rows of " in repr(table)
    hostile = cg.Table({"name": ["<script>", "a\x1b[2Jb"], "x": np.array([1.0, np.nan])})
    assert "<script>" not in hostile._repr_html_()
    assert "\x1b" not in repr(hostile)
    assert len(repr(cg.Table({"x": np.arange(1000)})).splitlines()) == 23


def test_snapshots_have_their_steps(trained: cg.Lab) -> None:
    snapshots = trained[1].snapshots()
    assert (snapshots.steps.tolist(), np.asarray(snapshots).shape) == ([0, 50, 100], (3, 32, 15))
    assert snapshots.x.tolist() == np.linspace(-1, 1, 15).tolist()
    assert [(step, curves.shape) for step, curves in snapshots] == [(step, (32, 15)) for step in (0, 50, 100)]
    assert snapshots.metrics["rmse"][-1] == pytest.approx(trained[1].metrics["rmse"])


def test_networks_are_functions(trained: cg.Lab) -> None:
    job = trained[1]
    config, stored = job.config, Checkpoint.from_bytes(trained.store.checkpoint(1).data)
    np.testing.assert_array_equal(job.sample(4, seed=7), samples(stored, config, 4, 7))
    generator, z = job.generator(), np.random.default_rng(0).normal(size=(3, 15))
    np.testing.assert_array_equal(job.sample(z=z), generator(z))
    np.testing.assert_allclose(generator(z[0]), generator(z)[0], rtol=1e-5)
    walk = generator.walk(z[0], z[1], 5)
    np.testing.assert_allclose(walk[[0, -1]], generator(z[:2]), rtol=1e-5)
    assert (walk.shape, generator.last.step, job.generator(50).step) == ((5, 15), 100, 50)
    assert not np.array_equal(generator.last(z), generator(z))
    np.testing.assert_array_equal(generator.last.sample(4, seed=7), samples(stored, config, 4, 7, last=True))
    assert job.discriminator()(generator(z)).shape == (3,)
    assert generator.weights["0.weight"].shape == (16, 15)
    assert job.checkpoints == [50, 100]
    for wrong in (np.zeros((2, 4)), "z", np.zeros((1, 2, 15))):
        with pytest.raises(InvalidInput, match="latents"):
            generator(wrong)
    with pytest.raises(ResultNotFound, match="no checkpoint at step 7"):
        job.generator(7)


def test_a_checkpoint_explains_itself(trained: cg.Lab, tmp_path: Path) -> None:
    file = tmp_path / "job-1.safetensors"
    trained[1].save_checkpoint(str(file))
    generator = cg.load(file)
    np.testing.assert_array_equal(generator.sample(5, 7), trained[1].sample(5, seed=7))
    assert generator.config.hash == trained[1].config.hash
    assert generator.discriminator(generator.sample(2)).shape == (2,)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CheckpointRefused):
        cg.load(file)
    with pytest.raises(InvalidInput, match="cannot be read"):
        cg.load(tmp_path / "none")


def test_a_checkpoint_without_its_config_asks_for_it(trained: cg.Lab, tmp_path: Path) -> None:
    stored = Checkpoint.from_bytes(trained.store.checkpoint(1).data)
    older = Checkpoint(**{**vars(stored), "keys": None})
    file = tmp_path / "older.safetensors"
    file.write_bytes(older.to_bytes())
    with pytest.raises(CheckpointRefused, match="show ID -o toml"):
        cg.load(file)
    config = trained[1].config
    np.testing.assert_array_equal(cg.load(file, config).sample(2), cg.load(file, config.model_dump()).sample(2))
    with pytest.raises(CheckpointRefused, match="another config"):
        cg.load(file, TrainConfig(seed=99))


def test_pictures_are_shown_and_written(trained: cg.Lab, tmp_path: Path) -> None:
    sweep = trained.find_sweep()
    pictures = [*(trained[1].plot(kind) for kind in ("curve", "losses", "evolution")), sweep.plot(), sweep.plot("fan")]
    for picture in pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert "<svg" in picture.svg
    assert picture._repr_mimebundle_().keys() == {"image/png", "image/svg+xml", "text/plain"}
    assert picture.save(tmp_path / "fan.pdf").read_bytes().startswith(b"%PDF")
    for name in ("fan.gif", "no/folder/fan.png"):
        with pytest.raises(InvalidInput):
            picture.save(tmp_path / name)
    with pytest.raises(InvalidInput, match="curve, losses, evolution"):
        trained[1].plot("curves")
    with pytest.raises(ResultNotFound):
        trained.submit(worker=False).plot()


def test_what_is_best_and_what_groups_come_to(trained: cg.Lab) -> None:
    sweep = trained.find_sweep("rates")
    values = [job.metrics["rmse"] for job in sweep.best("rmse", n=3)]
    assert values == sorted(job.metrics["rmse"] for job in sweep)[:3]
    assert sweep.best(n=2).table()["id"].tolist() == sweep.best(n=2).ids
    summary = sweep.summary(by=["loss"], metrics=["rmse", "hq"])
    assert (summary["loss"].tolist(), summary["jobs"].tolist()) == (["ns", "rpgan"], [2, 2])
    assert summary["rmse_median"][0] == pytest.approx(
        np.median([job.metrics["rmse"] for job in sweep.where("loss=ns")])
    )
    assert len(sweep.summary()) == 4
    assert "rates" in repr(sweep)
    assert "Verdicts" in sweep._repr_html_()


def test_a_job_tells_of_itself(trained: cg.Lab) -> None:
    job = trained[1]
    assert [line["kind"] for line in job.log()][:2] == ["submitted", "claimed"]
    assert (job.error, job.step) == (None, 100)
    assert repr(job).startswith("<job 1, first, succeeded, 100 %")
    assert "verdict" in job._repr_html_()
    job.tag("c", remove=["a"])
    assert job.tags == ("b", "c")
    assert job.extend(200, worker=False).state == "queued"
