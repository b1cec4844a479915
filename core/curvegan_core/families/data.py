"""The family of your own curves: rows of a data set, each as likely."""

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.family import Family, Reals, nearest_row

# Rows that stand for the whole set when distances are measured: enough to judge by, few enough for every record.
_MOST_COMPARED = 1024


class Data(Family):
    """Rows in the units of training: the set's mean is 0 and its standard deviation 1. Distances are in these too."""

    curve: parameters.Data

    def __init__(self, config: TrainConfig, dataset: Dataset | None) -> None:
        """Take the data set. Raises InvalidConfig if it is missing, another one, or has other points."""
        super().__init__(config)
        if dataset is None:
            raise InvalidConfig(f"the data set {self.curve.hash[:12]} is not here")
        if dataset.parameters != self.curve.model_copy(update={"plane": False}):
            raise InvalidConfig(f"the data set {dataset.hash[:12]} is not the config's {self.curve.hash[:12]}")
        if dataset.points != config.points:
            raise InvalidConfig(f"points must be {dataset.points}, as the curves of the data set have")
        self._rows_mp: Reals = dataset.standardised.astype(np.float64)
        most = min(len(self._rows_mp), _MOST_COMPARED)
        self._compared_mp = self._rows_mp[np.arange(most) * len(self._rows_mp) // most]

    def members(self, uniform_n: Reals) -> Reals:
        return self._rows_mp[(uniform_n * len(self._rows_mp)).astype(np.int64)]

    def nearest(self, curves_np: Reals) -> Reals:
        """Return the nearest of at most 1024 rows, spread over the set."""
        return self._compared_mp[nearest_row(curves_np, self._compared_mp)]
