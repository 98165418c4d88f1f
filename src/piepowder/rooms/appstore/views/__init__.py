"""Pages of apps for developers, and of their review for staff."""
