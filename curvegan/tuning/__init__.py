"""A search for good settings: a sweep whose next jobs follow from what came of those before."""
