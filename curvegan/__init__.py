"""The face: what a person imports. Commands stand on it. Importing it loads nothing heavy."""
