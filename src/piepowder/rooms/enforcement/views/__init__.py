"""Pages of the court: of staff, and of whom a case is about."""
