"""What the store can do, a part of the class Store in each file."""
