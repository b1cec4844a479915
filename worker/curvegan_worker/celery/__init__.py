"""Celery: the app, the one task, how messages are taken, and whether the broker answers."""
