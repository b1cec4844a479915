"""The progress of what is waited for, in a notebook and on a terminal."""
