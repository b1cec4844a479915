"""Verbs that only look: many jobs at once, for lists, comparisons and followers."""
