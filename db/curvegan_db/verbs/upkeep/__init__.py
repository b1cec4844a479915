"""Verbs that look after the store as a whole."""
