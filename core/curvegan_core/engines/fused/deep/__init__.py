"""The kernel for networks of any depth: each layer in panels of its own."""
