"""The rows of part 2."""
