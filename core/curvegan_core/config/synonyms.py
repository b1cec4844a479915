"""What people call things that have another name here, and which name a wrong word was perhaps meant to be."""

import difflib
from collections.abc import Collection

# By the name here: what it is called elsewhere, in papers, in torch, Keras and JAX, in small letters without signs.
_NAMES = {
    "lr": "learningrate rate stepsize eta",
    "lr_g": "glr lrgen lrgenerator generatorlr learningrateg",
    "lr_d": "dlr lrdisc lrdiscriminator discriminatorlr criticlr learningrated",
    "beta1": "b1 betas beta adambeta1 adamb1 momentum",
    "beta2": "b2 adambeta2 adamb2",
    "optimiser": "optimizer opt solver",
    "eps": "epsilon adameps adamepsilon",
    "steps": "epochs epoch iterations iteration iters niter nsteps maxsteps numsteps nepochs numepochs updates",
    "batch_size": "batch bs minibatch minibatchsize nbatch",
    "latent": "z zdim nz latentdim latentsize noisedim",
    "latent_noise": "prior zdistribution",
    "hidden_g": "hidden width units ngf hiddensize hiddendim hiddenunits",
    "hidden_d": "ndf",
    "activation": "act nonlinearity",
    "points": "npoints length dim samples",
    "d_steps": "ncritic criticsteps kd ndisc discsteps",
    "loss": "objective criterion gantype",
    "r1": "r1gamma gamma",
    "r2": "r2gamma",
    "gp": "gradientpenalty lambda lambdagp gpweight gplambda",
    "clip": "weightclip clipvalue weightclipping",
    "spectral_norm": "sn spectralnormalization spectralnormalisation",
    "gdpp": "dpp diversityloss determinantalpointprocess",
    "ema": "emadecay averaging polyak",
    "seed": "randomseed randomstate rng",
    "record_every": "logevery loginterval",
    "snapshot_every": "sampleevery evalevery",
    "stop": "earlystop earlystopping stopping stopon",
    "stop_patience": "patience",
    "device": "gpu cuda mps accelerator",
    "checkpoint_every": "saveevery saveinterval",
    "curve": "function family target shape dataset",
    "curve.noise": "sigma std curvesigma curvestd",
    "quadratic": "parabola square squared poly polynomial quad",
    "cubic": "cube",
    "abs": "absolute corner v",
    "quadratic_family": "parabolas quadratics",
    "updown": "bimodal twomodes",
    "sine": "sin sinus wave waves cosine cos",
    "sine_modes": "sines phases",
    "ring8": "ring gaussians 8gaussians eightgaussians mog8",
    "grid25": "grid 25gaussians mog25",
    "spiral": "spirals",
    "circle": "round",
    "swiss_roll": "roll",
    "two_moons": "moons halfmoons",
    "data": "own csv file",
    "cuda": "gpu nvidia",
    "cpu": "mps metal apple processor",
    "ns": "nsgan bce nonsaturating vanilla standard gan original dcgan",
    "minimax": "mmgan saturating mm",
    "lsgan": "ls mse leastsquares l2",
    "wgan": "wasserstein wgangp w",
    "rpgan": "relativistic rgan r3gan rsgan",
    "torch": "pytorch",
    "fused": "numba jit compiled",
    "leaky_relu": "leakyrelu lrelu leaky",
    "normal": "gaussian randn",
    "uniform": "rand flat",
    "silu": "swish",
    "cosine": "cosineannealing cosinedecay cos",
    "linear": "polynomial lineardecay",
    "oadam": "optimisticadam omd",
    "sgd": "gd gradientdescent",
    "batch": "bn batchnormalization batchnormalisation",
    "layer": "ln layernormalization layernormalisation",
    "he": "kaiming",
    "glorot": "xavier",
}
_MEANT: dict[str, list[str]] = {}
for _name, _words in _NAMES.items():
    for _word in _words.split():
        _MEANT.setdefault(_word, []).append(_name)


def meant(word: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return which of the known names a wrong word was perhaps meant to be; None where nothing is near."""
    plain = _plain(word)
    # A curve's parameter, such as curve.noise, is often written without its first word.
    same = [name for tail in (False, True) for name in known if _plain(name, tail) == plain]
    synonyms = [name for name in _MEANT.get(plain, ()) if name in known]
    near = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return next(iter([*same, *synonyms, *near]), None)


def _plain(name: str, tail: bool = False) -> str:
    """Return a name in small letters without signs; of one with parts the last, if asked for."""
    return "".join(filter(str.isalnum, (name.rpartition(".")[2] if tail else name).lower()))
