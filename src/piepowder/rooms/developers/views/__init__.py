"""Pages of organisations: for their members, for whoever is invited, and for reviewers."""
