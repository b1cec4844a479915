"""The torch engine: a pack of jobs as stacked tensors, on a CPU core or a GPU."""
