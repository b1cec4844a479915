"""Jobs while they are there: how they stand, why, what they are called, and what is done to them."""
