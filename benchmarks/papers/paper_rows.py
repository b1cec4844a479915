"""The rows of docs/papers.md: what each paper prints, the preset that trains it here, and what differs. Trains nothing.

Numbers are as the paper's table has them; `checked` says against what a row was checked. No paper's text could be had
where this was written, only code that its authors published: the tables' numbers are quoted, not read off.
"""

from collections.abc import Sequence

from benchmarks.papers.paper_row import GRID, RING, Row
from benchmarks.papers.published import covered, pacgan, veegan

_GDPP_CODE = "settings: M-Elfeki/GDPP, gdppgan_Synthetic.py, whose ring counts one mode twice; numbers not checked"
_GDPP_DIFFERS = "gp 10, which the published code does not have; fewer steps"
_METZ = "settings as remembered from the paper's appendix, the minibatch from poolio/unrolled_gan: not checked"
_NUMERICS = "settings: LMescheder/TheNumericsOfGANs, mog-eigval-dist.ipynb"
_DIRAC = (
    "field and penalty: LMescheder/GAN_stability, notebooks/diracgan; the eigenvalues themselves: [theory](theory.md)"
)
_OMD = "game: vsyrgkanis/optimistic_GAN_training, Simple_GAN_example.ipynb"
_OMD_DIFFERS = "points without noise, v = (3, 3) in place of (3, 4)"
_TOY_WGAN = "settings: igul222/improved_wgan_training, gan_toy.py"
_WGAN_DIFFERS = (
    "its figure shows critics of a generator that is held fixed, no generated points: covering is asked for here; "
    "128 units in place of 512, fewer steps"
)
_SUN = "settings: AilsaF/RS-GAN, 5gaussian.py; number of the figure not checked"
_HUANG = (
    "nothing of it could be checked; as remembered its experiment is Stacked MNIST, images; clusters of AilsaF/RS-GAN"
)

ROWS: Sequence[Row] = (
    *veegan(RING, (1, 99.3), (7.6, 35.6), ("ALI", 2.8, 0.13), ("VEEGAN", 8, 52.9)),
    *veegan(GRID, (3.3, 0.5), (23.6, 16), ("ALI", 15.8, 1.6), ("VEEGAN", 24.6, 40)),
    *pacgan(RING, (1, (6.3, 0.5), 98.2, 0.45), (2, (7.9, None), 95.6, 0.07)),
    *pacgan(
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
            covered(*numbers),
            steps=25_000,
            differs=_GDPP_DIFFERS,
            checked=_GDPP_CODE,
        )
        for where, numbers in ((RING, (6.8, 59.6)), (GRID, (24.2, 28.7)))
    ),
    *(
        Row(
            "gdpp",
            f"table 1, {where}",
            "GDPP",
            f"gdpp-{where}-gdpp",
            covered(*numbers),
            against=f"veegan-{where}-gan",
            steps=25_000,
            differs="eigenvectors are compared without their signs; fewer steps: GDPP's loss trains with torch",
            checked=_GDPP_CODE,
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
        checked=_METZ,
    ),
    Row(
        "unrolled",
        "figure 2",
        "10 steps of unrolling: covers",
        "metz-ring-unrolled",
        claim="covers",
        against="metz-ring-gan",
        steps=12_500,
        differs="fewer steps: unrolling trains with torch; and as above",
        checked=_METZ,
    ),
    Row(
        "numerics",
        "figure of the ring",
        "simultaneous descent: does not cover",
        "numerics-ring-simultaneous",
        claim="misses",
        steps=50_000,
        differs="eps 1e-5 beside the root, in place of 1e-10 below it",
        checked=_NUMERICS,
    ),
    Row(
        "numerics",
        "figure of the ring",
        "consensus, weight 10: covers",
        "numerics-ring-consensus",
        claim="covers",
        against="numerics-ring-simultaneous",
        steps=50_000,
        differs="eps as above",
        checked=_NUMERICS,
    ),
    Row(
        "converge",
        "Dirac-GAN",
        "no penalty: turns around the equilibrium",
        "dirac-gan",
        claim="circles",
        differs="D has a bias, which damps",
        why="all ten still swing, two by less than half of the start; D's bias may damp, and no config is without it",
        checked=_DIRAC,
    ),
    Row(
        "converge",
        "Dirac-GAN",
        "gradient penalty .3: converges",
        "dirac-gan-r1",
        claim="converges",
        differs="D has a bias, which damps",
        checked=_DIRAC,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "8 Gaussians",
        "wgan-gp-8",
        claim="covers",
        steps=100_000,
        differs=_WGAN_DIFFERS,
        checked=_TOY_WGAN,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "25 Gaussians",
        "wgan-gp-25",
        claim="covers",
        steps=100_000,
        differs=_WGAN_DIFFERS,
        checked=_TOY_WGAN,
    ),
    Row(
        "wgan-gp",
        "figure 1",
        "swiss roll",
        "wgan-gp-swiss-roll",
        claim="follows",
        steps=100_000,
        differs=_WGAN_DIFFERS,
        checked=_TOY_WGAN,
    ),
    Row(
        "optimism",
        "linear WGAN",
        "gradient descent: spirals outwards",
        "optimism-descent",
        claim="circles",
        differs=_OMD_DIFFERS,
        checked=_OMD,
    ),
    Row(
        "optimism",
        "linear WGAN",
        "optimistic: last iterate converges",
        "optimism-optimistic",
        claim="converges",
        against="optimism-descent",
        differs=f"{_OMD_DIFFERS}; a step is lr g/(abs(g) + 1)",
        checked=_OMD,
    ),
    Row(
        "landscape",
        "5 Gaussians",
        "JS-GAN, to compare with",
        "sun-5-js",
        steps=20_000,
        checked=_SUN,
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
        checked=_SUN,
    ),
    Row("r3gan", "25 Gaussians", "pairing alone", "huang-25-rp", checked=_HUANG),
    Row("r3gan", "25 Gaussians", "pairing and R1", "huang-25-rp-r1", checked=_HUANG),
    Row(
        "r3gan",
        "25 Gaussians",
        "pairing, R1 and R2: covers",
        "huang-25-rp-r1-r2",
        claim="covers",
        against="huang-25-rp",
        checked=_HUANG,
    ),
    Row(
        "ttur",
        "one-dimensional example",
        "two rates reach the saddle",
        None,
        differs="a saddle of two numbers, (1 + x^2)(100 - y^2), which is no GAN",
        checked="function: bioinf-jku/TTUR, ttur_example_saddle.ipynb",
    ),
    *(
        Row("ours", f"{where}", method, f"ours-{where}-{name}", against=None if name == "ns" else f"ours-{where}-ns")
        for where in (RING, GRID)
        for name, method in (
            ("ns", "one layer, `ns`"),
            ("ns-r", "one layer, `ns`, r1 1, r2 .03"),
            ("rp", "one layer, `rpgan`, r1 1, r2 .03"),
            ("wgan-gp", "one layer, `wgan`, gp 1"),
            ("rp-2", "two layers, `rpgan`, r1 1, r2 .03"),
            ("pac4", "one layer, `ns`, pack 4"),
        )
    ),
)
TRAINED: Sequence[Row] = tuple(row for row in ROWS if row.preset)
NAMED: Sequence[str] = tuple(row.preset for row in ROWS if row.preset)
