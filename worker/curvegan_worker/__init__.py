"""The worker: claims jobs from the store, trains them and stores what comes out."""
