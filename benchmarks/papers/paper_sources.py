"""Where each paper of docs/papers.md was checked: the code its authors published, and what of its numbers can be read.

No paper's text could be had where this was written. Repositories are GitHub's, by owner and name; D2L is the "GAN
literature review 2018-2026" for that book's chapter on GANs, public too, which quotes papers' LaTeX word by word.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_TABLE = "not read: of table 1 only {} was found"


@dataclass(frozen=True)
class Source:
    """A paper by its number on arXiv, where its settings were read, and where its numbers and claims were."""

    arxiv: str
    settings: str
    numbers: str

    @property
    def unread(self) -> bool:
        """Whether no copy of its numbers or its claim can be read."""
        return self.numbers.startswith("not read")


SOURCES: Mapping[str, Source] = {
    "veegan": Source(
        "1705.07761",
        "akashgit/VEEGAN, index.md: five runs, 2,500 samples, threshold, 5 steps of unrolling as in the code of "
        "Unrolled GAN's authors; that is poolio/unrolled_gan, Unrolled GAN demo.ipynb: all else",
        _TABLE.format("a picture, tab.png in the first repository,"),
    ),
    "pacgan": Source(
        "1712.04086",
        "fjxmlzn/PacGAN, synthetic_data_experiments: config.py and pacgan_task.py of both problems, bricks.py, "
        "datasets.py, extensions.py; IshmaelBelghazi/ALI, ali/algorithms.py: both networks at once",
        _TABLE.format("a picture, results/Table1.png in the first repository,"),
    ),
    "gdpp": Source(
        "1812.00068",
        "M-Elfeki/GDPP, gdppgan_Synthetic.py: networks, rates, loss, geometry, 2,500 samples, threshold",
        _TABLE.format("the PDF in that repository, without its text,"),
    ),
    "unrolled": Source(
        "1611.02163",
        "poolio/unrolled_gan, whose notebook says that networks and rates differ from the paper's: of it the minibatch",
        "not read: figure 2 is a picture",
    ),
    "numerics": Source(
        "1705.10461",
        "LMescheder/TheNumericsOfGANs, notebooks/mog-eigval-dist.ipynb: all",
        "not read: the notebook keeps no picture",
    ),
    "converge": Source(
        "1801.04406",
        "LMescheder/GAN_stability, notebooks/DiracGAN.ipynb, diracgan/gans.py and simulate.py: field, penalty .3, step "
        ".2, 500 steps",
        "read in D2L: without penalty circles, eigenvalues of either; [theory](theory.md) has them too",
    ),
    "wgan-gp": Source(
        "1704.00028",
        "igul222/improved_wgan_training, gan_toy.py: all",
        "none printed; by that file the paper's plots are of critics, with the generator held fixed",
    ),
    "optimism": Source(
        "1711.00141",
        "vsyrgkanis/optimistic_GAN_training, notebooks/Simple_GAN_example.ipynb: game, v, both updates",
        "read in the same notebook: descent cycles, optimistic descent converges pointwise",
    ),
    "landscape": Source(
        "2011.04926",
        "AilsaF/RS-GAN, 5gaussian.py and datasets.py: all",
        "read in README.md and D2L: pairing has no bad basins, JS-GAN has; not read: the figure of the five clusters",
    ),
    "r3gan": Source(
        "2501.05441",
        "R3GAN/Trainer.py of its authors, in the copy JTCaldeira/R3GAN-gap: loss, one gamma for both penalties; "
        "clusters and networks of AilsaF/RS-GAN",
        "read in D2L: appendix E names 25 Gaussians and prints no number; table 1, of images (Stacked MNIST), has "
        "1,000 of 1,000 modes with pairing, R1 and R2, 693 without pairing, and divergence with R1 alone",
    ),
    "ttur": Source(
        "1706.08500",
        "bioinf-jku/TTUR, Toy_Data_Example/ttur_example_saddle.ipynb: function",
        "read in the same notebook: one rate usually diverges, two converge fast",
    ),
}
