"""Matrix products on one thread.

OpenBLAS starts threads for a product of more than 2^18 multiplications. They wait for each other busily, on the cores
of other workers: a snapshot took twenty times its time on a busy machine.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64)

_MOST_PRODUCTS, _FEWEST_ROWS = 1 << 18, 16


def product(left: NDArray[Number], right: NDArray[Number]) -> NDArray[Number]:
    """Return the matrix product (n, o) of (n, i) and (i, o), in blocks of rows."""
    output = np.empty((len(left), right.shape[1]), left.dtype)
    rows = max(_FEWEST_ROWS, _MOST_PRODUCTS // max(1, right.size))
    for first in range(0, len(left), rows):
        np.matmul(left[first : first + rows], right, out=output[first : first + rows])
    return output
