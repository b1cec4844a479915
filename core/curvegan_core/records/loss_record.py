"""One record of a loss curve in bytes. Without numpy, so that a list of running jobs does not wait for it."""

import struct

COLUMNS = ("step", "g_loss", "d_loss", "d_real", "d_fake", "rmse")
"""What a record holds, in order: the step as int64, all others as float32, little-endian."""
_RECORD = struct.Struct(f"<q{len(COLUMNS) - 1}f")


def newest_rmse(curve: bytes) -> float:
    """Return the RMSE of a loss curve's last record, in units of y.

    Raises ValueError where the bytes are no whole records.
    """
    if not curve or len(curve) % _RECORD.size:
        raise ValueError(f"a loss curve is {_RECORD.size} bytes a record, not {len(curve)} bytes")
    last = _RECORD.unpack_from(curve, len(curve) - _RECORD.size)
    return float(last[COLUMNS.index("rmse")])
