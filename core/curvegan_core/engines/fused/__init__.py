"""The fused engine: one compiled function runs many steps of a job on one CPU core."""
