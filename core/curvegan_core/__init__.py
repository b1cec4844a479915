"""The training core: configs, curves, networks, engines, checkpoints and plots. Knows no service."""
