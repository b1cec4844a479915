"""The client: the `curvegan` command."""
