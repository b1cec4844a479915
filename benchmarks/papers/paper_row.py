"""A row of docs/papers.md: what a paper prints, or claims by a figure, and the preset that trains it here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

RING, GRID = "ring", "grid"
PAPERS = {
    "veegan": "Srivastava et al. 2017, VEEGAN",
    "pacgan": "Lin et al. 2018, PacGAN",
    "gdpp": "Elfeki et al. 2019, GDPP",
    "unrolled": "Metz et al. 2017, Unrolled GAN",
    "numerics": "Mescheder et al. 2017, The numerics of GANs",
    "converge": "Mescheder et al. 2018, Which training methods do converge",
    "wgan-gp": "Gulrajani et al. 2017, WGAN-GP",
    "optimism": "Daskalakis et al. 2018, Training GANs with optimism",
    "landscape": "Sun et al. 2020, A better global loss landscape",
    "r3gan": "Huang et al. 2024, The GAN is dead",
    "ttur": "Heusel et al. 2017, Two time-scale update rule",
    "ours": "curvegan",
}


@dataclass(frozen=True)
class Printed:
    """A number of a paper, and what it prints behind +-; None where it prints nothing."""

    value: float
    spread: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table, or of what stands in the place of one: a claim that a figure shows.

    `preset` is a file of papers/ without its ending; None where no config can say the row. `claim` is a name of
    `paper_verdicts.CLAIMS`; `asked_here` where no source makes it. `against` is the row that this one is a cure of, by
    its preset. `steps` are the paper's. `unchecked` is what of its settings no source says, see `paper_sources`.
    """

    paper: str
    where: str
    method: str
    preset: str | None
    printed: Mapping[str, Printed] = field(default_factory=dict)
    claim: str | None = None
    asked_here: bool = False
    against: str | None = None
    steps: int | None = None
    differs: str = ""
    unchecked: str = ""

    @property
    def rule(self) -> str:
        """Which rule of the page gives its verdict."""
        if self.preset is None:
            return "none: no config says it"
        if self.printed:
            return "numbers"
        return "claim" if self.claim and not self.asked_here else "none: nothing printed"
