"""Sweeps and searches: their jobs together."""
