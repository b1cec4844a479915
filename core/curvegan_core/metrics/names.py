"""The names of metrics and verdicts, and what each means. Without numpy, so that a client lists jobs at once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What is measured, and which way is better, for a number that has one."""

    meaning: str
    larger_is_better: bool | None = None


METRICS = {
    "rmse": Metric("root mean square distance of the generated curves to the nearest of the family", False),
    "spread": Metric("standard deviation among the generated curves, averaged over their points"),
    "relative_rmse": Metric("rmse in parts of the standard deviation of all real values", False),
    "relative_spread": Metric("spread in parts of the real curves' spread"),
    "parameter_w1": Metric("Wasserstein-1 distance of the fitted parameter to its true distribution", False),
    "modes": Metric("modes with at least one generated curve within `threshold` standard deviations", True),
    "modes_of": Metric("modes that the family has"),
    "hq": Metric("share of generated curves within `threshold` standard deviations of the nearest mode", True),
    "mode_entropy": Metric("evenness of the generated curves over the modes: 1 is even, 0 one mode", True),
    "reverse_kl": Metric("divergence of the generated curves' shares of the modes from the real ones, in nats", False),
    "mode_js": Metric("Jensen-Shannon divergence of the shares of the modes, in nats: at most ln 2", False),
    "sliced_w1": Metric("Wasserstein-1 distance to the real curves, averaged over 64 projections", False),
    "w1": Metric("exact Wasserstein-1 distance to as many real curves, at the end", False),
    "energy": Metric("energy distance to the real curves", False),
    "density": Metric("how densely generated curves lie where real ones do: 1 is as dense", True),
    "coverage": Metric("share of real curves that have a generated one among their nearest", True),
    "energy_floor": Metric("energy distance of the rows trained on to those held out"),
    "energy_gaussian": Metric("energy distance to the rows held out of normal scores on principal components"),
    "energy_kde": Metric("energy distance to the rows held out of a kernel estimate on principal components"),
    "energy_ratio": Metric("energy in parts of energy_gaussian, of the weights that people get", False),
    "energy_ratio_low": Metric("lower end of its interval of 95 %, from draws of the rows held out"),
    "energy_ratio_high": Metric("upper end of its interval of 95 %"),
    "c2st": Metric("how often a classifier tells generated curves from rows held out: 0.5 is not at all"),
    "c2st_low": Metric("lower end of its interval of 95 %, as of independent trials"),
    "c2st_high": Metric("upper end of its interval of 95 %"),
    "c2st_floor": Metric("how often a classifier tells the rows trained on from those held out"),
    "c2st_gaussian": Metric("how often it tells normal scores on principal components from them"),
    "c2st_kde": Metric("how often it tells a kernel estimate on principal components from them"),
    "roughness": Metric("mean absolute second difference, in parts of that of all real rows"),
    "memorisation": Metric("distance to the nearest row trained on, in parts of that of real rows to another one"),
    "label_match": Metric("share of generated curves whose nearest row trained on bears their label", True),
    "label_match_real": Metric("the same share of the rows held out"),
    "equilibrium_gap": Metric("how far the discriminator is from its loss's equilibrium", False),
}
"""What is measured, by name. With `ema_` before it: the same of the averaged weights, except equilibrium_gap."""

MEANINGS = {name: metric.meaning for name, metric in METRICS.items()}
LARGER_IS_BETTER = {
    name: metric.larger_is_better for name, metric in METRICS.items() if metric.larger_is_better is not None
}

RULES = {
    "converged": "the curves are right: close to their family, and as various",
    "equilibrium-but-wrong": "the discriminator cannot tell, and has not for long; the curves are wrong and stay so",
    "copies": "your own curves: they lie nearer to the rows trained on than new rows do",
    "noise": "your own curves: rougher than real ones, and worse than a Gaussian",
    "jagged": "your own curves: rougher than real ones",
    "oscillating": "the distance to the family swings by more than a quarter over the last third",
    "collapsed": "the curves lie on their family, but on a part of it",
    "undertrained": "not right, but still improving, or not settled: more steps or larger rates may help",
    "diverged": "a number was no longer finite, or the curves had run away when it stopped early",
}
"""Each verdict's rule in a few words."""
VERDICTS = tuple(RULES)
