"""The last record of a loss curve, from its bytes. Needs no numpy: a list of running jobs does not wait for it."""

import struct

# As `curvegan_core.loss_curve` writes it: step, g_loss, d_loss, d_real, d_fake, rmse.
_RECORD = struct.Struct("<q5f")


def newest_rmse(curve: bytes) -> float:
    """Return the RMSE of the last record, in units of y. Raises ValueError where the bytes are no whole records."""
    if not curve or len(curve) % _RECORD.size:
        raise ValueError(f"a loss curve is {_RECORD.size} bytes a record, not {len(curve)} bytes")
    *_, rmse = _RECORD.unpack_from(curve, len(curve) - _RECORD.size)
    return float(rmse)
