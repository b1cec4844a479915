"""A training as a moving picture: its curves at many steps, replayed exactly, drawn with the plot that a job has."""

import io
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from curvegan.datasets import own_curves
from curvegan.replaying import Replayer

if TYPE_CHECKING:
    from curvegan_core.records.loss_curve import Snapshot
    from curvegan_db.store import Store
    from curvegan_db.values import Job

FORMS = (".gif", ".mp4")
MOST_FRAMES, FRAMES = 1000, 120
_COLOURS = 64
# H.264 takes even sizes only. In fragments, for a pipe has no beginning that could be written at the end.
_FFMPEG = (
    "ffmpeg -loglevel error -f image2pipe -framerate {fps} -i - -vf pad=ceil(iw/2)*2:ceil(ih/2)*2 -pix_fmt yuv420p "
    "-movflags frag_keyframe+empty_moov -f mp4 -"
)


def steps_of(job: "Job", first: int, last: int | None, every: int | None) -> list[int]:
    """Return the steps of the frames, first and last always among them. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput

    if not job.step:
        raise InvalidInput(
            f"job {job.id} has done no step yet: it is {job.state}; `curvegan explain {job.id}` says why"
        )
    last = job.step if last is None else last
    if not first < last <= job.step:
        raise InvalidInput(f"steps from {first} to {last}: job {job.id} has done {job.step}, and the first comes first")
    every = every or -(-(last - first) // (FRAMES - 1))
    steps = [*range(first, last, every), last]
    if len(steps) > MOST_FRAMES:
        raise InvalidInput(
            f"{len(steps)} frames are too many, {MOST_FRAMES} at most; --every {(last - first) // 200 + 1}"
        )
    return steps


def check_form(suffix: str) -> None:
    """Raise InvalidInput where no such file can be made here."""
    from curvegan_core.errors import InvalidInput

    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise InvalidInput("an .mp4 file is made by ffmpeg, which is not installed here; a .gif file needs none")


def snapshots_at(store: "Store", job: "Job", steps: Sequence[int]) -> "Iterator[Snapshot]":
    """Yield the snapshot that the job would have stored at each of these steps. Raises what `Replayer.at` does."""
    from curvegan_core.families.curves import family
    from curvegan_core.metrics.evaluation import Evaluation

    replayer, evaluation = Replayer(store, job), Evaluation(job.config, family(job.config, own_curves(store, job)))
    for step in steps:
        state = replayer.at(step).checkpoint
        yield evaluation.snapshot(step, state.weights, state.ema)


def frames_of(store: "Store", job: "Job", snapshots: "Sequence[Snapshot]") -> Iterator[bytes]:
    """Yield the picture of each snapshot as PNG, all with the same axes."""
    from curvegan_core.plotting.job_plots import curve_picture, titled
    from curvegan_core.plotting.plot_data import PlotData
    from curvegan_core.records.loss_curve import LossCurve

    title, own = titled(job.id, job.name), own_curves(store, job)
    for one in snapshots:
        data = PlotData(title, job.config, LossCurve.empty(), [one], dataset=own)
        yield curve_picture(data, snapshots).to_bytes()


def film(suffix: str, frames: Sequence[bytes], fps: int) -> bytes:
    """Return the file of one of FORMS. Raises InvalidInput where ffmpeg fails."""
    return _gif(frames, fps) if suffix == ".gif" else _mp4(frames, fps)


def _gif(frames: Sequence[bytes], fps: int) -> bytes:
    """Return a GIF that goes on for ever, by Pillow, which matplotlib brings along.

    All frames have the colours of the last, in which all of them are seen.
    """
    from PIL import Image

    pictures = [Image.open(io.BytesIO(frame)).convert("RGB") for frame in frames]
    palette = pictures[-1].quantize(_COLOURS)
    first, *rest = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures)
    stream, hundredths = io.BytesIO(), max(2, round(100 / fps))
    pauses = [10 * hundredths] * len(rest) + [1500]
    first.save(stream, "GIF", save_all=True, append_images=rest, duration=pauses, loop=0, disposal=1)
    return stream.getvalue()


def _mp4(frames: Sequence[bytes], fps: int) -> bytes:
    from curvegan_core.errors import InvalidInput

    done = subprocess.run(_FFMPEG.format(fps=fps).split(), input=b"".join(frames), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise InvalidInput(f"ffmpeg cannot make it: {said[-1]:.200}; a .gif file needs no ffmpeg")
    return done.stdout
