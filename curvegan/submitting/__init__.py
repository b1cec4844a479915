"""From what was asked for to jobs in the queue."""
