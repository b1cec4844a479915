"""What the names of metrics and verdicts mean. Knows no number, and not numpy: a client lists jobs without it."""

MEANINGS = {
    "rmse": "root mean square distance of the generated curves to the nearest of the family",
    "spread": "standard deviation among the generated curves, averaged over their points",
    "relative_rmse": "rmse in parts of the standard deviation of all real values",
    "relative_spread": "spread in parts of the real curves' spread",
    "parameter_w1": "Wasserstein-1 distance of the fitted parameter to its true distribution",
    "modes": "modes with at least one generated curve within 3 standard deviations",
    "modes_of": "modes that the family has",
    "hq": "share of generated curves within 3 standard deviations of the nearest mode",
    "mode_entropy": "evenness of the generated curves over the modes: 1 is even, 0 one mode",
    "sliced_w1": "Wasserstein-1 distance to the real curves, averaged over 64 projections",
    "energy": "energy distance to the real curves",
    "density": "how densely generated curves lie where real ones do: 1 is as dense",
    "coverage": "share of real curves that have a generated one among their nearest",
    "equilibrium_gap": "how far the discriminator is from its loss's equilibrium",
}
"""Names of what is measured. With `ema_` before it: the same of the averaged weights, except equilibrium_gap."""

LARGER_IS_BETTER = {
    **dict.fromkeys(("modes", "hq", "mode_entropy", "density", "coverage"), True),
    **dict.fromkeys(("rmse", "relative_rmse", "parameter_w1", "sliced_w1", "energy", "equilibrium_gap"), False),
}
"""Which way is better, of those that have one; with `ema_` before it the same."""

RULES = {
    "converged": "the curves are right: close to their family, and as various",
    "equilibrium-but-wrong": "the discriminator cannot tell, and has not for long, but the curves are not right",
    "oscillating": "the distance to the family swings by more than a quarter over the last third",
    "collapsed": "the curves lie on their family, but on a part of it",
    "undertrained": "not right, not swinging, not settled: more steps or larger rates may help",
    "diverged": "a number was no longer finite",
}
"""Each verdict's rule in a few words."""
VERDICTS = tuple(RULES)
