"""How good a generator is: numbers, their names, and a verdict."""
