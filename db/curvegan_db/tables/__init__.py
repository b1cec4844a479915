"""The tables, and the rules that hold for their rows."""
