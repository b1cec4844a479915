"""The results store. Knows no queue and no torch."""
