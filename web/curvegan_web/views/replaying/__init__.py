"""A training at any of its steps."""
