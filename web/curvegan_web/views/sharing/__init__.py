"""What a file to share tells."""
