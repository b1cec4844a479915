"""What the value of a key may be: bounds of numbers, and the words of a choice."""

from typing import Annotated, Literal

from pydantic import Field

Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Smoothing = Annotated[float, Field(ge=0, lt=0.5, allow_inf_nan=False)]
Width = Annotated[int, Field(ge=1, le=1024)]
Interval = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Device = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
HeldOut = Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)]
Rows = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Depth = Annotated[int, Field(ge=0, le=4)]
Updates = Annotated[int, Field(ge=1, le=100)]
Hash = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Steps = Annotated[int, Field(ge=0, le=10_000_000)]
Activation = Literal["relu", "leaky_relu", "tanh", "elu", "silu", "gelu"]
OwnActivation = Literal["same", "relu", "leaky_relu", "tanh", "elu", "silu", "gelu"]
Norm = Literal["none", "batch", "layer"]
Optimiser = Literal["adam", "sgd", "rmsprop", "oadam"]
OwnOptimiser = Literal["same", "adam", "sgd", "rmsprop", "oadam"]
# Any of three verdicts, sorted: a list would be a value of a kind that no other key has.
Stop = Literal[
    "none",
    "collapsed",
    "converged",
    "diverged",
    "collapsed,converged",
    "collapsed,diverged",
    "converged,diverged",
    "collapsed,converged,diverged",
]
Loss = Literal["ns", "minimax", "lsgan", "hinge", "wgan", "rpgan"]
