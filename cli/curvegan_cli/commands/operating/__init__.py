"""This installation: its settings, its store, its workers."""
