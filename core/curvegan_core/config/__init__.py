"""What a job is asked to train: its keys, their bounds, and presets."""
