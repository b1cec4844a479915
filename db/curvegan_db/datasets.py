"""Data sets that users brought: their names, and each content once. Knows nothing of what is in the bytes."""

from sqlalchemy import select

from curvegan_db import models
from curvegan_db.errors import DatasetNotFound
from curvegan_db.transactions import Transactions


class Datasets(Transactions):
    """The part of the store that keeps data sets."""

    def dataset(self, content_hash: str) -> bytes:
        """The bytes of a content, as a core Dataset wrote them. Raises DatasetNotFound."""
        query = select(models.DatasetContent.data).where(models.DatasetContent.hash == content_hash)
        with self._read() as session:
            data = session.scalar(query)
        if data is None:
            raise DatasetNotFound(content_hash[:12])
        return data
