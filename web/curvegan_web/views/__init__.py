"""What a page shows, as JSON: each view takes a lab and what was asked, and changes nothing."""
