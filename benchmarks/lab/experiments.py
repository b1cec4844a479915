"""What `make lab` trains: each experiment is a sweep, given as the words behind `curvegan sweep`. Measures nothing."""

from dataclasses import dataclass

FAST = "--set beta1 0.5 --set beta2 0.9"
PAIRED = "--loss rpgan --set r1 1 --set r2 1"


@dataclass(frozen=True)
class Experiment:
    """A sweep by its name: what a reader calls it, and the words that `curvegan sweep` gets besides name and seeds."""

    name: str
    label: str
    words: str = ""


UPDOWN = (
    Experiment("updown-ns", "`ns`, the default: lr 1e-4", "--preset collapse-demo"),
    Experiment("updown-ns-fast", "`ns`, lr 1e-3, betas (.5, .9)", f"--curve updown --lr 1e-3 {FAST}"),
    Experiment(
        "updown-rpgan-bare", "`rpgan` without a penalty, likewise", f"--curve updown --loss rpgan --lr 1e-3 {FAST}"
    ),
    Experiment("updown-rpgan", "`rpgan`, r1 = r2 = 1, likewise", "--preset collapse-fix"),
    Experiment(
        "updown-ns-r1-r2", "`ns`, r1 = r2 = 1, likewise", f"--curve updown --lr 1e-3 {FAST} --set r1 1 --set r2 1"
    ),
    Experiment("updown-wgan", "`wgan`, gp 1, likewise", f"--curve updown --loss wgan --set gp 1 --lr 1e-3 {FAST}"),
    Experiment("updown-wgan-10", "`wgan`, gp 10, likewise", f"--curve updown --loss wgan --set gp 10 --lr 1e-3 {FAST}"),
)
RATES = ("1e-5", "3e-5", "1e-4", "3e-4", "1e-3", "3e-3", "1e-2")
_GRID = f"--curve sine_modes --grid lr={','.join(RATES)}"
SINE_MODES = (
    Experiment("sine-modes-ns", "`ns`", _GRID),
    Experiment("sine-modes-rpgan", "`rpgan`, r1 = r2 = 1", f"{_GRID} {PAIRED}"),
)
TUTORIAL = (
    Experiment("quadratic", "quadratic, the tutorial", "--preset tutorial"),
    Experiment("quadratic-fast-lr", "quadratic, lr 1e-3", "--lr 1e-3 --set ema 0.999"),
    Experiment("quadratic-slow-lr", "quadratic, lr 1e-5", "--lr 1e-5"),
    Experiment("quadratic-ema", "quadratic, ema .999", "--set ema 0.999"),
)
FAMILIES = (
    Experiment("quadratic-tuned", "quadratic, betas (.5, .9)", "--preset tuned"),
    Experiment("cubic", "cubic, lr 5e-4, betas (.5, .9)", f"--curve cubic --lr 5e-4 {FAST}"),
    Experiment("abs", "abs, lr 5e-4, betas (.5, .9)", f"--curve abs --lr 5e-4 {FAST}"),
    Experiment("family", "quadratic_family", "--curve quadratic_family"),
    Experiment(
        "family-fast", "quadratic_family, lr 1e-3, betas (.5, .9)", f"--curve quadratic_family --lr 1e-3 {FAST}"
    ),
    Experiment("sine", "sine, lr 1e-3, betas (.5, .9)", f"--curve sine --lr 1e-3 {FAST}"),
    Experiment("sine8", "sine_modes, lr 1e-3, betas (.5, .9)", "--preset sine8"),
    Experiment(
        "sine8-rpgan",
        "sine_modes, rpgan r1 = r2 = 1, lr 1e-3, betas (.5, .9)",
        f"--curve sine_modes {PAIRED} --lr 1e-3 {FAST}",
    ),
    *(
        Experiment(f"{family}-{name}", f"{family}, {label}lr 1e-3, betas (.5, .9)", f"--curve {family} {words}")
        for family in ("ring8", "grid25", "spiral", "circle")
        for name, label, words in (
            ("ns", "", f"--lr 1e-3 {FAST}"),
            ("rpgan", "rpgan r1 = r2 = 1, ", f"{PAIRED} --lr 1e-3 {FAST}"),
        )
    ),
)
ALL = (*UPDOWN, *SINE_MODES, *TUTORIAL, *FAMILIES)
