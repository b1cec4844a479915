"""The states of a job, and how much each column holds."""

import enum

MOST_NAME, MOST_TAG, MOST_TAGS = 200, 100, 32
MOST_DATASET_NAME = 100
MOST_REASON, MOST_ERROR, MOST_LOG_TEXT = 500, 10_000, 10_000
MOST_ID = 2**31 - 1  # of PostgreSQL's INTEGER: a larger one that somebody typed is no job, and no driver's error


class JobState(enum.StrEnum):
    """The stored states; a running job whose lease ran out is shown as "lost"."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
