"""Engines: each trains a pack of jobs, and all of them train the same definition."""
