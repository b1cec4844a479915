"""What a training leaves: losses, snapshots, checkpoints, and whether they are whole."""
