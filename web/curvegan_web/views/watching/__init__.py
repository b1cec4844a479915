"""Jobs as they are: all, one, some beside each other, and who trains them."""
