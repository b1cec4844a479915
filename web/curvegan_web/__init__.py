"""The dashboard: pages over one store, for a browser on this machine, and the same pages as one file."""
