"""The pictures of a job, still and moving."""
