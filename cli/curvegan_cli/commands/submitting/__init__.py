"""What there is to train: jobs, sweeps, searches, forks, and the curves that they learn."""
