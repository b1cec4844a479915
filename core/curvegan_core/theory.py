"""What theory says of the Dirac-GAN: its training near the equilibrium, in closed form. Trains and measures nothing.

The real distribution is the point 0, the generator the point t, the discriminator D(x) = p x: Mescheder, Geiger and
Nowozin, "Which training methods for GANs do actually converge?" (2018), section 2. Gradient descent moves (p, t) along
a field that is A (p, t) near the equilibrium (0, 0), with A = [[-gamma, -w], [w, 0]]: w is how fast the loss turns the
two around each other, gamma that of R1, which damps. Its eigenvalues are -gamma/2 +- sqrt(gamma^2/4 - w^2).
A bias of D is a third number by itself: see `BIAS`.
"""

import cmath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

TURN = {"ns": 0.5, "minimax": 0.5, "lsgan": 0.5, "rpgan": 0.5, "hinge": 1.0, "wgan": 1.0}
"""w of each loss: the slope of D's loss by a logit at equilibrium, where both networks see the same one."""
BIAS = {"ns": -0.5, "minimax": -0.5, "lsgan": -2.0, "rpgan": 0.0, "hinge": 0.0, "wgan": 0.0}
"""The field's eigenvalue for D's bias: less the second derivative of D's loss by a number added to every logit."""


def field(loss: str, gamma: float = 0.0) -> Reals:
    """Return A, of the derivatives (p', t') by (p, t)."""
    return np.array([[-gamma, -TURN[loss]], [TURN[loss], 0.0]])


def eigenvalues(loss: str, gamma: float = 0.0) -> tuple[complex, complex]:
    """Return A's eigenvalues: complex below gamma = 2 w, where damping is fastest, and real above."""
    root = cmath.sqrt(gamma**2 / 4 - TURN[loss] ** 2)
    return -gamma / 2 + root, -gamma / 2 - root


def step(
    loss: str,
    rate: float,
    gamma: float = 0.0,
    updates: Literal["alternating", "simultaneous"] = "simultaneous",
    consensus: float = 0.0,
) -> Reals:
    """Return the matrix of one step of gradient descent, (2, 2) on (p, t).

    Simultaneous: I + rate A. Alternating: t moves by the p that has moved already. Consensus adds -consensus A^T A to
    A: Mescheder, Nowozin and Geiger, "The numerics of GANs" (2017), equation 12.
    """
    a = field(loss, gamma)
    if updates == "simultaneous":
        return np.eye(2) + rate * (a - consensus * a.T @ a)
    first = np.array([[1 + rate * a[0, 0], rate * a[0, 1]], [0, 1]])
    second = np.array([[1, 0], [rate * a[1, 0], 1]])
    both: Reals = second @ first
    return both


def optimistic_step(loss: str, rate: float, gamma: float = 0.0) -> Reals:
    """Return the matrix of one simultaneous step of optimistic descent, (4, 4) on (p, t) and the (p, t) before.

    x_{n+1} = x_n + 2 rate A x_n - rate A x_{n-1}: Daskalakis et al., "Training GANs with optimism" (2018), equation 4.
    """
    a, one, nothing = field(loss, gamma), np.eye(2), np.zeros((2, 2))
    return np.block([[one + 2 * rate * a, -rate * a], [one, nothing]])


def unrolled_step(loss: str, rate: float, unroll: int) -> Reals:
    """Return the matrix of one simultaneous step where t looks ahead so many updates of p, (2, 2) on (p, t).

    t plays against p - unroll rate w t, through which it moves the game by -unroll rate w^2 t^2: Metz et al., "Unrolled
    generative adversarial networks" (2017), equation 7. With `ns` and `lsgan` D's bias, which sees t too, adds to that.
    The largest absolute eigenvalue is sqrt(1 - (2 unroll - 1) rate^2 w^2) while unroll rate w is at most 1.
    """
    both = step(loss, rate)
    both[1, 1] -= 2 * unroll * (rate * TURN[loss]) ** 2
    return both


def radius(matrix: Reals) -> float:
    """Return the largest absolute eigenvalue: below 1 a step contracts, above 1 it drives away."""
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))


def trajectory(matrix: Reals, start: Reals, steps: int) -> Reals:
    """Return the states from the start on, (steps + 1, s)."""
    states = [start]
    for _ in range(steps):
        states.append(matrix @ states[-1])
    return np.array(states)
