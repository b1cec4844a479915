"""What was tried where a row does not come out as its paper prints it, by preset: figures of trainings beside the rows.

Where no other number is said, of two seeds, 100 and 101. W1 is the metric sliced_w1.
"""

from collections.abc import Mapping

TRIED: Mapping[str, str] = {
    "gdpp-ring-wgan-gp": (
        "a generator ten times as fast as its critic drifts off, to 5 to 15 away. 5,000 steps, modes and W1: both "
        "rates 1e-4, 2 and 4, .49; these, beta2 .9 and five steps of D, as in WGAN-GP's code, 4 and 3, .48; five steps "
        "of D alone, 5 and 3, .94 and .50. Both rates 1e-4 and the paper's 25,000 steps: 3 and 5, .26 and .68. Hq at "
        "most .004 in all"
    ),
    "gdpp-grid-wgan-gp": (
        "a generator ten times as fast as its critic drifts off. Both rates 1e-4, modes and hq: 20 and 19, .020 and "
        ".019 after 5,000 steps; 19 and 20, .016 and .019 after the paper's 25,000. With beta2 .9 and five steps of D "
        "as well, as in WGAN-GP's code: 18 and 22, .025 and .022 after 5,000"
    ),
    "metz-ring-unrolled": (
        "hq still rises: until step 5,000 a cloud, at the end a ring. Of 2,500 other points, with a threshold of 3, "
        "5, 10 and 20 deviations, 0, 1, 4 and 9 of these ten trials cover. Both rates 1e-3, 5,000 steps: 7 and 8 "
        "modes, hq .07 and .26; two layers in D, 3,000 steps: 5 and 3, as with one. Initial weights of a gain of 1.4: "
        "6 and 6 after 2,500 steps, 3 and 3 after 3,750, where these ten have 3.7 and 4.2"
    ),
    "dirac-gan": (
        "with steps of .1, 1,000 of them, as before the notebook was read, all ten swung, two by less than half"
    ),
}
