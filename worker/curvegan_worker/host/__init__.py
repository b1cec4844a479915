"""The processes of one machine: the supervisor, the process it keeps alive, the background worker."""
