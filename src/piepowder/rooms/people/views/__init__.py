"""Pages of people: the ways in, and one's own account."""
