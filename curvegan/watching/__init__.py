"""Where jobs stand, and why."""
