"""The rows of docs/papers.md: what each paper prints, the preset that trains it here, and what differs. Trains nothing.

Numbers are as the paper's table has them, quoted where it cannot be read. `paper_sources` says against what settings
and numbers were checked.
"""

from collections.abc import Sequence

from benchmarks.papers.paper_row import GRID, RING, Printed, Row


def _modes(modes: float, hq: float) -> dict[str, Printed]:
    return {"modes": Printed(modes), "hq": Printed(hq / 100)}


def _pac(modes: tuple[float, float | None], hq: float, reverse_kl: float) -> dict[str, Printed]:
    return {"modes": Printed(*modes), "hq": Printed(hq / 100), "reverse_kl": Printed(reverse_kl)}


_TOY = "that VEEGAN's own runs had the networks and rates of Unrolled GAN's code"
_ENCODER = "needs an encoder, which no config has"


def _veegan(
    where: str, gan: tuple[float, float], unrolled: tuple[float, float], *others: tuple[str, float, float]
) -> list[Row]:
    title = f"table 1, {where}"
    rows = [
        Row(
            "veegan",
            title,
            "GAN",
            f"veegan-{where}-gan",
            _modes(*gan),
            steps=25_000,
            differs="fewer steps",
            unchecked=_TOY,
        ),
        Row(
            "veegan",
            title,
            "Unrolled GAN, 5 steps",
            f"veegan-{where}-unrolled",
            _modes(*unrolled),
            against=f"veegan-{where}-gan",
            steps=25_000,
            differs="fewer steps: unrolling trains with torch" if where == "grid" else "",
            unchecked=_TOY,
        ),
    ]
    return rows + [Row("veegan", title, name, None, _modes(modes, hq), differs=_ENCODER) for name, modes, hq in others]


_PAC_DIFFERS = (
    "leaky_relu, not maxout of 5 pieces; batch norm's statistics take in .1 of a minibatch, not .05; fewer steps: "
    "batch norm and packs train with torch"
)


def _pacgan(where: str, *rows: tuple[int, tuple[float, float | None], float, float]) -> list[Row]:
    return [
        Row(
            "pacgan",
            f"table 1, {where}",
            f"PacGAN{k}" if k > 1 else "GAN",
            f"pacgan-{where}-pacgan{k}" if k > 1 else f"pacgan-{where}-gan",
            _pac(modes, hq, reverse_kl),
            against=None if k == 1 else f"pacgan-{where}-gan",
            steps=400_000,
            differs=_PAC_DIFFERS,
        )
        for k, modes, hq, reverse_kl in rows
    ]


_GDPP_UNCHECKED = "gp 10 and alternating updates: the code has no WGAN-GP"
_NUMERICS_DIFFERS = (
    "clusters drawn, not 64 points of each; eps 1e-5 beside the root, not 1e-10 below it; mean squares from 0, not 1"
)
_METZ = "all but the minibatch: as remembered from the paper's appendix"
_OMD_DIFFERS = "the notebook's part without noise; v = (3, 3) in place of (3, 4)"
_OMD = "step sizes, steps, bounds: cells behind the notebook's pictures"
_WGAN_DIFFERS = (
    "the figure shows critics; 128 units in place of 512, fewer steps; weights drawn normally, not uniformly, the last "
    "layer's too, in place of Glorot's"
)
_HUANG = "gamma .1, rates, steps: its table 6 has settings of images alone, among them beta1 0, beta2 from .9 on"

ROWS: Sequence[Row] = (
    *_veegan(RING, (1, 99.3), (7.6, 35.6), ("ALI", 2.8, 0.13), ("VEEGAN", 8, 52.9)),
    *_veegan(GRID, (3.3, 0.5), (23.6, 16), ("ALI", 15.8, 1.6), ("VEEGAN", 24.6, 40)),
    *_pacgan(RING, (1, (6.3, 0.5), 98.2, 0.45), (2, (7.9, None), 95.6, 0.07)),
    *_pacgan(
        GRID,
        (1, (17.3, 0.8), 94.8, 0.70),
        (2, (23.8, None), 91.3, 0.13),
        (3, (24.6, None), 94.2, 0.06),
        (4, (24.8, None), 93.6, 0.04),
    ),
    *(
        Row(
            "gdpp",
            f"table 1, {where}",
            "WGAN-GP",
            f"gdpp-{where}-wgan-gp",
            _modes(*numbers),
            steps=25_000,
            differs="fewer steps",
            unchecked=_GDPP_UNCHECKED,
        )
        for where, numbers in ((RING, (6.8, 59.6)), (GRID, (24.2, 28.7)))
    ),
    *(
        Row(
            "gdpp",
            f"table 1, {where}",
            "GDPP",
            f"gdpp-{where}-gdpp",
            _modes(*numbers),
            against=f"veegan-{where}-gan",
            steps=25_000,
            differs="eigenvectors are compared without their signs; fewer steps: GDPP's loss trains with torch",
        )
        for where, numbers in ((RING, (8, 71.7)), (GRID, (24.8, 68.5)))
    ),
    Row(
        "unrolled",
        "figure 2",
        "GAN: never on all modes at once",
        "metz-ring-gan",
        claim="hops",
        steps=12_500,
        differs="D sees points as they are, not a quarter as large",
        unchecked=_METZ,
    ),
    Row(
        "unrolled",
        "figure 2",
        "10 steps of unrolling: covers",
        "metz-ring-unrolled",
        claim="covers",
        against="metz-ring-gan",
        steps=12_500,
        differs="as above",
        unchecked=_METZ,
    ),
    Row(
        "numerics",
        "figure of the ring",
        "simultaneous descent: does not cover",
        "numerics-ring-simultaneous",
        claim="misses",
        steps=50_000,
        differs=_NUMERICS_DIFFERS,
    ),
    Row(
        "numerics",
        "figure of the ring",
        "consensus, weight 10: covers",
        "numerics-ring-consensus",
        claim="covers",
        against="numerics-ring-simultaneous",
        steps=50_000,
        differs="as above",
    ),
    Row(
        "converge",
        "Dirac-GAN",
        "no penalty: turns around the equilibrium",
        "dirac-gan",
        claim="circles",
        differs="D has a bias, which damps; drawn starts, not (1, 1)",
        steps=500,
    ),
    Row(
        "converge",
        "Dirac-GAN",
        "gradient penalty .3: converges",
        "dirac-gan-r1",
        claim="converges",
        differs="as above",
        steps=500,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "8 Gaussians",
        "wgan-gp-8",
        claim="covers",
        asked_here=True,
        steps=100_000,
        differs=_WGAN_DIFFERS,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "25 Gaussians",
        "wgan-gp-25",
        claim="covers",
        asked_here=True,
        steps=100_000,
        differs=_WGAN_DIFFERS,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "swiss roll",
        "wgan-gp-swiss-roll",
        claim="follows",
        asked_here=True,
        steps=100_000,
        differs=_WGAN_DIFFERS,
    ),
    Row(
        "optimism",
        "linear WGAN",
        "gradient descent: spirals outwards",
        "optimism-descent",
        claim="circles",
        differs=_OMD_DIFFERS,
        unchecked=_OMD,
    ),
    Row(
        "optimism",
        "linear WGAN",
        "optimistic: last iterate converges",
        "optimism-optimistic",
        claim="converges",
        against="optimism-descent",
        differs=f"{_OMD_DIFFERS}; a step is lr g/(abs(g) + 1)",
        unchecked=_OMD,
    ),
    Row(
        "landscape",
        "5 Gaussians",
        "JS-GAN, to compare with",
        "sun-5-js",
        steps=20_000,
        differs="D's last layer has a bias",
    ),
    Row(
        "landscape",
        "5 Gaussians",
        "relativistic pairing: covers",
        "sun-5-rp",
        claim="covers",
        against="sun-5-js",
        steps=20_000,
        differs="D's last layer is not normalised",
    ),
    Row("r3gan", "25 Gaussians", "pairing alone", "huang-25-rp", unchecked=_HUANG),
    Row("r3gan", "25 Gaussians", "pairing and R1", "huang-25-rp-r1", unchecked=_HUANG),
    Row(
        "r3gan",
        "25 Gaussians",
        "pairing, R1 and R2",
        "huang-25-rp-r1-r2",
        claim="covers",
        asked_here=True,
        unchecked=_HUANG,
    ),
    Row(
        "ttur",
        "one-dimensional example",
        "two rates reach the saddle",
        None,
        differs="a saddle of two numbers, (1 + x^2)(100 - y^2), which is no GAN",
    ),
    *(
        Row("ours", where, method, f"ours-{where}-{name}")
        for where in (RING, GRID)
        for name, method in (
            ("ns", "one layer, `ns`"),
            ("ns-r", "one layer, `ns`, r1 1, r2 .03"),
            ("ns-r-raw", "one layer, `ns`, r1 1, r2 .03, not averaged"),
            ("rp-bare", "one layer, `rpgan`"),
            ("rp", "one layer, `rpgan`, r1 1, r2 .03"),
            ("wgan-gp", "one layer, `wgan`, gp 1"),
            ("rp-2", "two layers, `rpgan`, r1 1, r2 .03"),
            ("pac4", "one layer, `ns`, pack 4"),
        )
    ),
)
TRAINED: Sequence[Row] = tuple(row for row in ROWS if row.preset)
NAMED: Sequence[str] = tuple(row.preset for row in ROWS if row.preset)
