"""What many jobs come to."""
