"""Pictures of a job and of a sweep, painted with Agg directly."""
