"""The filter language: what jobs are filtered, ordered and grouped by."""
