"""The rows of two papers whose tables print numbers of several methods: VEEGAN's and PacGAN's."""

from benchmarks.papers.paper_row import Printed, Row


def covered(modes: float, hq: float) -> dict[str, Printed]:
    return {"modes": Printed(modes), "hq": Printed(hq / 100)}


def _pac(modes: tuple[float, float | None], hq: float, reverse_kl: float) -> dict[str, Printed]:
    return {"modes": Printed(*modes), "hq": Printed(hq / 100), "reverse_kl": Printed(reverse_kl)}


_TOY = "networks and rates of poolio/unrolled_gan, perhaps not those of the paper's GAN; fewer steps"
_TOY_CODE = "settings: poolio/unrolled_gan, the code that VEEGAN's page names for it"
_VEEGAN_CODE = (
    "five runs, 2,500 samples, threshold, steps of unrolling: akashgit/VEEGAN, index.md, which has the table as a "
    "picture; numbers not checked"
)
_ENCODER = "needs an encoder, which no config has"


def veegan(
    where: str, gan: tuple[float, float], unrolled: tuple[float, float], *others: tuple[str, float, float]
) -> list[Row]:
    title = f"table 1, {where}"
    rows = [
        Row(
            "veegan",
            title,
            "GAN",
            f"veegan-{where}-gan",
            covered(*gan),
            steps=25_000,
            differs=_TOY,
            checked=_VEEGAN_CODE,
        ),
        Row(
            "veegan",
            title,
            "Unrolled GAN, 5 steps",
            f"veegan-{where}-unrolled",
            covered(*unrolled),
            against=f"veegan-{where}-gan",
            steps=25_000,
            differs="fewer steps: unrolling trains with torch",
            checked=_TOY_CODE,
        ),
    ]
    return rows + [
        Row("veegan", title, name, None, covered(modes, hq), differs=_ENCODER, checked=_VEEGAN_CODE)
        for name, modes, hq in others
    ]


_PAC_CODE = (
    "settings: fjxmlzn/PacGAN, synthetic_data_experiments, whose README has the table as a picture; numbers not checked"
)
_PAC_DIFFERS = "leaky_relu in place of maxout with 5 pieces; fewer steps: batch norm and packs train with torch"


def pacgan(where: str, *rows: tuple[int, tuple[float, float | None], float, float]) -> list[Row]:
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
            checked=_PAC_CODE,
        )
        for k, modes, hq, reverse_kl in rows
    ]
